"""What people are to be told about a change of a run, whoever made it and wherever."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from adapters.models import Health, Model, Person, RunState, Task, TaskState
from adapters.toolkit.people import is_among, same_person
from commands.model.tracked_run import TrackedRun


class NewsKind(StrEnum):
    ASSIGNED = "assigned"  # ``person`` got ``task``
    READY = "ready"  # ``person`` can begin ``task`` now
    RED = "red"
    ENDED = "ended"
    OWNER = "owner"  # ``person`` owns the run now


class RunNews(Model):
    """``blockers``: the tasks that ``task`` was waiting for, by id, which are over now."""

    kind: NewsKind
    task: str = ""
    person: Person | None = None
    blockers: tuple[str, ...] = ()


def run_news(before: TrackedRun, after: TrackedRun) -> Sequence[RunNews]:
    """``before`` and ``after`` are two stored versions of one run.

    Nobody is told what a run was like when it was first read. When Liaison starts one, the people of its runbook
    are told about their tasks that are ready.
    """
    if not after.started or not after.run.key.id:
        return ()
    if _is_new(before):
        return tuple(_of_start(after)) if after.overlay.started_by is not None else ()
    if not before.run.tasks and before.run.read_at is None:
        return ()
    return (*_of_tasks(before, after), *_of_run(before, after))


def _is_new(before: TrackedRun) -> bool:
    return not before.started or (before.overlay.started_by is not None and not before.run.tasks)


def _of_start(after: TrackedRun) -> Iterator[RunNews]:
    for task in after.run.tasks:
        if task.state is TaskState.READY:
            yield from _ready(task, ())


def _of_tasks(before: TrackedRun, after: TrackedRun) -> Iterator[RunNews]:
    is_starting = before.run.state is RunState.STARTING
    for task in after.run.tasks:
        was = before.run.task(task.id)
        if task.state.is_over or task is was:
            continue
        if was is None and is_starting:
            yield from _ready(task, ()) if task.state is TaskState.READY else ()
            continue
        had = was.assignees if was is not None else ()
        new = [person for person in task.assignees if not is_among(person, had)]
        for person in new:
            yield RunNews(kind=NewsKind.ASSIGNED, task=task.id, person=person)
        if was is not None and _became_ready(was, task, after):
            over = [id for id in was.waits_for if (other := after.run.task(id)) is None or other.state.is_over]
            yield from (news for news in _ready(task, tuple(over)) if not is_among(news.person or Person(), new))


def _became_ready(was: Task, task: Task, after: TrackedRun) -> bool:
    is_held = task.id in after.overlay.holds
    return was.state is TaskState.WAITING and task.state is TaskState.READY and not is_held


def _ready(task: Task, blockers: tuple[str, ...]) -> Iterator[RunNews]:
    for person in (*task.assignees, *task.approvers):
        yield RunNews(kind=NewsKind.READY, task=task.id, person=person, blockers=blockers)


def _of_run(before: TrackedRun, after: TrackedRun) -> Iterator[RunNews]:
    was, now = before.run, after.run
    if now.state.is_over and not was.state.is_over:
        yield RunNews(kind=NewsKind.ENDED)
    elif now.health is Health.RED and was.health is not Health.RED:
        yield RunNews(kind=NewsKind.RED)
    if now.owner is not None and was.owner is not None and not same_person(was.owner, now.owner):
        yield RunNews(kind=NewsKind.OWNER, person=now.owner)
