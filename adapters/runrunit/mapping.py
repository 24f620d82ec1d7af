"""Maps Runrun.it's JSON to Liaison's models."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
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
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.text import SIGNER, health_of_stage, plain_title, remove_code, to_text
from adapters.runrunit.wire import WireAssignment, WireComment, WireSubtaskAssignee, WireTask, WireTemplate
from adapters.toolkit.authors import attributed
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp


def sort_by_id(tasks: Iterable[WireTask]) -> list[WireTask]:
    """In the order they were created: ``subtask_ids`` are newest first, and positions are null in the samples."""
    return sorted(tasks, key=lambda task: (len(task.id), task.id))


def in_order(tasks: Sequence[WireTask], places: Mapping[str, int]) -> list[WireTask]:
    """``tasks`` with each one after those that it waits for.

    ``places`` are those of the last read, which tasks keep otherwise: a delivered prerequisite may not be listed.
    """
    base = sorted(tasks, key=lambda task: places.get(task.id, len(places)))
    index = {task.id: place for place, task in enumerate(base)}
    waits = [{index[id] for id in task.prerequisite_ids if id in index and id != task.id} for task in base]
    ready = [place for place, before in enumerate(waits) if not before]
    ordered: list[int] = []
    while ready:
        placed = heapq.heappop(ready)
        ordered.append(placed)
        for place, before in enumerate(waits):
            if placed in before:
                before.discard(placed)
                if not before:
                    heapq.heappush(ready, place)
    in_a_circle = [place for place in range(len(base)) if place not in set(ordered)]
    return [base[place] for place in (*ordered, *in_a_circle)]


def task_state(item: WireTask) -> TaskState:
    if item.is_closed:
        return TaskState.DONE
    if item.running:
        return TaskState.RUNNING
    return TaskState.WAITING if item.opened_parent_ids else TaskState.READY


def run_state(item: WireTask) -> RunState:
    return RunState.FINISHED if item.is_closed else RunState.ACTIVE


def task(item: WireTask, people: People, links: Links) -> Task:
    state = task_state(item)
    is_running = state is TaskState.RUNNING
    working = [assignment for assignment in item.assignments if assignment.is_working_on]
    starts = [at for assignment in working if (at := parse_timestamp(assignment.start_date))]
    return Task(
        id=item.id,
        title=remove_code(plain_title(item.title)),
        state=state,
        assignees=people.assignees(item.assignments),
        waits_for=() if item.is_closed else item.opened_parent_ids,
        started_at=min(starts, default=parse_timestamp(item.start_date)) if is_running else None,
        started_by=_join_names(people.assignees(working)) if is_running else None,
        finished_at=parse_timestamp(item.close_date) if item.is_closed else None,
        due_at=parse_timestamp(item.desired_date_with_time),
        mark=", ".join(mark for mark in (_progress(item), _checklist(item)) if mark),
        urgent=item.is_urgent,
        link=links.task(item.id),
    )


def run(
    platform: str,
    item: WireTask,
    subtasks: Sequence[WireTask],
    prerequisites: Sequence[WireTask],
    people: People,
    links: Links,
    at: datetime,
    places: Mapping[str, int],
) -> Run:
    """``prerequisites`` are the tasks that the run's task waits for: those that were added to the run later.

    The run's own task is the last step if it has no subtasks.
    """
    subtask_ids = {subtask.id for subtask in subtasks}
    added = (prerequisite for prerequisite in prerequisites if prerequisite.id not in subtask_ids)
    steps = [*sort_by_id(subtasks), *sort_by_id(added), *(() if subtasks else (item,))]
    owners = people.assignees(item.assignments)
    return Run(
        key=RunKey(platform=platform, id=item.id),
        title=remove_code(item.title),
        state=run_state(item),
        health=health(item),
        health_text=item.board_stage_name,
        owner=owners[0] if owners else None,
        tasks=tuple(task(step, people, links) for step in in_order(steps, places)),
        link=links.task(item.id),
        read_at=at,
    )


def is_changed(read: Run, tasks: Sequence[WireTask], people: People, links: Links) -> bool:
    """Whether the run's own task or one of its steps is not as it was read, or a task was added.

    Only what a card shows is compared. Names are not: they come from another list.
    """
    for item in tasks:
        before = read.task(item.id)
        if before is not None and _compared(before) != _compared(task(item, people, links)):
            return True
        if item.id != read.key.id:
            if before is None:
                return True
            continue
        present = run(read.key.platform, item, (), (), people, links, read.read_at or datetime.min, {})
        if (present.title, present.state, present.health, present.health_text) != (
            read.title,
            read.state,
            read.health,
            read.health_text,
        ):
            return True
        subtasks = len(read.tasks) if read.task(item.id) is None else 0
        if item.subtasks_count > subtasks or any(not read.task(id) for id in item.opened_parent_ids):
            return True
    return False


def _compared(item: Task) -> object:
    people = sorted(person.id for person in item.assignees)
    return (item.title, item.state, people, sorted(item.waits_for), item.due_at, item.mark, item.urgent)


def health(item: WireTask) -> Health:
    """The colour in the board stage's name. If it names none, an urgent task is red."""
    colour = health_of_stage(item.board_stage_name)
    return Health.RED if colour is Health.UNSET and item.is_urgent else colour


