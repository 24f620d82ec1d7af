"""Maps Xurrent's records to Liaison's models."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.change_sources import Edit
from adapters.models import (
    Comment,
    Health,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunNote,
    RunState,
    RunSummary,
    Stage,
    Task,
    TaskState,
)
from adapters.toolkit.authors import attributed
from adapters.toolkit.timestamps import parse_timestamp
from adapters.xurrent import wire
from adapters.xurrent.links import Links
from adapters.xurrent.text import SIGNER, halted_text, label

WAITING_FOR = "waiting_for"  # the only held status that people set themselves
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
HALTED = "progress_halted"  # a task failed or was rejected, and nothing continues until somebody acts
RUN_STATES = {
    "being_created": RunState.STARTING,
    HALTED: RunState.PAUSED,
    "completed": RunState.FINISHED,
}
CANCELLED_REASONS = ("withdrawn", "rejected")
IMPACTS = ("low", "medium", "high", "top")  # besides "none"
APPROVAL = "approval"
AUTOMATIC_CATEGORIES = ("automation", "fulfillment_placeholder")  # tasks that Xurrent does itself
AUTOMATIC_MARK = "automatic"
_HELD_LABELS = {"waiting_for_customer": "waiting_for_customer", "request_pending": "waiting_for_request"}
_HIDDEN_MEDIA = ("system", "redacted")  # notes that nobody wrote, or that were removed


def id_order(id: str) -> int:
    """A sort key: IDs increase with time."""
    return int(id) if id.isascii() and id.isdecimal() and len(id) < 100 else 0


def task_state(task: wire.Task) -> TaskState:
    """An unknown status counts as done if the task has an end, else as ready: Xurrent checks every write."""
    state = TASK_STATES.get(task.status or "")
    return state or (TaskState.DONE if task.finished_at else TaskState.READY)


def unblocks_successors(task: wire.Task) -> bool:
    """Whether the tasks after this one may begin. A failed or rejected task still blocks them."""
    return task_state(task) in (TaskState.DONE, TaskState.SKIPPED)


def run_state(workflow: wire.Workflow) -> RunState:
    state = RUN_STATES.get(workflow.status or "", RunState.ACTIVE)
    cancelled = state is RunState.FINISHED and workflow.completion_reason in CANCELLED_REASONS
    return RunState.CANCELLED if cancelled else state


def map_person(person: wire.Reference | None) -> Person | None:
    return Person(id=person.id, name=person.name or "") if person else None


def approval_mark(task: wire.Task, approvals: Sequence[wire.Approval]) -> str:
    """ "approval: Ana, Rui, 1 of 2 needed": who can approve, how many have to, and who has already."""
    if task_state(task).is_over:
        return task.status or APPROVAL
    active = [approval for approval in approvals if approval.status != "canceled"]
    people = [approval.approver.shown for approval in active if approval.approver]
    if not people and task.member:
        people = [task.member.shown]
    required = task.required_approvals or 1
    needed = f"{required} of {len(people)} needed" if len(people) > 1 else ""
    if not people and required > 1:
        needed = f"{required} needed"
    given = ", ".join(
        approval.approver.shown for approval in active if approval.approver and approval.status == "approved"
    )
    details = ", ".join(filter(None, (", ".join(people), needed, given and f"given by {given}")))
    return f"{APPROVAL}: {details}" if details else APPROVAL


def open_approvers(task: wire.Task, approvals: Sequence[wire.Approval]) -> tuple[Person, ...]:
    """Who is still asked, of several approvers. An approval by one person has a member instead."""
    if task.category != APPROVAL or task_state(task).is_over:
        return ()
    assigned = (approval for approval in approvals if approval.status == "assigned")
    return tuple(person for approval in assigned if (person := map_person(approval.approver)))


def task_mark(task: wire.Task, approvals: Sequence[wire.Approval] = ()) -> str:
    if task.category == APPROVAL:
        return approval_mark(task, approvals)
    if task_state(task).is_over:
        return ""
    if task.category in AUTOMATIC_CATEGORIES:
        return AUTOMATIC_MARK
    if task.status in _HELD_LABELS:
        return label(_HELD_LABELS[task.status])
    return task.status if task.status in ("declined", "accepted") else ""


def expected_at(task: wire.Task) -> datetime | None:
    """When a held task continues, or when Xurrent expects a waiting one to be assigned or lets it begin."""
    if task_state(task) is TaskState.HELD:
        return parse_timestamp(task.waiting_until)
    return parse_timestamp(task.anticipated_assignment_at) or parse_timestamp(task.start_at)


@dataclass(frozen=True)
class TaskDetails:
    """What a list of tasks leaves out, by task ID."""

    predecessors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    approvals: Mapping[str, Sequence[wire.Approval]] = field(default_factory=dict)
    hold_reasons: Mapping[str, str] = field(default_factory=dict)


def map_task(task: wire.Task, links: Links, approvals: Sequence[wire.Approval] = (), *, reason: str = "") -> Task:
    """One task, without ``waits_for``."""
    member = map_person(task.member)
    held = task_state(task) is TaskState.HELD
    return Task(
        id=task.id,
        title=task.subject or label("task", id=task.id),
        state=task_state(task),
        stage=task.phase.id if task.phase else None,
        instructions=SIGNER.read(task.instructions or "").text,
        assignees=(member,) if member else (),
        finished_at=parse_timestamp(task.finished_at),
        due_at=parse_timestamp(task.completion_target_at),
        reason=reason if held else "",
        mark=task_mark(task, approvals),
        automatic=task.category in AUTOMATIC_CATEGORIES,
        urgent=bool(task.urgent),
        expected_at=expected_at(task),
        approval=task.category == APPROVAL,
        approvers=open_approvers(task, approvals),
        link=links.task(task.id),
    )


def map_tasks(tasks: Sequence[wire.Task], details: TaskDetails, links: Links) -> tuple[Task, ...]:
    blocking = {task.id for task in tasks if not unblocks_successors(task)}
    mapped = []
    for record in work_order(tasks, details.predecessors):
        waits_for = tuple(id for id in details.predecessors.get(record.id, ()) if id in blocking)
        task = map_task(
            record,
            links,
            details.approvals.get(record.id, ()),
            reason=details.hold_reasons.get(record.id, ""),
        )
        waiting = task.state is TaskState.WAITING
        mapped.append(task.model_copy(update={"waits_for": waits_for}) if waiting else task)
    return tuple(mapped)


def work_order(tasks: Sequence[wire.Task], predecessors: Mapping[str, Sequence[str]]) -> Sequence[wire.Task]:
    """Sorted by ID, but never before a predecessor: lists come newest first, which is no order to work in."""
    by_id = {task.id: task for task in tasks}
    waits_for = {
        id: {other for other in predecessors.get(id, ()) if other in by_id and other != id} for id in by_id
    }
    heap = [(id_order(id), id) for id in by_id if not waits_for[id]]
    heapq.heapify(heap)
    order: list[str] = []
    while heap:
        _, id = heapq.heappop(heap)
        order.append(id)
        for other in by_id:
            if id in waits_for[other]:
                waits_for[other].remove(id)
                if not waits_for[other]:
                    heapq.heappush(heap, (id_order(other), other))
    in_cycles = sorted(by_id.keys() - set(order), key=id_order)
    return [by_id[id] for id in (*order, *in_cycles)]


def map_stages(records: Sequence[wire.Task], tasks: Collection[Task]) -> tuple[Stage, ...]:
    """The phases that have tasks, in the order of their first task."""
    names = {task.phase.id: task.phase.shown for task in records if task.phase}
    return tuple(Stage(id=id, title=names[id]) for id in dict.fromkeys(task.stage for task in tasks) if id)


def run_title(workflow: wire.Workflow) -> str:
    return workflow.subject or label("workflow", id=workflow.id)


def reference_title(run: wire.Reference, kind: str) -> str:
    """Of a workflow or a change, as a task refers to it."""
    return run.subject or run.name or label(kind, id=run.id)


def map_run_summary(platform: str, workflow: wire.Workflow, links: Links) -> RunSummary:
    return RunSummary(
        key=RunKey(platform=platform, id=workflow.id),
        title=run_title(workflow),
        runbook=workflow.template.shown if workflow.template else "",
        state=run_state(workflow),
        link=links.run(workflow.id),
    )


def run_notes(impact: str | None, start_at: str | None, *, now: datetime) -> tuple[RunNote, ...]:
    """The impact of a run, and when it may begin as long as that is still to come."""
    notes = [RunNote(key=f"xurrent.note_impact_{impact}")] if impact in IMPACTS else []
    at = parse_timestamp(start_at)
    if at is not None and at > now:
        notes.append(RunNote(key="xurrent.note_start_at", times={"at": at}))
    return tuple(notes)


def highest_impact(tasks: Iterable[wire.Task]) -> str | None:
    impacts = {task.impact for task in tasks}
    return next((impact for impact in reversed(IMPACTS) if impact in impacts), None)


def map_run(
    platform: str, workflow: wire.Workflow, records: Sequence[wire.Task], details: TaskDetails, links: Links
) -> Run:
    tasks = map_tasks(records, details, links)
    halted = workflow.status == HALTED
    failed = [task for task in tasks if task.state is TaskState.FAILED] if halted else []
    return Run(
        key=RunKey(platform=platform, id=workflow.id),
        title=run_title(workflow),
        runbook=workflow.template.shown if workflow.template else "",
        runbook_id=workflow.template.id if workflow.template else "",
        state=run_state(workflow),
        health=Health.RED if halted else Health.UNSET,
        health_text=halted_text([task.title for task in failed]) if halted else "",
        health_at=max((task.finished_at for task in failed if task.finished_at), default=None),
        owner=map_person(workflow.manager),
        stages=map_stages(records, tasks),
        tasks=tasks,
        link=links.run(workflow.id),
    )


def map_runbook(
    platform: str, template: wire.Template, steps: Sequence[wire.TaskTemplate] | None, links: Links
) -> Runbook:
    """``steps`` None means that they were not read. They are sorted by ID: this API has no order for them."""
    ordered = sorted(steps or (), key=lambda step: id_order(step.id))
    return Runbook(
        key=RunbookKey(platform=platform, id=template.id),
        title=template.subject or label("workflow_template", id=template.id),
        description=template.instructions or template.note or "",
        tasks=tuple(
            Task(
                id=step.id,
                title=step.subject or label("task_template", id=step.id),
                instructions=step.instructions or "",
                approval=step.category == APPROVAL,
                mark=APPROVAL if step.category == APPROVAL else "",
            )
            for step in ordered
        ),
        task_count=None if steps is None else len(ordered),
        link=links.runbook(template.id),
        folder=template.service.shown if template.service else "",
        created_at=parse_timestamp(template.created_at),
        warning="xurrent.template_disabled" if template.disabled else "",
    )


def is_visible(note: wire.Note) -> bool:
    """Internal notes are for specialists only: they must not appear in a shared channel."""
    return not note.internal and note.medium not in _HIDDEN_MEDIA and bool((note.text or "").strip())


def map_comment(note: wire.Note, task: str | None, own_user: str) -> Comment:
    """``own_user``: the ID of the token's person, by whom our notes are."""
    whole = (note.text or "").strip()
    signed = attributed(SIGNER.read(whole), whole, map_person(note.person), own_user)
    task = note.task.id if note.task else task
    return Comment(id=note.id, text=signed.text, by=signed.by, at=parse_timestamp(note.created_at), task=task)


def edit(record: wire.Task | wire.Workflow) -> Edit:
    """``updated_at`` has seconds, so the version also has the other fields of the list of edits."""
    run = record.run if isinstance(record, wire.Task) else None
    at = parse_timestamp(record.updated_at)
    return Edit(record.id, record.model_dump_json(exclude_none=True), at, run.id if run else "")
