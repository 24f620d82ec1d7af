"""Tines' cases as Liaison's models. A value nobody has heard of must still be shown, never crash."""

from collections.abc import Mapping, Sequence
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
from adapters.tines import links, wire
from adapters.tines import text as words
from adapters.tines.notes import notes
from adapters.toolkit.timestamps import parse_timestamp

CERTAIN = 20  # a case's own list of tasks is not promised to be whole; a shorter one surely is (a default page)


def person(user: wire.User) -> Person:
    name = " ".join(part for part in (user.first_name.strip(), user.last_name.strip()) if part)
    return Person(id=user.id, name=name, email=user.email or None)


def has_tag(case: wire.Case, tag: str) -> bool:
    return tag.casefold() in (one.casefold() for one in case.tags)


def is_open(case: wire.Case) -> bool:
    return case.status.casefold() != "closed"


def run_state(case: wire.Case) -> RunState:
    return RunState.ACTIVE if is_open(case) else RunState.FINISHED


def running(case: wire.Case, task: str) -> words.Running | None:
    """Since when a task is worked on, as Liaison noted it in the case's metadata."""
    return words.read_running(case.metadata.get(words.task_key(task), ""))


def title(task: wire.Task) -> str:
    """A task is only a description: its first line is the title."""
    lines = words.unskipped(words.as_typed(task.description)).strip().splitlines()
    return " ".join(lines[0].split()) if lines else f"Task {task.id}"


def task(found: wire.Task, since: words.Running | None = None) -> Task:
    """``finished_at`` is when a completed task last changed: Tines tells no other time."""
    description = words.unskipped(words.as_typed(found.description)).strip()
    reason = words.skip_reason(found.description)
    state = TaskState.READY
    if found.completed:
        state = TaskState.DONE if reason is None else TaskState.SKIPPED
    elif since is not None:
        state = TaskState.RUNNING
    return Task(
        id=found.id,
        title=title(found),
        state=state,
        instructions="\n".join(description.splitlines()[1:]).strip(),
        assignees=tuple(person(user) for user in found.assignees),
        started_at=since.since if since else None,
        started_by=since.by if since else None,
        finished_at=parse_timestamp(found.updated_at) if state.is_over else None,
        reason=reason or "" if state is TaskState.SKIPPED else "",
    )


def run(
    platform: str,
    case: wire.Case,
    tasks: Sequence[wire.Task],
    health: Health,
    at: datetime,
    coloured: wire.Activity | None = None,
) -> Run:
    """``coloured``: what last changed the sub-status, where that is the run's colour."""
    return Run(
        key=RunKey(platform=platform, id=case.case_id),
        title=case.name or f"Case {case.case_id}",
        runbook=case.metadata.get(words.RUNBOOK_NAME, ""),
        runbook_id=case.metadata.get(words.RUNBOOK_KEY, ""),
        state=run_state(case),
        health=health,
        health_by=person(coloured.user).shown if coloured and coloured.user else "",
        health_at=parse_timestamp(coloured.created_at) if coloured else None,
        owner=person(case.assignees[0]) if case.assignees else None,
        tasks=tuple(task(one, running(case, one.id)) for one in tasks),
        link=links.shown(case.url),
        notes=notes(case, at) if is_open(case) else (),
        read_at=at,
    )


def run_head(platform: str, case: wire.Case) -> RunSummary:
    whole = len(case.tasks) < CERTAIN
    return RunSummary(
        key=RunKey(platform=platform, id=case.case_id),
        title=case.name or f"Case {case.case_id}",
        runbook=case.metadata.get(words.RUNBOOK_NAME, ""),
        state=run_state(case),
        done=sum(one.completed for one in case.tasks) if whole else None,
        total=len(case.tasks) if whole else None,
        link=links.shown(case.url),
    )


def runbook(platform: str, case: wire.Case, tasks: Sequence[wire.Task] | None = None) -> Runbook:
    """With ``tasks`` as they will be in a run: to do, whatever was ticked in the template."""
    fresh = tuple(task(one.model_copy(update={"completed": False})) for one in tasks or ())
    count = len(fresh) if tasks is not None else len(case.tasks) if len(case.tasks) < CERTAIN else None
    return Runbook(
        key=RunbookKey(platform=platform, id=case.case_id),
        title=case.name or f"Case {case.case_id}",
        description=words.as_typed(case.description),
        tasks=fresh,
        task_count=count,
        link=links.shown(case.url),
    )


def comment(found: wire.Comment) -> Comment:
    said = words.taken_apart(found.value)
    by = said.by or (person(found.user).shown if found.user else "")
    return Comment(id=found.id, text=said.text, by=by, at=parse_timestamp(found.created_at), task=said.task)


def health_of(case: wire.Case, colours: Mapping[Health, str]) -> Health:
    """The colour whose sub-status the case has, by its id or its name."""
    status = case.sub_status
    if status is None:
        return Health.UNSET
    names = (status.id.casefold(), status.name.casefold())
    return next((health for health, wanted in colours.items() if wanted.casefold() in names), Health.UNSET)
