"""Cards follow the platforms: somebody else changes a run there, and its card shows it without anybody asking."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.fake_responses import CURRENT
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.tines.fake import TinesFake
from tests.adapters.xurrent.helpers import find_run
from tests.e2e.chats import Room
from tests.e2e.conftest import RUNBOOK, Environments, Scene, on_mattermost
from tests.e2e.platforms import ChatPlaybooks, FakePlatform, SeparatePlaybooks

TASKS = ("Confirm the primary is down", "Page the DBA")
PLATFORMS = ("cutover", "tines", "xurrent", "runrunit", "playbooks")
WITHIN = 15.0  # seconds, at p95


@on_mattermost
async def test_a_card_follows_playbooks_by_its_events(scene: Scene) -> None:
    platform = scene.environment.platforms["playbooks"]
    assert isinstance(platform, ChatPlaybooks)
    handle = await scene.start_run("playbooks")
    run = next(run for run in platform.world.runs.values() if run["name"].startswith(f"{handle} "))
    took = []
    for done, title in enumerate(TASKS, 1):
        began = time.monotonic()
        generation = platform.mounted.generation
        if done == 2:  # the event of Playbooks 2 has only what changed
            platform.mounted.generation = CURRENT
        try:
            await platform.mounted.finish_task(run, title, platform.mm.ana.id)
        finally:
            platform.mounted.generation = generation
        await scene.wait_for_text(rf"{handle} (?s:.*){done} of 4 done")
        took.append(time.monotonic() - began)
    assert max(took) < 8  # sooner than a poll


async def test_a_card_follows_playbooks_by_polls_while_the_websocket_is_down(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Also of Playbooks 1, which lists no edits."""
    async with AsyncExitStack() as stack:
        environment = await Environments(stack, tmp_path_factory.mktemp).get("mattermost")
        scene = Scene(environment, environment.chat.create_room())
        platform = environment.platforms["playbooks"]
        assert isinstance(platform, ChatPlaybooks)
        handle = await scene.start_run("playbooks")
        run = next(run for run in platform.world.runs.values() if run["name"].startswith(f"{handle} "))
        sockets = platform.mm.sockets
        sockets.refuses_connections = True
        await sockets.cut()
        sockets.forget_connections()
        took = []
        for done, title in enumerate(TASKS, 1):
            began = time.monotonic()
            await platform.mounted.finish_task(run, title, platform.mm.ana.id)
            await scene.wait_for_text(rf"{handle} (?s:.*){done} of 4 done", within=2 * WITHIN)
            took.append(time.monotonic() - began)
        assert not sockets.open
        assert max(took) < WITHIN, took


async def test_cards_follow_every_platform_by_polls(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In an environment of its own: where runs are read in turn, those of other tests would wait too."""
    async with AsyncExitStack() as stack:
        environment = await Environments(stack, tmp_path_factory.mktemp).get("slack")
        await _follow_all(Scene(environment, environment.chat.create_room()))


async def _follow_all(scene: Scene) -> None:
    rooms = {name: scene.environment.chat.create_room() for name in PLATFORMS}
    handles = {name: await scene.start_run(name, room=room) for name, room in rooms.items()}
    took: list[float] = []
    for done in range(1, 3):
        await asyncio.gather(*(_follow(scene, name, rooms[name], handles[name], done, took) for name in PLATFORMS))
    took.sort()
    assert took[int(len(took) * 0.95) - 1] < WITHIN, took


async def _follow(scene: Scene, name: str, room: Room, handle: str, done: int, took: list[float]) -> None:
    await asyncio.sleep(0.7 * PLATFORMS.index(name))  # not all at the same point between two polls
    began = time.monotonic()
    _finish(scene, name, handle, TASKS[done - 1])
    await room.wait_for_text(rf"{handle} (?s:.*){done} of 4 done", within=2 * WITHIN)
    took.append(time.monotonic() - began)


def _finish(scene: Scene, name: str, handle: str, title: str) -> None:
    """Somebody finishes the task on the platform itself."""
    finish: dict[str, Callable[[], None]] = {
        "cutover": lambda: _finish_in_cutover(scene, handle, title),
        "tines": lambda: _finish_in_tines(scene, handle, title),
        "xurrent": lambda: _finish_in_xurrent(scene, handle, title),
        "runrunit": lambda: _finish_in_runrunit(scene, handle, title),
        "playbooks": lambda: _finish_in_playbooks(scene, handle, title),
    }
    finish[name]()


def _finish_in_cutover(scene: Scene, handle: str, title: str) -> None:
    task = scene.cutover_run(handle).task(title)
    task.stage, task.completion_type = "complete", "complete_normal"


def _finish_in_xurrent(scene: Scene, handle: str, title: str) -> None:
    account, run = scene.environment.xurrent.account, find_run(scene.environment.xurrent, handle)
    account.task(run, title).status = "completed"
    account.update_statuses(run)


def _finish_in_tines(scene: Scene, handle: str, title: str) -> None:
    platform = scene.environment.platforms["tines"]
    assert isinstance(platform, FakePlatform)
    fake: TinesFake = platform.fake
    case = next(case for case in fake.world.cases.values() if case.name.startswith(f"{handle} "))
    next(task for task in case.tasks.values() if task.description.startswith(title)).completed = True


def _finish_in_runrunit(scene: Scene, handle: str, title: str) -> None:
    platform = scene.environment.platforms["runrunit"]
    assert isinstance(platform, FakePlatform)
    fake: RunrunitFake = platform.fake
    run = next(task for task in fake.world.tasks.values() if re.match(rf"{handle} {RUNBOOK}", task.title))
    step = next(step for step in fake.world.steps(run) if step.title == title)
    step.closed_at = "2026-11-30T14:00:00-03:00"


def _finish_in_playbooks(scene: Scene, handle: str, title: str) -> None:
    platform = scene.environment.platforms["playbooks"]
    assert isinstance(platform, SeparatePlaybooks)
    fake: PlaybooksFake = platform.fake
    run = next(run for run in fake.world.runs.values() if run["name"].startswith(f"{handle} "))
    items = [item for checklist in run["checklists"] for item in checklist["items"]]
    fake.world.set_state(run, next(item for item in items if item["title"] == title), "closed", fake.ana)
