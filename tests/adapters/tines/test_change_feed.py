"""Tines has no webhooks for cases: the application polls it for changes, and updates the runs."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import TaskState
from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console, person, room
from commands.model.messages import Message, Via
from tests.adapters.tines.fake import TinesFake
from tests.bot.live_runs import active_runs

_numbers = itertools.count()


@pytest.fixture
async def app(fake: TinesFake, tmp_path: Path) -> AsyncIterator[Application]:
    table = "\n".join(f'{name} = "{value}"' for name, value in fake.settings().items())
    file = tmp_path / "liaison.toml"
    file.write_text(f'[bot]\ndatabase_url = "sqlite:///{tmp_path}/l.db"\n[platforms.tines]\n{table}\n')
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
    app.change_poller.interval = 0.02
    await app.start()
    app.resume()
    yield app
    await app.stop()


async def say(app: Application, text: str) -> None:
    key = f"console//{next(_numbers)}"
    message = Message(key=key, actor=person("ana"), place=room(), via=Via.SAY, at=datetime.now(UTC), text=text)
    await app.submit(message)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  no event tells when a run was read
            await asyncio.sleep(0.01)


def finish_a_task_in_tines(fake: TinesFake) -> None:
    """Completes the second task of the newest case."""
    case = list(fake.world.cases.values())[-1]
    list(case.tasks.values())[1].completed = True


def poll_count(fake: TinesFake) -> int:
    return sum(b"updated_at_start_date" in seen.body for seen in fake.calls("GET", "/cases/?$"))


async def test_changes_made_in_tines_are_polled(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await wait_until(lambda: not app.runs.is_refreshing)
    finish_a_task_in_tines(fake)
    await wait_until(lambda: active_runs(app.run_rows)[0].run.tasks[1].state is TaskState.DONE)


async def test_nothing_is_polled_without_a_run_or_read_without_a_change(app: Application, fake: TinesFake) -> None:
    await asyncio.sleep(0.1)
    assert poll_count(fake) == 0
    await say(app, "start database failover")
    await wait_until(lambda: poll_count(fake) > 2)
    await wait_until(lambda: not app.runs.is_refreshing)
    read = len(fake.calls("GET", r"/cases/\d+$"))
    so_far = poll_count(fake)
    await wait_until(lambda: poll_count(fake) > so_far + 5)
    assert len(fake.calls("GET", r"/cases/\d+$")) == read


async def test_an_unreadable_response_does_not_stop_the_polling(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await wait_until(lambda: not app.runs.is_refreshing)
    answer = {"cases": [{"case_id": {"odd": []}}], "meta": {"next_page_number": "x"}}
    fake.fault("answer", method="GET", path="/cases/?$", status=200, body=json.dumps(answer), times=2)
    finish_a_task_in_tines(fake)
    await wait_until(lambda: active_runs(app.run_rows)[0].run.tasks[1].state is TaskState.DONE)


async def test_a_failing_platform_is_polled_again(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await wait_until(lambda: not app.runs.is_refreshing)
    fake.fault("answer", method="GET", path="/cases/?$", status=404, body="Not Found", times=3)
    finish_a_task_in_tines(fake)
    await wait_until(lambda: active_runs(app.run_rows)[0].run.tasks[1].state is TaskState.DONE)