def run_summary(platform: str, item: WireTask, links: Links) -> RunSummary:
    """Counts subtasks, or the run's own task if it has none: a list does not include the tasks added later."""
    total = item.subtasks_count or 1
    return RunSummary(
        key=RunKey(platform=platform, id=item.id),
        title=remove_code(item.title),
        state=run_state(item),
        done=item.subtasks_closed_count if item.subtasks_count else int(item.is_closed),
        total=total,
        link=links.task(item.id),
    )


def open_runs(tasks: Sequence[WireTask]) -> list[WireTask]:
    """The open tasks that are runs, newest first: no subtasks, and no tasks that another task waits for."""
    steps = {id for task in tasks for id in (*task.opened_parent_ids, *task.subtask_ids)}
    runs = [
        task for task in tasks if not (task.is_subtask or task.child_ids or task.is_closed or task.id in steps)
    ]
    return sort_by_id(runs)[::-1]


def runbook(
    platform: str, item: WireTemplate, people: People, *, folder: str = "", description: str = ""
) -> Runbook:
    """The steps of a template have no ids, so they are numbered from 1."""
    steps = tuple(
        Task(id=str(number), title=step.title, assignees=_template_assignees(step.assignments_data, people))
        for number, step in enumerate(item.subtasks_data, 1)
    )
    return Runbook(
        key=RunbookKey(platform=platform, id=item.id),
        title=item.title,
        description=description,
        tasks=steps,
        task_count=len(steps),
        folder=folder,
        created_at=parse_timestamp(item.created_at),
    )


def comment(item: WireComment, task: str | None, people: People) -> Comment:
    """Liaison's own are as they were typed, unless Runrun.it made them HTML."""
    whole = item.text
    signed = SIGNER.read(whole)
    if not signed.by or whole.lstrip().startswith("<"):
        whole = to_text(whole)
        signed = SIGNER.read(whole)
    name, system = item.commenter_name, "Runrun.it" if item.is_system_message else ""
    by = people.person(item.user_id, name) if item.user_id else Person(name=name or system)
    signed = attributed(signed, whole, by if by.id or by.name else None, people.own_user)
    lines = [*_quote(item), signed.text, *(document.file_name for document in item.documents)]
    text = "\n".join(line for line in lines if line)
    return Comment(id=item.id, text=text, by=signed.by, at=parse_timestamp(item.created_at), task=task)


def _quote(item: WireComment) -> list[str]:
    """The comment that this one answers, as a quotation."""
    quoted = to_text(SIGNER.read(item.quoted_comment_text).text)
    author = item.quoted_comment_user_name or item.quoted_comment_guest_name
    lines = f"{author}: {quoted}" if author and quoted else quoted
    return [f"> {line}" for line in lines.splitlines()]


def comments(items: Iterable[WireComment], task: str | None, people: People, limit: int) -> list[Comment]:
    """The last ``limit`` comments, newest last, whatever order they came in."""
    existing = [item for item in items if not item.deleted_at]
    existing.sort(key=lambda item: (len(item.id), item.id))
    return [comment(item, task, people) for item in existing[-limit:]]


def names(assignments: Iterable[WireAssignment], people: People) -> str:
    return _join_names(people.assignees(assignments)) or message_text(MESSAGES, "runrunit.label.somebody")


def _template_assignees(items: Iterable[WireSubtaskAssignee], people: People) -> tuple[Person, ...]:
    return tuple(people.person(item.assignee_id, item.assignee_name) for item in items if item.assignee_id)


def _join_names(people: Iterable[Person]) -> str:
    return ", ".join(person.shown for person in people)


def _checklist(item: WireTask) -> str:
    return message_text(MESSAGES, "runrunit.label.checklist") if item.checklist_id and not item.is_closed else ""


def _progress(item: WireTask) -> str:
    """How many of several people have delivered their part."""
    if len(item.assignments) < 2 or item.is_closed:
        return ""
    done = sum(assignment.is_closed for assignment in item.assignments)
    return message_text(MESSAGES, "runrunit.label.parts_done", done=done, total=len(item.assignments))
