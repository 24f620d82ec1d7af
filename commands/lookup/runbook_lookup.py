"""What people call a runbook -> one runbook of one platform. Asks the platforms."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, NotFound
from adapters.models import Runbook, RunbookKey, RunKey
from commands.language.tokens import folded
from commands.lookup.fuzzy import match
from commands.lookup.run_lookup import link_of
from commands.model.card import Button, Text
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.intents import Runbooks
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.error_text import adapter_error_text
from commands.text.phrases import (
    MOST_CHOICES,
    bare_title,
    button,
    choice,
    disambiguated_label,
    run_name,
    show_button,
)


@dataclass(frozen=True)
class RunbookSearch:
    """What can be started. ``missing``: a sentence for each platform that could not be asked."""

    runbooks: tuple[Runbook, ...] = ()
    missing: tuple[Text, ...] = ()

    @property
    def also(self) -> Text:
        """``missing``, to follow another sentence."""
        return tuple(span for line in self.missing for span in (" ", *line))


async def search_runbooks(words: str, platform: str, world: Services) -> RunbookSearch:
    """All platforms at once, or the one of ``--on``. Raises the error when none of them could be asked."""
    names = [platform_named(platform, world)] if platform else list(world.platforms)
    asked = await asyncio.gather(
        *(world.platforms[name].runbooks(words) for name in names), return_exceptions=True
    )
    found: list[Runbook] = []
    errors: list[AdapterError] = []
    for answer in asked:
        if isinstance(answer, AdapterError):
            errors.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += answer
    if errors and len(errors) == len(names):
        raise errors[0]
    return RunbookSearch(tuple(found), tuple(adapter_error_text(error, world) for error in errors))


def platform_named(words: str, world: Services) -> str:
    """The NAME of a platform, by it or by its kind's title."""
    for name, kind in world.platform_types.items():
        if folded(words) in (folded(name), folded(kind.title), folded(kind.kind)):
            return name
    raise BadArguments("start.no_platform", field="platform", words=words, platforms=", ".join(world.platforms))


async def runbook_of_ref(words: str, world: Services) -> Runbook | None:
    """By link or ``PLATFORM:ID``. None when it is neither. Raises ``NotFound``."""
    key = link_of(words, world)
    if isinstance(key, RunbookKey | RunKey):
        return await world.platforms[key.platform].runbook(key.id)
    return None


async def runbook_named(words: str, platform: str, context: CommandContext) -> Runbook:
    """Raises ``Missing`` or ``Ambiguous``, with buttons that complete the command, or ``AdapterError``."""
    world, key = context.services, context.message.key
    try:
        if by_ref := await runbook_of_ref(words, world):
            return by_ref
    except NotFound as error:
        raise _none(words, (), RunbookSearch(), key) from error
    on = await search_runbooks(words, platform, world)
    if not on.runbooks and words:
        on = await search_runbooks("", platform, world)
    found = match(words, [(runbook.title, runbook) for runbook in on.runbooks])
    if found.one:
        return found.one
    if found.several:
        undrawn = found.several[MOST_CHOICES : MOST_CHOICES + 10]
        rest = ", ".join(disambiguated_label(runbook, found.several) or runbook.title for runbook in undrawn)
        buttons = _choices(found.several, key)
        sentence = "runbook.several" if words else "runbook.which"
        raise Ambiguous(sentence, words=words, buttons=buttons, rest=rest)
    if running := await _running(words, platform, world):
        raise Missing("runbook.running", words=words, run=run_name(running), buttons=[show_button(running)])
    raise _none(words, found.guesses, on, key)


async def _running(words: str, platform: str, world: Services) -> TrackedRun | None:
    """What cannot be started because it runs already: some platforms have runbooks that run once."""
    active = [known for known in await world.runs.list_runs(active=True) if known.started]
    name = platform_named(platform, world) if platform else ""
    there = [known for known in active if name in ("", known.run.key.platform)]
    return match(words, [(bare_title(known.run, known.handle), known) for known in there]).one if words else None


def _choices(runbooks: Sequence[Runbook], key: str) -> list[Button]:
    return [
        choice(key, {"runbook": str(runbook.key)}, disambiguated_label(runbook, runbooks) or runbook.title)
        for runbook in runbooks[:MOST_CHOICES]
    ]


def _none(words: str, guesses: Sequence[Runbook], on: RunbookSearch, key: str) -> Missing:
    all_of_them = button("button.runbooks", Runbooks())
    return Missing("runbook.none", words=words, also=on.also, buttons=[*_choices(guesses, key)[:4], all_of_them])
