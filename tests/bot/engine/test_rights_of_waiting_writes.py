"""A write that waits for its platform is sent only if its sender still has the right to it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.errors import Unreachable
from adapters.models import TaskState
from adapters.results import WriteResult
from adapters.writes import Write, WriteMarker
from bot.surfaces.console.surface import Console
from commands.model.messages import Actor, Membership
from tests.bot.app_scene import Scene, app_scene
from tests.e2e.process import until

HOUR = timedelta(hours=1)


class Staff(Console):
    """A chat where people lose their membership. Its time is moved by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.membership = Membership.MEMBER
        self.reads = 0
        self.ahead = timedelta()

    async def profile(self, actor: Actor) -> Actor:
        self.reads += 1
        return (await super().profile(actor)).model_copy(update={"membership": self.membership})

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest.fixture
async def scene(tmp_path: Path, database_url: str, staff: Staff) -> AsyncIterator[Scene]:
    async with app_scene(
        tmp_path, database_url=database_url, console=staff, now=staff.now, write_timeout=HOUR
    ) as scene:
        assert await scene.say("start Database failover") == "done"
        scene.platform.down = True
        yield scene


async def task_states(scene: Scene) -> list[TaskState]:
    run = (await scene.app.runs.refresh("R1")).run
    return [task.state for task in run.tasks[:2]]


async def is_waiting(scene: Scene) -> None:
    await until(lambda: any("Nothing was sent yet" in line for line in scene.lines))


@pytest.mark.parametrize("membership", [Membership.GUEST, Membership.UNKNOWN])
async def test_a_write_of_somebody_who_lost_the_right_while_it_waited_is_not_sent(
    scene: Scene, staff: Staff, membership: Membership
) -> None:
    waiting = scene.say("begin T1")
    await is_waiting(scene)
    staff.membership, staff.ahead = membership, timedelta(minutes=6)
    assert await asyncio.wait_for(waiting, 30) == "failed"
    scene.platform.down = False
    assert await task_states(scene) == [TaskState.READY, TaskState.READY]
    assert scene.find_private("Nothing changed")
    assert not any("isn't responding" in line for line in scene.lines)


async def test_a_write_of_somebody_who_still_has_the_right_is_sent(scene: Scene, staff: Staff) -> None:
    waiting = scene.say("begin T1")
    await is_waiting(scene)
    reads, staff.ahead = staff.reads, timedelta(minutes=6)
    await until(lambda: staff.reads > reads)
    scene.platform.down = False
    assert await asyncio.wait_for(waiting, 30) == "done"
    assert staff.reads == reads + 1, "retries within five minutes do not ask the chat"


async def test_a_start_of_somebody_who_lost_the_right_while_it_waited_is_not_sent(
    tmp_path: Path, database_url: str, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    async def refuse_connections(step: Write, marker: WriteMarker) -> WriteResult:
        nonlocal attempts
        attempts += 1
        raise Unreachable("local", "start")

    async with app_scene(
        tmp_path, database_url=database_url, console=staff, now=staff.now, write_timeout=HOUR
    ) as scene:
        monkeypatch.setattr(scene.platform, "execute", refuse_connections)
        waiting = scene.say("start Database failover")
        await until(lambda: attempts)
        sent = attempts
        staff.membership, staff.ahead = Membership.GUEST, timedelta(minutes=6)
        assert await asyncio.wait_for(waiting, 30) == "failed"
        assert attempts == sent
        assert not await scene.app.runs.active_heads()


async def test_a_restart_does_not_restore_a_lost_right(tmp_path: Path, database_url: str) -> None:
    staff = Staff()
    async with app_scene(
        tmp_path, database_url=database_url, console=staff, now=staff.now, write_timeout=HOUR
    ) as scene:
        assert await scene.say("start Database failover") == "done"
        scene.platform.down = True
        waiting = scene.say("begin T1")
        await is_waiting(scene)
    waiting.cancel()
    staff = Staff()
    staff.membership, staff.ahead = Membership.GUEST, timedelta(minutes=6)
    async with app_scene(
        tmp_path, database_url=database_url, console=staff, now=staff.now, write_timeout=HOUR
    ) as again:
        await until(lambda: again.find_private("Nothing changed"))
        assert await task_states(again) == [TaskState.READY, TaskState.READY]
