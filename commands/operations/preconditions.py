"""Whether a task can be what somebody wants it to be, judged on a snapshot (DESIGN section 4, "Buttons").

In this order: already as asked, and by whom; still possible; else stale, with what can be done instead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from adapters.models import Person, RunState, Task, TaskState
from adapters.protocol import Capability, supports
from adapters.writes import AssignTask, FinishTask, HoldTask, Op, TaskWrite
from commands.cards.error_card import AlreadyDone
from commands.cards.task_buttons import (
    approve_button,
    begin_button,
    finish_button,
    reopen_button,
    show_task_button,
)
from commands.cards.task_row import as_shown, is_asked, people_names
from commands.lookup.task_lookup import task_choices
from commands.model.card import Button, Text
from commands.model.errors import Ambiguous, CommandError, NotAllowed, Stale
from commands.model.messages import Message
from commands.model.tracked_run import Receipt, TrackedRun
from commands.operations.write import Precondition
from commands.text.catalogue import translate
from commands.text.phrases import (
    clock,
    join_parts,
    open_link,
    run_name,
    show_button,
    start_button,
    task_name,
    task_state_name,
)

_ALREADY: Mapping[tuple[Op, TaskState], str] = {
    (Op.FINISH, TaskState.DONE): "already.finish",
    (Op.APPROVE, TaskState.DONE): "already.approve",
    (Op.REJECT, TaskState.FAILED): "already.reject",
    (Op.SKIP, TaskState.SKIPPED): "already.skip",
    (Op.REOPEN, TaskState.READY): "already.open",
    (Op.REOPEN, TaskState.WAITING): "already.open",
    (Op.REOPEN, TaskState.RUNNING): "already.open",
}
_OVER: Mapping[TaskState, str] = {
    TaskState.DONE: "stale.done",
    TaskState.SKIPPED: "stale.skipped",
    TaskState.FAILED: "stale.failed",
}
_OVER_FOR_GOOD: Mapping[TaskState, str] = {
    TaskState.DONE: "already.finish",
    TaskState.SKIPPED: "already.skip",
    TaskState.FAILED: "stale.failed_for_good",
}
_DEEDS: Mapping[TaskState, Sequence[Op]] = {
    TaskState.DONE: (Op.FINISH, Op.APPROVE),
    TaskState.FAILED: (Op.REJECT,),
    TaskState.SKIPPED: (Op.SKIP,),
    TaskState.RUNNING: (Op.BEGIN,),
    TaskState.HELD: (Op.HOLD,),
}
_NOT_WHEN_OVER = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.APPROVE, Op.REJECT)
_DECISIONS = (Op.APPROVE, Op.REJECT)


@dataclass(frozen=True)
class PreconditionContext:
    """What a judgement needs besides the snapshot. ``own``: codes of this very message's effects."""

    message: Message
    me: Person
    receipts: Sequence[Receipt]
    zone: tzinfo
    own: Collection[str] = ()
    can: Mapping[Op, Capability] = field(default_factory=dict)  # of the run's platform
    platform: str = ""  # its title

    def may(self, op: Op) -> bool:
        return supports(self.can, op)


def task_precondition(wanted: TaskWrite, with_: PreconditionContext) -> Precondition:
    """For ``writing.write``: looks at the task in whatever snapshot it is given."""

    def judge(known: TrackedRun) -> CommandError | None:
        if known.run.state.is_over:
            return run_over(known)
        if known.run.state is RunState.PLANNED and wanted.op in (Op.BEGIN, Op.FINISH):
            return Stale("stale.planned", run=run_name(known), buttons=[start_button(known), *_show(known)])
        task = known.run.task(wanted.task)
        if task is None:
            return Stale("stale.gone", buttons=_show(known), run=run_name(known))
        return _already(wanted, known, as_shown(known, task), with_) or _impossible(
            wanted, known, as_shown(known, task), with_
        )

    return judge


def run_over(known: TrackedRun) -> CommandError:
    return Stale("stale.run_over", run=run_name(known), buttons=_show(known))


def not_over(known: TrackedRun) -> CommandError | None:
    """For ``writing.write``: all that a change of the run itself needs."""
    return run_over(known) if known.run.state.is_over else None


def _already(wanted: TaskWrite, known: TrackedRun, task: Task, with_: PreconditionContext) -> CommandError | None:
    key = _ALREADY.get((wanted.op, task.state))
    if wanted.op is Op.BEGIN and task.state is TaskState.RUNNING and (task.assignees or not with_.may(Op.ASSIGN)):
        key = "already.begin"
    if isinstance(wanted, HoldTask) and task.state is TaskState.HELD and task.reason == wanted.reason:
        key = "already.hold"
    if isinstance(wanted, AssignTask) and _has_it(wanted, task):
        key = "already.assign"
    if key is None or (wanted.op in _DECISIONS and not task.approval):
        return None
    facts = {
        "task": task_name(known, task),
        "state": task_state_name(task.state),
        "people": people_names(task.assignees),
    }
    buttons = [finish_button(known, task)] if task.state is TaskState.RUNNING and task.is_ours else []
    return AlreadyDone(key, deed=deed(task, with_), buttons=buttons, **facts)


