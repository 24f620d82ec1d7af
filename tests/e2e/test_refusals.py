"""What a chat refuses is told to whoever caused it, kept, and shown once that is possible."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio

from bot.outbound.activity_log import JOIN_SECONDS
from tests.e2e.chats import BotMessage, Room
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene, on_slack
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def healed(scene: Scene) -> AsyncIterator[None]:
    """The chat is well again for the next test."""
    yield
    fake = scene.environment.chat.fake
    fake.faults.clear()
    if isinstance(scene.environment.chat, SlackChat):
        scene.environment.chat.fake.token_error = ""
        scene.environment.chat.fake.edit_seconds = 1e9
    else:
        scene.environment.chat.fake.edit_seconds = 1e9  # type: ignore[attr-defined]


def live_cards(room: Room, handle: str) -> list[BotMessage]:
    """The cards of the run, with buttons, that everybody sees. The newest is last."""
    cards = [
        message
        for message in room.bot_messages()
        if re.search(rf"{handle} {RUNBOOK}", message.text) and FIRST_TASK in message.text and message.labels
    ]
    return [card for card in cards if not card.visible_to]


def live_card(room: Room, handle: str) -> BotMessage:
    return live_cards(room, handle)[-1]


def told(room: Room, user: str, pattern: str) -> list[str]:
    found = [message.text for message in room.bot_messages() if message.visible_to == user]
    return [text for text in found if re.search(pattern, text)]


async def wait_until_told(room: Room, user: str, pattern: str) -> None:
    try:
        await until(lambda: told(room, user, pattern), within=30.0)
    except TimeoutError:
        raise AssertionError(f"{pattern!r} was not told to {user}; the room shows:\n{room.text()}") from None


async def wait_for_card(room: Room, handle: str, pattern: str) -> None:
    try:
        await until(
            lambda: any(re.search(pattern, card.text) for card in live_cards(room, handle)[-1:]), within=30.0
        )
    except TimeoutError:
        raise AssertionError(f"{pattern!r} not on the card; the room shows:\n{room.text()}") from None


def _open_messages(scene: Scene) -> int:
    with closing(sqlite3.connect(scene.liaison.folder / "liaison.db")) as database:
        return int(database.execute("select count(*) from inbox where state != 'done'").fetchone()[0])


@pytest.mark.parametrize("why", ["archived", "kicked"])
async def test_what_happens_while_the_channel_is_closed_is_shown_when_it_is_open_again(
    scene: Scene, why: str
) -> None:
    handle, room = await scene.start_run(), scene.room
    before = live_card(room, handle).text
    room.set_archived(True) if why == "archived" else room.set_member(False)
    for line in ("begin T1", "finish T1 all is well"):
        assert (await room.command(f"{line}")).status == 200
    await scene.wait_for_effects("finish")
    reason = "archived" if why == "archived" else "I'm not in that channel"
    await wait_until_told(room, "ana", f"{handle} .*{reason}")
    assert live_card(room, handle).text == before
    _, output = await scene.liaison.run("doctor")
    assert re.search(r"warn\s+outbox: \d+ not taken in .*", output), output
    room.set_archived(False)
    room.set_member(True)
    assert (await room.command(f"show {handle}.T2")).status == 200  # a sign of life there
    await wait_for_card(room, handle, "1 of 4")
    await scene.wait_for_text(r"finished T1")
    assert len(told(room, "ana", reason)) <= 2, "once for each command"


@pytest.mark.parametrize("why", ["archived", "kicked"])
async def test_an_invitation_or_a_restored_channel_brings_what_was_parked_in_one_edit(
    scene: Scene, why: str
) -> None:
    handle, room = await scene.start_run(), scene.room
    await wait_for_card(room, handle, "0 of 4 done")
    room.set_archived(True) if why == "archived" else room.set_member(False)
    for line in ("begin T1", "comment on site", "finish T1 all is well", "begin T2"):
        assert (await room.command(line)).status == 200
    await scene.wait_for_effects("begin", 2)
    await wait_until_told(room, "ana", f"{handle} .*{'archived' if why == 'archived' else 'not in that channel'}")
    await until(lambda: _open_messages(scene) == 0)
    before = live_card(room, handle).raw.edits
    await (room.unarchive() if why == "archived" else room.invite_bot())
    await wait_for_card(room, handle, "1 of 4 done · 1 running")
    await scene.wait_for_text("began T2")
    assert live_card(room, handle).raw.edits == before + 1, "only what is true now"
    lines = [message for message in room.bot_messages() if "finished T1" in message.text]
    assert len([message for message in lines if not message.visible_to]) == 1, room.text()


async def test_a_start_waits_for_a_chat_that_is_limited_or_broken(scene: Scene) -> None:
    fake, room = scene.environment.chat.fake, scene.room
    posting = r"chat.postMessage|/posts$"
    fake.fault("answer", path=posting, status=429, headers={"Retry-After": "1"})
    fake.fault("answer", path=posting, status=503)
    fake.fault("cut_after", path=posting)
    handle = await scene.start_run()
    assert "can't post" not in room.text()
    await asyncio.sleep(1.0)
    assert scene.card_handles().count(handle) == 1, room.text()


async def test_a_start_where_liaison_is_not_a_member_is_refused_at_once(scene: Scene) -> None:
    scene.room.set_member(False)
    answer = await scene.room.private_answer(f'start "{RUNBOOK}" --on cutover')
    assert "/invite @liaison" in answer.text
    assert "can't" not in answer.text or "Nothing was done" in answer.text
    assert scene.count_effects("start") == 0


async def test_the_answer_to_a_form_that_does_not_open_is_sent_until_the_chat_takes_it(scene: Scene) -> None:
    """Mattermost's old servers get a menu in its place."""
    await scene.start_run()
    fake = scene.environment.chat.fake
    fake.fault("answer", path=r"views\.open|/dialogs/open", status=503)
    for _ in range(3):
        fake.fault("answer", path=r"/response/|/hooks/commands/", status=503)
    await scene.room.command("start")
    await scene.room.wait_for_text(r"\(to ana\) (Start a run|The form took too long)", within=40.0)


