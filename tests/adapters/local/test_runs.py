"""What each write does to a run, what is refused, and that a refusal changes nothing."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.local import PLATFORM
from adapters.local.adapter import LocalAdapter
from adapters.models import Health, Person, Run, RunState, TaskState
from adapters.toolkit.messages import load_messages
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
)
from commands.text.catalogue import plain_text, translate
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.writes import ANA, BEN, Clock, execute_all, new_marker, only_task, start_run, start_write

CONFIRM, PAGE, PROMOTE, REPOINT = "1", "2", "3", "4"
DONE, READY, RUNNING, WAITING = TaskState.DONE, TaskState.READY, TaskState.RUNNING, TaskState.WAITING


def error_text(error: AdapterError) -> str:
    """The error as people read it."""
    return plain_text(translate(error.key, load_messages(PLATFORM.messages), **error.facts))


def states(run: Run) -> list[TaskState]:
    return [task.state for task in run.tasks]


async def test_a_start_copies_the_file(local: LocalAdapter, folder: Path) -> None:
    run = await start_run(local)
    (folder / "failover.md").write_text("# Something else\n- [ ] Other\n")
    read = await local.read(run.key.id)
    assert (read.title, read.runbook, read.runbook_id) == ("R9 Primary down", "Database failover", "failover.md")
    assert [stage.title for stage in read.stages] == ["Triage", "Fail over"]
    assert [task.title for task in read.tasks] == [
        "Confirm the primary is down",
        "Page the DBA",
        "Promote the replica",
        "Repoint the app",
    ]
    assert read.tasks[0].instructions == "Ask from two zones.\n\n```sh\npg_isready -h db-1\n```"
    assert states(read) == [READY, READY, WAITING, WAITING]
    assert (read.tasks[2].waits_for, read.tasks[3].waits_for) == ((CONFIRM, PAGE), (PROMOTE,))
    assert read.owner == ANA


async def test_runs_that_are_not_over_are_listed(local: LocalAdapter) -> None:
    first, second = await start_run(local, handle="R1"), await start_run(local, handle="R2")
    assert [(head.title, head.done, head.total) for head in await local.runs("")] == [
        ("R2 Primary down", 0, 4),
        ("R1 Primary down", 0, 4),
    ]
    await execute_all(local, EndRun(run=second.key, by=ANA))
    assert [head.key for head in await local.runs("")] == [first.key]


async def test_finishing_records_who_and_when_and_unblocks_others(local: LocalAdapter, clock: Clock) -> None:
    run = await start_run(local)
    clock.at = datetime(2026, 3, 4, 14, 3, tzinfo=UTC)
    result = await execute_all(
        local, FinishTask(run=run.key, by=ANA, task=CONFIRM), SkipTask(run=run.key, by=BEN, task=PAGE)
    )
    assert result.snapshot is not None
    assert states(result.snapshot) == [DONE, TaskState.SKIPPED, READY, WAITING]
    confirm = result.snapshot.tasks[0]
    assert confirm.finished_by == "Ana"
    assert confirm.finished_at == datetime(2026, 3, 4, 14, 3, tzinfo=UTC)


async def test_a_waiting_task_cannot_be_begun_or_finished(local: LocalAdapter) -> None:
    run = await start_run(local)
    await execute_all(local, FinishTask(run=run.key, by=ANA, task=PAGE))
    for write in (FinishTask(run=run.key, by=ANA, task=PROMOTE), BeginTask(run=run.key, by=ANA, task=PROMOTE)):
        with pytest.raises(Conflict) as refused:
            await execute_all(local, write)
        assert refused.value.key == "local.waits"
        assert refused.value.facts["waits_for"] == (CONFIRM,)
        assert error_text(refused.value) == (
            "“Promote the replica” is waiting for “Confirm the primary is down”. Nothing changed."
        )
    assert states(await local.read(run.key.id)) == [READY, DONE, WAITING, WAITING]


async def test_a_held_task_still_waits(local: LocalAdapter) -> None:
    run = await start_run(local)
    await execute_all(local, HoldTask(run=run.key, by=ANA, task=PROMOTE, reason="backup first"))
    with pytest.raises(Conflict, match=r"local\.waits"):
        await execute_all(local, FinishTask(run=run.key, by=ANA, task=PROMOTE))


async def test_finishing_a_finished_task_says_who_finished_it(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await start_run(local)
    first = await execute_all(local, FinishTask(run=run.key, by=BEN, task=CONFIRM))
    saves = runs.saves
    again = await execute_all(local, FinishTask(run=run.key, by=ANA, task=CONFIRM, note="me too"))
    assert again.already
    assert not first.already
    assert only_task(again).finished_by == "Ben"
    assert only_task(again).finished_at == only_task(first).finished_at
    assert runs.saves == saves


async def test_begin_assigns_an_unassigned_task(local: LocalAdapter) -> None:
    run = await start_run(local)
    task = only_task(await execute_all(local, BeginTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (task.state, task.assignees, task.started_by) == (RUNNING, (ANA,), "Ana")
    assert task.started_at is not None
    assert (await execute_all(local, BeginTask(run=run.key, by=BEN, task=CONFIRM))).already
    await execute_all(local, AssignTask(run=run.key, by=ANA, task=PAGE, person=BEN))
    assert only_task(await execute_all(local, BeginTask(run=run.key, by=ANA, task=PAGE))).assignees == (BEN,)


async def test_hold_begin_and_reopen(local: LocalAdapter) -> None:
    run = await start_run(local)
    hold = HoldTask(run=run.key, by=ANA, task=CONFIRM, reason="wait for Ben")
    held = only_task(await execute_all(local, hold))
    assert (held.state, held.reason) == (TaskState.HELD, "wait for Ben")
    assert (await execute_all(local, hold)).already
    other = hold.model_copy(update={"reason": "Ben is ill"})
    assert only_task(await execute_all(local, other)).reason == "Ben is ill"
    begun = only_task(await execute_all(local, BeginTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (begun.state, begun.reason) == (RUNNING, "")
    done = await execute_all(local, FinishTask(run=run.key, by=ANA, task=CONFIRM))
    assert only_task(done).state is DONE
    fresh = only_task(await execute_all(local, ReopenTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (fresh.state, fresh.finished_at, fresh.finished_by, fresh.started_at) == (READY, None, None, None)
    assert (await execute_all(local, ReopenTask(run=run.key, by=ANA, task=CONFIRM))).already


async def test_reopening_makes_later_tasks_wait_again_but_not_a_running_one(local: LocalAdapter) -> None:
    run = await start_run(local)
    await execute_all(
        local,
        FinishTask(run=run.key, by=ANA, task=CONFIRM),
        FinishTask(run=run.key, by=ANA, task=PAGE),
        BeginTask(run=run.key, by=ANA, task=PROMOTE),
        ReopenTask(run=run.key, by=ANA, task=CONFIRM),
    )
    assert states(await local.read(run.key.id)) == [READY, DONE, RUNNING, WAITING]
    assert only_task(await execute_all(local, FinishTask(run=run.key, by=ANA, task=PROMOTE))).state is DONE


@pytest.mark.parametrize("over", [FinishTask, SkipTask])
async def test_a_task_that_is_over_must_be_reopened_first(
    local: LocalAdapter, over: type[FinishTask] | type[SkipTask]
) -> None:
    run = await start_run(local)
    await execute_all(local, over(run=run.key, by=BEN, task=CONFIRM))
    other: type[FinishTask] | type[SkipTask] = SkipTask if over is FinishTask else FinishTask
    writes: list[Write] = [
        BeginTask(run=run.key, by=ANA, task=CONFIRM),
        HoldTask(run=run.key, by=ANA, task=CONFIRM, reason="x"),
        other(run=run.key, by=ANA, task=CONFIRM),
    ]
    for write in writes:
        with pytest.raises(Conflict) as refused:
            await execute_all(local, write)
        assert not refused.value.already
        assert "by Ben at 14:00 UTC" in error_text(refused.value)
        assert refused.value.facts["by"] == "Ben"


async def test_an_added_task_comes_last_in_its_stage(local: LocalAdapter) -> None:
    run = await start_run(local)
    result = await execute_all(
        local, AddTask(run=run.key, by=ANA, title=" Call  the boss ", stage="s1", assignee=BEN)
    )
    last = await execute_all(local, AddTask(run=run.key, by=ANA, title="Write it up"))
    assert last.snapshot is not None
    assert [task.id for task in last.snapshot.tasks] == ["1", "2", "5", "3", "4", "6"]
    assert (result.id, only_task(result).title, only_task(result).assignees, only_task(result).state) == (
        "5",
        "Call the boss",
        (BEN,),
        READY,
    )
    assert (last.id, only_task(last).stage) == ("6", "s2")
    for wrong in (AddTask(run=run.key, by=ANA, title="x", stage="s9"), AddTask(run=run.key, by=ANA, title="  ")):
        with pytest.raises(Rejected) as refused:
            await execute_all(local, wrong)
        assert "Nothing was added." in error_text(refused.value)


async def test_a_task_can_be_put_between_others(local: LocalAdapter) -> None:
    run = await start_run(local)
    first, second, third, last = (task.id for task in run.tasks)
    result = await execute_all(
        local, AddTask(run=run.key, by=ANA, title="Look", after=(first, second), before=(last,))
    )
    assert result.snapshot is not None
    waits = {task.id: set(task.waits_for) for task in result.snapshot.tasks}
    assert waits[result.id] == {first, second}
    assert result.id in waits[last]
    for after, before in (((last,), (third,)), ((third,), (third,)), ((result.id,), (first,)), (("99",), ())):
        with pytest.raises((Rejected, NotFound)) as refused:
            await execute_all(local, AddTask(run=run.key, by=ANA, title="x", after=after, before=before))
        missing = isinstance(refused.value, NotFound)
        assert ("has no task 99" if missing else "Nothing was added.") in error_text(refused.value)


async def test_a_status_has_a_health_an_author_and_a_next_update(local: LocalAdapter) -> None:
    run = await start_run(local)
    due = datetime(2026, 3, 4, 15, tzinfo=UTC)
    result = await execute_all(
        local, SetStatus(run=run.key, by=ANA, health=Health.AMBER, text="replica lags", next_at=due)
    )
    assert result.health is not None
    assert (result.health.health, result.health.text, result.health.by, result.health.due) == (
        Health.AMBER,
        "replica lags",
        "Ana",
        due,
    )
    await execute_all(local, SetStatus(run=run.key, by=BEN, text="still lags"))
    read = await local.read(run.key.id)
    assert (read.health, read.health_text, read.health_by, read.update_due) == (
        Health.AMBER,
        "still lags",
        "Ben",
        None,
    )


async def test_comments_notes_and_closing_words_are_kept_as_typed(local: LocalAdapter) -> None:
    run = await start_run(local)
    text = "line one\n```\n<b>& two</b>\n```"
    result = await execute_all(local, AddComment(run=run.key, by=ANA, text=text, task=CONFIRM))
    assert result.comment is not None
    assert (result.comment.text, result.comment.by, result.comment.task, result.comment.id) == (
        text,
        "Ana",
        CONFIRM,
        result.id,
    )
    await execute_all(
        local,
        FinishTask(run=run.key, by=BEN, task=PAGE, note="by hand"),
        AddComment(run=run.key, by=ANA, text="all quiet"),
        EndRun(run=run.key, by=ANA, text="over and out"),
    )
    read = await local.read(run.key.id)
    assert [comment.text for comment in read.comments] == [text, "by hand", "all quiet", "over and out"]
    assert [comment.text for comment in await local.comments(run.key.id, PAGE)] == ["by hand"]


async def test_an_ended_run_takes_no_more_writes(local: LocalAdapter) -> None:
    run = await start_run(local)
    result = await execute_all(local, EndRun(run=run.key, by=BEN))
    assert result.state is RunState.FINISHED
    before = await local.read(run.key.id)
    writes: list[Write] = [
        FinishTask(run=run.key, by=ANA, task=CONFIRM),
        BeginTask(run=run.key, by=ANA, task=CONFIRM),
        SkipTask(run=run.key, by=ANA, task=CONFIRM),
        HoldTask(run=run.key, by=ANA, task=CONFIRM, reason="x"),
        ReopenTask(run=run.key, by=ANA, task=CONFIRM),
        AssignTask(run=run.key, by=ANA, task=CONFIRM, person=BEN),
        AddTask(run=run.key, by=ANA, title="x"),
        SetStatus(run=run.key, by=ANA, text="x"),
        AddComment(run=run.key, by=ANA, text="x"),
        EndRun(run=run.key, by=ANA, text="x"),
    ]
    for write in writes:
        with pytest.raises(Conflict) as refused:
            await execute_all(local, write)
        assert (refused.value.key, refused.value.facts["by"]) == ("local.ended", "Ben")
        assert refused.value.already is isinstance(write, EndRun)
        assert (
            error_text(refused.value)
            == "“R9 Primary down” was already ended by Ben at 14:00 UTC. Nothing changed."
        )
    after = await local.read(run.key.id)
    assert after.model_copy(update={"read_at": None}) == before.model_copy(update={"read_at": None})


async def test_runs_tasks_and_runbooks_that_do_not_exist(local: LocalAdapter) -> None:
    run = await start_run(local)
    for call in (
        execute_all(local, FinishTask(run=run.key, by=ANA, task="99")),
        local.read("r9-nothing"),
        local.runbook("nothing.md"),
        local.execute(start_write("nothing.md"), new_marker()),
    ):
        with pytest.raises(NotFound) as missing:
            await call
        assert error_text(missing.value).startswith(
            ("There is no runbook", "I can't find a run r9-nothing in local", "“R9 Primary down” has no task")
        )
    with pytest.raises(Rejected) as refused:
        local.steps(FinishTask(run=run.key, by=ANA, task=CONFIRM, then=PAGE), run)
    assert "doesn't lead to a choice" in error_text(refused.value)


async def test_the_author_is_the_person_or_else_the_marker(local: LocalAdapter) -> None:
    run = await start_run(local)
    result = await local.execute(FinishTask(run=run.key, by=Person(), task=CONFIRM), new_marker("Ana via hook"))
    assert only_task(result).finished_by == "Ana via hook"


async def test_concurrent_writes_are_all_saved(local: LocalAdapter) -> None:
    run = await start_run(local)
    texts = [f"comment {number}" for number in range(20)]
    await asyncio.gather(*(execute_all(local, AddComment(run=run.key, by=ANA, text=text)) for text in texts))
    assert sorted(said.text for said in (await local.read(run.key.id)).comments) == sorted(texts)