def _has_it(wanted: AssignTask, task: Task) -> bool:
    person = wanted.person
    return any(
        (person.id and person.id == other.id)
        or (person.email and other.email and person.email.casefold() == other.email.casefold())
        for other in task.assignees
    )


def _impossible(
    wanted: TaskWrite, known: TrackedRun, task: Task, with_: PreconditionContext
) -> CommandError | None:
    name = task_name(known, task)
    if wanted.op in _NOT_WHEN_OVER and task.state in _OVER:
        buttons = [*([reopen_button(known, task)] if with_.may(Op.REOPEN) else []), show_task_button(known, task)]
        over = _OVER[task.state] if with_.may(Op.REOPEN) else _OVER_FOR_GOOD[task.state]
        return Stale(over, task=name, deed=deed(task, with_), buttons=buttons)
    if task.approval and wanted.op is Op.FINISH:
        return _theirs(known, task, with_)
    if wanted.op in _DECISIONS and not task.approval:
        return NotAllowed("task.no_approval", task=name, buttons=[show_task_button(known, task)])
    if wanted.op in (Op.FINISH, Op.BEGIN, *_DECISIONS) and _waits_still(known, task):
        return _waits(known, task)
    if isinstance(wanted, FinishTask) and task.branches and not wanted.then:
        branches = [other for id in task.branches if (other := known.run.task(id))]
        buttons = _with_task(task_choices(branches, known, "then", with_.message), known, task)
        return Ambiguous("task.branches", task=name, buttons=buttons)
    return None


def _theirs(known: TrackedRun, task: Task, with_: PreconditionContext) -> CommandError:
    """An approval is never given on the way; whoever it may be theirs can say so."""
    platform = with_.platform or known.run.key.platform
    page = open_link(platform, task.link or known.run.link)
    where: Text = (page or platform,)
    people_names = task.mark.removeprefix("approval").lstrip(": ")
    return NotAllowed(
        "task.approval" if people_names else "task.approval_unnamed",
        task=task_name(known, task),
        people=people_names,
        where=where,
        buttons=[approve_button(known, task)] if with_.may(Op.APPROVE) and is_asked(with_.me, task) else [],
    )


def _with_task(buttons: Sequence[Button], known: TrackedRun, task: Task) -> list[Button]:
    """A branch's button also says which task it finishes: the typed line may have named several."""
    return [
        Button(press.label, press.intent.model_copy(update={"pick": {**press.intent.pick, "tasks": (handle,)}}))
        for press in buttons
        if (handle := known.task_handle(task.id)) and hasattr(press.intent, "pick")
    ]


def _waits_still(known: TrackedRun, task: Task) -> bool:
    """Also behind a hold, which covers it up."""
    if task.state is TaskState.HELD:
        return any(not other.state.is_over for id in task.waits_for if (other := known.run.task(id)))
    return task.state is TaskState.WAITING and bool(task.waits_for)


def _waits(known: TrackedRun, task: Task) -> CommandError:
    before = [as_shown(known, other) for id in task.waits_for if (other := known.run.task(id))]
    named = join_parts([_held_by(known, other) for other in before])
    if not before:
        return Stale("stale.waits_somehow", task=task_name(known, task), buttons=_show(known))
    first = before[0]
    step = finish_button(known, first) if first.state is TaskState.RUNNING else begin_button(known, first)
    stuck = not first.is_ours or first.state is TaskState.WAITING or first.state.is_over
    buttons = [] if stuck else [step]
    return Stale(
        "stale.waits",
        task=task_name(known, task),
        others=named,
        buttons=[*buttons, show_task_button(known, first)],
    )


def _held_by(known: TrackedRun, task: Task) -> Text:
    who = people_names((*task.assignees, *task.approvers))
    return translate("task.of" if who else "task.nobodys", task=task_name(known, task), people=who)


def deed(task: Task, with_: PreconditionContext) -> Text:
    """ " by Ben at 14:01": from our ledger if it was us, else as the platform tells it; empty if nobody does."""
    ops = _DEEDS.get(task.state, ())
    ours = next((one for one in with_.receipts if one.op in ops and one.code not in with_.own), None)
    if ours is not None:
        return translate("deed.ours", who=ours.by, at=clock(ours.at, with_.zone), code=ours.code)
    running = task.state is TaskState.RUNNING
    by = (task.started_by or people_names(task.assignees)) if running else (task.finished_by or "")
    return said_by(by, task.started_at if running else task.finished_at, with_.zone)


def said_by(by: str, at: datetime | None, zone: tzinfo | None) -> Text:
    who: Text = translate("deed.by", who=by) if by else ()
    when: Text = translate("deed.at", at=clock(at, zone)) if at else ()
    return (*who, *when)


def _show(known: TrackedRun) -> list[Button]:
    return [show_button(known)]