async def test_a_card_that_is_deleted_is_put_back_once(scene: Scene) -> None:
    handle, room = await scene.start_run(), scene.room
    room.delete(live_card(room, handle))
    await room.command("begin T1")
    await wait_for_card(room, handle, "running")
    room.delete(live_card(room, handle))
    await room.command("finish T1")
    await scene.wait_for_text(f"card of {handle} .* deleted here twice")
    await scene.wait_for_effects("finish")
    shown = await room.wait_for_button(f"Show {handle}")
    assert not shown.visible_to
    await room.command("begin T2")
    await scene.wait_for_effects("begin", 2)
    await scene.wait_for_text("began T2", within=60.0)  # Mattermost takes it 30 s after the deletion
    assert not live_cards(room, handle), room.text()


async def test_a_deleted_card_is_noticed_by_a_comment_that_does_not_change_it(scene: Scene) -> None:
    """A comment goes to the thread, which is gone with its first message."""
    handle, room = await scene.start_run(), scene.room
    await asyncio.sleep(JOIN_SECONDS)  # then it is a message of its own
    room.delete(live_card(room, handle))
    await room.command("comment the vendor was called")
    await wait_for_card(room, handle, "0 of 4 done")
    await scene.wait_for_text("commented on .*the vendor was called", within=60.0)
    await asyncio.sleep(JOIN_SECONDS)
    room.delete(live_card(room, handle))
    await room.command("comment the vendor answered")
    await scene.wait_for_text(f"card of {handle} .* deleted here twice")
    await scene.wait_for_text("commented on .*the vendor answered", within=60.0)
    assert "couldn't post" not in room.text()


async def test_a_card_that_cannot_be_edited_any_more_is_posted_again(scene: Scene) -> None:
    handle, room = await scene.start_run(), scene.room
    first = live_card(room, handle)
    await asyncio.sleep(1.1)
    scene.environment.chat.fake.edit_seconds = 1.0  # type: ignore[attr-defined]
    await room.command("begin T1")
    await until(lambda: live_card(room, handle).id != first.id, within=30.0)
    scene.environment.chat.fake.edit_seconds = 1e9  # type: ignore[attr-defined]
    await wait_for_card(room, handle, "running")


@on_slack
async def test_a_revoked_token_fails_readiness_and_what_was_said_comes_with_the_new_one(scene: Scene) -> None:
    handle, room, chat = await scene.start_run(), scene.room, scene.environment.chat
    assert isinstance(chat, SlackChat)
    chat.fake.token_error = "token_revoked"
    await room.command("begin T1")
    await wait_until_told(room, "ana", "doesn't accept my token")
    code, output = await scene.liaison.run("doctor")
    assert code == 1
    assert "outbox:" in output
    assert "replace the token (and restart, if" in output
    await scene.liaison.stop()
    chat.fake.token_error = ""
    await scene.liaison.start()
    await wait_for_card(room, handle, "running")
