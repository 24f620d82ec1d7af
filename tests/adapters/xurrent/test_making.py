"""A workflow is made in the background: the whole application waits for its tasks, and shows them by itself."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import Run, RunState
from bot.app import Application, bootstrap
from bot.config.settings import load
from bot.services import run_service as runs
from bot.surfaces.console.surface import Console, person, room
from commands.model.messages import Message, Via
from tests.adapters.xurrent.fake import XurrentFake

_numbers = itertools.count()
ANA = "ana"


@pytest.fixture
async def app(fake: XurrentFake, tmp_path: Path) -> AsyncIterator[Application]:
    table = "\n".join(f'{name} = "{value}"' for name, value in fake.settings().items())
    file = tmp_path / "liaison.toml"
    file.write_text(f'[bot]\ndatabase_url = "sqlite:///{tmp_path}/l.db"\n[platforms.xurrent]\n{table}\n')
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
    await app.start()
    yield app
    await app.stop()


async def say(app: Application, text: str) -> None:
    key = f"console//{next(_numbers)}"
    message = Message(key=key, actor=person(ANA), place=room(), via=Via.SAY, at=datetime.now(UTC), text=text)
    await app.submit(message)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  nothing tells when a run was read
            await asyncio.sleep(0.01)


async def becomes(app: Application, true: Callable[[Run], bool]) -> None:
    await until(lambda: true(app.run_rows.list_runs(active=True)[0].run))


async def test_its_tasks_are_shown_once_they_are_there(app: Application, fake: XurrentFake) -> None:
    """Until then nothing asks for them: that would be a 404."""
    fake.world.looks = 2
    await say(app, "start database failover")
    assert app.run_rows.list_runs(active=True)[0].run.state is RunState.STARTING
    await becomes(app, lambda run: len(run.tasks) == 4)
    asked = [seen.path.rpartition("/")[2] for seen in fake.calls("GET", "/v1/workflows/")]
    assert asked.index("tasks") >= 3


async def test_a_hint_does_not_wait_for_the_next_look(app: Application, fake: XurrentFake) -> None:
    fake.world.looks = 10**6
    await say(app, "start database failover")
    (run,) = fake.world.runs.values()
    await until(lambda: len(fake.calls("GET", "/v1/workflows/[0-9]+$")) == 4)
    next_look = asyncio.get_running_loop().time() + 4 * runs.REFRESH_INTERVAL_SECONDS
    run.looks = 0
    await app.hint("xurrent", b"{}")
    await becomes(app, lambda run: len(run.tasks) == 4)
    assert asyncio.get_running_loop().time() < next_look


async def test_once_made_it_is_read_after_every_write(app: Application, fake: XurrentFake) -> None:
    """Also where the answer of the write tells nothing of it."""
    fake.world.looks = 1
    await say(app, "start database failover")
    await becomes(app, lambda run: len(run.tasks) == 4)
    (run,) = fake.world.runs.values()
    fake.world.move(fake.world.tasks_of(run)[1], "completed", None)  # by somebody else
    short = '{"anticipated_assignment_at": "...", "...": "..."}'
    fake.fault("answer", method="PATCH", status=200, body=short)
    await say(app, "finish T1")
    await becomes(app, lambda run: run.tasks[1].state.is_over)
