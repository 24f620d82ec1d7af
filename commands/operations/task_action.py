"""What all verbs on tasks share: finding the tasks, one write for each, and one answer for all."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.errors import AdapterError
from adapters.models import Person, RunState, Task, TaskState
from adapters.protocol import Adapter, Emulated, Unsupported
from adapters.toolkit.people import is_among
from adapters.writes import AssignTask, Op, ReopenTask, TaskWrite
from commands.cards.activity_line import released_line
from commands.cards.platform_text import instruction_lines
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome, report_refusal
from commands.cards.task_buttons import finish_button, take_over_button
from commands.cards.task_row import people_names
from commands.lookup.irreversible import is_irreversible
from commands.lookup.task_lookup import find_tasks
from commands.model.card import Answer
from commands.model.errors import CommandError, Missing, Stale
from commands.model.intents import Assign, OpenForm, TaskIntent
from commands.model.outcomes import Done
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import Receipt, TrackedRun
from commands.operations.preconditions import PreconditionContext, task_precondition
from commands.operations.which_task import fitting_tasks, which_task
from commands.operations.write import write
from commands.text.catalogue import lazy, translate
from commands.text.error_text import capability_text, platform_title
from commands.text.phrases import button, run_name, task_name

_RECEIPTS_COMPARED = 5


def required_run(context: CommandContext) -> TrackedRun:
    """The run of a command that needs one. Raises also if the run never started."""
    tracked = context.run
    if tracked is None:
        raise Missing("run.none")
    require_started(tracked, context.services)
    return tracked


def require_started(tracked: TrackedRun, services: Services) -> None:
    if not tracked.started and tracked.run.state is RunState.STARTING:
        platform = platform_title(tracked.run.key.platform, services)
        raise Stale("start.unconfirmed", run=run_name(tracked), platform=platform)
    if not tracked.started:
        raise Stale("start.never", run=run_name(tracked))


def require(context: CommandContext, tracked: TrackedRun, op: Op) -> None:
    require_supported(op, tracked.run.key.platform, context.services)


def require_supported(op: Op, name: str, services: Services) -> None:
    """Raises, before any call, where the platform does not support ``op``, and says what to do instead."""
    capability = services.adapter(name).capabilities.get(op)
    if isinstance(capability, Unsupported):
        raise CommandError(
            "said.unsupported",
            verb=lazy(f"can.{op}"),
            platform=platform_title(name, services),
            instead=capability_text(capability.alternative, name, services),
        )


def is_emulated(context: CommandContext, tracked: TrackedRun, op: Op) -> bool:
    return isinstance(context.adapter(tracked).capabilities.get(op), Emulated)


async def execute_on_tasks(
    intent: TaskIntent,
    context: CommandContext,
    kind: type[TaskWrite],
    *,
    each: Sequence[Mapping[str, Any]] = ({},),
    **fields: Any,
) -> Answer:
    """Finds all tasks before the first write; then writes one after the other.

    ``fields``: the fields of this kind of write besides its task. ``each`` has one of them for each of several
    writes to every task.
    """
    tracked = required_run(context)
    op: Op = kind.model_fields["op"].default
    by = context.services.people.person(context.actor)
    may_release = op is Op.REOPEN and bool(tracked.overlay.holds)
    if not (may_release and intent.tasks):
        require(context, tracked, op)
    if not intent.tasks:
        raise which_task(context, tracked, op)
    confirm = is_irreversible(op, context.adapter(tracked).capabilities)
    try:
        tasks = find_tasks(intent.tasks, tracked, context.message, context.services, confirm=confirm)
    except Missing:
        tracked = await context.services.runs.refresh(tracked.handle)  # somebody may have added it there
        likely = fitting_tasks(context, tracked, op)
        tasks = find_tasks(
            intent.tasks, tracked, context.message, context.services, confirm=confirm, likely=likely
        )
    if may_release and not all(_is_held_by_liaison(tracked, task) for task in tasks):
        require(context, tracked, op)
    tasks = list({task.id: task for task in tasks}.values())  # a task that is named twice is written once
    reports: list[OutcomeReport] = []
    for task, own in itertools.product(tasks, each):
        current = tracked.run.task(task.id) or task
        more = _as_last_read(intent, kind, current)
        wanted = kind(run=tracked.run.key, by=by, task=task.id, options=intent.options, **fields, **own, **more)
        reports.append(await _write_one(context, tracked, wanted, alone=len(tasks) * len(each) == 1))
        tracked = await context.services.runs.get(tracked.handle) or tracked
    return answer_of(tracked, reports, context.services)


def _as_last_read(intent: TaskIntent, kind: type[TaskWrite], task: Task) -> dict[str, Any]:
    """The fields of a write that depend on the task as it is now."""
    if isinstance(intent, Assign):
        return {"expected": _expected(intent, task)}
    return {"held": True} if kind is ReopenTask and task.state is TaskState.HELD else {}


def _expected(intent: Assign, task: Task) -> tuple[Person, ...]:
    """Who has the task as far as this person knows: who had it when the button was drawn, or as last read."""
    is_as_drawn = not intent.holder or intent.holder == people_names(task.assignees)
    return task.assignees if is_as_drawn else (Person(name=intent.holder),)


async def _receipts_of_sender(context: CommandContext, receipts: Sequence[Receipt], name: str) -> list[str]:
    """The codes of the newest receipts whose messages came from the same account. Others can have its ``name``."""
    codes: list[str] = []
    for receipt in receipts[:_RECEIPTS_COMPARED]:
        earlier = await context.services.messages.find(receipt.key) if receipt.by == name else None
        if earlier is not None and earlier.actor.same_as(context.actor):
            codes.append(receipt.code)
    return codes


async def _write_one(
    context: CommandContext, tracked: TrackedRun, wanted: TaskWrite, *, alone: bool
) -> OutcomeReport:
    tracked = await context.services.runs.get(tracked.handle) or tracked
    before = tracked.run.task(wanted.task)
    if wanted.op is Op.REOPEN and (released := await _release_hold(context, tracked, wanted)):
        return released
    receipts = await context.services.runs.receipts(tracked.handle, wanted.task)
    marker = context.effects.marker(wanted)
    check = PreconditionContext(
        message=context.message,
        person=wanted.by,
        receipts=receipts,
        zone=context.zone,
        now=context.now,
        own=(marker.code,),
        yours=await _receipts_of_sender(context, receipts, marker.who),
        can=context.adapter(tracked).capabilities,
        platform=platform_title(tracked.run.key.platform, context.services),
    )
    try:
        explanation = task_precondition(wanted, replace(check, was_tried=True))
        written = await write(context, tracked, wanted, task_precondition(wanted, check), explanation)
    except (CommandError, AdapterError) as error:
        if alone:
            raise  # with several tasks, "Nothing changed." would not be true of those before
        return report_refusal(error, context.services)
    report = report_outcome(context, written)
    has_no_effect = isinstance(written.last, Done) and (
        written.last.result.partial or written.last.result.too_late
    )
    begun = wanted.op is Op.BEGIN and not has_no_effect
    if begun and before is not None:
        report = _with_owners(report, written.tracked, before, context)
    if isinstance(wanted, AssignTask) and isinstance(written.last, Done) and not written.last.result.message:
        report = _with_others(report, written.tracked, wanted)
    if not (alone and begun):
        return report
    return _with_instructions(report, written.tracked, wanted, context.adapter(written.tracked))


async def _release_hold(context: CommandContext, tracked: TrackedRun, wanted: TaskWrite) -> OutcomeReport | None:
    """Reopening a task that only Liaison holds removes the hold, without a call to the platform."""
    task = tracked.run.task(wanted.task)
    if task is None or not _is_held_by_liaison(tracked, task):
        return None
    await context.services.runs.update_overlay(tracked.handle, lambda overlay: overlay.without_hold(task.id))
    line = released_line(context.message, tracked, wanted, context.services)
    return OutcomeReport(translate("receipt.let_go", task=task_name(tracked, task)), "done", activity=(line,))


def _is_held_by_liaison(tracked: TrackedRun, task: Task) -> bool:
    return task.id in tracked.overlay.holds and not task.state.is_over


def _with_owners(report: OutcomeReport, tracked: TrackedRun, task: Task, context: CommandContext) -> OutcomeReport:
    """Says whose task the person has begun. It stays theirs until the person takes it over.

    Where the platform has added the person to them, its adapter says so.
    """
    me = context.services.people.person(context.actor)
    now = tracked.run.task(task.id)
    if now is not None and is_among(me, now.assignees):
        return report
    if now is not None and not task.assignees and _are_others(me, now.assignees):
        task = now  # somebody was given it there in the meantime
    if report.result != "done" or not task.assignees or is_among(me, task.assignees):
        return report
    lines = (*report.lines, translate("receipt.still_theirs", people=people_names(task.assignees)))
    if isinstance(context.adapter(tracked).capabilities.get(Op.ASSIGN), Unsupported):
        return replace(report, lines=lines)
    return replace(report, lines=lines, buttons=(*report.buttons, take_over_button(tracked, task)))


def _are_others(me: Person, people: Sequence[Person]) -> bool:
    """For certain, by their addresses: a name of one's own may differ between chat and platform."""
    return bool(me.email and people) and all(person.email for person in people) and not is_among(me, people)


def _with_others(report: OutcomeReport, tracked: TrackedRun, wanted: AssignTask) -> OutcomeReport:
    """Names those who keep the task, where the platform has several people on one."""
    task = tracked.run.task(wanted.task)
    others = [person for person in task.assignees if not is_among(wanted.person, (person,))] if task else []
    if not task or not others or not is_among(wanted.person, task.assignees):
        return report
    text = translate("receipt.also_theirs", people=people_names(others))
    return replace(report, lines=(*report.lines, text))


def _with_instructions(
    report: OutcomeReport, tracked: TrackedRun, wanted: TaskWrite, adapter: Adapter
) -> OutcomeReport:
    """Adds what to do in a task that has begun, and buttons for what comes next."""
    task = tracked.run.task(wanted.task)
    if task is None or report.result != "done":
        return report
    handle = tracked.task_handle(task.id)
    buttons = (
        finish_button(tracked, task),
        button("button.comment", OpenForm(run=tracked.handle, about="comment", fill={"task": handle})),
    )
    lines = (*report.lines, *instruction_lines(adapter, task))
    return replace(report, lines=lines, buttons=(*report.buttons, *buttons))
