"""Reactions that act as verbs, where the settings say so."""

from collections.abc import Iterator

from tests.e2e.conftest import Scene, on_slack
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat
from tests.fakes.slack_state import Posted

pytestmark = on_slack


def _chat(scene: Scene) -> SlackChat:
    assert isinstance(scene.environment.chat, SlackChat)
    return scene.environment.chat


async def _react(scene: Scene, emoji: str, post: Posted, *, user: str = "ana", added: bool = True) -> int:
    chat = _chat(scene)
    delivered = await chat.fake.react(scene.liaison.url, emoji, post, user=chat.user_id(user), added=added)
    return delivered.status


async def _post_about_t1(scene: Scene) -> Posted:
    """A message in the thread of the card that names one task."""
    await scene.start_run()
    await scene.room.command("comment T1: almost there")
    return await until(lambda: next(_posts_with(scene, "almost there"), None))  # type: ignore[no-any-return]


def _posts_with(scene: Scene, text: str) -> Iterator[Posted]:
    for message in scene.room.bot_messages():
        if text in message.text and not message.visible_to:
            yield message.raw


async def test_a_reaction_finishes_the_task_that_the_message_names(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    assert await _react(scene, "white_check_mark", post, user="ben") == 200
    await scene.wait_for_effects("finish")
    await scene.wait_for_text("1 of 4 done")
    assert "(to ben)" not in scene.room.text()
    assert _chat(scene).fake.linkified == []  # no post or edit of any test before this one either


async def test_it_is_undone_when_the_reaction_is_taken_back(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    await _react(scene, "white_check_mark::skin-tone-3", post)
    await scene.wait_for_text("1 of 4 done")
    await _react(scene, "white_check_mark", post, added=False)
    await scene.wait_for_effects("reopen")


async def test_what_cannot_be_undone_says_so_to_whoever_took_the_reaction_back(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    await _react(scene, "eyes", post)
    await scene.wait_for_effects("begin")
    await scene.wait_for_text("1 running")
    await _react(scene, "eyes", post, added=False)
    await scene.wait_for_text(r"\(to ana\) Removing the reaction can't undo this. T1 .* stays as it is")


async def test_only_people_who_may_change_the_run_are_obeyed(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    await _react(scene, "white_check_mark", post, user="gil")
    await scene.wait_for_text(r"\(to gil\) .*can't change runs")
    assert scene.count_effects("finish") == 0


async def test_other_reactions_and_messages_mean_nothing(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    chat = _chat(scene)
    card = next(_posts_with(scene, "of 4 done"))
    said = chat.fake.say("T1 is done", chat.user_id("ben"), scene.room.id)
    await _react(scene, "tada", post)
    await _react(scene, "white_check_mark", card)
    await _react(scene, "white_check_mark", said)
    await chat.fake.react(scene.liaison.url, "white_check_mark", post, user=chat.fake.bot_user)
    await scene.room.private_answer("next", user="cam")
    assert scene.count_effects("finish") == 0


async def test_a_reaction_is_acknowledged_before_its_message_is_read(scene: Scene) -> None:
    """It is recorded by then: neither a Slack that cannot say what it is on, nor a crash, loses it."""
    post = await _post_about_t1(scene)
    chat = _chat(scene)
    fault = chat.fake.fault("answer", path="conversations.replies", status=500, times=10_000)
    delivered = await chat.fake.react(scene.liaison.url, "white_check_mark", post, user=chat.user_id("ana"))
    assert delivered.status == 200
    assert (await chat.fake.redeliver(delivered)).status == 200
    assert await scene.room.private_answer("next", user="cam"), "nobody else waits for it"
    await scene.liaison.kill()
    chat.fake.faults.remove(fault)
    await scene.liaison.start()
    await scene.wait_for_effects("finish")
    await scene.wait_for_text("1 of 4 done")


async def test_a_reaction_that_is_taken_back_while_slack_does_not_answer_is_undone(scene: Scene) -> None:
    post = await _post_about_t1(scene)
    chat = _chat(scene)
    chat.fake.fault("answer", path="conversations.replies", status=500, times=2)
    await _react(scene, "white_check_mark", post)
    await _react(scene, "white_check_mark", post, added=False)
    await scene.wait_for_effects("finish")
    await scene.wait_for_effects("reopen")
