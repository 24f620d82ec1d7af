"""Maps Tines' JSON to Liaison's models. Unknown values must never raise."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from adapters.models import (
    Comment,
    Health,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunHealth,
    RunKey,
    RunNote,
    RunState,
    RunSummary,
    Task,
    TaskState,
)
from adapters.tines import links, wire
from adapters.tines import text as texts
from adapters.tines.errors import MESSAGES
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp

COMPLETE_BELOW = 20  # a case's own list of tasks may be cut at a default page; a shorter one is complete
PRIORITIES = ("critical", "high", "medium", "low", "info")
URGENT_PRIORITIES = ("critical", "high")
_SLA_PRECISION = timedelta(minutes=5)
_MAX_SLA = timedelta(days=3650)
_MAX_LISTED = 10
_MAX_COMMENTS = 5
_LATER = timedelta(seconds=1)


def person(user: wire.User) -> Person:
    name = " ".join(part for part in (user.first_name.strip(), user.last_name.strip()) if part)
    return Person(id=user.id, name=name, email=user.email or None)


def has_tag(case: wire.Case, tag: str) -> bool:
    return tag.casefold() in (name.casefold() for name in case.tags)


def is_open(case: wire.Case) -> bool:
    return case.status.casefold() != "closed"


def run_state(case: wire.Case) -> RunState:
    return RunState.ACTIVE if is_open(case) else RunState.FINISHED


def running_since(case: wire.Case, task: str) -> texts.RunningSince | None:
    """When a task was begun, from the case's metadata."""
    return texts.parse_running(case.metadata.get(texts.running_key(task), ""))


def last_change(case: wire.Case, tasks: Sequence[wire.Task]) -> datetime | None:
    """When the case or one of its tasks last changed, on Tines' clock."""
    found = [parse_timestamp(value) for value in (case.updated_at, *(task.updated_at for task in tasks))]
    return max((at.astimezone(UTC) for at in found if at is not None), default=None)


def title(task: wire.Task) -> str:
    """The first line of the description: a task has no other text."""
    lines = texts.remove_skip_prefix(texts.unescape_mentions(task.description)).strip().splitlines()
    return " ".join(lines[0].split()) if lines else message_text(MESSAGES, "tines.label.task", id=task.id)


def task(item: wire.Task, running: texts.RunningSince | None = None) -> Task:
    """``finished_at`` is when a completed task last changed: the API has no other timestamp."""
    description = texts.remove_skip_prefix(texts.unescape_mentions(item.description)).strip()
    reason = texts.skip_reason(item.description)
    state = TaskState.READY
    if item.completed:
        state = TaskState.DONE if reason is None else TaskState.SKIPPED
    elif running is not None:
        state = TaskState.RUNNING
    return Task(
        id=item.id,
        title=title(item),
        state=state,
        instructions="\n".join(description.splitlines()[1:]).strip(),
        assignees=tuple(person(user) for user in item.assignees),
        started_at=running.since if running else None,
        started_by=running.by if running else None,
        finished_at=parse_timestamp(item.updated_at) if state.is_over else None,
        reason=reason or "" if state is TaskState.SKIPPED else "",
    )


def run(
    platform: str,
    case: wire.Case,
    tasks: Sequence[wire.Task],
    health: RunHealth,
    at: datetime,
    colours: Mapping[Health, str] | None = None,
    own_user: str = "",
) -> Run:
    return Run(
        key=RunKey(platform=platform, id=case.case_id),
        title=_case_title(case),
        runbook=case.metadata.get(texts.RUNBOOK_NAME_KEY, ""),
        runbook_id=case.metadata.get(texts.RUNBOOK_ID_KEY, ""),
        state=run_state(case),
        health=health.health,
        health_text=health.text,
        health_by=health.by,
        health_at=health.at,
        update_due=health.due,
        owner=person(case.assignees[0]) if case.assignees else None,
        tasks=tuple(task(item, running_since(case, item.id)) for item in tasks),
        link=links.browser_url(case.url),
        comments=recent_comments(case, own_user),
        notes=run_notes(case, at, colours or {}) if is_open(case) else (),
        read_at=at,
    )


