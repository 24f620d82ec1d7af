"""Checks on a snapshot whether a write to a task still makes sense.

First whether the task is already as asked (and by whom), then whether the write is still possible. Errors offer
what can be done instead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from adapters.models import Person, RunState, Task, TaskState
from adapters.protocol import Capability, supports
from adapters.toolkit.people import is_among, same_people
from adapters.writes import AssignTask, FinishTask, HoldTask, Op, TaskWrite
from commands.cards.error_card import AlreadyDone
from commands.cards.task_buttons import (
    approve_button,
    begin_button,
    finish_button,
    reopen_button,
    show_task_button,
    take_over_button,
)
from commands.cards.task_row import as_shown, is_asked, is_same_change, people_names
from commands.lookup.task_lookup import task_choices
from commands.model.card import Button, Link
from commands.model.errors import Ambiguous, CommandError, NotAllowed, Stale
from commands.model.intents import Assign, Choose
from commands.model.messages import Message
from commands.model.tracked_run import Receipt, TrackedRun
from commands.operations.write import Precondition
from commands.text.catalogue import LazyText, lazy
from commands.text.phrases import (
    button,
    by_and_at,
    clock,
    name_of_signer,
    run_name,
    show_button,
    start_button,
    task_name,
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
_CAUSES: Mapping[TaskState, Sequence[Op]] = {
    TaskState.DONE: (Op.FINISH, Op.APPROVE, Op.SKIP),  # some platforms close a task that is skipped
    TaskState.FAILED: (Op.REJECT,),
    TaskState.SKIPPED: (Op.SKIP,),
    TaskState.RUNNING: (Op.BEGIN,),
    TaskState.HELD: (Op.HOLD,),
}
_CHANGES = (Op.FINISH, Op.APPROVE, Op.REJECT, Op.SKIP, Op.BEGIN, Op.HOLD, Op.REOPEN)
_NOT_WHEN_OVER = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.ASSIGN, Op.APPROVE, Op.REJECT)
_DECISIONS = (Op.APPROVE, Op.REJECT)


@dataclass(frozen=True)
class PreconditionContext:
    """What a check needs besides the snapshot. ``own``: the receipt codes of this message's own writes;
    ``yours``: those of earlier writes of its sender."""

    message: Message
    person: Person
    receipts: Sequence[Receipt]
    zone: tzinfo
    now: datetime
    own: Collection[str] = ()
    yours: Collection[str] = ()
    can: Mapping[Op, Capability] = field(default_factory=dict)  # of the run's platform
    platform: str = ""  # its title
    was_tried: bool = False  # the platform has answered that it is done already

    def is_supported(self, op: Op) -> bool:
        return supports(self.can, op)


def task_precondition(wanted: TaskWrite, check: PreconditionContext) -> Precondition:
    """For ``operations.write``: checks the task in whatever snapshot it is given."""

    def precondition(tracked: TrackedRun) -> CommandError | None:
        if tracked.run.state.is_over:
            return run_over(tracked)
        if tracked.run.state is RunState.PLANNED and wanted.op in (Op.BEGIN, Op.FINISH):
            return Stale("stale.planned", run=run_name(tracked), buttons=[start_button(tracked), *_show(tracked)])
        task = tracked.run.task(wanted.task)
        if task is None:
            gone = tracked.task_handle(wanted.task) or wanted.task
            return Stale("stale.gone", buttons=_show(tracked), task=gone, run=run_name(tracked))
        return _already(wanted, tracked, as_shown(tracked, task), check) or _impossible(
            wanted, tracked, as_shown(tracked, task), check
        )

    return precondition


def run_over(tracked: TrackedRun) -> CommandError:
    return Stale("stale.run_over", run=run_name(tracked), buttons=_show(tracked))


def not_over(tracked: TrackedRun) -> CommandError | None:
    """For ``operations.write``: the precondition of a change of the run itself."""
    return run_over(tracked) if tracked.run.state.is_over else None


def _already(
    wanted: TaskWrite, tracked: TrackedRun, task: Task, check: PreconditionContext
) -> CommandError | None:
    key = _ALREADY.get((wanted.op, task.state))
    if (
        wanted.op is Op.BEGIN
        and task.state is TaskState.RUNNING
        and (task.assignees or check.was_tried or not check.is_supported(Op.ASSIGN))
    ):
        key = "already.begin"
    is_same_hold = isinstance(wanted, HoldTask) and task.reason == wanted.reason and wanted.until is None
    if is_same_hold and task.state is TaskState.HELD:
        key = "already.hold"
    if isinstance(wanted, AssignTask) and _is_assigned(wanted, task):
        key = "already.assign"
    if key is None or (wanted.op in _DECISIONS and not task.approval):
        return None
    facts = {
        "task": task_name(tracked, task),
        "state": lazy(f"state.{task.state}"),
        "people": people_names(task.assignees),
    }
    buttons = [finish_button(tracked, task)] if task.state is TaskState.RUNNING and task.is_ours else []
    if key == "already.begin" and not is_among(check.person, task.assignees) and check.is_supported(Op.ASSIGN):
        buttons.insert(0, take_over_button(tracked, task))  # "claim" and "take" mean this
    return AlreadyDone(key, deed=last_change(task, check), buttons=buttons, **facts)


def _is_assigned(wanted: AssignTask, task: Task) -> bool:
    has_others = wanted.take_over and len(task.assignees) > 1
    return not has_others and is_among(wanted.person, task.assignees)


def _impossible(
    wanted: TaskWrite, tracked: TrackedRun, task: Task, check: PreconditionContext
) -> CommandError | None:
    name = task_name(tracked, task)
    if wanted.op in _NOT_WHEN_OVER and task.state in _OVER:
        buttons = [
            *([reopen_button(tracked, task)] if check.is_supported(Op.REOPEN) else []),
            show_task_button(tracked, task),
        ]
        over = _OVER[task.state] if check.is_supported(Op.REOPEN) else _OVER_FOR_GOOD[task.state]
        return Stale(over, task=name, deed=last_change(task, check), buttons=buttons)
    if isinstance(wanted, AssignTask) and not same_people(wanted.expected or (), task.assignees):
        return _assigned_meanwhile(wanted, tracked, task)
    if task.approval and wanted.op is Op.FINISH:
        return _needs_approval(tracked, task, check)
    if wanted.op in _DECISIONS and not task.approval:
        return NotAllowed("task.no_approval", task=name, buttons=[show_task_button(tracked, task)])
    if wanted.op in (Op.FINISH, Op.BEGIN, *_DECISIONS) and _is_waiting(tracked, task):
        return _still_waiting(tracked, task)
    if isinstance(wanted, FinishTask) and task.branches and not wanted.then:
        branches = [other for id in task.branches if (other := tracked.run.task(id))]
        buttons = _with_task(task_choices(branches, tracked, "then", check.message), tracked, task)
        return Ambiguous("task.branches", task=name, buttons=buttons)
    return None


def _assigned_meanwhile(wanted: AssignTask, tracked: TrackedRun, task: Task) -> CommandError:
    """Says who has it now. The button assigns it nevertheless, unless that changes again."""
    people = people_names(task.assignees)
    anyway = Assign(
        run=tracked.handle,
        tasks=(tracked.task_handle(task.id),),
        person=wanted.person.id or wanted.person.email or wanted.person.shown,
        holder=people,
        take_over=wanted.take_over,
    )
    key = "stale.assigned" if people else "stale.unassigned"
    buttons = [button("button.assign_anyway", anyway, person=wanted.person.shown), show_task_button(tracked, task)]
    return Stale(key, task=task_name(tracked, task), people=people, buttons=buttons)


def _needs_approval(tracked: TrackedRun, task: Task, check: PreconditionContext) -> CommandError:
    """Finishing never gives an approval. Its approvers get a button for it."""
    platform = check.platform or tracked.run.key.platform
    url = task.link or tracked.run.link
    approvers = task.mark.removeprefix("approval").lstrip(": ")
    return NotAllowed(
        "task.approval" if approvers else "task.approval_unnamed",
        task=task_name(tracked, task),
        people=approvers,
        where=Link(platform, url) if url else platform,
        buttons=[approve_button(tracked, task)]
        if check.is_supported(Op.APPROVE) and is_asked(check.person, task)
        else [],
    )


def _with_task(buttons: Sequence[Button], tracked: TrackedRun, task: Task) -> list[Button]:
    """The button of a branch also says which task it finishes: the typed line may have named several."""
    handle = tracked.task_handle(task.id)
    return [
        Button(
            branch.label, branch.intent.model_copy(update={"values": {**branch.intent.values, "tasks": (handle,)}})
        )
        for branch in buttons
        if handle and isinstance(branch.intent, Choose)
    ]


def _is_waiting(tracked: TrackedRun, task: Task) -> bool:
    """Also while it is held, which hides that it is waiting."""
    if task.state is TaskState.HELD:
        return any(not other.state.is_over for id in task.waits_for if (other := tracked.run.task(id)))
    return task.state is TaskState.WAITING and bool(task.waits_for)


def _still_waiting(tracked: TrackedRun, task: Task) -> CommandError:
    before = [as_shown(tracked, other) for id in task.waits_for if (other := tracked.run.task(id))]
    if not before:
        return Stale("stale.waits_somehow", task=task_name(tracked, task), buttons=_show(tracked))
    first = before[0]
    step = finish_button(tracked, first) if first.state is TaskState.RUNNING else begin_button(tracked, first)
    stuck = not first.is_ours or first.state is TaskState.WAITING or first.state.is_over
    buttons = [] if stuck else [step]
    return Stale(
        "stale.waits",
        task=task_name(tracked, task),
        others=[_with_people(tracked, other) for other in before],
        buttons=[*buttons, show_task_button(tracked, first)],
    )


def _with_people(tracked: TrackedRun, task: Task) -> LazyText:
    people = people_names((*task.assignees, *task.approvers))
    return lazy("task.of" if people else "task.nobodys", task=task_name(tracked, task), people=people)


def last_change(task: Task, check: PreconditionContext) -> LazyText | str:
    """ " by Ben at 14:01": from our ledger if it was Liaison, else from the platform; empty if unknown."""
    running = task.state is TaskState.RUNNING
    at = task.started_at if running else task.finished_at
    changes = (other for other in check.receipts if other.op in _CHANGES and other.code not in check.own)
    receipt = next(changes, None)  # the newest
    if receipt is not None and receipt.op in _CAUSES.get(task.state, ()) and is_same_change(receipt.at, at):
        at_time = clock(receipt.at, check.zone, check.now)
        if receipt.code in check.yours:
            return lazy("deed.yours", at=at_time, code=receipt.code)
        return lazy("deed.ours", who=name_of_signer(receipt.by), at=at_time, code=receipt.code)
    by = (task.started_by or people_names(task.assignees)) if running else (task.finished_by or "")
    return by_and_at(by, at, check.zone, check.now)


def _show(tracked: TrackedRun) -> list[Button]:
    return [show_button(tracked)]
