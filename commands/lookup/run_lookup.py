"""Finds the run that a message is about, by what was typed or by its channel or thread.

Only the local store is asked. Reads may guess, writes may not: a write that names no run needs exactly one active
run in its channel or thread. Otherwise nothing is written, and one button per run completes the command.
"""

from collections.abc import Sequence

from adapters.models import RunbookKey, RunKey, TaskKey
from adapters.writes import Op
from commands.language.platform_references import parse_platform_reference
from commands.language.references import is_run_handle
from commands.lookup.distinct_names import run_names
from commands.lookup.fuzzy import find_matches
from commands.lookup.irreversible import is_irreversible
from commands.model.card import Button
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import OpenForm, Runbooks, Runs, Show
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import MOST_CHOICES, bare_title, button, choice, run_name, show_button
from commands.visibility import missing_run


async def is_unread(key: RunKey, services: Services) -> bool:
    """Whether it has no handle. It gets one if it is read and turns out to be a run."""
    return await services.runs.find(key) is None and not await services.runs.is_hidden(key)


async def known_run(key: RunKey, services: Services) -> TrackedRun:
    """The run with this key. Raises ``Missing``."""
    tracked = await services.runs.find(key)
    if tracked is None:
        raise missing_run(str(key))
    return tracked


async def find_run(reference: str, message: Message, services: Services, *, op: Op | None = None) -> TrackedRun:
    """By handle, link, ``PLATFORM:ID`` or title. Raises ``Missing`` or ``Ambiguous``.

    A title that is not typed in full is confirmed before an ``op`` that cannot be undone (``Ambiguous``).
    """
    if is_run_handle(reference):
        tracked = await services.runs.get(reference)
        if tracked is None:
            raise missing_run(reference.upper())
        return tracked
    key = parse_platform_reference(reference, services)
    if isinstance(key, TaskKey):
        return await known_run(key.run, services)
    if isinstance(key, RunKey):
        return await known_run(key, services)
    if isinstance(key, RunbookKey):
        raise Missing(
            "run.is_runbook", buttons=[button("button.show_runbook", Show(what=str(key), kind="runbook"))]
        )
    active = [tracked for tracked in await services.runs.list_runs(active=True) if tracked.started]
    found = find_matches(reference, [(bare_title(tracked.run, tracked.handle), tracked) for tracked in active])
    if found.single and not found.is_exact and _cannot_undo(op, found.single, services):
        raise _ambiguous_run([found.single], message, "run.confirm", words=reference, run=run_name(found.single))
    if found.single:
        return found.single
    if found.several:
        raise _ambiguous_run(found.several, message, "run.several_named", words=reference)
    buttons = run_choices(found.guesses, message) or [button("button.runs", Runs())]
    raise Missing("run.none_named", words=reference, buttons=buttons)


def _cannot_undo(op: Op | None, tracked: TrackedRun, services: Services) -> bool:
    adapter = services.platforms.get(tracked.run.key.platform)
    return is_irreversible(op, adapter.capabilities if adapter else {})


async def find_run_of_place(message: Message, services: Services) -> TrackedRun | None:
    """The run of the thread, else the only active one of the channel and its threads."""
    place = message.place
    if place.thread and (bound := await services.runs.for_thread(place)):
        return bound
    runs = await services.runs.for_channel(place)
    return runs[0] if len(runs) == 1 else None


async def find_run_for_read(message: Message, services: Services) -> TrackedRun | None:
    """May guess: the run of the channel or thread, else the channel's newest, else the person's last used one."""
    if found := await find_run_of_place(message, services):
        return found
    bound = await services.runs.for_thread(message.place.model_copy(update={"thread": ""}))
    if bound and not bound.run.state.is_over:
        return bound
    of_channel = await services.runs.for_channel(message.place)
    if of_channel:
        return of_channel[0]
    last = await services.runs.last_used(message.actor)
    return None if last is None or was_never_started(last) else last


def was_never_started(tracked: TrackedRun) -> bool:
    """Its start failed, so that it is nothing but a handle."""
    return not tracked.started and tracked.run.state.is_over


async def find_run_for_write(message: Message, services: Services) -> TrackedRun:
    """Never guesses. Raises ``Ambiguous`` with one button per run, or ``Missing``."""
    if found := await find_run_of_place(message, services):
        return found
    of_channel = [tracked for tracked in await services.runs.for_channel(message.place) if tracked.started]
    if of_channel:
        raise _ambiguous_run(of_channel, message, "run.several_here")
    elsewhere = [tracked for tracked in await services.runs.list_runs(active=True) if tracked.started]
    if elsewhere:
        raise _ambiguous_run(elsewhere, message, "run.none_here")
    last = await services.runs.for_thread(message.place.model_copy(update={"thread": ""}))
    raise no_run_error(last if last and last.started and last.run.state.is_over else None)


def no_run_error(ended: TrackedRun | None = None) -> CommandError:
    """``ended`` is the last run of the channel, if it is over."""
    buttons = [button("button.start", OpenForm(about="start")), button("button.runbooks", Runbooks())]
    if ended is None:
        return Missing("run.none", buttons=buttons)
    return Missing("run.over_here", run=run_name(ended), buttons=[show_button(ended), *buttons])


def run_choices(runs: Sequence[TrackedRun], message: Message) -> list[Button]:
    """A button per run, which completes the command of ``message`` with it."""
    shown = runs[:MOST_CHOICES]
    return [
        choice(message.key, {"run": tracked.handle}, name)
        for tracked, name in zip(shown, run_names(shown), strict=True)
    ]


def _ambiguous_run(runs: Sequence[TrackedRun], message: Message, key: str, **facts: object) -> Ambiguous:
    rest = ", ".join(tracked.handle for tracked in runs[MOST_CHOICES:])
    return Ambiguous(key, buttons=run_choices(runs, message), rest=rest, **facts)