def run_summary(platform: str, case: wire.Case) -> RunSummary:
    is_complete = len(case.tasks) < COMPLETE_BELOW
    return RunSummary(
        key=RunKey(platform=platform, id=case.case_id),
        title=_case_title(case),
        runbook=case.metadata.get(texts.RUNBOOK_NAME_KEY, ""),
        state=run_state(case),
        done=sum(item.completed for item in case.tasks) if is_complete else None,
        total=len(case.tasks) if is_complete else None,
        link=links.browser_url(case.url),
    )


def runbook(platform: str, case: wire.Case, tasks: Sequence[wire.Task] | None = None) -> Runbook:
    """``tasks`` are shown as a new run will have them: not completed, whatever the template says."""
    new_tasks = tuple(task(item.model_copy(update={"completed": False})) for item in tasks or ())
    count = len(new_tasks) if tasks is not None else len(case.tasks) if len(case.tasks) < COMPLETE_BELOW else None
    return Runbook(
        key=RunbookKey(platform=platform, id=case.case_id),
        title=_case_title(case),
        description=texts.unescape_mentions(case.description),
        tasks=new_tasks,
        task_count=count,
        link=links.browser_url(case.url),
        folder=case.team.name,
        created_at=parse_timestamp(case.created_at),
    )


def comment(
    item: wire.Comment | wire.Activity, own_user: str = "", names: Mapping[str, str] | None = None
) -> Comment:
    """``names`` are those of the people who are mentioned, by id. ``own_user``: as ``People`` knows it."""
    if item.user and item.user.is_service_account and not own_user:
        own_user = item.user.id  # most probably: a person has no such account
    parsed = texts.parse_comment(item.value, person(item.user) if item.user else None, own_user)
    text = parsed.text if parsed.is_ours else texts.plain_text(parsed.text, names or {})
    return Comment(id=item.id, text=text, by=parsed.by, at=parse_timestamp(item.created_at), task=parsed.task)


def status_of(
    case: wire.Case, colours: Mapping[Health, str], last_colour_change: wire.Activity | None = None
) -> RunHealth:
    """The last status update, unless somebody has since given the case the sub-status of another colour.

    Then the colour is theirs, and the sentence stays with its author. Any other sub-status, such as that of a
    closed case, says nothing about the health.
    """
    stored = texts.parse_status(case.metadata)
    if not is_coloured_there(case, colours):
        return (
            RunHealth(health=stored.health, text=stored.text, by=stored.by, at=stored.at, due=stored.due)
            if stored
            else RunHealth()
        )
    change = last_colour_change
    at = parse_timestamp(change.created_at) if change else None
    if stored is not None:  # the clocks may differ, but the change came later
        at = max(at or stored.at, stored.at + _LATER)
    return RunHealth(
        health=colour_of(case, colours),
        text=_attributed(stored) if stored else "",
        by=person(change.user).shown if change and change.user else "",
        at=at,
        due=stored.due if stored else None,
    )


def is_coloured_there(case: wire.Case, colours: Mapping[Health, str]) -> bool:
    """Whether the case got the sub-status of a colour otherwise than by its last status update."""
    stored = texts.parse_status(case.metadata)
    is_ours = stored is not None and case.sub_status is not None and stored.sub_status == case.sub_status.id
    return not is_ours and colour_of(case, colours) is not Health.UNSET


def _attributed(stored: texts.StoredStatus) -> str:
    return f"{stored.text} ({stored.by})" if stored.text and stored.by else stored.text


