"""The run that an intent itself refers to: by ``run``, by the handle or link of a task, or by what it shows."""

from adapters.models import RunKey, TaskKey
from commands.language.platform_references import LinkTarget, parse_platform_reference
from commands.language.references import action_tasks, is_run_handle, is_task_handle, split_run
from commands.lookup.run_lookup import find_run, is_unread, known_run
from commands.lookup.run_to_end import find_run_to_end
from commands.lookup.task_lookup import split_task_handle
from commands.model.errors import BadArguments, Missing
from commands.model.intents import Comment, DoAction, End, Intent, Show, Status, TaskIntent
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import button


def refers_to_run(intent: Intent) -> bool:
    """Pure: whether ``find_intent_run`` would look for a run."""
    if intent.run:
        return True
    if isinstance(intent, Show) and intent.what:
        return intent.kind in ("run", "runbook") or _has_run(intent.what)
    return any(_has_run(task) for task in _task_references(intent))


async def find_intent_run(intent: Intent, message: Message, services: Services) -> TrackedRun | None:
    """None if the intent refers to no run. Raises ``BadArguments`` if it refers to two."""
    op = services.commands[intent.verb].op
    tracked = None
    if intent.run and isinstance(intent, End):
        tracked = await find_run_to_end(intent, message, services)
    elif intent.run:
        tracked = await find_run(intent.run, message, services, op=op)
    if tracked is None and isinstance(intent, Show) and is_run_handle(intent.what):
        return await find_run(intent.what, message, services)
    for reference in _task_references(intent):
        other = await _find_task_run(reference, message, services)
        if other and tracked and other.handle != tracked.handle:
            raise BadArguments("task.two_runs", field="tasks", one=tracked.handle, other=other.handle)
        tracked = tracked or other
    return tracked


async def find_unread_run(intent: Intent, services: Services) -> RunKey | None:
    """The run that the intent refers to by a link or ``PLATFORM:ID``, if it has to be read to get a handle."""
    keys = [_linked_task(reference, services) for reference in _task_references(intent)]
    if intent.run and not is_run_handle(intent.run):
        keys.insert(0, parse_platform_reference(intent.run, services))
    for key in keys:
        run = key.run if isinstance(key, TaskKey) else key
        if isinstance(run, RunKey) and await is_unread(run, services):
            return run
    return None


def _linked_task(reference: str, services: Services) -> LinkTarget | None:
    """None for a link to a run: it may be a subtask of an unknown one, so it gets no handle."""
    key = parse_platform_reference(reference, services) if "://" in reference else None
    return key if isinstance(key, TaskKey) else None


async def with_leading_run(intent: Intent, services: Services) -> Intent:
    """ "comment R2 text": a run handle that opens the text names the run, if there is such a run."""
    if not isinstance(intent, Comment | Status) or intent.run or not is_run_handle(intent.text.partition(" ")[0]):
        return intent
    if (isinstance(intent, Status) and intent.health) or (isinstance(intent, Comment) and intent.task):
        return intent
    run, rest = split_run(intent.text)
    if not rest.strip() or await services.runs.get(run) is None:
        return intent
    return intent.model_copy(update={"run": run, "text": rest.strip()})


def _has_run(reference: str) -> bool:
    return bool(split_task_handle(reference)[0]) or "://" in reference


def _task_references(intent: Intent) -> tuple[str, ...]:
    if isinstance(intent, TaskIntent):
        return intent.tasks
    if isinstance(intent, DoAction) and not intent.confirmed:
        return action_tasks(intent.action)[0]
    if isinstance(intent, Comment) and intent.task:
        return (intent.task,)
    if isinstance(intent, Show) and is_task_handle(intent.what):
        return (intent.what,)
    return ()


async def _find_task_run(reference: str, message: Message, services: Services) -> TrackedRun | None:
    key = parse_platform_reference(reference, services) if "://" in reference else None
    if isinstance(key, TaskKey):
        return await known_run(key.run, services)
    if isinstance(key, RunKey):
        if tracked := await services.runs.find(key):
            return tracked
        raise Missing("task.unknown_link", buttons=[button("button.show_it", Show(what=reference))])
    run, _ = split_task_handle(reference)
    return await find_run(run, message, services) if run else None
