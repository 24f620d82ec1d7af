"""What Xurrent says, as the rest of Liaison sees it."""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
    Stage,
    Task,
    TaskState,
)
from adapters.toolkit.timestamps import parse_timestamp
from adapters.xurrent import text as words
from adapters.xurrent import wire
from adapters.xurrent.links import Links

WAITING_FOR = "waiting_for"  # the one status that people hold a task by
TASK_STATES = {
    "registered": TaskState.WAITING,
    "declined": TaskState.READY,
    "assigned": TaskState.READY,
    "accepted": TaskState.READY,
    "in_progress": TaskState.RUNNING,
    WAITING_FOR: TaskState.HELD,
    "waiting_for_customer": TaskState.HELD,
    "request_pending": TaskState.HELD,
    "failed": TaskState.FAILED,
    "rejected": TaskState.FAILED,
    "completed": TaskState.DONE,
    "approved": TaskState.DONE,
    "canceled": TaskState.SKIPPED,
}
HALTED = "progress_halted"
RUN_STATES = {
    "being_created": RunState.STARTING,
    HALTED: RunState.PAUSED,  # a task failed or was rejected: nothing goes on until somebody acts
    "completed": RunState.FINISHED,
}
CANCELLED = ("withdrawn", "rejected")
APPROVAL = "approval"
AUTOMATIC = ("automation", "fulfillment_placeholder")  # done by the system itself
AUTOMATIC_MARK = "automatic"
_HELD_FOR = {"waiting_for_customer": "waiting for the customer", "request_pending": "waiting for a request"}
_HIDDEN = ("system", "redacted")  # notes that nobody wrote, or that were taken back


def number(id: str) -> int:
    """For sorting: ids rise with time."""
    return int(id) if id.isascii() and id.isdecimal() and len(id) < 100 else 0


def task_state(task: wire.Task) -> TaskState:
    """A status that we do not know is over if it has an end, else ready: Xurrent refuses what is not."""
    state = TASK_STATES.get(task.status or "")
    return state or (TaskState.DONE if task.finished_at else TaskState.READY)


def is_passed(task: wire.Task) -> bool:
    """Whether what comes after it may begin: one that failed, or was rejected, still stands in the way."""
    return task_state(task) in (TaskState.DONE, TaskState.SKIPPED)


def run_state(flow: wire.Workflow) -> RunState:
    state = RUN_STATES.get(flow.status or "", RunState.ACTIVE)
    cancelled = state is RunState.FINISHED and flow.completion_reason in CANCELLED
    return RunState.CANCELLED if cancelled else state


def person(who: wire.Named | None) -> Person | None:
    return Person(id=who.id, name=who.name or "") if who else None


def approval_mark(task: wire.Task, approvals: Sequence[wire.Approval]) -> str:
    """ "approval: Ana, Rui, 1 of 2": who may give it, how many of them have to, and who did already."""
    if task_state(task).is_over:
        return task.status or APPROVAL
    asked = [one for one in approvals if one.status != "canceled"]
    people = [one.approver.shown for one in asked if one.approver] or ([task.member.shown] if task.member else [])
    required = task.required_approvals or 1
    many = f"{required} of {len(people)} needed" if len(people) > 1 else ""
    if not people and required > 1:
        many = f"{required} needed"
    given = ", ".join(one.approver.shown for one in asked if one.approver and one.status == "approved")
    who = ", ".join(filter(None, (", ".join(people), many, given and f"given by {given}")))
    return f"{APPROVAL}: {who}" if who else APPROVAL


def approvers(task: wire.Task, approvals: Sequence[wire.Approval]) -> tuple[Person, ...]:
    """Those of several people whose decision is still asked; of one person's approval it is the member's."""
    if task.category != APPROVAL or task_state(task).is_over:
        return ()
    return tuple(who for one in approvals if one.status == "assigned" and (who := person(one.approver)))


def mark(task: wire.Task, approvals: Sequence[wire.Approval] = ()) -> str:
    if task.category == APPROVAL:
        return approval_mark(task, approvals)
    state = task_state(task)
    if state.is_over:
        return ""
    if task.category in AUTOMATIC:
        return AUTOMATIC_MARK
    if task.status in _HELD_FOR:
        return _HELD_FOR[task.status]
    return task.status if task.status in ("declined", "accepted") else ""


def expected(task: wire.Task) -> datetime | None:
    """When it goes on: a waiting task as Xurrent foresees it, a held one when its time is over."""
    held = task_state(task) is TaskState.HELD
    return parse_timestamp(task.waiting_until if held else task.anticipated_assignment_at)