def colour_of(case: wire.Case, colours: Mapping[Health, str]) -> Health:
    """The health whose sub-status the case has, matched by id or name."""
    status = case.sub_status
    if status is None:
        return Health.UNSET
    names = (status.id.casefold(), status.name.casefold())
    return next((health for health, name in colours.items() if name.casefold() in names), Health.UNSET)


def recent_comments(case: wire.Case, own_user: str) -> tuple[Comment, ...]:
    """The last few, if the case's own list of activities goes up to the newest: its order is not documented."""
    activities = case.activities
    is_newest_first = len(activities) > 1 and activities[0].created_at > activities[-1].created_at
    if case.activities_meta.next_page_number is not None and not is_newest_first:
        return ()
    found = [item for item in activities if item.activity_type == "COMMENTED"]
    found.sort(key=lambda item: (item.created_at, len(item.id), item.id))
    return tuple(comment(item, own_user) for item in found[-_MAX_COMMENTS:])


def priority_label(priority: str) -> str:
    return message_text(MESSAGES, f"tines.label.priority_{priority}")


def run_notes(case: wire.Case, at: datetime, colours: Mapping[Health, str]) -> tuple[RunNote, ...]:
    """What the card shows beside the tasks: a high priority, the SLAs, and what else the case contains.

    ``at`` is when the case was read.
    """
    priority = case.priority.lower()  # requests use lower case, responses upper case
    urgent: tuple[RunNote, ...] = ()
    if priority in URGENT_PRIORITIES:
        urgent = (RunNote(key="tines.priority", facts={"priority": priority_label(priority)}),)
    slas = (note for sla in case.slas if (note := _sla_note(sla, at)) is not None)
    return (*urgent, *slas, *_sub_status_note(case, colours), *_lists(case))


def _sub_status_note(case: wire.Case, colours: Mapping[Health, str]) -> tuple[RunNote, ...]:
    """One that stands for a colour is shown as the health."""
    if case.sub_status is None or not case.sub_status.name or colour_of(case, colours) is not Health.UNSET:
        return ()
    return (RunNote(key="tines.sub_status", facts={"name": case.sub_status.name}),)


def _lists(case: wire.Case) -> tuple[RunNote, ...]:
    """Fields, linked cases and files; the files as far as the case itself lists its activities."""
    fields = [f"{item.case_input.name}: {item.value}" for item in case.fields if item.case_input and item.value]
    linked = [f"{other.case_id} {other.name}".strip() for other in case.linked_cases]
    files = [item.file.filename for item in case.activities if item.file.filename]
    notes: list[RunNote] = []
    for key, fact, items in (
        ("tines.fields", "fields", fields),
        ("tines.linked", "cases", linked),
        ("tines.files", "files", files),
    ):
        if items:
            more = "…" if len(items) > _MAX_LISTED else ""
            notes.append(RunNote(key=key, facts={fact: ", ".join(items[:_MAX_LISTED]) + more}))
    return tuple(notes)


def _sla_note(sla: wire.Sla, at: datetime) -> RunNote | None:
    """None for an SLA that is not set: all its numbers are 0 then (samples of Tines API, Cases v2, Get)."""
    kind = {"kind": sla.sla_type or message_text(MESSAGES, "tines.label.sla_unnamed")}
    if sla.exceeded:
        return RunNote(key="tines.sla_exceeded", facts=kind)
    seconds_left = sla.remaining_time_seconds or 0
    if not 0 < seconds_left < _MAX_SLA.total_seconds():
        return None
    until = _round_to_precision(at + timedelta(seconds=seconds_left))
    return RunNote(key="tines.sla_until", facts=kind, times={"until": until})


def _round_to_precision(at: datetime) -> datetime:
    """The API gives the seconds left, so an exact time would change with every read."""
    step = _SLA_PRECISION.total_seconds()
    return datetime.fromtimestamp(round(at.timestamp() / step) * step, UTC)


def _case_title(case: wire.Case) -> str:
    return case.name or message_text(MESSAGES, "tines.label.case", id=case.case_id)
