"""One wanted change of a run, from judging it to its last step's outcome.

A handler may run again from its first line after a crash. So what our own write could have changed (the
judgement, and what ``Adapter.steps`` refuses) is raised from within ``effects.do``, where it is skipped when
the step was sent before.
"""

from collections.abc import Callable, Sequence

from adapters.errors import AdapterError, Conflict
from adapters.writes import Write
from commands.cards.error_card import AlreadyDone
from commands.model.errors import CommandError
from commands.model.outcomes import Done, Outcome, Refused, WriteOutcome
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import run_name, task_name

Precondition = Callable[[TrackedRun], CommandError | None]


def no_precondition(known: TrackedRun) -> CommandError | None:
    return None


async def write(
    context: CommandContext, known: TrackedRun, wanted: Write, judge: Precondition = no_precondition
) -> WriteOutcome:
    """Raises what ``judge`` objects, or the adapter's refusal, if nothing of it was ever sent.

    What the snapshot forbids is judged once more on a fresh one: nobody is told something old.
    """
    known = await _latest(context, known)
    steps, objection = _look(context, known, wanted, judge)
    if objection is not None:
        known = await _reread(context, known)
        steps, objection = _look(context, known, wanted, judge)
    outcomes: list[Outcome] = []
    run = wanted.run
    for step in steps:
        here = step if run is None or step.run else step.model_copy(update={"run": run})
        outcome = await context.effects.execute(here, known, check=_raising(objection) if not outcomes else None)
        outcomes.append(outcome)
        if not isinstance(outcome, Done) or (outcome.result.already and not here.part):
            break  # what was so before us needs no more of our words on it
        run = outcome.result.run or run
        known = await _latest(context, known)
    if len(outcomes) == 1:
        await _settle_conflict(context, known, outcomes[0], judge)
    return WriteOutcome(wanted, await _latest(context, known), tuple(outcomes))


def _look(
    context: CommandContext, known: TrackedRun, wanted: Write, judge: Precondition
) -> tuple[Sequence[Write], CommandError | AdapterError | None]:
    objection: CommandError | AdapterError | None = judge(known)
    try:
        steps = context.adapter(known).steps(wanted, known.run if known.started else None)
    except AdapterError as error:
        return [wanted], objection or error
    if not steps:
        already = Conflict(known.run.key.platform, wanted.op.value, already=True, key="said.already")
        return [wanted], objection or already
    return steps, objection


def _raising(objection: CommandError | AdapterError | None) -> Callable[[], None]:
    def check() -> None:
        if objection is not None:
            raise objection

    return check


async def _latest(context: CommandContext, known: TrackedRun) -> TrackedRun:
    return await context.services.runs.get(known.handle) or known


async def _reread(context: CommandContext, known: TrackedRun) -> TrackedRun:
    if not known.started:
        return known
    try:
        return await context.services.runs.refresh(known.handle)
    except AdapterError:
        return known  # the objection stands on what was read last, and its card says when that was


async def _settle_conflict(
    context: CommandContext, known: TrackedRun, outcome: Outcome, judge: Precondition
) -> None:
    """The platform says that the state moved on: read it, and say who did what, with fresh buttons."""
    moved_on = isinstance(outcome, Refused) and isinstance(outcome.error, Conflict)
    if moved_on or (isinstance(outcome, Done) and outcome.result.already):
        known = await _reread(context, known)
        objection = judge(known)
        if objection is not None:
            raise objection
        if isinstance(outcome, Done) and not outcome.result.partial:
            # The snapshot does not tell it: a mark that stood there. Of a part the adapter's own sentence does.
            task = known.run.task(outcome.step.target) if outcome.step.target else None
            raise AlreadyDone("already.so", what=task_name(known, task) if task else run_name(known))
