"""A task as a card shows it: with the hold that Liaison stores, and as a row."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from adapters.models import Person, Task, TaskState
from adapters.toolkit.people import is_among
from commands.cards.progress import SETTLED
from commands.model.card import Row, Text
from commands.model.messages import Actor
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.phrases import clock, join_parts, shorten

_EXPECTED_KEYS = {TaskState.WAITING: "row.expected", TaskState.HELD: "row.until"}
_REASON = 80  # characters of it in a row
_SAME_CHANGE = timedelta(minutes=10)  # between our time of a change and the platform's


def as_shown(tracked: TrackedRun, task: Task) -> Task:
    """With the hold that Liaison stores where the platform cannot."""
    reason = tracked.overlay.holds.get(task.id)
    if reason is None or task.state.is_over:
        return task
    return task.model_copy(update={"state": TaskState.HELD, "reason": task.reason or reason})


def shown_tasks(tracked: TrackedRun) -> Sequence[Task]:
    if not tracked.overlay.holds:
        return tracked.run.tasks
    return [as_shown(tracked, task) for task in tracked.run.tasks]


def is_late(task: Task, now: datetime) -> bool:
    return task.due_at is not None and task.due_at < now and not task.state.is_over


def people_names(assignees: Sequence[Person]) -> str:
    return ", ".join(person.shown for person in assignees)


def is_asked(person: Person, task: Task) -> bool:
    """Whether it is assigned to this person, or waits for their approval."""
    return is_among(person, (*task.assignees, *task.approvers))


def last_actor_name(tracked: TrackedRun, task: Task) -> str:
    """The name of ``last_actor``, or empty."""
    actor = last_actor(tracked, task)
    return actor.display_name if actor else ""


def last_actor(tracked: TrackedRun, task: Task) -> Actor | None:
    """Who brought the task into its state through Liaison. None if somebody else may have changed it since."""
    action = tracked.overlay.last_actions.get(task.id)
    if action is None or action.state is not task.state:
        return None
    at = task.started_at if task.state is TaskState.RUNNING else task.finished_at
    return action.by if is_same_change(action.at, at) else None


def is_same_change(ours: datetime, theirs: datetime | None) -> bool:
    """Whether a change through Liaison is the platform's last one, by its time where the platform says it."""
    return theirs is None or abs(theirs - ours) < _SAME_CHANGE


def handles(tracked: TrackedRun, ids: Sequence[str]) -> str:
    return ", ".join(tracked.task_handle(id) or id for id in ids)


def row(
    tracked: TrackedRun,
    task: Task,
    now: datetime,
    zone: tzinfo | None,
    *,
    whole: bool = False,
    named: bool = True,
) -> Row:
    """``task`` as from ``shown_tasks``. ``whole`` keeps all of the reason, for a card of this task alone. Not
    ``named``: for the person who has it, who needs no name."""
    if task.reason and not whole:
        task = task.model_copy(update={"reason": shorten(task.reason, _REASON)})
    note = _note(tracked, task, now, zone, named=named)
    return Row(task.state, tracked.task_handle(task.id), task.title, note)


def _note(tracked: TrackedRun, task: Task, now: datetime, zone: tzinfo | None, *, named: bool) -> Text:
    parts: list[Text | str] = []
    if is_late(task, now) and task.due_at:
        parts.append(translate("row.late", at=clock(task.due_at, zone, now)))
    parts.append(_state_note(tracked, task, now, zone, named=named))
    if task.mark:
        parts.append(task.mark)
    if task.urgent and not task.state.is_over:
        parts.append(translate("row.urgent"))
    if task.expected_at and task.state in _EXPECTED_KEYS:
        parts.append(translate(_EXPECTED_KEYS[task.state], at=clock(task.expected_at, zone, now)))
    return join_parts(parts)


def _state_note(
    tracked: TrackedRun, task: Task, now: datetime, zone: tzinfo | None, *, named: bool = True
) -> Text:
    if not named and not task.state.is_over:
        begun_at = task.started_at if task.state is TaskState.RUNNING else None
        return join_parts(
            [
                translate("row.since", at=clock(begun_at, zone, now)) if begun_at else (),
                _waits(tracked, task) if task.state is TaskState.WAITING else (),
                task.reason if task.state is TaskState.HELD else "",
            ]
        )
    match task.state:
        case TaskState.DONE | TaskState.SKIPPED | TaskState.FAILED:
            at: Text = (clock(task.finished_at, zone, now),) if task.finished_at else ()
            return join_parts(
                [join_parts([task.finished_by or last_actor_name(tracked, task), at], " "), task.reason]
            )
        case TaskState.RUNNING:
            who = people_names(task.assignees) or task.started_by or last_actor_name(tracked, task)
            since = translate("row.since", at=clock(task.started_at, zone, now)) if task.started_at else ()
            return join_parts([join_parts([who, since], " "), _begun_by(tracked, task)])
        case TaskState.WAITING if waits := _waits(tracked, task):
            return join_parts([_assigned_to(task), waits])
        case TaskState.HELD:
            return join_parts([task.reason, people_names(task.assignees)])
    person = _assigned_to(task) or last_actor_name(tracked, task)  # a begin that is only a comment names nobody
    return (person,) if person else ()


def _waits(tracked: TrackedRun, task: Task) -> Text:
    """Which tasks it waits for. A platform is asked again only some seconds after one of them was done."""
    ids = [id for id in task.waits_for if (other := tracked.run.task(id)) is None or other.state not in SETTLED]
    return translate("row.waits", tasks=handles(tracked, ids)) if ids else ()


def _begun_by(tracked: TrackedRun, task: Task) -> Text:
    """Who began somebody else's task through Liaison."""
    actor = last_actor(tracked, task) if task.assignees else None
    if actor is None or is_among(actor_person(actor), task.assignees):
        return ()
    return translate("row.begun_by", who=actor.display_name)


def actor_person(actor: Actor) -> Person:
    return Person(id=actor.id, name=actor.display_name, email=actor.email, handle=actor.handle)


def _assigned_to(task: Task) -> str:
    """Empty where the mark of an approval names them already."""
    return "" if task.approval and task.mark else people_names(task.assignees)
