"""A step that is sent again after the process died: it is found, and done once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.errors import Unreachable
from adapters.local.adapter import LocalAdapter
from adapters.models import RunKey
from adapters.results import Applied, Baseline, NotApplied, Recovery
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
)
from tests.adapters.local.harness import local_adapter, utc_now
from tests.adapters.local.store import Killed, MemoryRuns
from tests.adapters.local.writes import ANA, BEN, execute_all, new_marker, start_run, start_write

WRITES: dict[str, Callable[[RunKey], Write]] = {
    "finish": lambda run: FinishTask(run=run, by=ANA, task="1", note="by hand"),
    "begin": lambda run: BeginTask(run=run, by=ANA, task="1"),
    "skip": lambda run: SkipTask(run=run, by=ANA, task="1", reason="not now"),
    "hold": lambda run: HoldTask(run=run, by=ANA, task="1", reason="wait"),
    "reopen": lambda run: ReopenTask(run=run, by=ANA, task="2"),
    "assign": lambda run: AssignTask(run=run, by=ANA, task="1", person=BEN),
    "add": lambda run: AddTask(run=run, by=ANA, title="Call the boss"),
    "status": lambda run: SetStatus(run=run, by=ANA, text="late"),
    "comment": lambda run: AddComment(run=run, by=ANA, text="hello"),
    "end": lambda run: EndRun(run=run, by=ANA, text="over"),
}


def baseline() -> Baseline:
    return Baseline(sent_at=utc_now())


@pytest.mark.parametrize("verb", WRITES)
async def test_a_step_saved_before_a_crash_is_found_and_not_repeated(
    local: LocalAdapter, runs: MemoryRuns, folder: Path, verb: str
) -> None:
    run = await start_run(local)
    await execute_all(local, FinishTask(run=run.key, by=ANA, task="2"))
    step, marker = WRITES[verb](run.key), new_marker()
    runs.die_after_save = True
    with pytest.raises(Killed):
        await local.execute(step, marker)
    runs.die_after_save = False
    documents = dict(runs.documents)

    again = local_adapter(folder, runs)
    reconciliation = await again.reconcile(step, marker, baseline())
    assert isinstance(reconciliation, Applied)
    result = await again.execute(step, marker)
    assert not result.already
    assert result.tasks == reconciliation.result.tasks
    assert result.id == reconciliation.result.id
    assert runs.documents == documents


@pytest.mark.parametrize("verb", WRITES)
async def test_a_step_not_saved_before_a_crash_is_sent_again(
    local: LocalAdapter, runs: MemoryRuns, verb: str
) -> None:
    run = await start_run(local)
    await execute_all(local, FinishTask(run=run.key, by=ANA, task="2"))
    step, marker = WRITES[verb](run.key), new_marker()
    runs.die_before_save = True
    with pytest.raises(Killed):
        await local.execute(step, marker)
    runs.die_before_save = False
    assert isinstance(await local.reconcile(step, marker, baseline()), NotApplied)
    assert local.recovery(step) is Recovery.LOOKUP
    assert not (await local.execute(step, marker)).already
    assert isinstance(await local.reconcile(step, marker, baseline()), Applied)


async def test_a_repeated_start_finds_its_run(local: LocalAdapter, runs: MemoryRuns, folder: Path) -> None:
    start, marker = start_write(), new_marker()
    assert isinstance(await local.reconcile(start, marker, baseline()), NotApplied)
    runs.die_after_save = True
    with pytest.raises(Killed):
        await local.execute(start, marker)
    runs.die_after_save = False
    (folder / "failover.md").unlink()

    again = local_adapter(folder, runs)
    reconciliation = await again.reconcile(start, marker, baseline())
    assert isinstance(reconciliation, Applied)
    result = await again.execute(start, marker)
    assert result.run is not None
    assert result.run == reconciliation.result.run
    assert len(runs.documents) == 1
    assert (await again.read(result.run.id)).title == "R9 Primary down"


async def test_two_processes_that_change_one_run_lose_no_change(
    local: LocalAdapter, runs: MemoryRuns, folder: Path
) -> None:
    run, other = await start_run(local), local_adapter(folder, runs)
    texts = [f"comment {number}" for number in range(10)]
    comments = [AddComment(run=run.key, by=ANA, text=text) for text in texts]
    replicas = (local, other)
    await asyncio.gather(
        *(replicas[number % 2].execute(comment, new_marker()) for number, comment in enumerate(comments))
    )
    assert sorted(comment.text for comment in (await local.read(run.key.id)).comments) == texts


async def test_two_starts_make_two_runs(local: LocalAdapter, runs: MemoryRuns) -> None:
    first, second = await start_run(local, handle="R1"), await start_run(local, handle="R2")
    assert first.key != second.key
    assert len(runs.documents) == 2


async def test_another_write_with_the_same_code_is_not_mistaken_for_a_repeat(local: LocalAdapter) -> None:
    run = await start_run(local)
    marker = new_marker()
    later = marker.model_copy(update={"at": marker.at + timedelta(hours=1)})
    await local.execute(AddComment(run=run.key, by=ANA, text="one"), marker)
    other = AddComment(run=run.key, by=ANA, text="two")
    assert isinstance(await local.reconcile(other, later, baseline()), NotApplied)
    await local.execute(other, later)
    assert [said.text for said in (await local.read(run.key.id)).comments] == ["one", "two"]


async def test_a_repeat_is_found_in_a_run_that_was_changed_and_ended_since_then(local: LocalAdapter) -> None:
    run = await start_run(local)
    step, marker = FinishTask(run=run.key, by=ANA, task="1"), new_marker()
    await local.execute(step, marker)
    await execute_all(local, ReopenTask(run=run.key, by=BEN, task="1"), EndRun(run=run.key, by=BEN))
    assert isinstance(await local.reconcile(step, marker, baseline()), Applied)
    result = await local.execute(step, marker)
    assert result.tasks[0].finished_by is None


async def test_while_cut_off_nothing_is_reached_and_nothing_changes(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await start_run(local)
    step, marker, documents = FinishTask(run=run.key, by=ANA, task="1"), new_marker(), dict(runs.documents)
    local.down = True
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: local.runbooks(""),
        lambda: local.runbook("failover.md"),
        lambda: local.runs(""),
        lambda: local.read(run.key.id),
        lambda: local.comments(run.key.id, None),
        lambda: local.execute(step, marker),
        lambda: local.execute(start_write(), marker),
        lambda: local.reconcile(step, marker, baseline()),
    ]
    for call in calls:
        with pytest.raises(Unreachable):
            await call()
    assert [problem.status.value for problem in await local.check()] == ["FIX"]
    assert runs.documents == documents
    local.down = False
    assert not (await local.execute(step, marker)).already


def test_every_operation_is_declared(local: LocalAdapter) -> None:
    assert set(local.capabilities) == set(Op)
