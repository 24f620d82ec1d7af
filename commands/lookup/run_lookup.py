"""Names, handles, links and places -> one run. From the local store only; asks no platform.

Reads may guess, writes may not: a write that names no run goes on only if exactly one active run lives in its
place; otherwise nothing is written, and one button per run completes the command.
"""

from collections.abc import Sequence

from adapters.models import RunbookKey, RunKey, RunState, RunSummary, TaskKey
from commands.language.references import is_run
from commands.lookup.fuzzy import match
from commands.model.card import Button
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import OpenForm, Runbooks, Runs
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import MOST_CHOICES, bare_title, button, choice, run_name, show_button

LinkTarget = RunKey | TaskKey | RunbookKey
_LONGEST_ID = 255  # letters; a longer one is no id of any platform, and the store does not keep it


def link_of(words: str, world: Services) -> LinkTarget | None:
    """What a platform's link, or an explicit ``PLATFORM:ID``, points to. The latter may be a runbook as well
    as a run: it is answered as a ``RunKey``."""
    if "://" in words:
        return next((key for adapter in world.platforms.values() if (key := adapter.parse_link(words))), None)
    name, colon, id = words.partition(":")
    if colon and id and not id.startswith(" ") and len(id) <= _LONGEST_ID and name in world.platforms:
        return RunKey(platform=name, id=id)
    return None


async def run_of_key(key: RunKey, world: Services) -> TrackedRun:
    """The run by its identity. One that we never saw gets its handle here, and is read by who needs it."""
    known = await world.runs.find(key)
    return known or await world.runs.track(RunSummary(key=key, title=key.id, state=RunState.ACTIVE))


async def run_named(words: str, message: Message, world: Services) -> TrackedRun:
    """By handle, link, ``PLATFORM:ID`` or title. Raises ``Missing`` or ``Ambiguous``."""
    if is_run(words):
        known = await world.runs.get(words)
        if known is None:
            raise Missing("run.no_such", run=words.upper(), buttons=[button("button.runs", Runs())])
        return known
    key = link_of(words, world)
    if isinstance(key, TaskKey):
        return await run_of_key(key.run, world)
    if isinstance(key, RunKey):
        return await run_of_key(key, world)
    runs = await world.runs.list_runs(active=True)
    found = match(words, [(bare_title(known.run, known.handle), known) for known in runs if known.started])
    if found.one:
        return found.one
    if found.several:
        raise _choose(found.several, message, "run.several_named", words=words)
    buttons = run_choices(found.guesses, message) or [button("button.runs", Runs())]
    raise Missing("run.none_named", words=words, buttons=buttons)


async def run_of_place(message: Message, world: Services) -> TrackedRun | None:
    """The run of this thread, else the only active one of the channel and its threads."""
    place = message.place
    if place.thread and (bound := await world.runs.for_thread(place)):
        return bound
    runs = await world.runs.for_channel(place)
    return runs[0] if len(runs) == 1 else None


async def run_to_read(message: Message, world: Services) -> TrackedRun | None:
    """May guess: this place's run, the channel's own, its newest, else the one this person touched last."""
    if here := await run_of_place(message, world):
        return here
    own = await world.runs.for_thread(message.place.model_copy(update={"thread": ""}))
    if own and not own.run.state.is_over:
        return own
    here_too = await world.runs.for_channel(message.place)
    if here_too:
        return here_too[0]
    return await world.runs.last_used(message.actor)


async def run_to_write(message: Message, world: Services) -> TrackedRun:
    """Never guesses. Raises ``Ambiguous`` with one button per run, or ``Missing``."""
    if here := await run_of_place(message, world):
        return here
    runs = [known for known in await world.runs.for_channel(message.place) if known.started]
    if runs:
        raise _choose(runs, message, "run.several_here")
    elsewhere = [known for known in await world.runs.list_runs(active=True) if known.started]
    if elsewhere:
        raise _choose(elsewhere, message, "run.none_here")
    last = await world.runs.for_thread(message.place.model_copy(update={"thread": ""}))
    raise no_run(last if last and last.started and last.run.state.is_over else None)


def no_run(over: TrackedRun | None = None) -> CommandError:
    """``over``: the one that this place was about."""
    buttons = [button("button.start", OpenForm(about="start")), button("button.runbooks", Runbooks())]
    if over is None:
        return Missing("run.none", buttons=buttons)
    return Missing("run.over_here", run=run_name(over), buttons=[show_button(over), *buttons])


def run_choices(runs: Sequence[TrackedRun], message: Message) -> list[Button]:
    return [choice(message.key, {"run": known.handle}, run_name(known)) for known in runs[:MOST_CHOICES]]


def _choose(runs: Sequence[TrackedRun], message: Message, key: str, **facts: object) -> Ambiguous:
    rest = ", ".join(known.handle for known in runs[MOST_CHOICES:])
    return Ambiguous(key, buttons=run_choices(runs, message), rest=rest, **facts)
