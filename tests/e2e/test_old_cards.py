"""A card shows what was last read. Its buttons never undo what somebody has done on the platform since."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.playbooks.world import World
from tests.e2e.chats import BotMessage
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene
from tests.e2e.platforms import ChatPlaybooks, FakePlatform, SeparatePlaybooks

NOTHING_CHANGED = r"Nothing changed"


def playbooks_world(scene: Scene) -> tuple[World, str]:
    """The state of Playbooks, and the id of Ben's account there."""
    platform = scene.environment.platforms["playbooks"]
    if isinstance(platform, ChatPlaybooks):
        return platform.world, str(platform.mm.ben.id)
    assert isinstance(platform, SeparatePlaybooks)
    return platform.fake.world, platform.fake.ben


def playbooks_run(scene: Scene, handle: str) -> Mapping[str, Any]:
    runs = playbooks_world(scene)[0].runs.values()
    return next(run for run in runs if run["name"].startswith(f"{handle} "))


def first_item(scene: Scene, handle: str) -> dict[str, Any]:
    item: dict[str, Any] = playbooks_run(scene, handle)["checklists"][0]["items"][0]
    return item


async def finish_in_playbooks(scene: Scene, handle: str) -> BotMessage:
    """Ben ticks T1 in Playbooks. Returns the card from before, which still has [Begin T1]."""
    world, ben = playbooks_world(scene)
    card = await scene.room.wait_for_button("Begin T1")
    world.set_state(dict(playbooks_run(scene, handle)), first_item(scene, handle), "closed", ben)
    return card


async def test_an_old_begin_button_does_not_undo_a_task_finished_in_playbooks(scene: Scene) -> None:
    handle = await scene.start_run("playbooks")
    card = await finish_in_playbooks(scene, handle)
    await scene.room.click("Begin T1", card)
    await scene.wait_for_text(rf"T1 {FIRST_TASK} was already finished by (?i:ben).* at .*{NOTHING_CHANGED}")
    assert first_item(scene, handle)["state"] == "closed"
    assert scene.count_effects("begin", "playbooks") == 0
    await scene.wait_for_text("1 of 4 done")  # the card shows it too


@pytest.mark.parametrize("line", ['hold T1 "waiting for the vendor"', "skip T1 not needed", "assign T1 to ben"])
async def test_other_verbs_do_not_touch_a_task_finished_in_playbooks(scene: Scene, line: str) -> None:
    handle = await scene.start_run("playbooks")
    await finish_in_playbooks(scene, handle)
    before = dict(first_item(scene, handle))
    await scene.room.command(line)
    await scene.wait_for_text(rf"T1 {FIRST_TASK} was already finished by (?i:ben).* at .*{NOTHING_CHANGED}")
    assert first_item(scene, handle) == before


async def test_an_old_begin_button_does_not_undo_a_task_finished_in_cutover(scene: Scene) -> None:
    handle = await scene.start_run()
    run = scene.cutover_run(handle)
    task = run.task(FIRST_TASK)
    card = await scene.room.wait_for_button("Begin T1")
    task.stage, task.start_actual, task.end_actual = "complete", "2026-07-18T14:02:00Z", "2026-07-18T14:05:00Z"
    task.completion_type = "complete_normal"
    await scene.room.click("Begin T1", card)
    await scene.wait_for_text(rf"T1 {FIRST_TASK} was already finished at .*{NOTHING_CHANGED}")
    assert (task.stage, task.end_actual) == ("complete", "2026-07-18T14:05:00Z")
    assert scene.count_effects("begin") == 0


async def test_a_hold_is_not_noted_on_a_task_finished_in_cutover(scene: Scene) -> None:
    handle = await scene.start_run()
    run = scene.cutover_run(handle)
    await scene.room.wait_for_button("Begin T1")
    task = run.task(FIRST_TASK)
    task.stage, task.completion_type, task.end_actual = "complete", "complete_normal", "2026-07-18T14:05:00Z"
    await scene.room.command('hold T1 "waiting for the vendor"')
    await scene.wait_for_text(rf"T1 {FIRST_TASK} was already finished at .*{NOTHING_CHANGED}")
    assert run.comments == []


async def test_nobody_is_named_for_what_somebody_did_in_cutover(scene: Scene) -> None:
    """Asking for it as well is no receipt."""
    handle = await scene.start_run()
    await scene.room.wait_for_button("Begin T1")
    task, now = scene.cutover_run(handle).task(FIRST_TASK), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    task.stage, task.start_actual, task.end_actual, task.completion_type = "complete", now, now, "complete_normal"
    for command in ("finish T1 checked", "begin T1"):
        answer = await scene.room.private_answer(f"{command} --run {handle}")
        assert f"T1 {FIRST_TASK} was already finished at" in answer.text


async def test_nobody_is_named_for_ending_what_was_ended_in_tines(scene: Scene) -> None:
    platform = scene.environment.platforms["tines"]
    assert isinstance(platform, FakePlatform)
    handle = await scene.start_run("tines")
    await scene.wait_for_text("tines · (updated|as of)")
    case = next(case for case in platform.fake.world.cases.values() if case.name.startswith(f"{handle} "))
    platform.fake.world.close(case)
    await scene.room.command(f"end {handle} --yes")
    await scene.wait_for_text("was already finished. Nothing changed|Finished · ")
    await scene.wait_for_text(rf"{handle} {RUNBOOK} has ended in Tines")
    assert f"ended {handle}" not in scene.room.text()
