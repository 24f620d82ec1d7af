"""What each write changes in a run's document.

The functions are pure. They raise ``Conflict``, ``NotFound`` or ``Rejected``, and then nothing was changed; what
is already as asked for comes back as ``already``, with the document untouched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.errors import Conflict, NotFound, Rejected
from adapters.local.documents import Change, Documents, Edit
from adapters.local.text import message
from adapters.local.wire import Document, StoredComment, StoredTask
from adapters.models import Person, RunState, TaskState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Guard, require_expected
from adapters.toolkit.steps import reconciles, step
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
    WriteMarker,
)

AnyEdit = Edit[Any]


def finish(edit: Edit[FinishTask]) -> Change:
    task = _task(edit, edit.step.task)
    if task.state is TaskState.DONE:
        return Change(edit.document, already=True)
    _require_open(edit, task)
    if task.state is not TaskState.RUNNING:  # a running task may be finished, whatever was reopened since
        _require_not_waiting(edit, task)
    finished = _with(edit, task, state=TaskState.DONE, finished_at=edit.now, finished_by=edit.by, reason="")
    return _with_comment(edit, finished, edit.step.note, task.id)


def begin(edit: Edit[BeginTask]) -> Change:
    task = _task(edit, edit.step.task)
    _require_open(edit, task)
    by = edit.step.by
    assigned = {} if task.assignees or by == Person() else {"assignees": (by,)}
    if task.state is TaskState.RUNNING:
        return Change(_with(edit, task, **assigned)) if assigned else Change(edit.document, already=True)
    _require_not_waiting(edit, task)
    started = {"state": TaskState.RUNNING, "reason": "", "started_at": edit.now, "started_by": edit.by}
    return Change(_with(edit, task, **{**started, **assigned}))


def skip(edit: Edit[SkipTask]) -> Change:
    task = _task(edit, edit.step.task)
    if task.state is TaskState.SKIPPED:
        return Change(edit.document, already=True)
    _require_open(edit, task)
    skipped = {"state": TaskState.SKIPPED, "finished_at": edit.now, "finished_by": edit.by}
    return Change(_with(edit, task, reason=edit.step.reason.strip(), **skipped))


def hold(edit: Edit[HoldTask]) -> Change:
    task, reason = _task(edit, edit.step.task), edit.step.reason.strip()
    _require_open(edit, task)
    if task.state is TaskState.HELD and task.reason == reason:
        return Change(edit.document, already=True)
    return Change(_with(edit, task, state=TaskState.HELD, reason=reason))


def reopen(edit: Edit[ReopenTask]) -> Change:
    """Also releases a held task."""
    task = _task(edit, edit.step.task)
    if task.state in (TaskState.READY, TaskState.RUNNING):
        return Change(edit.document, already=True)
    cleared = dict.fromkeys(("started_at", "started_by", "finished_at", "finished_by"))
    return Change(_with(edit, task, state=TaskState.READY, reason="", **cleared))


def assign(edit: Edit[AssignTask]) -> Change:
    task, person = _task(edit, edit.step.task), edit.step.person
    if task.assignees == (person,):
        return Change(edit.document, already=True)
    _require_open(edit, task)
    require_expected(edit.document.platform, edit.step, task.title, task.assignees)
    return Change(_with(edit, task, assignees=(person,)))


def add(edit: Edit[AddTask]) -> Change:
    """The new task comes last in its stage, and its number is its id."""
    document, step, title = edit.document, edit.step, " ".join(edit.step.title.split())
    if not title:
        raise Rejected(document.platform, step.op, key="local.no_words")
    stages = [stage.id for stage in document.stages]
    if step.stage is not None and step.stage not in stages:
        key, run = "local.no_stage", document.title
        raise Rejected(document.platform, step.op, key=key, run=run, stage=step.stage)
    _require_order(edit)
    task = StoredTask(
        id=str(len(document.tasks) + 1),
        title=title,
        stage=step.stage or (stages[-1] if stages else None),
        assignees=(step.assignee,) if step.assignee else (),
        after=step.after,
    )
    others = [
        other.model_copy(update={"after": (*other.after, task.id)}) if other.id in step.before else other
        for other in document.tasks
    ]
    last = max((index for index, other in enumerate(others) if other.stage == task.stage), default=len(others) - 1)
    tasks = (*others[: last + 1], task, *others[last + 1 :])
    return Change(document.model_copy(update={"tasks": tasks}), created=task.id)


def comment(edit: Edit[AddComment]) -> Change:
    if edit.step.task is not None:
        _task(edit, edit.step.task)
    return _with_comment(edit, edit.document, edit.step.text, edit.step.task)


def status(edit: Edit[SetStatus]) -> Change:
    step = edit.step
    update = {
        "health": edit.document.health if step.health is None else step.health,
        "health_text": step.text,
        "health_by": edit.by,
        "health_at": edit.now,
        "update_due": step.next_at,
    }
    return Change(edit.document.model_copy(update=update))


def end(edit: Edit[EndRun]) -> Change:
    ended = {"state": RunState.FINISHED, "ended_at": edit.now, "ended_by": edit.by, "update_due": None}
    return _with_comment(edit, edit.document.model_copy(update=ended), edit.step.text, None)


def _with(edit: AnyEdit, task: StoredTask, **changes: object) -> Document:
    return edit.document.with_task(task.model_copy(update=changes))


def _with_comment(edit: AnyEdit, document: Document, text: str, task: str | None) -> Change:
    if not text.strip():
        return Change(document)
    number = len(document.comments) + 1
    added = StoredComment(id=f"c{number}", text=text, by=edit.by, at=edit.now, task=task)
    return Change(document.model_copy(update={"comments": (*document.comments, added)}), created=added.id)


def _task(edit: AnyEdit, id: str) -> StoredTask:
    task = edit.document.task(id)
    if task is None:
        facts = {"run": edit.document.title, "task": id}
        raise NotFound(edit.document.platform, edit.step.op, key="local.no_task", **facts)
    return task


def _require_open(edit: AnyEdit, task: StoredTask) -> None:
    if task.state.is_over:
        key = "local.skipped" if task.state is TaskState.SKIPPED else "local.done"
        facts: dict[str, Any] = {
            "title": task.title,
            "task": task.id,
            "by": task.finished_by or message("label.somebody"),
            "at": task.finished_at,
        }
        raise Conflict(edit.document.platform, edit.step.op, key=key, for_good=True, **facts)


def _require_not_waiting(edit: AnyEdit, task: StoredTask) -> None:
    """``waits_for`` in the facts are task ids; ``tasks`` their titles, for the message."""
    before = edit.document.open_before(task)
    if before:
        facts: dict[str, Any] = {
            "title": task.title,
            "task": task.id,
            "tasks": ", ".join(f"“{other.title}”" for other in before),
            "waits_for": tuple(other.id for other in before),
        }
        raise Conflict(edit.document.platform, edit.step.op, key="local.waits", **facts)


def _require_order(edit: Edit[AddTask]) -> None:
    """Raises where a task that is named does not exist, or the new one between them would wait for itself."""
    for id in edit.step.before:
        _task(edit, id)
    seen, waiting = set[str](), list(edit.step.after)
    while waiting:
        task = _task(edit, waiting.pop())
        if task.id in edit.step.before:
            key, title = "local.wrong_order", task.title
            raise Rejected(edit.document.platform, edit.step.op, key=key, title=title)
        waiting += set(task.after) - seen
        seen |= set(task.after)


def _step(kind: type[Write], change: Callable[[Any], Change]) -> Any:
    """Every step is found by its key, which its document holds. None needs a guard: each decides on the document
    while nobody else can change it.
    """

    @step(kind, recovery=Recovery.LOOKUP, guard=Guard.PLATFORM)
    async def execute(writes: "Writes", step: Write, marker: WriteMarker) -> WriteResult:
        return await writes.documents.change(step, marker, change)

    return execute


@dataclass
class Writes:
    documents: Documents

    finish = _step(FinishTask, finish)
    begin = _step(BeginTask, begin)
    skip = _step(SkipTask, skip)
    hold = _step(HoldTask, hold)
    reopen = _step(ReopenTask, reopen)
    assign = _step(AssignTask, assign)
    add = _step(AddTask, add)
    comment = _step(AddComment, comment)
    status = _step(SetStatus, status)
    end = _step(EndRun, end)

    @reconciles(FinishTask, BeginTask, SkipTask, HoldTask, ReopenTask, AssignTask)
    @reconciles(AddTask, AddComment, SetStatus, EndRun)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.documents.find_step(step, step.run_id, marker)
