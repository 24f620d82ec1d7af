"""Xurrent creates a workflow in the background: the application waits for its tasks and then shows them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import Run, RunState
from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.services.background_refreshes import REFRESH_INTERVAL_SECONDS
from bot.surfaces.console.surface import Console, person, room
from commands.model.messages import Message, Via
from tests.adapters.xurrent.fake import XurrentFake
from tests.bot.live_runs import active_runs

_numbers = itertools.count()
ANA = "ana"


@pytest.fixture
async def app(fake: XurrentFake, tmp_path: Path) -> AsyncIterator[Application]:
    table = "\n".join(f'{name} = "{value}"' for name, value in fake.settings().items())
    file = tmp_path / "liaison.toml"
    file.write_text(f'[bot]\ndatabase_url = "sqlite:///{tmp_path}/l.db"\n[platforms.xurrent]\n{table}\n')
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
    await app.start()
    app.resume()
    yield app
    await app.stop()


async def say(app: Application, text: str) -> None:
    key = f"console//{next(_numbers)}"
    message = Message(key=key, actor=person(ANA), place=room(), via=Via.SAY, at=datetime.now(UTC), text=text)
    await app.submit(message)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.01)


async def wait_for_run(app: Application, condition: Callable[[Run], bool]) -> None:
    await wait_until(lambda: condition(active_runs(app.run_rows)[0].run))


async def test_tasks_are_shown_once_they_exist(app: Application, fake: XurrentFake) -> None:
    """They are not requested before: that would be a 404."""
    fake.account.polls_until_created = 4
    await say(app, "start database failover")
    assert active_runs(app.run_rows)[0].run.state is RunState.STARTING
    await wait_for_run(app, lambda run: len(run.tasks) == 4)
    paths = [seen.path.rpartition("/")[2] for seen in fake.calls("GET", "/v1/workflows/")]
    assert paths.index("tasks") >= 5


async def test_a_webhook_triggers_a_read_at_once(app: Application, fake: XurrentFake) -> None:
    fake.account.polls_until_created = 4**6
    await say(app, "start database failover")
    (run,) = fake.account.runs.values()
    await wait_until(lambda: len(fake.calls("GET", "/v1/workflows/[0-9]+$")) == 4)
    next_read = asyncio.get_running_loop().time() + 4 * REFRESH_INTERVAL_SECONDS
    run.polls_until_created = 0
    await app.hint("xurrent", b"{}")
    await wait_for_run(app, lambda run: len(run.tasks) == 4)
    assert asyncio.get_running_loop().time() < next_read


async def test_a_created_run_is_read_after_every_write(app: Application, fake: XurrentFake) -> None:
    """Also if the write's response contains nothing."""
    fake.account.polls_until_created = 1
    await say(app, "start database failover")
    await wait_for_run(app, lambda run: len(run.tasks) == 4)
    (run,) = fake.account.runs.values()
    fake.account.set_status(fake.account.tasks_of(run)[1], "completed", None)  # by somebody else
    short = '{"anticipated_assignment_at": "...", "...": "..."}'
    fake.fault("answer", method="PATCH", status=200, body=short)
    await say(app, "finish T1")
    await wait_for_run(app, lambda run: run.tasks[1].state.is_over)
