"""What all verbs on tasks share: finding the tasks, one judged write for each, and an answer that lists all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.errors import AdapterError
from adapters.models import Task, TaskState
from adapters.protocol import Capability, Emulated, Unsupported, supports
from adapters.writes import Op, TaskWrite
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome, report_refusal
from commands.cards.task_buttons import finish_button
from commands.cards.task_row import is_asked, last_actor, shown_tasks
from commands.lookup.task_lookup import task_choices, tasks_named
from commands.model.card import Answer, Code
from commands.model.errors import Ambiguous, CommandError, Missing, Stale
from commands.model.intents import End, OpenForm, TaskIntent
from commands.model.outcomes import Done
from commands.model.ports import CommandContext
from commands.model.tracked_run import LastAction, TrackedRun
from commands.operations.preconditions import PreconditionContext, run_over, task_precondition
from commands.operations.write import write
from commands.text.catalogue import translate
from commands.text.error_text import CAPABILITY_KEYS, platform_title
from commands.text.phrases import MOST_CHOICES, button, run_name, show_button, task_name

_OPEN = (TaskState.RUNNING, TaskState.READY, TaskState.HELD, TaskState.WAITING, TaskState.FAILED)
_DECIDED = (TaskState.READY, TaskState.RUNNING, TaskState.HELD)
_CANDIDATES: Mapping[Op, Sequence[TaskState]] = {
    Op.FINISH: (TaskState.RUNNING, TaskState.READY, TaskState.HELD),
    Op.BEGIN: (TaskState.READY, TaskState.HELD),
    Op.SKIP: _OPEN,
    Op.HOLD: (TaskState.RUNNING, TaskState.READY, TaskState.WAITING),
    Op.REOPEN: (TaskState.DONE, TaskState.SKIPPED, TaskState.FAILED, TaskState.HELD),
    Op.ASSIGN: _OPEN,
    Op.APPROVE: _DECIDED,
    Op.REJECT: _DECIDED,
}
_DEEDS = (Op.BEGIN, Op.FINISH, Op.SKIP)  # of an approval many may have a part
_CLEARS_HOLD = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.REOPEN)


def required_run(context: CommandContext) -> TrackedRun:
    """The run of a command that cannot do without one. Raises where a start of it came to nothing."""
    known = context.run
    if known is None:
        raise Missing("run.none")
    if not known.started:
        raise Stale("start.never", run=run_name(known))
    return known


def require(context: CommandContext, known: TrackedRun, op: Op) -> None:
    """Raises before any call where the platform has no such thing, and says what to do instead."""
    capability = context.adapter(known).capabilities.get(op)
    if isinstance(capability, Unsupported):
        platform = platform_title(known.run.key.platform, context.services)
        raise CommandError(
            "said.unsupported",
            verb=translate(CAPABILITY_KEYS[op]),
            platform=platform,
            instead=capability.alternative,
        )


def is_emulated(context: CommandContext, known: TrackedRun, op: Op) -> bool:
    return isinstance(context.adapter(known).capabilities.get(op), Emulated)


async def execute_on_tasks(
    intent: TaskIntent, context: CommandContext, kind: type[TaskWrite], **fields: Any
) -> Answer:
    """Names are found first, all or none; then one write after the other, and one line for each.

    ``fields``: what the writes of this kind have beside their task.
    """
    known = required_run(context)
    op: Op = kind.model_fields["op"].default
    by = context.services.people.person(context.actor)
    may_let_go = op is Op.REOPEN and bool(known.overlay.holds)
    if not (may_let_go and intent.tasks):
        require(context, known, op)
    if not intent.tasks:
        raise await which(context, known, op)
    try:
        tasks = tasks_named(intent.tasks, known, context.message, context.services)
    except Missing:
        known = await context.services.runs.refresh(known.handle)  # somebody may have added it there
        tasks = tasks_named(intent.tasks, known, context.message, context.services)
    if may_let_go and not all(_only_we_hold(known, task) for task in tasks):
        require(context, known, op)
    tasks = list({task.id: task for task in tasks}.values())  # named twice is meant once
    results: list[OutcomeReport] = []
    for task in tasks:
        wanted = kind(run=known.run.key, by=by, task=task.id, options=intent.options, **fields)
        results.append(await _one(context, known, wanted, alone=len(tasks) == 1))
        known = await context.services.runs.get(known.handle) or known
    return answer_of(known, results)


async def _one(context: CommandContext, known: TrackedRun, wanted: TaskWrite, *, alone: bool) -> OutcomeReport:
    known = await context.services.runs.get(known.handle) or known
    if wanted.op is Op.REOPEN and (only_held := await _let_go(context, known, wanted)):
        return only_held
    receipts = await context.services.runs.receipts(known.handle, wanted.task)
    own = (context.effects.marker(wanted).code,)
    judging = PreconditionContext(context.message, wanted.by, receipts, context.zone, own, *_of(context, known))
    try:
        written = await write(context, known, wanted, task_precondition(wanted, judging))
    except (CommandError, AdapterError) as error:
        if alone:
            raise  # else it would speak for those before it, and "nothing changed" would be a lie
        return report_refusal(error, context.services)
    if isinstance(written.last, Done):
        await _keep_hold(context, written.known, wanted)
        if not written.last.result.already:
            await _keep_deed(context, written.known, wanted)
    told = report_outcome(
        context, replace(written, known=await context.services.runs.get(known.handle) or written.known)
    )
    begun = wanted.op is Op.BEGIN and not (isinstance(written.last, Done) and written.last.result.partial)
    return _begun(told, written.known, wanted) if alone and begun else told


def _of(context: CommandContext, known: TrackedRun) -> tuple[Mapping[Op, Capability], str]:
    return context.adapter(known).capabilities, platform_title(known.run.key.platform, context.services)


async def _let_go(context: CommandContext, known: TrackedRun, wanted: TaskWrite) -> OutcomeReport | None:
    """Reopening what is held only by our own mark takes the mark away; the platform is not asked."""
    task = known.run.task(wanted.task)
    if task is None or not _only_we_hold(known, task):
        return None
    await _keep_hold(context, known, wanted)
    return OutcomeReport(translate("receipt.let_go", task=task_name(known, task)), "done")


def _only_we_hold(known: TrackedRun, task: Task) -> bool:
    return task.id in known.overlay.holds and not task.state.is_over


async def _keep_hold(context: CommandContext, known: TrackedRun, wanted: TaskWrite) -> None:
    holds = dict(known.overlay.holds)
    if wanted.op is Op.HOLD and is_emulated(context, known, Op.HOLD):
        holds[wanted.task] = getattr(wanted, "reason", "")
    elif wanted.op in _CLEARS_HOLD:
        holds.pop(wanted.task, None)
    if holds != dict(known.overlay.holds):
        await context.services.runs.update_overlay(known.handle, holds=holds)


async def _keep_deed(context: CommandContext, known: TrackedRun, wanted: TaskWrite) -> None:
    """Who did it, where the platform names nobody."""
    task = known.run.task(wanted.task)
    if task is None or wanted.op not in _DEEDS:
        return
    if task.finished_by if task.state.is_over else (task.started_by or task.assignees):
        return
    told = task.finished_at if task.state.is_over else task.started_at  # by a clock that need not agree with ours
    deed = LastAction(state=task.state, by=context.actor, at=told or context.now)
    await context.services.runs.update_overlay(
        known.handle, last_actions={**known.overlay.last_actions, wanted.task: deed}
    )


def _begun(told: OutcomeReport, known: TrackedRun, wanted: TaskWrite) -> OutcomeReport:
    """What is to be done now, and the two things that come after it."""
    task = known.run.task(wanted.task)
    if task is None or told.result != "done":
        return told
    handle = known.task_handle(task.id)
    lines = [*told.lines]
    if task.instructions.strip():
        lines.append((task.instructions,))
    if task.command.strip():
        lines.append((Code(task.command, block=True),))
    buttons = (
        finish_button(known, task),
        button("button.comment", OpenForm(run=known.handle, about="comment", fill={"task": handle})),
    )
    return replace(told, lines=tuple(lines), buttons=buttons)


async def which(context: CommandContext, known: TrackedRun, op: Op) -> CommandError:
    """No task was named: a button for each that this can be done to; mine first."""
    if known.run.state.is_over:
        return run_over(known)
    tasks = [task for task in shown_tasks(known) if task.state in _CANDIDATES[op]]
    if op in (Op.APPROVE, Op.REJECT):
        tasks = [task for task in tasks if task.approval]
    mine = [task for task in tasks if is_mine(task, known, context)]
    if op is Op.FINISH:
        return _which_to_finish(context, known, [task for task in tasks if task.is_ours])
    found = [*mine, *(task for task in tasks if task not in mine)]
    if not found:
        show = show_button(known)
        return Missing("task.none_to", verb=op.value, run=run_name(known), buttons=[show])
    rest = ", ".join(known.task_handle(task.id) for task in found[MOST_CHOICES:])
    buttons = task_choices(found, known, "tasks", context.message)
    return Ambiguous("task.which", verb=op.value, run=run_name(known), buttons=buttons, rest=rest)


def _which_to_finish(context: CommandContext, known: TrackedRun, tasks: Sequence[Task]) -> CommandError:
    """My running tasks, else the running ones, else what could be; and the run itself."""
    running = [task for task in tasks if task.state is TaskState.RUNNING]
    likely = [task for task in running if is_mine(task, known, context)] or running or tasks
    buttons = task_choices(likely[: MOST_CHOICES - 1], known, "tasks", context.message)
    if supports(context.adapter(known).capabilities, Op.END):
        buttons.append(button("button.end", End(run=known.handle), run=known.handle))
    if not buttons:
        return Missing("task.none_to", verb=Op.FINISH.value, run=run_name(known), buttons=[show_button(known)])
    return Ambiguous("task.which_finish", run=run_name(known), buttons=buttons)


def is_mine(task: Task, known: TrackedRun, context: CommandContext) -> bool:
    """Whether the platform's assignee (of an approval: who is asked for it) is this person: by e-mail, id or
    handle, else by the very same name. What is open and nobody's there is whose who began it here."""
    if not task.state.is_over and not task.assignees and (began := last_actor(known, task)):
        return (began.surface, began.id) == (context.actor.surface, context.actor.id)
    me = context.services.people.person(context.actor)
    return is_asked(me, task)
