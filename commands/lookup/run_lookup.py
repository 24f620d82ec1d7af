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
from commands.lookup.irreversible import is_irreversible
from commands.lookup.run_search import load_runs, search_runs, started_runs
from commands.model.card import Button
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import OpenForm, Runbooks, Runs, Show
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.run_head import RunHead
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import MOST_CHOICES, button, choice, run_name, show_button
from commands.visibility import missing_run

_MOST_NAMED = 50  # of the runs without a button


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
    found = await search_runs(reference, services)
    single = await services.runs.get(found.single.handle) if found.single else None
    if single and not found.is_exact and _cannot_undo(op, single, services):
        raise _ambiguous_run([single], (), message, "run.confirm", words=reference, run=run_name(single))
    if single:
        return single
    if found.several:
        raise await _several_runs(found.several, message, services, "run.several_named", words=reference)
    guesses = await load_runs(found.guesses, services)
    buttons = run_choices(guesses, message) or [button("button.runs", Runs())]
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
    return await services.runs.get(runs[0].handle) if len(runs) == 1 else None


async def find_run_for_read(message: Message, services: Services) -> TrackedRun | None:
    """May guess: the run of the channel or thread, else the channel's newest, else the person's last used one."""
    if found := await find_run_of_place(message, services):
        return found
    bound = await services.runs.for_thread(message.place.model_copy(update={"thread": ""}))
    if bound and not bound.run.state.is_over:
        return bound
    of_channel = await services.runs.for_channel(message.place)
    if of_channel:
        return await services.runs.get(of_channel[0].handle)
    last = await services.runs.last_used(message.actor)
    return None if last is None or was_never_started(last) else last


def was_never_started(tracked: TrackedRun) -> bool:
    """Its start failed, so that it is nothing but a handle."""
    return not tracked.started and tracked.run.state.is_over


async def find_run_for_write(message: Message, services: Services) -> TrackedRun:
    """Never guesses. Raises ``Ambiguous`` with one button per run, or ``Missing``."""
    if found := await find_run_of_place(message, services):
        return found
    of_channel = [run for run in await services.runs.for_channel(message.place) if run.started]
    if of_channel:
        raise await _several_runs(of_channel, message, services, "run.several_here")
    if elsewhere := await started_runs(services):
        raise await _several_runs(elsewhere, message, services, "run.none_here")
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
    return [
        choice(message.key, {"run": tracked.handle}, name)
        for tracked, name in zip(runs, run_names(runs), strict=True)
    ]


async def _several_runs(
    runs: Sequence[RunHead], message: Message, services: Services, key: str, **facts: object
) -> Ambiguous:
    shown = await load_runs(runs[:MOST_CHOICES], services)
    return _ambiguous_run(shown, [run.handle for run in runs[MOST_CHOICES:]], message, key, **facts)


def _ambiguous_run(
    runs: Sequence[TrackedRun], rest: Sequence[str], message: Message, key: str, **facts: object
) -> Ambiguous:
    """``rest`` are the handles of those without a button."""
    named, more = rest[:_MOST_NAMED], len(rest) - _MOST_NAMED
    others = [*named, *([plain_text(translate("list.more", count=more))] if more > 0 else [])]
    return Ambiguous(key, buttons=run_choices(runs, message), rest=", ".join(others), **facts)
