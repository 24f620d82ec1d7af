"""Whether a change of one task, whose answer was lost, did happen: it is read, nothing is sent."""

from adapters.runrunit.tasks import MINE, PART, Tasks, delivered_by, plays
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import chosen_step
from adapters.writes import (
    Applied,
    AssignTask,
    BeginTask,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    ReopenTask,
    SkipTask,
    Write,
)


async def settle_task(tasks: Tasks, step: Write) -> Reconciliation:
    found = await tasks.api.task(step.target, step.op)
    is_so = await _is_so(tasks, step, found)
    if is_so is None:
        return Indeterminate()
    if not is_so:
        return NotApplied()
    if isinstance(step, BeginTask) and not step.part:
        user = await tasks.people.user_of(step.by)
        return Applied(tasks.plays_now(step, user, found) if user and plays(found, user) else tasks.told(found))
    return Applied(tasks.told(found))


async def _is_so(tasks: Tasks, step: Write, now: WireTask) -> bool | None:
    people = tasks.people
    match step:
        case FinishTask() if step.options.get(PART) == MINE:
            return delivered_by(now, await people.user_of(step.by))
        case FinishTask() if (element := chosen_step(step)) is not None:
            return now.is_closed or await tasks.workflows.is_past(step, element)
        case FinishTask() | SkipTask():
            return now.is_closed
        case ReopenTask():
            return not now.is_closed
        case BeginTask(part="take"):
            user = await people.user_of(step.by)
            return user is None or now.part_of(user) is not None
        case BeginTask():
            return now.is_closed or plays(now, await people.user_of(step.by))
        case HoldTask():
            return not plays(now, await people.user_of(step.by))
        case AssignTask(person=person):
            part = now.part_of(await people.named(person))
            return part is not None and (now.is_closed or not part.is_closed)
    return None
