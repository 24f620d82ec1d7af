"""Maps Cutover's resources to Liaison's models. Unknown values must never crash: the run still has to be shown."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cutover import wire
from adapters.cutover.errors import MESSAGES
from adapters.cutover.links import Links
from adapters.cutover.text import SIGNER, to_text
from adapters.models import (
    Comment,
    Health,
    Run,
    Runbook,
    RunbookKey,
    RunHealth,
    RunKey,
    RunNote,
    RunState,
    RunSummary,
    Stage,
    StartOption,
    Task,
    TaskState,
)
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp

RUN_STATES = {
    "planning": RunState.PLANNED,
    "active": RunState.ACTIVE,
    "paused": RunState.PAUSED,
    "complete": RunState.FINISHED,
    "canceled": RunState.CANCELLED,
    "cancelled": RunState.CANCELLED,
}
TASK_STATES = {
    "default": TaskState.WAITING,
    "not_startable": TaskState.WAITING,  # newer versions
    "startable": TaskState.READY,
    "in_progress": TaskState.RUNNING,
}
COMPLETED_STATES = {"complete_skipped": TaskState.SKIPPED, "complete_abandoned": TaskState.FAILED}
HEALTHS = {"green": Health.GREEN, "amber": Health.AMBER, "red": Health.RED}
STATUSES = {Health.GREEN: "green", Health.AMBER: "amber", Health.RED: "red", Health.UNSET: "off"}
END_REQUIREMENTS = {
    "all_must_end": "cutover.label.everyone_finishes",
    "same_must_end": "cutover.label.starter_finishes",
}
STREAM_COLOURS = {  # worst first
    "red": "cutover.label.red",
    "amber": "cutover.label.amber",
    "green": "cutover.label.green",
}
COMMS_NOTES = {"on": "cutover.messages_on", "test": "cutover.messages_test"}
_MAX_REASON_LENGTH = 60  # characters of a stream's status message
_MAX_STREAMS = 6


def run_state(runbook: wire.Runbook) -> RunState:
    attributes = runbook.attributes
    if attributes.stage in RUN_STATES:
        return RUN_STATES[attributes.stage]
    if attributes.end_actual:
        return RunState.FINISHED
    return RunState.ACTIVE if attributes.start_actual else RunState.PLANNED


def task_state(task: wire.Task) -> TaskState:
    """The actual times decide for an unknown stage. Without any, the task is ready: Cutover rejects what isn't."""
    attributes = task.attributes
    if attributes.stage == "complete" or (attributes.stage not in TASK_STATES and attributes.end_actual):
        return COMPLETED_STATES.get(attributes.completion_type or "", TaskState.DONE)
    if attributes.stage in TASK_STATES:
        return TASK_STATES[attributes.stage]
    return TaskState.RUNNING if attributes.start_actual else TaskState.READY


def is_template(runbook: wire.Runbook) -> bool:
    return bool(runbook.attributes.is_template)


def everyone_must_start(task: wire.Task) -> bool:
    return task.attributes.start_requirements == "all_must_start"


def run_health(runbook: wire.Runbook) -> RunHealth:
    """Ignores ``status_updated_at`` without a status: some versions set it when anything in a runbook changes."""
    attributes = runbook.attributes
    signed = SIGNER.read(attributes.status_message or "")
    health = HEALTHS.get(attributes.status or "", Health.UNSET)
    has_status = signed.text or signed.by or health is not Health.UNSET
    at = parse_timestamp(attributes.status_updated_at) if has_status else None
    return RunHealth(health=health, text=signed.text, by=signed.by, at=at, due=signed.due)


def comment(item: wire.Comment) -> Comment:
    """Comments have no author and no time in the reference; the signature of ours says who wrote them."""
    signed = SIGNER.read(to_text(item.attributes.content))
    at = parse_timestamp(item.attributes.created_at)
    return Comment(id=item.id, text=signed.text, by=signed.by, at=at, task=item.related_id("task"))


