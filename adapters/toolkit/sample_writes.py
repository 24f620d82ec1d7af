"""One write of every kind, in the variants that change its plan: for checking an adapter before it is used."""

from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.models import Health, Person, Run, RunbookKey, RunKey, Stage, Task, TaskState
from adapters.writes import (
    AddComment,
    AddTask,
    ApproveTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    PerformAction,
    RejectTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
)

_BY = Person(id="1", name="Ana", email="ana@example.com")


def sample_writes(platform: str) -> Iterator[tuple[Write, Run | None]]:
    """(write, run as last read or None). Nothing of it exists on any platform."""
    key = RunKey(platform=platform, id="1")
    tasks = (
        Task(id="1", title="A"),
        Task(id="2", title="B", state=TaskState.RUNNING, assignees=(_BY,)),
        Task(id="3", title="C", state=TaskState.DONE, started_at=datetime.now(UTC)),
    )
    run = Run(key=key, title="Run", tasks=tasks, stages=(Stage(id="1", title="Stage"),))
    start = StartRun(by=_BY, runbook=RunbookKey(platform=platform, id="1"), title="R1 Run", handle="R1")
    for rehearsal in (False, True):
        yield start.model_copy(update={"rehearsal": rehearsal}), None
    for read in (None, run):
        for text in ("", "text"):
            yield EndRun(run=key, by=_BY, text=text), read
            for health in (None, *Health):
                yield SetStatus(run=key, by=_BY, text=text, health=health), read
            for task in tasks:
                yield from ((write, read) for write in _task_writes(key, task.id, text))
        yield AddTask(run=key, by=_BY, title="New"), read
        yield AddComment(run=key, by=_BY, text="text"), read
        yield PerformAction(run=key, by=_BY, action="1", label="Action"), read


def _task_writes(run: RunKey, task: str, text: str) -> Iterator[Write]:
    for options in ({}, {"override": "true"}):
        yield FinishTask(run=run, by=_BY, task=task, note=text, options=options)
        yield BeginTask(run=run, by=_BY, task=task, options=options)
    yield SkipTask(run=run, by=_BY, task=task, reason=text)
    yield HoldTask(run=run, by=_BY, task=task, reason=text)
    yield ReopenTask(run=run, by=_BY, task=task)
    for take_over in (False, True):
        yield AssignTask(run=run, by=_BY, task=task, person=_BY, take_over=take_over)
    yield ApproveTask(run=run, by=_BY, task=task, note=text)
    yield RejectTask(run=run, by=_BY, task=task, reason=text)
    yield AddComment(run=run, by=_BY, task=task, text="text")
