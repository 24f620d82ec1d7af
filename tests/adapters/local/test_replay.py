"""The same step again, after the process died in between: found, and done once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.errors import Unreachable
from adapters.local import LocalAdapter
from adapters.models import RunKey
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    AssignTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    NotApplied,
    Op,
    Recovery,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
)
from tests.adapters.local.acting import ANA, BEN, a_start, carried, mark, started
from tests.adapters.local.store import Killed, MemoryRuns
from tests.adapters.local.subject import adapter_over, utc_now

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


def known() -> Baseline:
    return Baseline(sent_at=utc_now())


@pytest.mark.parametrize("verb", WRITES)
async def test_killed_after_the_save_it_is_found_and_not_done_twice(
    local: LocalAdapter, runs: MemoryRuns, folder: Path, verb: str
) -> None:
    run = await started(local)
    await carried(local, FinishTask(run=run.key, by=ANA, task="2"))
    step, sign = WRITES[verb](run.key), mark()
    runs.die_after_save = True
    with pytest.raises(Killed):
        await local.execute(step, sign)
    runs.die_after_save = False
    kept = dict(runs.documents)

    again = adapter_over(folder, runs)
    settled = await again.reconcile(step, sign, known())
    assert isinstance(settled, Applied)
    told = await again.execute(step, sign)
    assert not told.already
    assert told.tasks == settled.result.tasks
    assert told.id == settled.result.id
    assert runs.documents == kept


@pytest.mark.parametrize("verb", WRITES)
async def test_killed_before_the_save_it_is_not_there_and_may_be_sent_again(
    local: LocalAdapter, runs: MemoryRuns, verb: str
) -> None:
    run = await started(local)
    await carried(local, FinishTask(run=run.key, by=ANA, task="2"))
    step, sign = WRITES[verb](run.key), mark()
    runs.die_before_save = True
    with pytest.raises(Killed):
        await local.execute(step, sign)
    runs.die_before_save = False
    assert isinstance(await local.reconcile(step, sign, known()), NotApplied)
    assert local.recovery(step) is Recovery.IDEMPOTENT
    assert not (await local.execute(step, sign)).already
    assert isinstance(await local.reconcile(step, sign, known()), Applied)


async def test_a_start_again_finds_the_same_run(local: LocalAdapter, runs: MemoryRuns, folder: Path) -> None:
    start, sign = a_start(), mark()
    assert isinstance(await local.reconcile(start, sign, known()), NotApplied)
    runs.die_after_save = True
    with pytest.raises(Killed):
        await local.execute(start, sign)
    runs.die_after_save = False
    (folder / "failover.md").unlink()

    again = adapter_over(folder, runs)
    settled = await again.reconcile(start, sign, known())
    assert isinstance(settled, Applied)
    told = await again.execute(start, sign)
    assert told.run is not None
    assert told.run == settled.result.run
    assert len(runs.documents) == 1
    assert (await again.read(told.run.id)).title == "R9 Primary down"


async def test_two_starts_make_two_runs(local: LocalAdapter, runs: MemoryRuns) -> None:
    first, second = await started(local, handle="R1"), await started(local, handle="R2")
    assert first.key != second.key
    assert len(runs.documents) == 2


async def test_another_write_that_drew_the_same_code_is_not_taken_for_a_repeat(local: LocalAdapter) -> None:
    run = await started(local)
    sign = mark()
    later = sign.model_copy(update={"at": sign.at + timedelta(hours=1)})
    await local.execute(AddComment(run=run.key, by=ANA, text="one"), sign)
    other = AddComment(run=run.key, by=ANA, text="two")
    assert isinstance(await local.reconcile(other, later, known()), NotApplied)
    await local.execute(other, later)
    assert [said.text for said in (await local.read(run.key.id)).comments] == ["one", "two"]


async def test_a_repeat_is_found_in_a_run_that_was_changed_and_ended_since(local: LocalAdapter) -> None:
    run = await started(local)
    step, sign = FinishTask(run=run.key, by=ANA, task="1"), mark()
    await local.execute(step, sign)
    await carried(local, ReopenTask(run=run.key, by=BEN, task="1"), EndRun(run=run.key, by=BEN))
    assert isinstance(await local.reconcile(step, sign, known()), Applied)
    told = await local.execute(step, sign)
    assert told.tasks[0].finished_by is None


async def test_cut_off_nothing_is_reached_and_nothing_changes(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await started(local)
    step, sign, kept = FinishTask(run=run.key, by=ANA, task="1"), mark(), dict(runs.documents)
    local.down = True
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: local.runbooks(""),
        lambda: local.runbook("failover.md"),
        lambda: local.runs(""),
        lambda: local.read(run.key.id),
        lambda: local.comments(run.key.id, None),
        lambda: local.execute(step, sign),
        lambda: local.execute(a_start(), sign),
        lambda: local.reconcile(step, sign, known()),
    ]
    for call in calls:
        with pytest.raises(Unreachable):
            await call()
    assert [problem.status.value for problem in await local.check()] == ["FIX"]
    assert runs.documents == kept
    local.down = False
    assert not (await local.execute(step, sign)).already


def test_every_operation_is_native(local: LocalAdapter) -> None:
    assert set(local.capabilities) == set(Op)