@dataclass(frozen=True)
class RunbookContext:
    """What else is needed to map a runbook's tasks: its streams, and which task types branch."""

    streams: Sequence[wire.Stream] = ()
    branching: Mapping[str, bool] = field(default_factory=dict)  # task type id -> whether it branches

    def stages(self) -> tuple[Stage, ...]:
        return tuple(Stage(id=stream.id, title=_stream_name(stream)) for stream in self.streams)

    def tasks(self, items: Sequence[wire.Task]) -> tuple[Task, ...]:
        unfinished = {task.id for task in items if not task_state(task).is_over}
        stages = {stream.id for stream in self.streams}
        successors = _successors(items)
        return tuple(self._task(task, unfinished, stages, successors[task.id]) for task in items)

    def _task(self, item: wire.Task, unfinished: Set[str], stages: Set[str], successors: Sequence[str]) -> Task:
        mapped = task(item)
        changes: dict[str, object] = {"stage": mapped.stage if mapped.stage in stages else None}
        if not mapped.state.is_over:
            predecessors = item.attributes.predecessor_ids or ()
            changes["waits_for"] = tuple(id for id in predecessors if id in unfinished)
            if self.branching.get(item.related_id("task_type") or ""):
                changes["branches"] = tuple(successors)
        return mapped.model_copy(update=changes)


def _successors(tasks: Sequence[wire.Task]) -> Mapping[str, Sequence[str]]:
    """Successor ids by task id: from ``successor_ids`` if a task has them, otherwise from others' predecessors."""
    ids = {task.id for task in tasks}
    successors: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task in tasks:
        for predecessor in task.attributes.predecessor_ids or ():
            if predecessor in successors:
                successors[predecessor].append(task.id)
    for task in tasks:
        if task.attributes.successor_ids is not None:
            successors[task.id] = [id for id in task.attributes.successor_ids if id in ids]
    return successors


def task(item: wire.Task) -> Task:
    """A task on its own, without ``waits_for`` and ``branches``, which need the whole list."""
    attributes = item.attributes
    state = task_state(item)
    return Task(
        id=item.id,
        title=attributes.name or message_text(MESSAGES, "cutover.label.task", id=item.id),
        state=state,
        stage=item.related_id("stream"),
        instructions=to_text(attributes.description),
        started_at=parse_timestamp(attributes.start_actual),
        finished_at=parse_timestamp(attributes.end_actual),
        due_at=parse_timestamp(attributes.end_fixed) or parse_timestamp(attributes.end_planned),
        mark=_requirement(item, state),
    )


def _requirement(item: wire.Task, state: TaskState) -> str:
    """Who has to start or finish the task, if that isn't anyone."""
    key = None
    if state is TaskState.RUNNING:
        key = END_REQUIREMENTS.get(item.attributes.end_requirements or "")
    elif state is TaskState.READY and everyone_must_start(item):
        key = "cutover.label.everyone_starts"
    return message_text(MESSAGES, key) if key else ""


def run_summary(platform: str, item: wire.Runbook, links: Links) -> RunSummary:
    return RunSummary(
        key=RunKey(platform=platform, id=item.id),
        title=title(item),
        state=run_state(item),
        link=links.run(item.id),
    )


def run(
    platform: str, item: wire.Runbook, tasks: Sequence[wire.Task], context: RunbookContext, links: Links
) -> Run:
    health, state = run_health(item), run_state(item)
    return Run(
        key=RunKey(platform=platform, id=item.id),
        title=title(item),
        state=state,
        health=health.health,
        health_text=health.text,
        health_by=health.by,
        health_at=health.at,
        update_due=health.due,
        stages=context.stages(),
        tasks=context.tasks(tasks),
        link=links.run(item.id),
        rehearsal=item.attributes.run_type == "rehearsal",
        notes=run_notes(item, context.streams) if state in (RunState.ACTIVE, RunState.PAUSED) else (),
    )


