"""Finds tasks of a run by what was typed, in the snapshot: no platform is asked."""

from collections.abc import Sequence

from rapidfuzz.distance import DamerauLevenshtein

from adapters.models import Task, TaskKey
from commands.language.platform_references import parse_platform_reference
from commands.language.references import is_task_handle, normalize_handle
from commands.lookup.fuzzy import find_matches
from commands.model.card import Button
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import MOST_CHOICES, choice, run_name, show_button, task_name


def split_task_handle(text: str) -> tuple[str, str]:
    """ "r7.t3" -> ("R7", "T3"); "T3" -> ("", "T3"); anything else -> ("", "")."""
    if not is_task_handle(text):
        return "", ""
    run, _, task = normalize_handle(text).rpartition(".")
    return run, task


def find_tasks(
    references: Sequence[str],
    tracked: TrackedRun,
    message: Message,
    services: Services,
    *,
    confirm: bool = False,
    likely: Sequence[Task] | None = None,
) -> list[Task]:
    """All of them, or it raises as ``find_task`` does. Nothing can be chosen instead of one of several."""
    if len(references) > 1:
        likely = ()
    return [
        find_task(reference, tracked, message, services, field="tasks", confirm=confirm, likely=likely)
        for reference in references
    ]


def find_task(
    reference: str,
    tracked: TrackedRun,
    message: Message,
    services: Services,
    *,
    field: str,
    confirm: bool = False,
    likely: Sequence[Task] | None = None,
) -> Task:
    """By handle, link or title. ``field`` is the intent's field that a choice fills: "tasks", "task" or "then".

    Raises ``Missing``, ``Ambiguous`` or ``BadArguments`` (a task of another run). With ``confirm`` a title that is
    not typed in full raises ``Ambiguous`` too: the person confirms which task it is. ``likely`` tasks (all open
    ones unless given) are offered where nothing is similar to what was typed.
    """
    if likely is None:
        likely = [task for task in tracked.run.tasks if not task.state.is_over]
    run, handle = split_task_handle(reference)
    if run and run != tracked.handle:
        raise BadArguments("task.other_run", field=field, task=reference, run=tracked.handle)
    if handle:
        id = tracked.task_id(handle)
        task = tracked.run.task(id) if id else None
        if task is None:
            raise _missing_task(reference, tracked, field, message, _by_handle(handle, likely, tracked))
        return task
    key = parse_platform_reference(reference, services)
    if key is not None:
        is_ours = isinstance(key, TaskKey) and key.run == tracked.run.key
        task = tracked.run.task(key.id) if is_ours else None
        if task is None:
            raise _missing_task(reference, tracked, field, message, likely)
        return task
    found = find_matches(reference, [(task.title, task) for task in tracked.run.tasks])
    if found.single and confirm and not found.is_exact:
        buttons = task_choices([found.single], tracked, field, message)
        raise Ambiguous("task.confirm", buttons=buttons, words=reference, task=task_name(tracked, found.single))
    if found.single:
        return found.single
    if found.several:
        rest = ", ".join(tracked.task_handle(task.id) for task in found.several[MOST_CHOICES:])
        buttons = task_choices(found.several, tracked, field, message)
        raise Ambiguous("task.several", buttons=buttons, words=reference, run=run_name(tracked), rest=rest)
    raise _missing_task(reference, tracked, field, message, found.guesses or likely)


def task_choices(tasks: Sequence[Task], tracked: TrackedRun, field: str, message: Message) -> list[Button]:
    """A button per task, which completes the command of ``message`` with it."""
    return [
        choice(
            message.key,
            {"run": tracked.handle, field: (handle,) if field == "tasks" else handle},
            task_name(tracked, task),
        )
        for task in tasks[:MOST_CHOICES]
        if (handle := tracked.task_handle(task.id))
    ]


def _by_handle(handle: str, tasks: Sequence[Task], tracked: TrackedRun) -> Sequence[Task]:
    """Those whose handles are the most similar to what was typed come first."""
    return sorted(tasks, key=lambda task: DamerauLevenshtein.distance(handle, tracked.task_handle(task.id) or ""))


def _missing_task(
    reference: str, tracked: TrackedRun, field: str, message: Message, guesses: Sequence[Task] = ()
) -> Missing:
    choices = task_choices(guesses[: MOST_CHOICES - 1], tracked, field, message)
    buttons = [*choices, show_button(tracked)]
    return Missing(
        "task.none_but" if choices else "task.none", buttons=buttons, words=reference, run=run_name(tracked)
    )