@dataclass(frozen=True)
class MappingContext:
    """What a list of tasks does not say by itself: who waits for whom, who may approve, why one is held."""

    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    approvals: Mapping[str, Sequence[wire.Approval]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


def single(task: wire.Task, links: Links, approvals: Sequence[wire.Approval] = (), *, reason: str = "") -> Task:
    """A task by itself: what it waits for only the run can say."""
    who = person(task.member)
    held = task_state(task) is TaskState.HELD
    return Task(
        id=task.id,
        title=task.subject or f"Task {task.id}",
        state=task_state(task),
        stage=task.phase.id if task.phase else None,
        instructions=words.unsigned(task.instructions or "").text,
        assignees=(who,) if who else (),
        finished_at=parse_timestamp(task.finished_at),
        due_at=parse_timestamp(task.completion_target_at),
        reason=reason if held else "",
        mark=mark(task, approvals),
        automatic=task.category in AUTOMATIC,
        urgent=bool(task.urgent),
        expected_at=expected(task),
        approval=task.category == APPROVAL,
        approvers=approvers(task, approvals),
        link=links.task(task.id),
    )


def tasks(found: Sequence[wire.Task], sight: MappingContext, links: Links) -> tuple[Task, ...]:
    blocking = {task.id for task in found if not is_passed(task)}
    shown = []
    for task in in_order(found, sight.before):
        waits = tuple(id for id in sight.before.get(task.id, ()) if id in blocking)
        one = single(task, links, sight.approvals.get(task.id, ()), reason=sight.reasons.get(task.id, ""))
        shown.append(one.model_copy(update={"waits_for": waits}) if one.state is TaskState.WAITING else one)
    return tuple(shown)


def in_order(found: Sequence[wire.Task], before: Mapping[str, Sequence[str]]) -> Sequence[wire.Task]:
    """By id, but never before what it waits for. A list comes newest first, which is nobody's order of work."""
    by_id = {task.id: task for task in found}
    waits = {id: {one for one in before.get(id, ()) if one in by_id and one != id} for id in by_id}
    heap = [(number(id), id) for id in by_id if not waits[id]]
    heapq.heapify(heap)
    order: list[str] = []
    while heap:
        _, id = heapq.heappop(heap)
        order.append(id)
        for other in by_id:
            if id in waits[other]:
                waits[other].remove(id)
                if not waits[other]:
                    heapq.heappush(heap, (number(other), other))
    circle = sorted(by_id.keys() - set(order), key=number)
    return [by_id[id] for id in (*order, *circle)]


def stages(found: Sequence[wire.Task], shown: Collection[Task]) -> tuple[Stage, ...]:
    """The phases that have tasks, in the order of their first task."""
    names = {task.phase.id: task.phase.shown for task in found if task.phase}
    return tuple(Stage(id=id, title=names[id]) for id in dict.fromkeys(task.stage for task in shown) if id)


def title(flow: wire.Workflow) -> str:
    return flow.subject or f"Workflow {flow.id}"


def run_head(platform: str, flow: wire.Workflow, links: Links) -> RunSummary:
    return RunSummary(
        key=RunKey(platform=platform, id=flow.id),
        title=title(flow),
        runbook=flow.template.shown if flow.template else "",
        state=run_state(flow),
        link=links.run(flow.id),
    )


def run(
    platform: str, flow: wire.Workflow, found: Sequence[wire.Task], sight: MappingContext, links: Links
) -> Run:
    shown = tasks(found, sight, links)
    stopped = [task for task in shown if task.state is TaskState.FAILED] if flow.status == HALTED else []
    return Run(
        key=RunKey(platform=platform, id=flow.id),
        title=title(flow),
        runbook=flow.template.shown if flow.template else "",
        runbook_id=flow.template.id if flow.template else "",
        state=run_state(flow),
        health=Health.RED if flow.status == HALTED else Health.UNSET,
        health_text=words.halted([task.title for task in stopped]) if flow.status == HALTED else "",
        health_at=max((task.finished_at for task in stopped if task.finished_at), default=None),
        owner=person(flow.manager),
        stages=stages(found, shown),
        tasks=shown,
        link=links.run(flow.id),
    )


def runbook(
    platform: str, template: wire.Template, steps: Sequence[wire.TaskTemplate] | None, links: Links
) -> Runbook:
    """The steps of a template have no order in this API; they come by id."""
    listed = sorted(steps or (), key=lambda one: number(one.id))
    return Runbook(
        key=RunbookKey(platform=platform, id=template.id),
        title=template.subject or f"Workflow template {template.id}",
        description=template.instructions or template.note or "",
        tasks=tuple(
            Task(
                id=one.id,
                title=one.subject or f"Task template {one.id}",
                instructions=one.instructions or "",
                approval=one.category == APPROVAL,
                mark=APPROVAL if one.category == APPROVAL else "",
            )
            for one in listed
        ),
        task_count=None if steps is None else len(listed),
        link=links.runbook(template.id),
    )


def is_shown(note: wire.Note) -> bool:
    """Internal notes are for specialists' eyes: they stay out of a shared channel."""
    return not note.internal and note.medium not in _HIDDEN and bool((note.text or "").strip())


def comment(note: wire.Note, task: str | None) -> Comment:
    said = words.unsigned(note.text or "")
    by = said.by or (note.person.shown if note.person else "")
    about = note.task.id if note.task else task
    return Comment(id=note.id, text=said.text, by=by, at=parse_timestamp(note.created_at), task=about)
