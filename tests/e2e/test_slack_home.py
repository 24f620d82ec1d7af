"""Slack's App Home, and what starts from anywhere in Slack."""

import itertools
from typing import Any

from tests.e2e.conftest import FIRST_TASK, Scene, on_slack
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat
from tests.fakes.slack_blocks import visible_block_text
from tests.fakes.slack_state import HomePage

pytestmark = on_slack


def _chat(scene: Scene) -> SlackChat:
    assert isinstance(scene.environment.chat, SlackChat)
    return scene.environment.chat


async def _opened_home(scene: Scene, user: str) -> HomePage:
    """Waits until the page is drawn after it was opened."""
    slack, id = _chat(scene).fake, _chat(scene).user_id(user)
    before = len(slack.homes[id].published) if id in slack.homes else 0
    assert (await slack.open_home(scene.liaison.url, user=id)).status == 200
    await until(lambda: id in slack.homes and len(slack.homes[id].published) > before)
    return slack.homes[id]


async def _row(page: HomePage, text: str) -> dict[str, Any]:
    """Waits for the row: a page that was drawn just before it was opened may not have it yet."""
    rows = await until(lambda: [block for block in page.view["blocks"] if text in visible_block_text([block])])
    row: dict[str, Any] = rows[0]
    return row


def _label(row: dict[str, Any]) -> str:
    return str(row["accessory"]["text"]["text"])


async def test_home_shows_what_i_can_do_now_and_my_runs(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.command("begin T1")
    await scene.wait_for_text("1 running")
    page = await _opened_home(scene, "ana")
    assert _label(await _row(page, f"{handle}.T1 {FIRST_TASK}")) == "Finish T1"
    run = await _row(page, f"{handle} Database failover")
    assert _label(run) == "Open"
    assert "0 of 4 done · 1 running" in visible_block_text([run])
    assert f"#{scene.room.name}" in visible_block_text([run])
    assert "Start a run…" in page.labels


async def test_a_press_on_home_is_done_and_redraws_it(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.command("begin T1")
    await scene.wait_for_text("1 running")
    page = await _opened_home(scene, "ana")
    chat = _chat(scene)
    await chat.fake.press_home(scene.liaison.url, "Finish T1", user=chat.user_id("ana"), row=f"{handle}.T1 ")
    pressed = len(page.published)
    await scene.wait_for_effects("finish")
    await until(lambda: f"{handle}.T1 " not in page.visible_text and "1 of 4 done" in page.visible_text)
    gaps = [after - before for before, after in itertools.pairwise(page.published[pressed:])]
    assert all(gap > 4.9 for gap in gaps)


async def test_home_is_redrawn_when_somebody_else_changes_the_run(scene: Scene) -> None:
    handle = await scene.start_run()
    page = await _opened_home(scene, "ana")
    await _row(page, f"{handle}.T1 {FIRST_TASK}")
    await scene.room.command("finish T1", user="ben")
    await until(lambda: f"{handle}.T1 " not in page.visible_text)


async def test_open_on_home_shows_the_run_in_a_modal(scene: Scene) -> None:
    handle = await scene.start_run()
    await _opened_home(scene, "ana")
    chat, ana = _chat(scene), _chat(scene).user_id("ana")
    chat.close_forms("ana")
    await chat.fake.press_home(scene.liaison.url, "Open", user=ana, row=f"{handle} Database")
    assert FIRST_TASK in (await chat.fake.modal(ana)).visible_text


async def test_home_shows_nothing_of_a_run_that_its_reader_may_not_read(scene: Scene) -> None:
    chat = _chat(scene)
    channel = chat.fake.channels[scene.room.id]
    channel.private = True
    channel.members.discard(chat.user_id("cam"))
    handle = await scene.start_run()
    assert handle not in (await _opened_home(scene, "cam")).visible_text.split()
    assert f"{handle}." not in (await _opened_home(scene, "cam")).visible_text


async def test_a_guest_sees_only_the_runs_of_their_channels(scene: Scene) -> None:
    chat = _chat(scene)
    chat.fake.channels[scene.room.id].members.discard(chat.user_id("gil"))
    handle = await scene.start_run()
    assert f"{handle}." not in (await _opened_home(scene, "gil")).visible_text


async def test_my_settings_on_home_show_and_change_how_i_am_told(scene: Scene) -> None:
    page = await _opened_home(scene, "ben")
    assert "You're notified about your tasks in the run's thread, or by direct message" in page.visible_text
    chat, ben = _chat(scene), _chat(scene).user_id("ben")
    chat.close_forms("ben")
    await chat.fake.press_home(scene.liaison.url, "My settings", user=ben)
    await chat.fake.press(scene.liaison.url, "Not at all", user=ben, on=await chat.fake.modal(ben))
    await until(lambda: "You aren't notified about your tasks." in page.visible_text)
    assert "You aren't notified about your tasks." in (await chat.fake.modal(ben)).visible_text
    await scene.room.command("notify auto", user="ben")


async def test_home_is_drawn_when_its_tab_is_opened_in_the_readers_language(scene: Scene) -> None:
    slack, rui = _chat(scene).fake, _chat(scene).user_id("rui")
    assert (await slack.open_home(scene.liaison.url, user=rui, tab="messages")).status == 200
    assert "O que você pode fazer agora" in (await _opened_home(scene, "rui")).visible_text
    assert len(slack.homes[rui].published) == 1


async def test_the_global_shortcut_opens_the_start_form(scene: Scene) -> None:
    chat, ben = _chat(scene), _chat(scene).user_id("ben")
    chat.close_forms("ben")
    await chat.fake.global_shortcut(scene.liaison.url, "start_runbook", user=ben)
    assert (await chat.fake.modal(ben)).title == "Start a run"


async def test_a_shortcut_of_another_version_is_answered_privately(scene: Scene) -> None:
    chat, ben = _chat(scene), _chat(scene).user_id("ben")
    post = chat.fake.say("hello", ben, scene.room.id)
    await chat.fake.shortcut(scene.liaison.url, "no_such_shortcut", post, user=ben)
    await scene.wait_for_text(r"\(to ben\) This version of Liaison doesn't have this shortcut")


async def test_a_message_becomes_a_task(scene: Scene) -> None:
    handle = await scene.start_run()
    chat, ana = _chat(scene), _chat(scene).user_id("ana")
    chat.close_forms("ana")
    post = chat.fake.say("Tell support <http://example.com|example.com>\nand sales", ana, scene.room.id)
    await chat.fake.shortcut(scene.liaison.url, "add_task", post, user=ana)
    assert (await chat.fake.modal(ana)).title == "Add a task"
    await chat.fake.submit(scene.liaison.url, {}, user=ana)
    await scene.wait_for_effects("add")
    assert "Tell support example.com" in [task.name for task in scene.cutover_run(handle).tasks.values()]
