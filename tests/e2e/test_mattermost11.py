"""Cards on a Mattermost that draws blocks: a task's button is beside it, and everything else is as on 5.37."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.chats import BotMessage
from tests.e2e.conftest import FIRST_TASK, MATTERMOST_11, RUNBOOK, Scene
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import until
from tests.fakes.mattermost import FakeMattermost, Post
from tests.fakes.mattermost.blocks import walk

pytestmark = pytest.mark.parametrize("scene", [MATTERMOST_11], indirect=True)


def fake_of(scene: Scene) -> FakeMattermost:
    chat = scene.environment.chat
    assert isinstance(chat, MattermostChat)
    return chat.fake


@pytest_asyncio.fixture(
    loop_scope="session", autouse=True, params=["takes new actions", "keeps the first actions"]
)
async def server(request: pytest.FixtureRequest, scene: Scene) -> AsyncIterator[None]:
    """What becomes of the actions of an edited post differs between versions."""
    fake_of(scene).keeps_actions = request.param == "keeps the first actions"
    yield
    fake_of(scene).keeps_actions = False


def card(scene: Scene, handle: str) -> BotMessage:
    posts = [
        message for message in scene.room.bot_messages() if "mm_blocks" in message.raw.props
    ]  # no activity lines
    shown = [message for message in posts if f"{handle} {RUNBOOK}" in message.text]
    return [message for message in shown if not message.visible_to and FIRST_TASK in message.text][-1]


def scene_card(scene: Scene, id: str) -> Post:
    """As it is now."""
    return fake_of(scene).posts[id]


async def start_flood(scene: Scene) -> None:
    (scene.liaison.folder / "runbooks" / "flood.md").write_text("# Flood\n\n- [ ] Close the valves\n")
    await scene.room.command("start Flood --on local")
    await scene.wait_for_text("Flood: started")


async def test_a_task_and_its_button_are_in_one_row(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.wait_for_text("0 of 4 done")
    post = card(scene, handle).raw
    assert post.attachments == []
    assert f"{handle} {RUNBOOK}" in post.message, "replies and notifications quote it"
    rows = [block for block in walk(post.props["mm_blocks"]) if block["type"] == "column_set"]
    [first] = [row for row in rows if FIRST_TASK in str(row)]
    assert [block.get("text") for block in walk([first]) if block["type"] == "button"] == ["Begin T1"]


async def test_buttons_and_menus_work_on_a_card_that_was_edited(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.press("Begin T1")
    await scene.wait_for_text("0 of 4 done · 1 running")
    await scene.room.press("Finish T1", user="ben")
    await scene.wait_for_text("1 of 4 done")
    await scene.room.press("Update status")
    await scene.room.submit_form({"health": "red", "text": "Primary is down"})
    await scene.wait_for_text("RED")
    post = scene_card(scene, card(scene, handle).id)
    await until(lambda: [block["accent_color"] for block in post.props["mm_blocks"]] == ["#c62828"])


async def test_a_run_ends_and_its_card_too(scene: Scene) -> None:
    await start_flood(scene)
    await scene.room.command("finish T1")
    await scene.wait_for_text("1 of 1 done")
    await scene.room.command("end")
    await scene.wait_for_text("(?i)finished|ended")
    everybodys = [message for message in scene.room.bot_messages() if not message.visible_to]
    id = next(message.id for message in everybodys if "Flood" in message.text)
    await until(lambda: scene_card(scene, id).labels == ["All tasks"])
    assert scene_card(scene, id).props["mm_blocks"]


async def test_a_question_is_closed_by_its_answer_and_people_are_chosen_from_a_list(scene: Scene) -> None:
    await start_flood(scene)
    await scene.room.mention("assign T1", user="ben")
    await scene.wait_for_text("Say who to assign it to")
    question = next(message for message in scene.room.bot_messages() if "Say who to assign it" in message.text)
    assert question.raw.props["mm_blocks"]
    await scene.room.pick_person("cam", question, user="ben")
    await scene.wait_for_text("(?i)ben.* assigned T1 .*to cam")
    await scene.wait_for_text("(?i)answered by ben")


async def test_what_another_channel_signed_is_rejected(scene: Scene) -> None:
    await scene.start_run()
    here = await scene.room.wait_for_button("Begin T1")
    fake, chat = fake_of(scene), scene.environment.chat
    assert isinstance(chat, MattermostChat)
    url, body = fake.click_body(here.raw, "Begin T1", chat.users["ana"])
    other = chat.create_room()
    assert (await fake.send_json(url, {**body, "channel_id": other.id})).status == 401
    assert (await fake.send_json(url.replace("?i=", "?i=x"), body)).status == 401
    assert (await fake.send_json(url.partition("?")[0], body)).status == 401
