"""What Liaison itself stores for a run once a step of a write is done. It is committed with the step's outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.protocol import Capability, Emulated
from adapters.results import WriteResult
from adapters.toolkit.people import is_among
from adapters.writes import NOTE, EndRun, HoldTask, Op, SetStatus, StartRun, TaskWrite, Write
from commands.model.messages import Actor
from commands.model.tracked_run import EndOfRun, LastAction, RunOverlay, TrackedRun

_RECORDED = (Op.BEGIN, Op.FINISH, Op.SKIP)  # not approvals: many people may have a part in one
_CLEARS_HOLD = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.REOPEN)


@dataclass(frozen=True, slots=True)
class DoneStep:
    """``by``: None if its message is not there any more, and then nothing is stored. ``capability``: what the
    platform can do; None if it is not configured any more. ``typed_at``: when the message was sent to us."""

    step: Write
    result: WriteResult
    by: Actor | None
    capability: Capability | None
    typed_at: datetime
    sent_at: datetime
    now: datetime

    @property
    def is_emulated(self) -> bool:
        """Whether the platform cannot hold all of it."""
        return isinstance(self.capability, Emulated)


def with_overlay(tracked: TrackedRun, done: DoneStep) -> TrackedRun:
    """``tracked``: the run, changed by the result already."""
    overlay = tracked.overlay if done.by is None else _overlay(tracked, done, done.by)
    return tracked if overlay is tracked.overlay else tracked.model_copy(update={"overlay": overlay})


def _overlay(tracked: TrackedRun, done: DoneStep, by: Actor) -> RunOverlay:
    overlay, result = tracked.overlay, done.result
    match done.step:
        case StartRun():  # the card of a run that has ended says how long it took
            return overlay if overlay.started_at else overlay.model_copy(update={"started_at": done.now})
        case SetStatus(part=part) as step if result.health or not part:
            return _with_promise(_with_health(overlay, step, done, by), step, done, by)
        case EndRun(part=part, text=text) if part != NOTE and not (result.partial or result.already):
            ended = EndOfRun(by=by, at=done.now, text=text)
            return overlay.model_copy(update={"ended": ended})
        case TaskWrite() as step if not result.too_late:
            return _with_last_action(_with_hold(overlay, step, done), tracked, step, done, by)
    return overlay


def _with_health(overlay: RunOverlay, step: SetStatus, done: DoneStep, by: Actor) -> RunOverlay:
    """Stores what the platform cannot hold: the colour, and the text as it was typed."""
    theirs = done.result.health
    is_lost = step.health is not None and theirs is not None and theirs.health is not step.health
    at = max(done.typed_at, theirs.at) if theirs is not None and theirs.at else done.typed_at
    is_newest = overlay.health_at is None or overlay.health_at <= at
    if not (is_lost or done.is_emulated) or not is_newest:
        return overlay
    health: Mapping[str, object] = {
        "health": step.health or overlay.health,
        "health_text": step.text,
        "health_by": by.display_name,
        "health_at": at,
    }
    return overlay.model_copy(update=health)


def _with_promise(overlay: RunOverlay, step: SetStatus, done: DoneStep, by: Actor) -> RunOverlay:
    """Unless somebody has made another promise since: the outcome may have become known late."""
    if overlay.promised_at is not None and overlay.promised_at > done.sent_at:
        return overlay
    return overlay.with_promise(step.next_at, by, done.now)


def _with_hold(overlay: RunOverlay, step: TaskWrite, done: DoneStep) -> RunOverlay:
    if isinstance(step, HoldTask):
        is_stored = not done.is_emulated or overlay.holds.get(step.task) == step.reason
        return overlay if is_stored else overlay.with_hold(step.task, step.reason)
    if step.op in _CLEARS_HOLD and step.task in overlay.holds:
        return overlay.without_hold(step.task)
    return overlay


def _with_last_action(
    overlay: RunOverlay, tracked: TrackedRun, step: TaskWrite, done: DoneStep, by: Actor
) -> RunOverlay:
    """Stores who changed the task, where the platform names nobody or the task is somebody else's."""
    task, result = tracked.run.task(step.task), done.result
    changes_state = step.op in _RECORDED and step.part != NOTE and not (result.already or result.partial)
    if task is None or not changes_state:
        return overlay
    is_mine_or_named = is_among(step.by, task.assignees) if task.assignees else bool(task.started_by)
    if task.finished_by if task.state.is_over else is_mine_or_named:
        return overlay
    at = task.finished_at if task.state.is_over else task.started_at  # by the platform's clock
    return overlay.with_last_action(step.task, LastAction(state=task.state, by=by, at=at or done.now))
