"""What is read again after a write: only what its result does not show."""

import pytest

from adapters.models import Run, RunKey, Task, TaskState
from adapters.writes import WriteResult
from bot.services.run_changes import tasks_to_read

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
