"""What each write does to a run's document. Pure: no store, no clock.

``change`` raises ``Conflict``, ``NotFound`` or ``Rejected`` and then nothing is changed. What is already as
asked comes back as ``already``, with the document untouched.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.errors import Conflict, NotFound, Rejected
from adapters.local.mapping import who
from adapters.local.wire import Document, StoredComment, StoredTask
from adapters.models import Person, RunState, TaskState
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
    TaskWrite,
    Write,
    WriteMarker,
)


@dataclass(frozen=True, slots=True)
class Change:
    """``made``: the id of the task or comment that the write made."""

    document: Document
    made: str = ""
    already: bool = False


@dataclass(frozen=True, slots=True)
class Doing:
    """One write, with what is needed to judge it."""

    document: Document
    write: Write
    by: str
    now: datetime

    @property
    def operation(self) -> str:
        return self.write.op.value

    def put(self, task: StoredTask, **changes: object) -> Document:
        return self.document.with_task(task.model_copy(update=changes))


def change(document: Document, write: Write, mark: WriteMarker, now: datetime) -> Change:
    doing = Doing(document, write, who(write, mark), now)
    if document.state.is_over:
        raise _ended(doing)
    match write:
        case TaskWrite():
            return _task_change(doing, write)
        case AddTask():
            return _add(doing, write)
        case AddComment():
            if write.task is not None:
                _task(doing, write.task)
            return _said(doing, document, write.text, write.task)
        case SetStatus():
            return _status(doing, write)
        case EndRun():
            ended = {"state": RunState.FINISHED, "ended_at": now, "ended_by": doing.by, "update_due": None}
            return _said(doing, document.model_copy(update=ended), write.text, None)
    raise TypeError(f"no such write: {type(write).__name__}")


def _task_change(doing: Doing, write: TaskWrite) -> Change:
    task = _task(doing, write.task)
    match write:
        case FinishTask():
            return _finish(doing, task, write)
        case BeginTask():
            return _begin(doing, task)
        case SkipTask():
            return _skip(doing, task, write.reason)
        case HoldTask():
            return _hold(doing, task, write.reason)
        case ReopenTask():
            return _reopen(doing, task)
        case AssignTask():
            if task.assignees == (write.person,):
                return Change(doing.document, already=True)
            return Change(doing.put(task, assignees=(write.person,)))
    raise TypeError(f"no such write: {type(write).__name__}")


def _finish(doing: Doing, task: StoredTask, write: FinishTask) -> Change:
    if task.state is TaskState.DONE:
        return Change(doing.document, already=True)
    _must_be_open(doing, task)
    if task.state is not TaskState.RUNNING:  # what is under way may be finished, whatever was reopened since
        _must_not_wait(doing, task)
    if write.then is not None:
        raise Rejected(doing.document.platform, doing.operation, key="local.no_branches", title=task.title)
    done = doing.put(task, state=TaskState.DONE, finished_at=doing.now, finished_by=doing.by, reason="")
    return _said(doing, done, write.note, task.id)


def _begin(doing: Doing, task: StoredTask) -> Change:
    _must_be_open(doing, task)
    mine = {} if task.assignees or doing.write.by == Person() else {"assignees": (doing.write.by,)}
    if task.state is TaskState.RUNNING:
        return Change(doing.put(task, **mine)) if mine else Change(doing.document, already=True)
    _must_not_wait(doing, task)
    started = {"state": TaskState.RUNNING, "reason": "", "started_at": doing.now, "started_by": doing.by}
    return Change(doing.put(task, **{**started, **mine}))


def _skip(doing: Doing, task: StoredTask, reason: str) -> Change:
    if task.state is TaskState.SKIPPED:
        return Change(doing.document, already=True)
    _must_be_open(doing, task)
    over = {"state": TaskState.SKIPPED, "finished_at": doing.now, "finished_by": doing.by}
    return Change(doing.put(task, reason=reason.strip(), **over))


def _hold(doing: Doing, task: StoredTask, reason: str) -> Change:
    _must_be_open(doing, task)
    if task.state is TaskState.HELD and task.reason == reason.strip():
        return Change(doing.document, already=True)
    return Change(doing.put(task, state=TaskState.HELD, reason=reason.strip()))


def _reopen(doing: Doing, task: StoredTask) -> Change:
    """Also lets go of a held task."""
    if task.state in (TaskState.READY, TaskState.RUNNING):
        return Change(doing.document, already=True)
    fresh = dict.fromkeys(("started_at", "started_by", "finished_at", "finished_by"))
    return Change(doing.put(task, state=TaskState.READY, reason="", **fresh))


def _add(doing: Doing, write: AddTask) -> Change:
    document, title = doing.document, " ".join(write.title.split())
    if not title:
        raise Rejected(document.platform, doing.operation, key="local.no_words")
    stages = [stage.id for stage in document.stages]
    if write.stage is not None and write.stage not in stages:
        key = "local.no_stage"
        raise Rejected(document.platform, doing.operation, key=key, run=document.title, stage=write.stage)
    stage = write.stage or (stages[-1] if stages else None)
    assignees = (write.assignee,) if write.assignee else ()
    _between(doing, write)
    id = str(len(document.tasks) + 1)
    task = StoredTask(id=id, title=title, stage=stage, assignees=assignees, after=write.after)
    others = [
        other.model_copy(update={"after": (*other.after, id)}) if other.id in write.before else other
        for other in document.tasks
    ]
    before = [place for place, other in enumerate(others) if other.stage == stage]
    place = before[-1] + 1 if before else len(others)
    tasks = (*others[:place], task, *others[place:])
    return Change(document.model_copy(update={"tasks": tasks}), made=id)


def _between(doing: Doing, write: AddTask) -> None:
    """Raises where the tasks named are not there, or a new one between them would wait for itself."""
    for id in write.before:
        _task(doing, id)
    first, waiting = set[str](), list(write.after)
    while waiting:
        task = _task(doing, waiting.pop())
        if task.id in write.before:
            title = task.title
            raise Rejected(doing.document.platform, doing.operation, key="local.wrong_order", title=title)
        waiting += set(task.after) - first
        first |= set(task.after)


def _status(doing: Doing, write: SetStatus) -> Change:
    told = {"health_text": write.text, "health_by": doing.by, "health_at": doing.now, "update_due": write.next_at}
    if write.health is not None:
        told["health"] = write.health
    return Change(doing.document.model_copy(update=told))


def _said(doing: Doing, document: Document, text: str, task: str | None) -> Change:
    """The document with a comment, if there is any text."""
    if not text.strip():
        return Change(document)
    number = len(document.comments) + 1
    comment = StoredComment(id=f"c{number}", text=text, by=doing.by, at=doing.now, task=task)
    return Change(document.model_copy(update={"comments": (*document.comments, comment)}), made=comment.id)


def _task(doing: Doing, id: str) -> StoredTask:
    task = doing.document.task(id)
    if task is None:
        facts = {"run": doing.document.title, "task": id}
        raise NotFound(doing.document.platform, doing.operation, key="local.no_task", **facts)
    return task


def _must_be_open(doing: Doing, task: StoredTask) -> None:
    if task.state.is_over:
        key = "local.skipped" if task.state is TaskState.SKIPPED else "local.done"
        facts: dict[str, Any] = {
            "title": task.title,
            "task": task.id,
            "by": task.finished_by or "somebody",
            "at": task.finished_at,
        }
        raise Conflict(doing.document.platform, doing.operation, key=key, **facts)


def _must_not_wait(doing: Doing, task: StoredTask) -> None:
    """``waits_for`` in the facts are task ids; ``tasks`` their titles, for the sentence."""
    before = doing.document.open_before(task)
    if before:
        facts: dict[str, Any] = {
            "title": task.title,
            "task": task.id,
            "tasks": ", ".join(f'"{other.title}"' for other in before),
            "waits_for": tuple(other.id for other in before),
        }
        raise Conflict(doing.document.platform, doing.operation, key="local.waits", **facts)


def _ended(doing: Doing) -> Conflict:
    """Ending it again is as asked: the run stays ended by whoever ended it."""
    document = doing.document
    return Conflict(
        document.platform,
        doing.operation,
        already=isinstance(doing.write, EndRun),
        key="local.ended",
        run=document.title,
        by=document.ended_by,
        at=document.ended_at,
    )
