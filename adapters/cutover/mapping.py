"""Cutover's resources as Liaison's models. A value nobody has heard of must still be shown, never crash."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from adapters.cutover import wire
from adapters.cutover.links import Links
from adapters.cutover.notes import notes
from adapters.cutover.start import WAYS
from adapters.cutover.text import to_text, unsign
from adapters.models import (
    Comment,
    Health,
    Run,
    Runbook,
    RunbookKey,
    RunHealth,
    RunKey,
    RunState,
    RunSummary,
    Stage,
    Task,
    TaskState,
)
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
    "not_startable": TaskState.WAITING,  # newer Cores
    "startable": TaskState.READY,
    "in_progress": TaskState.RUNNING,
}
ENDINGS = {"complete_skipped": TaskState.SKIPPED, "complete_abandoned": TaskState.FAILED}
HEALTHS = {"green": Health.GREEN, "amber": Health.AMBER, "red": Health.RED}
STATUSES = {Health.GREEN: "green", Health.AMBER: "amber", Health.RED: "red", Health.UNSET: "off"}
EVERYONE_STARTS = "everyone starts their part"
UNFINISHED_MARKS = {
    "all_must_end": "everyone finishes their part",
    "same_must_end": "whoever started it finishes it",
}


def run_state(runbook: wire.Runbook) -> RunState:
    its = runbook.attributes
    if its.stage in RUN_STATES:
        return RUN_STATES[its.stage]
    if its.end_actual:
        return RunState.FINISHED
    return RunState.ACTIVE if its.start_actual else RunState.PLANNED


def task_state(task: wire.Task) -> TaskState:
    """An unknown stage is told by the actual times; without any it is ready: Cutover will refuse what is not."""
    its = task.attributes
    if its.stage == "complete" or (its.stage not in TASK_STATES and its.end_actual):
        return ENDINGS.get(its.completion_type or "", TaskState.DONE)
    if its.stage in TASK_STATES:
        return TASK_STATES[its.stage]
    return TaskState.RUNNING if its.start_actual else TaskState.READY


def is_template(runbook: wire.Runbook) -> bool:
    return bool(runbook.attributes.is_template)


def health_note(runbook: wire.Runbook) -> RunHealth:
    """A time with no status beside it says nothing: some Cores set it when anything of a runbook changes."""
    its = runbook.attributes
    said = unsign(its.status_message or "")
    health = HEALTHS.get(its.status or "", Health.UNSET)
    at = parse_timestamp(its.status_updated_at) if said.text or said.by or health is not Health.UNSET else None
    return RunHealth(health=health, text=said.text, by=said.by, at=at, due=said.due)


def comment(found: wire.Comment) -> Comment:
    """The reference's comments have no author and no time; ours say who in their text."""
    said = unsign(to_text(found.attributes.content))
    at = parse_timestamp(found.attributes.created_at)
    return Comment(id=found.id, text=said.text, by=said.by, at=at, task=found.related("task"))


@dataclass(frozen=True)
class MappingContext:
    """What is needed to see the tasks of one runbook: its streams, and which task types branch."""

    streams: Sequence[wire.Stream] = ()
    branching: Mapping[str, bool] = field(default_factory=dict)

    def stages(self) -> tuple[Stage, ...]:
        return tuple(Stage(id=one.id, title=one.attributes.name or f"Stream {one.id}") for one in self.streams)

    def tasks(self, found: Sequence[wire.Task]) -> tuple[Task, ...]:
        known = {task.id for task in found}
        over = {task.id for task in found if task_state(task).is_over}
        stages = {stream.id for stream in self.streams}
        after = _successors(found)
        unfinished = known - over
        return tuple(self._task(task, unfinished, stages, after[task.id]) for task in found)

    def _task(self, task: wire.Task, unfinished: Set[str], stages: Set[str], after: Sequence[str]) -> Task:
        shown = single(task)
        changes: dict[str, object] = {"stage": shown.stage if shown.stage in stages else None}
        if not shown.state.is_over:
            before = task.attributes.predecessor_ids or ()
            changes["waits_for"] = tuple(id for id in before if id in unfinished)
            if self.branching.get(task.related("task_type") or ""):
                changes["branches"] = tuple(after)
        return shown.model_copy(update=changes)


def _successors(tasks: Sequence[wire.Task]) -> Mapping[str, Sequence[str]]:
    """Who comes after whom: as each task says, else as the later tasks say."""
    known = {task.id for task in tasks}
    after: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task in tasks:
        for before in task.attributes.predecessor_ids or ():
            if before in after:
                after[before].append(task.id)
    for task in tasks:
        said = task.attributes.successor_ids
        if said is not None:
            after[task.id] = [id for id in said if id in known]
    return after


def single(task: wire.Task) -> Task:
    """A task by itself: what it waits for, and where it branches, only the whole list can say."""
    its = task.attributes
    state = task_state(task)
    mark = UNFINISHED_MARKS.get(its.end_requirements or "", "") if state is TaskState.RUNNING else ""
    if state is TaskState.READY and its.start_requirements == "all_must_start":
        mark = EVERYONE_STARTS
    return Task(
        id=task.id,
        title=its.name or f"Task {task.id}",
        state=state,
        stage=task.related("stream"),
        instructions=to_text(its.description),
        started_at=parse_timestamp(its.start_actual),
        finished_at=parse_timestamp(its.end_actual),
        due_at=parse_timestamp(its.end_fixed) or parse_timestamp(its.end_planned),
        mark=mark,
    )


def run_head(platform: str, found: wire.Runbook, links: Links) -> RunSummary:
    return RunSummary(
        key=RunKey(platform=platform, id=found.id),
        title=title(found),
        state=run_state(found),
        link=links.run(found.id),
    )


def run(
    platform: str, found: wire.Runbook, tasks: Sequence[wire.Task], sight: MappingContext, links: Links
) -> Run:
    health, state = health_note(found), run_state(found)
    return Run(
        key=RunKey(platform=platform, id=found.id),
        title=title(found),
        state=state,
        health=health.health,
        health_text=health.text,
        health_by=health.by,
        health_at=health.at,
        update_due=health.due,
        stages=sight.stages(),
        tasks=sight.tasks(tasks),
        link=links.run(found.id),
        rehearsal=found.attributes.run_type == "rehearsal",
        notes=notes(found, sight.streams) if state in (RunState.ACTIVE, RunState.PAUSED) else (),
    )


def runbook(
    platform: str,
    found: wire.Runbook,
    links: Links,
    tasks: Sequence[wire.Task] | None = None,
    sight: MappingContext | None = None,
) -> Runbook:
    """A template can be started again and again; a planned runbook runs live once."""
    sight = sight or MappingContext()
    return Runbook(
        key=RunbookKey(platform=platform, id=found.id),
        title=title(found),
        description=to_text(found.attributes.description),
        stages=sight.stages(),
        tasks=sight.tasks(tasks or ()),
        task_count=None if tasks is None else len(tasks),
        irreversible=not is_template(found),
        rehearsable=True,
        start_options=WAYS,
        link=links.run(found.id),
    )


def title(found: wire.Runbook) -> str:
    return found.attributes.name or f"Runbook {found.id}"
