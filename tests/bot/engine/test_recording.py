"""A message that was recorded and acknowledged stays recorded, whatever becomes of a repeated delivery."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.storage.store import Commit, Store
from bot.surfaces.console.surface import room
from bot.surfaces.errors import NotRecorded
from commands.model.messages import Message, Via
from tests.bot.app_scene import ANA, app_scene
from tests.e2e.process import until

STALL_SECONDS = 0.3


def _stall(when: str, kinds: Sequence[Commit]) -> None:
    if when == "before" and Commit.RECORD in kinds:
        time.sleep(STALL_SECONDS)


async def test_a_repeated_delivery_during_a_stall_of_the_disk_does_not_delete_the_message(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_scene(tmp_path, database_url=database_url) as scene:
        assert await scene.say("start Database failover") == "done"
        message = Message(
            key="console//1", actor=ANA, place=room(), via=Via.SAY, at=datetime.now(UTC), text="begin T1"
        )
        assert (await scene.app.engine.record(message, b"first")).new
        monkeypatch.setattr("bot.engine.recording.RECORD_TIMEOUT_SECONDS", STALL_SECONDS / 3)
        monkeypatch.setattr(Store, "commit_hook", staticmethod(_stall))
        with pytest.raises(NotRecorded):
            await scene.app.engine.record(message, b"second")
        monkeypatch.setattr(Store, "commit_hook", None)
        await scene.app.store.execute("delete from scheduled where slot = ''", Commit.CLEANUP)  # after the stall
        assert await scene.app.inbox.get(message.key)
        scene.app.engine.process(message.key)
        await until(lambda: scene.find_private("running"))


async def test_a_repeated_delivery_is_recorded_though_the_first_one_timed_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_scene(tmp_path) as scene:
        assert await scene.say("start Database failover") == "done"
        message = Message(
            key="console//1", actor=ANA, place=room(), via=Via.SAY, at=datetime.now(UTC), text="begin T1"
        )
        engine = scene.app.engine
        monkeypatch.setattr("bot.engine.recording.RECORD_TIMEOUT_SECONDS", STALL_SECONDS / 2)
        monkeypatch.setattr(Store, "commit_hook", staticmethod(_stall))
        first = asyncio.create_task(engine.record(message, b"first"))
        await asyncio.sleep(STALL_SECONDS / 4)
        monkeypatch.setattr("bot.engine.recording.RECORD_TIMEOUT_SECONDS", 20)
        second = await engine.record(message, b"second")
        with pytest.raises(NotRecorded):
            await first
        assert second.new
        monkeypatch.setattr(Store, "commit_hook", None)
        await scene.app.store.execute("delete from scheduled where slot = ''", Commit.CLEANUP)  # after the stall
        assert await scene.app.inbox.get(message.key)
        engine.process(message.key)
        await until(lambda: scene.find_private("running"))


async def test_a_message_is_done_and_its_answer_sent_once_though_the_disk_was_full_when_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(when: str, kinds: Sequence[Commit]) -> None:
        if Commit.DONE in kinds:
            raise sqlite3.OperationalError("database or disk is full")

    async with app_scene(tmp_path) as scene:
        monkeypatch.setattr(Store, "commit_hook", staticmethod(fail))
        assert await scene.say("runs") == "done"
        monkeypatch.setattr(Store, "commit_hook", None)
        key, store = scene.sent[-1].key, scene.app.store

        async def is_stored() -> bool:
            answers = await store.rows("select state from outbox where kind = 'answer'")
            message = await store.row("select state from inbox where key = :key", key=key)
            is_sent = [row["state"] for row in answers] == ["sent"]
            return is_sent and message is not None and message["state"] == "done"

        await until(is_stored)
