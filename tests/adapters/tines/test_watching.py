"""Tines calls nobody: the whole application asks it what was edited, and the card says what is true there."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import TaskState
from bot.app import Application, bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console, person, room
from commands.model.messages import Message, Via
from tests.adapters.tines.fake import TinesFake

_numbers = itertools.count()


@pytest.fixture
async def app(fake: TinesFake, tmp_path: Path) -> AsyncIterator[Application]:
    table = "\n".join(f'{name} = "{value}"' for name, value in fake.settings().items())
    file = tmp_path / "liaison.toml"
    file.write_text(f'[bot]\ndatabase_url = "sqlite:///{tmp_path}/l.db"\n[platforms.tines]\n{table}\n')
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
    app.change_poller.interval = 0.02
    await app.start()
    yield app
    await app.stop()


async def say(app: Application, text: str) -> None:
    key = f"console//{next(_numbers)}"
    message = Message(key=key, actor=person("ana"), place=room(), via=Via.SAY, at=datetime.now(UTC), text=text)
    await app.submit(message)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  nothing tells when a run was read
            await asyncio.sleep(0.01)


def finish_elsewhere(fake: TinesFake) -> None:
    """The second task of the newest case."""
    case = list(fake.world.cases.values())[-1]
    list(case.tasks.values())[1].completed = True


def rounds(fake: TinesFake) -> int:
    return sum(b"updated_at_start_date" in seen.body for seen in fake.calls("GET", "/cases/?$"))


async def test_what_others_do_in_tines_shows_without_anybody_asking(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await until(lambda: not app.runs.is_refreshing)
    finish_elsewhere(fake)
    await until(lambda: app.run_rows.list_runs(active=True)[0].run.tasks[1].state is TaskState.DONE)


async def test_nothing_is_asked_without_a_run_and_nothing_read_without_a_change(
    app: Application, fake: TinesFake
) -> None:
    await asyncio.sleep(0.1)
    assert rounds(fake) == 0
    await say(app, "start database failover")
    await until(lambda: rounds(fake) > 2)
    await until(lambda: not app.runs.is_refreshing)
    read = len(fake.calls("GET", r"/cases/\d+$"))
    so_far = rounds(fake)
    await until(lambda: rounds(fake) > so_far + 5)
    assert len(fake.calls("GET", r"/cases/\d+$")) == read


async def test_an_answer_that_cannot_be_read_does_not_end_the_watch(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await until(lambda: not app.runs.is_refreshing)
    answer = {"cases": [{"case_id": {"odd": []}}], "meta": {"next_page_number": "x"}}
    fake.fault("answer", method="GET", path="/cases/?$", status=200, body=json.dumps(answer), times=2)
    finish_elsewhere(fake)
    await until(lambda: app.run_rows.list_runs(active=True)[0].run.tasks[1].state is TaskState.DONE)


async def test_a_platform_that_fails_is_asked_again(app: Application, fake: TinesFake) -> None:
    await say(app, "start database failover")
    await until(lambda: not app.runs.is_refreshing)
    fake.fault("answer", method="GET", path="/cases/?$", status=404, body="Not Found", times=3)
    finish_elsewhere(fake)
    await until(lambda: app.run_rows.list_runs(active=True)[0].run.tasks[1].state is TaskState.DONE)
