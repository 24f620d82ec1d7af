"""What people call a task -> the task. Done in the run's queue, on the snapshot; asks no platform."""

from collections.abc import Sequence

from adapters.models import Task, TaskKey
from commands.language.references import is_task, reference
from commands.lookup.fuzzy import match
from commands.lookup.run_lookup import link_of
from commands.model.card import Button
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import MOST_CHOICES, choice, run_name, show_button, task_name


def split_handle(words: str) -> tuple[str, str]:
    """ "r7.t3" -> ("R7", "T3"); "T3" -> ("", "T3"); ("", "") when it is no handle."""
    if not is_task(words):
        return "", ""
    run, _, task = reference(words).rpartition(".")
    return run, task


def tasks_named(words: Sequence[str], known: TrackedRun, message: Message, world: Services) -> list[Task]:
    """All of them or none: raises before anything is written."""
    return [task_named(word, known, message, world, field="tasks") for word in words]


def task_named(words: str, known: TrackedRun, message: Message, world: Services, *, field: str) -> Task:
    """By handle, link or title. ``field``: the intent's field that a choice fills, "tasks" or "task" or "then"."""
    run, handle = split_handle(words)
    if run and run != known.handle:
        raise BadArguments("task.other_run", field=field, task=words, run=known.handle)
    if handle:
        id = known.task_id(handle)
        task = known.run.task(id) if id else None
        return task or _missing(words, known, field, message, ())
    key = link_of(words, world)
    if isinstance(key, TaskKey):
        task = known.run.task(key.id) if key.run == known.run.key else None
        return task or _missing(words, known, field, message, ())
    found = match(words, [(task.title, task) for task in known.run.tasks])
    if found.one:
        return found.one
    if found.several:
        rest = ", ".join(known.task_handle(task.id) for task in found.several[MOST_CHOICES:])
        buttons = task_choices(found.several, known, field, message)
        raise Ambiguous("task.several", buttons=buttons, words=words, run=run_name(known), rest=rest)
    return _missing(words, known, field, message, found.guesses)


def task_choices(tasks: Sequence[Task], known: TrackedRun, field: str, message: Message) -> list[Button]:
    """Each completes the command that ``message`` typed, with this task."""
    return [
        choice(
            message.key,
            {"run": known.handle, field: (handle,) if field == "tasks" else handle},
            task_name(known, task),
        )
        for task in tasks[:MOST_CHOICES]
        if (handle := known.task_handle(task.id))
    ]


def _missing(words: str, known: TrackedRun, field: str, message: Message, guesses: Sequence[Task]) -> Task:
    buttons = task_choices(guesses, known, field, message)
    show = show_button(known)
    raise Missing("task.none", buttons=[*buttons, show], words=words, run=run_name(known))
