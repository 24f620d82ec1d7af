"""What is read again after a write (only what its result does not show), and what a read changes."""

import pytest

from adapters.models import Run, RunKey, Task, TaskState
from adapters.results import WriteResult
from bot.services.run_changes import merge_result, tasks_to_read, with_snapshot
from commands.model.tracked_run import RunOverlay, TrackedRun

FIRST = Task(id="1", title="A", state=TaskState.DONE)
RUN = Run(
    key=RunKey(platform="p", id="9"),
    title="R1 Run",
    tasks=(
        FIRST,
        Task(id="2", title="B", state=TaskState.WAITING, waits_for=("1", "7")),
        Task(id="3", title="C", state=TaskState.WAITING, waits_for=("7",)),
        Task(id="4", title="D", state=TaskState.SKIPPED, waits_for=("1",)),
    ),
)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (WriteResult(tasks=(FIRST,)), None),
        (WriteResult(tasks=(FIRST,), complete=True), ["2"]),
        (WriteResult(tasks=(FIRST.model_copy(update={"state": TaskState.RUNNING}),), complete=True), []),
        (WriteResult(complete=True), []),
        (WriteResult(snapshot=RUN), ()),
    ],
)
def test_only_what_may_have_changed_is_read(result: WriteResult, expected: object) -> None:
    assert tasks_to_read(RUN, result) == expected


def test_the_run_is_read_with_its_last_task() -> None:
    """It may have ended with it."""
    run = RUN.model_copy(update={"tasks": (FIRST, RUN.tasks[3])})
    assert tasks_to_read(run, WriteResult(tasks=(FIRST,), complete=True)) is None


def test_a_hold_ends_with_its_task() -> None:
    """It is not there again when somebody reopens the task on the platform."""
    tracked = TrackedRun(handle="R1", run=RUN, overlay=RunOverlay(holds={"1": "vendor", "2": "vendor"}))
    assert with_snapshot(tracked, RUN).overlay.holds == {"2": "vendor"}
    assert with_snapshot(with_snapshot(tracked, RUN), RUN).overlay.holds == {"2": "vendor"}
    assert merge_result(tracked, WriteResult(tasks=(FIRST,), complete=True)).overlay.holds == {"2": "vendor"}
