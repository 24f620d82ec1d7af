"""Finds runbooks by what was typed. Asks the platforms."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import NotFound
from adapters.models import Runbook, RunbookKey, RunKey, RunState, TaskKey
from adapters.toolkit.folding import fold
from commands.language.platform_references import parse_platform_reference
from commands.lookup.distinct_names import runbook_names
from commands.lookup.fuzzy import MAX_LENGTH, find_matches
from commands.lookup.platform_lists import ask_platforms
from commands.lookup.run_search import search_runs
from commands.model.card import Button, Code, Text
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.intents import Runbooks
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import lazy, plain_text, translate
from commands.text.phrases import (
    MOST_CHOICES,
    button,
    choice,
    run_name,
    show_button,
)

_MOST_NAMED = 10


@dataclass(frozen=True)
class RunbookSearch:
    """``gaps`` has a sentence for each platform that may have more."""

    runbooks: tuple[Runbook, ...] = ()
    gaps: tuple[Text, ...] = ()

    @property
    def gap_text(self) -> Text:
        """``gaps``, to be appended to a sentence."""
        return tuple(span for sentence in self.gaps for span in (" ", *sentence))


async def search_runbooks(query: str, platform: str, services: Services) -> RunbookSearch:
    """Asks all platforms at once, or the one of ``--on``. Raises ``AdapterError`` if none could be asked.

    A query that is too long to be a title, and for the URL of a request, is not sent: every runbook is listed.
    """
    names = [find_platform(platform, services)] if platform else list(services.platforms)
    sent = query if len(query) <= MAX_LENGTH else ""
    listed = await ask_platforms(names, lambda adapter: adapter.runbooks(sent), services)
    if listed.errors and not listed.answered:
        raise listed.errors[0]
    # Some platforms also start a run from another one.
    found = [runbook for runbook in listed.items if not await services.runs.is_hidden(_as_run(runbook.key))]
    return RunbookSearch(tuple(found), listed.gaps)


def find_platform(query: str, services: Services) -> str:
    """The NAME of a platform, by its NAME, kind or title. Raises ``BadArguments``."""
    for name, platform in services.platform_types.items():
        if fold(query) in (fold(name), fold(platform.title), fold(platform.kind)):
            return name
    raise BadArguments("start.no_platform", field="platform", words=query, platforms=", ".join(services.platforms))


async def find_runbook(query: str, platform: str, context: CommandContext) -> Runbook:
    """By link, ``PLATFORM:ID`` or title.

    Raises ``Missing`` or ``Ambiguous``, with buttons that complete the command, or ``AdapterError``.
    """
    services, key = context.services, context.message.key
    try:
        if referenced := await _find_by_reference(query, services):
            return referenced
    except NotFound as error:
        raise _missing_runbook(query, (), RunbookSearch(), key) from error
    search = await search_runbooks(query, platform, services)
    if not search.runbooks and query:
        search = await search_runbooks("", platform, services)
    found = find_matches(query, [(runbook.title, runbook) for runbook in search.runbooks])
    if found.single and found.is_near_miss:
        buttons = _runbook_choices([found.single], key)
        raise Ambiguous("runbook.confirm", words=query, runbook=found.single.title, buttons=buttons)
    if found.single:
        return found.single
    if found.several:
        message, buttons = "runbook.several" if query else "runbook.which", _runbook_choices(found.several, key)
        rest = _named_rest(found.several)
        raise Ambiguous(message, words=query, also=search.gap_text, buttons=buttons, rest=rest)
    if running := await _find_running(query, platform, services):
        raise Missing("runbook.running", words=query, run=run_name(running), buttons=[show_button(running)])
    raise _missing_runbook(query, found.guesses, search, key)


def _named_rest(runbooks: Sequence[Runbook]) -> str:
    """Those without a button: ten names, and how many more there are."""
    rest = runbook_names(runbooks)[MOST_CHOICES:]
    named, more = rest[:_MOST_NAMED], len(rest) - _MOST_NAMED
    return ", ".join([*named, *([plain_text(translate("list.more", count=more))] if more > 0 else [])])


async def require_no_run(text: str, services: Services) -> None:
    """Raises ``Missing`` for a link or id of a task or a run that is known. Only the local store is asked."""
    key = parse_platform_reference(text, services)
    if isinstance(key, TaskKey):
        raise Missing("runbook.is_task", example=Code("begin T3"))
    tracked = await services.runs.find(key) if isinstance(key, RunKey) else None
    if tracked is not None and tracked.run.read_at is not None and tracked.run.state is not RunState.PLANNED:
        state = lazy(f"run.{tracked.run.state}")
        raise Missing("runbook.is_run", run=run_name(tracked), state=state, buttons=[show_button(tracked)])


async def _find_by_reference(text: str, services: Services) -> Runbook | None:
    """By link or ``PLATFORM:ID``. None if the text is neither. Raises ``NotFound``."""
    await require_no_run(text, services)
    key = parse_platform_reference(text, services)
    if isinstance(key, RunbookKey | RunKey) and not await services.runs.is_hidden(_as_run(key)):
        return await services.adapter(key.platform).runbook(key.id)
    return None


def _as_run(key: RunbookKey | RunKey) -> RunKey:
    """A runbook and a run may be the same thing of the platform."""
    return RunKey(platform=key.platform, id=key.id)


async def _find_running(query: str, platform: str, services: Services) -> TrackedRun | None:
    """An active run of that title. Some platforms list a runbook only while it is not running."""
    if not query:
        return None
    name = find_platform(platform, services) if platform else ""
    found = (await search_runs(query, services, platform=name)).single
    return await services.runs.get(found.handle) if found else None


def _runbook_choices(runbooks: Sequence[Runbook], key: str) -> list[Button]:
    return [
        choice(key, {"runbook": str(runbook.key)}, name)
        for runbook, name in list(zip(runbooks, runbook_names(runbooks), strict=True))[:MOST_CHOICES]
    ]


def _missing_runbook(query: str, guesses: Sequence[Runbook], search: RunbookSearch, key: str) -> Missing:
    buttons = [*_runbook_choices(guesses, key)[:4], button("button.runbooks", Runbooks())]
    return Missing("runbook.none", words=query, also=search.gap_text, buttons=buttons)
