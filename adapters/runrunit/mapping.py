"""Their JSON as our models."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from adapters.models import (
    Comment,
    Health,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunState,
    RunSummary,
    Task,
    TaskState,
)
from adapters.runrunit import text as words
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.wire import WireAssignment, WireComment, WireSubtaskAssignee, WireTask, WireTemplate
from adapters.toolkit.timestamps import parse_timestamp


def by_id(tasks: Iterable[WireTask]) -> list[WireTask]:
    """In the order they were made: ``subtask_ids`` come reversed, and positions are null (sheet, 2.1)."""
    return sorted(tasks, key=lambda task: (len(task.id), task.id))


def task_state(wire: WireTask) -> TaskState:
    if wire.is_closed:
        return TaskState.DONE
    if wire.running:
        return TaskState.RUNNING
    return TaskState.WAITING if wire.opened_parent_ids else TaskState.READY


def task(wire: WireTask, people: People, links: Links) -> Task:
    state = task_state(wire)
    playing = [part for part in wire.assignments if part.is_working_on]
    began = [at for part in playing if (at := parse_timestamp(part.start_date))]
    return Task(
        id=wire.id,
        title=wire.title,
        state=state,
        assignees=people.of(wire.assignments),
        waits_for=() if wire.is_closed else wire.opened_parent_ids,
        started_at=min(began, default=parse_timestamp(wire.start_date)) if state is TaskState.RUNNING else None,
        started_by=_names(people.of(playing)) if state is TaskState.RUNNING else None,
        finished_at=parse_timestamp(wire.close_date) if wire.is_closed else None,
        due_at=parse_timestamp(wire.desired_date_with_time),
        mark=_mark(wire),
        urgent=wire.is_urgent,
        link=links.task(wire.id),
    )


def run(
    platform: str,
    wire: WireTask,
    steps: Sequence[WireTask],
    added: Sequence[WireTask],
    people: People,
    links: Links,
    at: datetime,
) -> Run:
    """``steps`` are its subtasks; ``added`` the tasks it waits for, which is how one is added to it."""
    own = {step.id for step in steps}
    listed = [*by_id(steps), *by_id(one for one in added if one.id not in own)]
    owners = people.of(wire.assignments)
    return Run(
        key=RunKey(platform=platform, id=wire.id),
        title=words.unkeyed(wire.title),
        state=RunState.FINISHED if wire.is_closed else RunState.ACTIVE,
        health=health(wire),
        health_text=wire.board_stage_name,
        owner=owners[0] if owners else None,
        tasks=tuple(task(one, people, links) for one in listed),
        link=links.task(wire.id),
        read_at=at,
    )


def health(wire: WireTask) -> Health:
    """What the board stage's name says; an urgent task is red if its stage says nothing."""
    said = words.health_of(wire.board_stage_name)
    return Health.RED if said is Health.UNSET and wire.is_urgent else said


def run_head(platform: str, wire: WireTask, links: Links) -> RunSummary:
    """Counts subtasks only: what was added later is not told in a list."""
    return RunSummary(
        key=RunKey(platform=platform, id=wire.id),
        title=words.unkeyed(wire.title),
        state=RunState.FINISHED if wire.is_closed else RunState.ACTIVE,
        done=wire.subtasks_closed_count,
        total=wire.subtasks_count,
        link=links.task(wire.id),
    )


def runs(listed: Sequence[WireTask]) -> list[WireTask]:
    """Which tasks of the project are runs, newest first: no subtasks, and none that another task waits for."""
    waited_for = {id for one in listed for id in one.opened_parent_ids}
    own = [one for one in listed if not (one.is_subtask or one.child_ids or one.is_closed or one.id in waited_for)]
    return by_id(own)[::-1]


def runbook(platform: str, wire: WireTemplate, people: People, description: str = "") -> Runbook:
    """Steps of a template have no ids; they are counted from 1."""
    steps = tuple(
        Task(id=str(number), title=step.title, assignees=_assignees(step.assignments_data, people))
        for number, step in enumerate(wire.subtasks_data, 1)
    )
    return Runbook(
        key=RunbookKey(platform=platform, id=wire.id),
        title=wire.title,
        description=description,
        tasks=steps,
        task_count=len(steps),
    )


def comment(wire: WireComment, about: str | None) -> Comment:
    found = words.unsign(wire.text)
    by = found.by or wire.commenter_name or ("Runrun.it" if wire.is_system_message else "")
    return Comment(id=wire.id, text=found.text, by=by, at=parse_timestamp(wire.created_at), task=about)


def comments(listed: Iterable[WireComment], about: str | None, last: int) -> list[Comment]:
    """The last few, newest last, whatever order they came in."""
    shown = sorted((one for one in listed if not one.deleted_at), key=lambda one: (len(one.id), one.id))
    return [comment(one, about) for one in shown[-last:]]


def names(parts: Iterable[WireAssignment], people: People) -> str:
    return _names(people.of(parts)) or "somebody"


def _assignees(listed: Iterable[WireSubtaskAssignee], people: People) -> tuple[Person, ...]:
    return tuple(people.person(one.assignee_id, one.assignee_name) for one in listed if one.assignee_id)


def _names(people: Iterable[Person]) -> str:
    return ", ".join(person.shown for person in people)


def _mark(wire: WireTask) -> str:
    if len(wire.assignments) < 2 or wire.is_closed:
        return ""
    done = sum(part.is_closed for part in wire.assignments)
    return f"{done} of {len(wire.assignments)} done"
