"""Runs follow the events that Playbooks publishes on the websocket of the bot, with all versions of the plugin."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.models import TaskState
from adapters.playbooks.adapter import Playbooks
from adapters.testing.harness import TASKS
from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console, person, room
from commands.model.messages import Message, Via
from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED
from tests.adapters.playbooks.harness import PlatformHarness
from tests.adapters.playbooks.mounted import Mounted, mount
from tests.bot.live_runs import active_runs
from tests.fakes.mattermost import FakeMattermost

FRAMES = json.loads(Path(__file__).with_name("recordings").joinpath("events-1.20.json").read_text())["frames"]
RUN = "r" * 26
UPDATED, CREATED = "custom_playbooks_playbook_run_updated", "custom_playbooks_playbook_run_created"
_numbers = itertools.count()


@pytest.fixture
def playbooks(playbooks_1: PlatformHarness) -> Playbooks:
    assert isinstance(playbooks_1.adapter, Playbooks)
    return playbooks_1.adapter


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{frame['event']} after {frame['after']}")
async def test_a_recorded_event_names_its_run(frame: dict[str, Any], playbooks: Playbooks) -> None:
    assert playbooks.changed_runs(frame["event"], frame["data"]["payload"]) == ("1pjgbkecpp818xeagz1qo57wsr",)


@pytest.mark.parametrize(
    ("event", "payload", "runs"),
    [
        (f"{UPDATED}_incremental", {"id": RUN, "playbook_run_updated_at": 1, "changed_fields": {}}, (RUN,)),
        (CREATED, {"playbook_run": {"id": RUN}, "client_id": ""}, (RUN,)),
        ("custom_playbooks_checklist_updated", {"id": "c" * 26, "playbook_run_id": RUN}, (RUN,)),
        ("custom_playbooks_playbook_archived", {"id": RUN}, ()),
        ("custom_com.mattermost.calls_call_start", {"id": RUN}, ()),
        (UPDATED, {"id": "../users"}, ()),
        (UPDATED, {"id": {"odd": []}}, ()),
        (UPDATED, {"playbook_run": None}, ()),
        (UPDATED, [RUN], ()),
        (UPDATED, "no run", ()),
    ],
)
async def test_only_events_of_runs_name_runs(
    event: str, payload: object, runs: tuple[str, ...], playbooks: Playbooks
) -> None:
    assert playbooks.changed_runs(event, json.dumps(payload)) == runs


async def test_a_payload_that_is_not_json_names_no_run(playbooks: Playbooks) -> None:
    assert playbooks.changed_runs(UPDATED, "[" * 10_000) == ()


@dataclass
class Site:
    mm: FakeMattermost
    plugin: Mounted
    app: Application

    async def start_run(self) -> dict[str, Any]:
        """The run as the plugin has it."""
        key = f"console//{next(_numbers)}"
        message = Message(
            key=key,
            actor=person("ana"),
            place=room(key),
            via=Via.SAY,
            at=datetime.now(UTC),
            text="start database failover",
        )
        await self.app.submit(message)
        await wait_until(lambda: not self.app.runs.is_refreshing)
        return list(self.plugin.world.runs.values())[-1]

    def task(self, number: int) -> TaskState:
        return active_runs(self.app.run_rows)[0].run.tasks[number].state


@asynccontextmanager
async def site(folder: Path, generation: str) -> AsyncIterator[Site]:
    async with FakeMattermost() as mm:
        plugin = mount(mm, generation)
        tables: dict[str, dict[str, object]] = {
            "bot": {"database_url": f"sqlite:///{folder}/l.db", "public_url": "http://127.0.0.1:1"},
            "mattermost": {"url": f"{mm.url}/", "token": mm.bot.token, "command_tokens": [mm.command_token]},
            "platforms.playbooks": {**plugin.settings()},
        }
        lines = []
        for name, table in tables.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        file = folder / "liaison.toml"
        file.write_text("\n".join(lines))
        app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
        app.change_poller.interval = 3600.0
        await app.start()
        app.resume()
        try:
            await wait_until(lambda: all(app.readiness().values()))
            yield Site(mm, plugin, app)
        finally:
            await app.stop()


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110  no event tells when a run was read
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("generation", [RECORDED, CURRENT])
async def test_a_task_that_somebody_ticks_in_playbooks_is_seen_without_a_poll(
    generation: str, tmp_path: Path
) -> None:
    async with site(tmp_path, generation) as here:
        run = await here.start_run()
        await here.plugin.finish_task(run, TASKS[1][1], here.mm.ana.id)
        await wait_until(lambda: here.task(1) is TaskState.DONE)


async def test_only_the_run_of_the_event_is_read(tmp_path: Path) -> None:
    async with site(tmp_path, RECORDED) as here:
        runs = [await here.start_run() for _ in range(2)]
        before = len(here.mm.seen)
        await here.plugin.finish_task(runs[1], TASKS[1][1], here.mm.ana.id)
        await wait_until(lambda: here.task(1) is TaskState.DONE)
        paths = [seen.path for seen in here.mm.seen[before:]]
        assert not any(runs[0]["id"] in path for path in paths)


async def test_what_changed_while_the_websocket_was_down_is_seen(tmp_path: Path) -> None:
    async with site(tmp_path, RECORDED) as here:
        run = await here.start_run()
        here.mm.sockets.refuses_connections = True
        await here.mm.sockets.cut()
        here.mm.sockets.forget_connections()
        await here.plugin.finish_task(run, TASKS[1][1], here.mm.ana.id)
        here.mm.sockets.refuses_connections = False
        await wait_until(lambda: here.task(1) is TaskState.DONE)
