"""The search select "Begin a task…" of a card with more tasks than fit beside buttons."""

from tests.e2e.conftest import Scene, on_slack
from tests.e2e.slack_chat import SlackChat
from tests.fakes import slack_menus
from tests.fakes.slack_state import Posted

pytestmark = on_slack
RUNBOOK = "# Evacuation\n\n" + "".join(f"- [ ] Drain zone {number:02}\n" for number in range(1, 31))


async def _start(scene: Scene) -> Posted:
    (scene.liaison.folder / "runbooks" / "evacuation.md").write_text(RUNBOOK)
    await scene.room.command("start Evacuation --on local")
    return await _card(scene, "0 of 30 done")


async def _card(scene: Scene, shown: str) -> Posted:
    await scene.wait_for_text(shown)
    posts: list[Posted] = [message.raw for message in scene.room.bot_messages() if shown in message.text]
    return posts[0]


async def test_a_task_is_found_by_its_words_and_begun_by_choosing_it(scene: Scene) -> None:
    chat, card = scene.environment.chat, await _start(scene)
    assert isinstance(chat, SlackChat)
    ben, url = chat.user_id("ben"), scene.liaison.url
    offered = await slack_menus.search(chat.fake, url, card, "", user=ben)
    assert len(offered) > 10
    found = await slack_menus.search(chat.fake, url, card, "zone 27", user=ben)
    assert [option["text"]["text"] for option in found] == ["T27 Drain zone 27 (ready)"]
    assert (await slack_menus.choose(chat.fake, url, card, found[0], user=ben)).status == 200
    await scene.wait_for_text("ben began T27")
    card = await _card(scene, "0 of 30 done · 1 running")
    again = await slack_menus.search(chat.fake, url, card, "zone 27", user=ben)
    assert not [option for option in again if option["text"]["text"].startswith("T27 ")]


async def test_words_that_no_task_has_find_nothing(scene: Scene) -> None:
    chat, card = scene.environment.chat, await _start(scene)
    assert isinstance(chat, SlackChat)
    found = await slack_menus.search(chat.fake, scene.liaison.url, card, "nothing like this", user="U0BEN")
    assert found == []
