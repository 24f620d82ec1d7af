"""A run's life: what each write does, what is refused, and that refusals change nothing."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.local import PLATFORM, LocalAdapter
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
from tests.adapters.local.acting import ANA, BEN, Clock, a_start, carried, mark, only, started
from tests.adapters.local.store import MemoryRuns

CONFIRM, PAGE, PROMOTE, REPOINT = "1", "2", "3", "4"
DONE, READY, RUNNING, WAITING = TaskState.DONE, TaskState.READY, TaskState.RUNNING, TaskState.WAITING


def said(error: AdapterError) -> str:
    """What the person reads."""
    return plain_text(translate(error.key, load_messages(PLATFORM.messages), **error.facts))


def states(run: Run) -> list[TaskState]:
    return [task.state for task in run.tasks]


async def test_a_start_copies_the_file(local: LocalAdapter, folder: Path) -> None:
    run = await started(local)
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
    assert (read.tasks[0].command, read.tasks[0].instructions) == ("pg_isready -h db-1", "Ask from two zones.")
    assert states(read) == [READY, READY, WAITING, WAITING]
    assert (read.tasks[2].waits_for, read.tasks[3].waits_for) == ((CONFIRM, PAGE), (PROMOTE,))
    assert read.owner == ANA


async def test_the_list_has_runs_that_are_not_over(local: LocalAdapter) -> None:
    first, second = await started(local, handle="R1"), await started(local, handle="R2")
    assert [(head.title, head.done, head.total) for head in await local.runs("")] == [
        ("R2 Primary down", 0, 4),
        ("R1 Primary down", 0, 4),
    ]
    await carried(local, EndRun(run=second.key, by=ANA))
    assert [head.key for head in await local.runs("")] == [first.key]


async def test_finishing_records_who_and_when_and_lets_others_go(local: LocalAdapter, clock: Clock) -> None:
    run = await started(local)
    clock.at = datetime(2026, 3, 4, 14, 3, tzinfo=UTC)
    told = await carried(
        local, FinishTask(run=run.key, by=ANA, task=CONFIRM), SkipTask(run=run.key, by=BEN, task=PAGE)
    )
    assert told.snapshot is not None
    assert states(told.snapshot) == [DONE, TaskState.SKIPPED, READY, WAITING]
    confirm = told.snapshot.tasks[0]
    assert confirm.finished_by == "Ana"
    assert confirm.finished_at == datetime(2026, 3, 4, 14, 3, tzinfo=UTC)


async def test_what_waits_cannot_be_begun_or_finished(local: LocalAdapter) -> None:
    run = await started(local)
    await carried(local, FinishTask(run=run.key, by=ANA, task=PAGE))
    for write in (FinishTask(run=run.key, by=ANA, task=PROMOTE), BeginTask(run=run.key, by=ANA, task=PROMOTE)):
        with pytest.raises(Conflict) as refused:
            await carried(local, write)
        assert refused.value.key == "local.waits"
        assert refused.value.facts["waits_for"] == (CONFIRM,)
        assert said(refused.value) == (
            '"Promote the replica" waits for "Confirm the primary is down". Nothing changed.'
        )
    assert states(await local.read(run.key.id)) == [READY, DONE, WAITING, WAITING]


async def test_a_held_task_still_waits(local: LocalAdapter) -> None:
    run = await started(local)
    await carried(local, HoldTask(run=run.key, by=ANA, task=PROMOTE, reason="backup first"))
    with pytest.raises(Conflict, match=r"local\.waits"):
        await carried(local, FinishTask(run=run.key, by=ANA, task=PROMOTE))


async def test_finished_already_says_by_whom(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await started(local)
    first = await carried(local, FinishTask(run=run.key, by=BEN, task=CONFIRM))
    saves = runs.saves
    again = await carried(local, FinishTask(run=run.key, by=ANA, task=CONFIRM, note="me too"))
    assert again.already
    assert not first.already
    assert only(again).finished_by == "Ben"
    assert only(again).finished_at == only(first).finished_at
    assert runs.saves == saves


async def test_begin_takes_what_nobody_has(local: LocalAdapter) -> None:
    run = await started(local)
    task = only(await carried(local, BeginTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (task.state, task.assignees, task.started_by) == (RUNNING, (ANA,), "Ana")
    assert task.started_at is not None
    assert (await carried(local, BeginTask(run=run.key, by=BEN, task=CONFIRM))).already
    await carried(local, AssignTask(run=run.key, by=ANA, task=PAGE, person=BEN))
    assert only(await carried(local, BeginTask(run=run.key, by=ANA, task=PAGE))).assignees == (BEN,)


async def test_hold_begin_and_reopen(local: LocalAdapter) -> None:
    run = await started(local)
    hold = HoldTask(run=run.key, by=ANA, task=CONFIRM, reason="wait for Ben")
    held = only(await carried(local, hold))
    assert (held.state, held.reason) == (TaskState.HELD, "wait for Ben")
    assert (await carried(local, hold)).already
    other = hold.model_copy(update={"reason": "Ben is ill"})
    assert only(await carried(local, other)).reason == "Ben is ill"
    begun = only(await carried(local, BeginTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (begun.state, begun.reason) == (RUNNING, "")
    done = await carried(local, FinishTask(run=run.key, by=ANA, task=CONFIRM))
    assert only(done).state is DONE
    fresh = only(await carried(local, ReopenTask(run=run.key, by=ANA, task=CONFIRM)))
    assert (fresh.state, fresh.finished_at, fresh.finished_by, fresh.started_at) == (READY, None, None, None)
    assert (await carried(local, ReopenTask(run=run.key, by=ANA, task=CONFIRM))).already


async def test_reopening_makes_the_others_wait_again_but_not_what_is_under_way(local: LocalAdapter) -> None:
    run = await started(local)
    await carried(
        local,
        FinishTask(run=run.key, by=ANA, task=CONFIRM),
        FinishTask(run=run.key, by=ANA, task=PAGE),
        BeginTask(run=run.key, by=ANA, task=PROMOTE),
        ReopenTask(run=run.key, by=ANA, task=CONFIRM),
    )
    assert states(await local.read(run.key.id)) == [READY, DONE, RUNNING, WAITING]
    assert only(await carried(local, FinishTask(run=run.key, by=ANA, task=PROMOTE))).state is DONE


@pytest.mark.parametrize("over", [FinishTask, SkipTask])
async def test_what_is_over_must_be_reopened_first(
    local: LocalAdapter, over: type[FinishTask] | type[SkipTask]
) -> None:
    run = await started(local)
    await carried(local, over(run=run.key, by=BEN, task=CONFIRM))
    other: type[FinishTask] | type[SkipTask] = SkipTask if over is FinishTask else FinishTask
    writes: list[Write] = [
        BeginTask(run=run.key, by=ANA, task=CONFIRM),
        HoldTask(run=run.key, by=ANA, task=CONFIRM, reason="x"),
        other(run=run.key, by=ANA, task=CONFIRM),
    ]
    for write in writes:
        with pytest.raises(Conflict) as refused:
            await carried(local, write)
        assert not refused.value.already
        assert "by Ben at 14:00 UTC" in said(refused.value)
        assert refused.value.facts["by"] == "Ben"


async def test_added_tasks_stand_at_the_end_of_their_stage(local: LocalAdapter) -> None:
    run = await started(local)
    told = await carried(local, AddTask(run=run.key, by=ANA, title=" Call  the boss ", stage="s1", assignee=BEN))
    last = await carried(local, AddTask(run=run.key, by=ANA, title="Write it up"))
    assert last.snapshot is not None
    assert [task.id for task in last.snapshot.tasks] == ["1", "2", "5", "3", "4", "6"]
    assert (told.id, only(told).title, only(told).assignees, only(told).state) == (
        "5",
        "Call the boss",
        (BEN,),
        READY,
    )
    assert (last.id, only(last).stage) == ("6", "s2")
    for wrong in (AddTask(run=run.key, by=ANA, title="x", stage="s9"), AddTask(run=run.key, by=ANA, title="  ")):
        with pytest.raises(Rejected) as refused:
            await carried(local, wrong)
        assert "Nothing was added." in said(refused.value)


async def test_a_task_can_be_put_between_others(local: LocalAdapter) -> None:
    run = await started(local)
    first, second, third, last = (task.id for task in run.tasks)
    told = await carried(local, AddTask(run=run.key, by=ANA, title="Look", after=(first, second), before=(last,)))
    assert told.snapshot is not None
    waits = {task.id: set(task.waits_for) for task in told.snapshot.tasks}
    assert waits[told.id] == {first, second}
    assert told.id in waits[last]
    for after, before in (((last,), (third,)), ((third,), (third,)), ((told.id,), (first,)), (("99",), ())):
        with pytest.raises((Rejected, NotFound)) as refused:
            await carried(local, AddTask(run=run.key, by=ANA, title="x", after=after, before=before))
        assert "Nothing" in said(refused.value)


async def test_a_status_is_kept_with_its_colour_its_writer_and_its_promise(local: LocalAdapter) -> None:
    run = await started(local)
    due = datetime(2026, 3, 4, 15, tzinfo=UTC)
    told = await carried(
        local, SetStatus(run=run.key, by=ANA, health=Health.AMBER, text="replica lags", next_at=due)
    )
    assert told.health is not None
    assert (told.health.health, told.health.text, told.health.by, told.health.due) == (
        Health.AMBER,
        "replica lags",
        "Ana",
        due,
    )
    await carried(local, SetStatus(run=run.key, by=BEN, text="still lags"))
    read = await local.read(run.key.id)
    assert (read.health, read.health_text, read.health_by, read.update_due) == (
        Health.AMBER,
        "still lags",
        "Ben",
        None,
    )


async def test_comments_notes_and_the_last_word_are_kept_as_typed(local: LocalAdapter) -> None:
    run = await started(local)
    text = "line one\n```\n<b>& two</b>\n```"
    told = await carried(local, AddComment(run=run.key, by=ANA, text=text, task=CONFIRM))
    assert told.comment is not None
    assert (told.comment.text, told.comment.by, told.comment.task, told.comment.id) == (
        text,
        "Ana",
        CONFIRM,
        told.id,
    )
    await carried(
        local,
        FinishTask(run=run.key, by=BEN, task=PAGE, note="by hand"),
        AddComment(run=run.key, by=ANA, text="all quiet"),
        EndRun(run=run.key, by=ANA, text="over and out"),
    )
    read = await local.read(run.key.id)
    assert [comment.text for comment in read.comments] == [text, "by hand", "all quiet", "over and out"]
    assert [comment.text for comment in await local.comments(run.key.id, PAGE)] == ["by hand"]


async def test_an_ended_run_takes_no_more_writes(local: LocalAdapter) -> None:
    run = await started(local)
    told = await carried(local, EndRun(run=run.key, by=BEN))
    assert told.state is RunState.FINISHED
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
            await carried(local, write)
        assert (refused.value.key, refused.value.facts["by"]) == ("local.ended", "Ben")
        assert refused.value.already is isinstance(write, EndRun)
        assert said(refused.value) == '"R9 Primary down" was ended by Ben at 14:00 UTC. Nothing changed.'
    after = await local.read(run.key.id)
    assert after.model_copy(update={"read_at": None}) == before.model_copy(update={"read_at": None})


async def test_what_is_not_there(local: LocalAdapter) -> None:
    run = await started(local)
    for call in (
        carried(local, FinishTask(run=run.key, by=ANA, task="99")),
        local.read("r9-nothing"),
        local.runbook("nothing.md"),
        local.execute(a_start("nothing.md"), mark()),
    ):
        with pytest.raises(NotFound) as missing:
            await call
        assert said(missing.value).startswith(
            ("There is no runbook", "local has no run", '"R9 Primary down" has no task')
        )
    with pytest.raises(Rejected) as refused:
        await carried(local, FinishTask(run=run.key, by=ANA, task=CONFIRM, then=PAGE))
    assert "leads to no choice" in said(refused.value)


async def test_who_is_the_person_or_else_the_mark(local: LocalAdapter) -> None:
    run = await started(local)
    told = await local.execute(FinishTask(run=run.key, by=Person(), task=CONFIRM), mark("Ana via hook"))
    assert only(told).finished_by == "Ana via hook"


async def test_writes_at_once_all_count(local: LocalAdapter) -> None:
    run = await started(local)
    texts = [f"comment {number}" for number in range(20)]
    await asyncio.gather(*(carried(local, AddComment(run=run.key, by=ANA, text=text)) for text in texts))
    assert sorted(said.text for said in (await local.read(run.key.id)).comments) == sorted(texts)
