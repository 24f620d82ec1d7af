"""One write to a run, from its precondition to the outcome of its last step.

A handler may run again from its first line after a crash, when its own write may have changed the run. So the
errors of the precondition and of ``Adapter.steps`` are raised from within ``effects.execute``, which skips them if
the step was already sent.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from adapters.errors import AdapterError, Conflict
from adapters.writes import Write
from commands.cards.error_card import AlreadyDone
from commands.model.errors import CommandError
from commands.model.outcomes import Done, Outcome, Refused, WriteOutcome
from commands.model.ports import CommandContext, RunChanged
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import run_name, task_name

Precondition = Callable[[TrackedRun], CommandError | None]


def no_precondition(tracked: TrackedRun) -> CommandError | None:
    return None


async def write(
    context: CommandContext,
    tracked: TrackedRun,
    wanted: Write,
    precondition: Precondition = no_precondition,
    explanation: Precondition | None = None,
) -> WriteOutcome:
    """Raises the error of ``precondition``, or the adapter's refusal, if nothing was ever sent.

    ``explanation`` says who did it before, where the platform answers that it is done already.

    An error found on the stored snapshot is checked again on a fresh one before it is raised. What was checked on
    a snapshot that is not the stored one any more is checked again before anything is sent.
    """
    while True:
        try:
            return await _write(context, tracked, wanted, precondition, explanation)
        except RunChanged:
            continue


async def _write(
    context: CommandContext,
    tracked: TrackedRun,
    wanted: Write,
    precondition: Precondition,
    explanation: Precondition | None,
) -> WriteOutcome:
    await context.effects.wait_for_earlier(wanted, tracked)
    tracked = await _latest(context, tracked)
    steps, refusal = _steps(context, tracked, wanted, precondition)
    if refusal is not None:
        tracked = await _reread(context, tracked)
        steps, refusal = _steps(context, tracked, wanted, precondition)
    several = len(steps) > 1 and tracked.started
    with context.services.responder.defer_card(tracked.handle) if several else nullcontext():
        tracked, outcomes = await _execute(context, tracked, wanted, steps, refusal)
    if all(isinstance(outcome, Done) and outcome.result.already for outcome in outcomes[:-1]):
        await _explain_conflict(context, tracked, outcomes[-1], explanation or precondition)
    return WriteOutcome(wanted, await _latest(context, tracked), tuple(outcomes))


async def _execute(
    context: CommandContext,
    tracked: TrackedRun,
    wanted: Write,
    steps: Sequence[Write],
    refusal: CommandError | AdapterError | None,
) -> tuple[TrackedRun, Sequence[Outcome]]:
    """The run after the last step that went through, and the outcomes up to the first one that did not."""
    outcomes: list[Outcome] = []
    run = wanted.run
    for step in steps:
        complete = step if run is None or step.run else step.model_copy(update={"run": run})
        outcome = await context.effects.execute(
            complete, tracked, check=_raising(refusal) if not outcomes else None
        )
        outcomes.append(outcome)
        if not isinstance(outcome, Done) or (outcome.result.already and not complete.part):
            break  # somebody else did it before, so our note does not belong on it
        if outcome.result.too_late:
            break
        run = outcome.result.run or run
        tracked = await _latest(context, tracked)
    return tracked, outcomes


def _steps(
    context: CommandContext, tracked: TrackedRun, wanted: Write, precondition: Precondition
) -> tuple[Sequence[Write], CommandError | AdapterError | None]:
    refusal: CommandError | AdapterError | None = precondition(tracked)
    try:
        steps = context.adapter(tracked).steps(wanted, tracked.run if tracked.started else None)
    except AdapterError as error:
        return [wanted], refusal or error
    if not steps:
        already = Conflict(tracked.run.key.platform, wanted.op.value, already=True, key="said.already")
        return [wanted], refusal or already
    return steps, refusal


def _raising(refusal: CommandError | AdapterError | None) -> Callable[[], None]:
    def check() -> None:
        if refusal is not None:
            raise refusal

    return check


async def _latest(context: CommandContext, tracked: TrackedRun) -> TrackedRun:
    return await context.services.runs.get(tracked.handle) or tracked


async def _reread(context: CommandContext, tracked: TrackedRun) -> TrackedRun:
    if not tracked.started:
        return tracked
    try:
        return await context.services.runs.refresh(tracked.handle)
    except AdapterError:
        return tracked  # the refusal is based on the last read


async def _explain_conflict(
    context: CommandContext, tracked: TrackedRun, outcome: Outcome, precondition: Precondition
) -> None:
    """The platform says that the state has changed: reads it, and raises an error that says who did what."""
    changed = isinstance(outcome, Refused) and isinstance(outcome.error, Conflict)
    if changed or (isinstance(outcome, Done) and outcome.result.already):
        tracked = await _reread(context, tracked)
        refusal = precondition(tracked)
        if refusal is not None:
            raise refusal
        if isinstance(outcome, Done) and not outcome.result.partial:
            # The snapshot does not show it (an urgent flag, say). For a part, the adapter has its own message.
            task = tracked.run.task(outcome.step.target) if outcome.step.target else None
            raise AlreadyDone("already.so", what=task_name(tracked, task) if task else run_name(tracked))