def runbook(
    platform: str,
    item: wire.Runbook,
    links: Links,
    tasks: Sequence[wire.Task] | None = None,
    context: RunbookContext | None = None,
    start_options: tuple[StartOption, ...] = (),
) -> Runbook:
    """A template can be started any number of times; a planned runbook runs live once."""
    context = context or RunbookContext()
    return Runbook(
        key=RunbookKey(platform=platform, id=item.id),
        title=title(item),
        description=to_text(item.attributes.description),
        stages=context.stages(),
        tasks=context.tasks(tasks or ()),
        task_count=None if tasks is None else len(tasks),
        irreversible=not is_template(item),
        rehearsable=True,
        start_options=start_options,
        link=links.run(item.id),
        created_at=parse_timestamp(item.attributes.created_at),
        warning=_warning(item),
    )


def _warning(item: wire.Runbook) -> str:
    """For a template that is not approved, and for a runbook that was started already."""
    if is_template(item):
        return "" if item.attributes.template_status in (None, "", "approved") else "cutover.not_approved"
    state = run_state(item)
    if state.is_over:
        return "cutover.run_over"
    return "cutover.run_active" if state in (RunState.ACTIVE, RunState.PAUSED) else ""


def title(item: wire.Runbook) -> str:
    return item.attributes.name or message_text(MESSAGES, "cutover.label.runbook", id=item.id)


def run_notes(item: wire.Runbook, streams: Sequence[wire.Stream]) -> tuple[RunNote, ...]:
    """Lines for the card of an active run: its forecast end, its streams, and whether Cutover messages people."""
    notes = (_forecast_note(item.attributes), _streams_note(streams), _comms_note(item.attributes))
    return tuple(note for note in notes if note is not None)


def _forecast_note(attributes: wire.RunbookAttributes) -> RunNote | None:
    """Compares the forecast end with the scheduled end, or with the planned end if none is scheduled."""
    forecast = parse_timestamp(attributes.end_forecast)
    promised = parse_timestamp(attributes.end_scheduled) or parse_timestamp(attributes.end_planned)
    if forecast is None:
        return None
    if promised is None:
        return RunNote(key="cutover.forecast", times={"forecast": forecast})
    times: Mapping[str, datetime] = {"forecast": forecast, "promised": promised}
    difference = forecast - promised
    if abs(difference) < timedelta(minutes=1):
        return RunNote(key="cutover.forecast_kept", times=times)
    key = "cutover.forecast_late" if difference > timedelta() else "cutover.forecast_early"
    return RunNote(key=key, times=times, facts={"off": format_duration(abs(difference))})


def format_duration(duration: timedelta) -> str:
    """The two largest units: "25 min", "1 h 05 min", "2 d 3 h"."""
    minutes = int(duration.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _streams_note(streams: Sequence[wire.Stream]) -> RunNote | None:
    """The streams that have a colour, worst first."""
    worst_first = list(STREAM_COLOURS)
    coloured = [stream for stream in streams if stream.attributes.status in STREAM_COLOURS]
    coloured.sort(key=lambda stream: worst_first.index(stream.attributes.status or "green"))
    if not coloured:
        return None
    shown = [_stream_status(stream) for stream in coloured[:_MAX_STREAMS]]
    if len(coloured) > len(shown):
        shown.append(message_text(MESSAGES, "cutover.label.more_streams", count=len(coloured) - len(shown)))
    return RunNote(key="cutover.streams", facts={"streams": ", ".join(shown)})


def _stream_status(stream: wire.Stream) -> str:
    attributes = stream.attributes
    reason = " ".join((attributes.status_message or "").split())
    if len(reason) > _MAX_REASON_LENGTH:
        reason = f"{reason[: _MAX_REASON_LENGTH - 1].rstrip()}…"
    colour = message_text(MESSAGES, STREAM_COLOURS[attributes.status or "green"])
    status = f"{_stream_name(stream)} {colour}"
    return f"{status} ({reason})" if reason else status


def _stream_name(stream: wire.Stream) -> str:
    return stream.attributes.name or message_text(MESSAGES, "cutover.label.stream", id=stream.id)


def _comms_note(attributes: wire.RunbookAttributes) -> RunNote | None:
    key = COMMS_NOTES.get(attributes.run_comms or "")
    return RunNote(key=key) if key else None
