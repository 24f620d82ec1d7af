"""What is only read: comments, and lists that are not all there is. Through the real process, in each chat."""

import re

from tests.adapters.runrunit.fake import RunrunitFake
from tests.e2e.conftest import RUNBOOK, Scene, on_one_chat
from tests.e2e.platforms import FakePlatform


async def test_the_comments_of_a_run_and_of_a_task_are_read_with_who_and_when(scene: Scene) -> None:
    room, handle = scene.room, await scene.start_run()
    await room.command("comment T2: paged twice")
    await scene.wait_for_effects("comment")
    await room.command("show --comments T2")
    await scene.wait_for_text("Comments on T2 Page the DBA")
    await scene.wait_for_text(r"(?i)ana[^\n]*: paged twice")
    await room.command(f"show --comments {handle}.T3")
    await scene.wait_for_text("There are no comments on T3")


async def test_a_task_card_leads_to_its_comments(scene: Scene) -> None:
    room = scene.room
    await scene.start_run()
    await room.command("comment T1: seen from two zones")
    await scene.wait_for_effects("comment")
    await room.command("show T1")
    await scene.wait_for_text("T3 is waiting for this task")
    await room.press("Read comments")
    await scene.wait_for_text("Comments on T1")


async def test_mine_names_the_platforms_that_could_not_be_asked(scene: Scene) -> None:
    async with scene.without_cutover():
        await scene.room.command("mine")
        await scene.wait_for_text("Cutover (isn't responding|didn't answer within 3 seconds|can't list)")


@on_one_chat
async def test_only_what_is_a_run_gets_a_handle(scene: Scene) -> None:
    first = await scene.start_run()
    for line in ("end cutover:999999", "finish T1 --run cutover:999999", "comments xurrent:999999"):
        answer = await scene.room.private_answer(line)
        assert not re.search(r"\bR\d", answer.text), answer.text
    unknown = scene.environment.xurrent.account.start(scene.environment.xurrent.template, "Started elsewhere")
    scene.environment.xurrent.account.create(unknown)
    await scene.room.command(f"show xurrent:{unknown.id}")
    await scene.wait_for_text(rf"R{int(first[1:]) + 1} Started elsewhere")


@on_one_chat
async def test_a_start_that_finds_no_runbook_uses_up_no_handle(scene: Scene) -> None:
    subtask, first = await _subtask(scene), await scene.start_run()
    cutover, run = scene.environment.cutover, scene.cutover_run(first)
    for what in (
        f"{cutover.url}/core/runbooks/999999",
        "https://example.com/runbooks/1",
        "cutover:999999",
        f"{cutover.url}/core/runbooks/{run.id}/tasks/{next(iter(run.tasks))}",
        subtask,
        "A runbook that nobody wrote",
        f'"{RUNBOOK}" --on nowhere',
    ):
        answer = await scene.room.private_answer(f"start {what}")
        assert "R" + str(int(first[1:]) + 1) not in answer.text, answer.text
    await scene.room.private_answer(f'start "{RUNBOOK}"')  # which of the platforms' runbooks: a question
    assert await scene.start_run("xurrent") == f"R{int(first[1:]) + 1}"


async def _subtask(scene: Scene) -> str:
    """A link to one step of a process on Runrun.it."""
    handle = await scene.start_run("runrunit")
    platform = scene.environment.platforms["runrunit"]
    assert isinstance(platform, FakePlatform)
    runrunit: RunrunitFake = platform.fake
    run = next(task for task in runrunit.world.tasks.values() if task.title.startswith(handle))
    step = next(task for task in runrunit.world.tasks.values() if task.parent == run.id)
    return f"{runrunit.url}/pt-BR/tasks/{step.id}"
