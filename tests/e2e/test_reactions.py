"""A mention that was done and needs no words gets a reaction instead of a receipt."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.chats import Chat
from tests.e2e.conftest import CHATS, RUNBOOK, Scene
from tests.e2e.process import Liaison, until

RUNBOOK_TEXT = "# Rotate keys\n\n- [ ] Make a new key\n- [ ] Revoke the old one\n"


async def test_a_mention_that_was_done_gets_a_reaction_and_its_activity_line_only(scene: Scene) -> None:
    room = scene.room
    await room.mention(f'start "{RUNBOOK}" --on cutover')
    await scene.wait_for_text("T1 Confirm the primary is down")
    await until(lambda: room.reactions("start") == {"white_check_mark"})
    await room.mention("finish T1")
    await scene.wait_for_text("finished T1")
    await until(lambda: room.reactions("finish T1") == {"white_check_mark"})
    await room.mention("comment T2: paged twice")
    await scene.wait_for_text("commented on T2")
    await until(lambda: room.reactions("comment") == {"white_check_mark"})
    await asyncio.sleep(1.0)  # a receipt would come now
    assert "Receipt" not in room.text(), room.text()
    assert len(room.bot_messages()) == 2, f"the card and its activity lines:\n{room.text()}"


async def test_a_mention_that_needs_words_gets_them_and_no_reaction(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.mention(f"finish {handle}.T9")
    await scene.wait_for_text("T9")
    await scene.room.mention(f"show {handle}.T2")
    await scene.wait_for_text("T2 Page the DBA")
    await scene.room.mention(f"finish {handle}.T1")
    await until(lambda: scene.room.reactions("T1"))
    assert scene.room.reactions("T9") == set()
    assert scene.room.reactions("show") == set()


@pytest.mark.parametrize("name", sorted(CHATS))
async def test_reactions_can_be_turned_off(tmp_path: Path, name: str) -> None:
    (tmp_path / "rotate.md").write_text(RUNBOOK_TEXT)
    chat: Chat = CHATS[name]()
    local = {"kind": "local", "path": str(tmp_path)}
    async with chat:
        tables = {**chat.settings(), "bot": {"reaction": "off"}, "platforms.local": local}
        async with Liaison(tmp_path, tables) as liaison:
            chat.set_liaison_url(liaison.url)
            room = chat.create_room()
            await room.command('start "Rotate keys"')
            await room.wait_for_text("T1 Make a new key")
            await room.mention("finish T1")
            await room.wait_for_text("Receipt")
            assert room.reactions("finish T1") == set()
