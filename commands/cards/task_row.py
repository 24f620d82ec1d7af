"""A task as a card shows it: its state with our own marks, its row, and the step that likely comes next."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from adapters.models import Person, Task, TaskState
from commands.language.tokens import folded
from commands.model.card import Row, Text
from commands.model.messages import Actor
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.phrases import clock, join_parts, shorten

_GOES_ON = {TaskState.WAITING: "row.expected", TaskState.HELD: "row.until"}
_REASON = 80  # letters of it in a row
_SAME_DEED = timedelta(minutes=10)  # our clock and the platform's, and a write that took its time


def as_shown(known: TrackedRun, task: Task) -> Task:
    """With the hold that Liaison keeps where the platform cannot."""
    reason = known.overlay.holds.get(task.id)
    if reason is None or task.state.is_over:
        return task
    return task.model_copy(update={"state": TaskState.HELD, "reason": task.reason or reason})


def shown_tasks(known: TrackedRun) -> Sequence[Task]:
    return [as_shown(known, task) for task in known.run.tasks]


def is_late(task: Task, now: datetime) -> bool:
    return task.due_at is not None and task.due_at < now and not task.state.is_over


def people_names(assignees: Sequence[Person]) -> str:
    return ", ".join(person.shown for person in assignees)


def is_asked(me: Person, task: Task) -> bool:
    """Whether it is this person's to do, or to approve."""
    return any(same_person(me, other) for other in (*task.assignees, *task.approvers))


def same_person(one: Person, other: Person) -> bool:
    for mine, theirs in ((one.email, other.email), (one.id, other.id), (one.handle, other.handle)):
        if mine and theirs and mine.casefold() == theirs.casefold():
            return True
    if one.email and other.email:
        return False
    return bool(one.name and other.name) and folded(one.name) == folded(other.name)


def last_actor_name(known: TrackedRun, task: Task) -> str:
    """The name of who brought it into its state through us."""
    actor = last_actor(known, task)
    return actor.shown if actor else ""


def last_actor(known: TrackedRun, task: Task) -> Actor | None:
    """Where the platform names nobody. None if it may have been somebody else since."""
    deed = known.overlay.last_actions.get(task.id)
    if deed is None or deed.state is not task.state:
        return None
    at = task.started_at if task.state is TaskState.RUNNING else task.finished_at
    return deed.by if at is None or abs(at - deed.at) < _SAME_DEED else None


def handles(known: TrackedRun, ids: Sequence[str]) -> str:
    return ", ".join(known.task_handle(id) or id for id in ids)


def row(known: TrackedRun, task: Task, now: datetime, zone: tzinfo | None, *, whole: bool = False) -> Row:
    """``task`` as from ``shown_tasks``. ``whole``: with all of the reason, where it is not one row of many."""
    if not whole:
        task = task.model_copy(update={"reason": shorten(task.reason, _REASON)})
    return Row(task.state, known.task_handle(task.id), task.title, _note(known, task, now, zone))


def _note(known: TrackedRun, task: Task, now: datetime, zone: tzinfo | None) -> Text:
    parts: list[Text | str] = [_by_state(known, task, zone)]
    if task.mark:
        parts.append(task.mark)
    if task.urgent and not task.state.is_over:
        parts.append(translate("row.urgent"))
    if task.expected_at and task.state in _GOES_ON:
        parts.append(translate(_GOES_ON[task.state], at=clock(task.expected_at, zone)))
    if is_late(task, now) and task.due_at:
        parts.append(translate("row.late", at=clock(task.due_at, zone)))
    return join_parts(parts)


def _by_state(known: TrackedRun, task: Task, zone: tzinfo | None) -> Text:
    match task.state:
        case TaskState.DONE | TaskState.SKIPPED | TaskState.FAILED:
            at: Text = (clock(task.finished_at, zone),) if task.finished_at else ()
            return join_parts(
                [join_parts([task.finished_by or last_actor_name(known, task), at], " "), task.reason]
            )
        case TaskState.RUNNING:
            who = people_names(task.assignees) or task.started_by or last_actor_name(known, task)
            since = translate("row.since", at=clock(task.started_at, zone)) if task.started_at else ()
            return join_parts([who, since], " ")
        case TaskState.WAITING if task.waits_for:
            return join_parts([translate("row.waits", tasks=handles(known, task.waits_for)), _whose(task)])
        case TaskState.HELD:
            return join_parts([task.reason, people_names(task.assignees)])
    whose = _whose(task) or last_actor_name(known, task)  # also who began what only a comment there says
    return (whose,) if whose else ()


def _whose(task: Task) -> str:
    """An approval's mark names them already."""
    return "" if task.approval and task.mark else people_names(task.assignees)
