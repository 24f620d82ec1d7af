"""``runs``: lists active runs."""

import asyncio
from collections.abc import Collection, Sequence

from adapters.errors import AdapterError, NotFound, Rejected
from adapters.models import Health, RunSummary
from adapters.writes import Op
from commands.cards.health_line import MOST_URGENT_FIRST, health_word
from commands.cards.progress import task_counts
from commands.cards.task_row import shown_tasks
from commands.language.tokens import unquote
from commands.lookup.distinct_names import run_titles
from commands.lookup.fuzzy import find_matches
from commands.lookup.platform_lists import ask_platforms
from commands.lookup.run_search import load_runs, started_runs
from commands.model.card import Answer, Card, Row, Section, Text
from commands.model.command import Command, Example, ParsedLine
from commands.model.intents import OpenForm, Runs
from commands.model.ports import CommandContext, Services
from commands.model.run_head import RunHead, run_head, run_health
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import button, join_parts, rest_menu, shorten, show_button
from commands.visibility import Reader

_MOST_RUNS = 10
_MOST_BUTTONS = 4
_NAME = 100  # characters
_Known = RunHead | RunSummary


def read(line: ParsedLine) -> Runs:
    return Runs(query=unquote(line.text))


async def handle(intent: Runs, context: CommandContext) -> Answer:
    """Tracked runs and, for insiders, those that the platforms list. Each run that is shown gets a handle."""
    services = context.services
    asked = list(services.platforms) if Reader(context.actor, services).is_insider else []
    found = await ask_platforms(asked, lambda adapter: adapter.runs(intent.query), services)
    hidden = await asyncio.gather(*(services.runs.is_hidden(summary) for summary in found.items))
    listed = [summary for summary, is_hidden in zip(found.items, hidden, strict=True) if not is_hidden]
    active = await _active_runs(intent.query, listed, found.answered, services)
    # A run in both lists keeps its place among the listed ones, with the summary of its snapshot.
    both: list[_Known] = [*active, *listed]
    merged = {run.key: run for run in reversed(both)}
    runs = list(reversed(merged.values()))
    if intent.query:
        runs = await _matching(runs, intent.query)
    most_urgent = _most_urgent_first(runs)[:_MOST_RUNS]
    summaries = [run.summary() if isinstance(run, RunHead) else run for run in most_urgent]
    shown = [(await services.runs.track(summary), summary) for summary in summaries]
    titles = run_titles([tracked for tracked, _ in shown], _NAME)
    rows = tuple(_row(title, tracked, summary) for title, (tracked, summary) in zip(titles, shown, strict=True))
    more = translate("list.more", count=len(runs) - len(shown)) if len(runs) > len(shown) else ()
    buttons = tuple(show_button(tracked, named=True) for tracked, _ in shown)
    title = translate("runs.title" if shown else "runs.none_read" if found.gaps else "runs.none")
    return Answer(
        private=Card(
            title=title,
            summary=plain_text(title),
            lines=tuple(found.gaps),
            sections=(Section("", rows, more),) if rows else (),
            buttons=buttons[:_MOST_BUTTONS] or (button("button.start", OpenForm(about="start")),),
            menu=rest_menu("menu.show_run", buttons[_MOST_BUTTONS:]),
        )
    )


async def _active_runs(
    query: str, listed: Sequence[RunSummary], answered: Collection[str], services: Services
) -> list[RunHead]:
    """The tracked active runs. Those that their platform does not list are read again, as they may have ended."""
    keys = {summary.key for summary in listed}
    active = await started_runs(services)
    missing: list[RunHead] = [run for run in active if run.key.platform in answered and run.key not in keys]
    if query:
        missing = [run for run in await _matching(missing, query) if isinstance(run, RunHead)]
    missing = missing[:_MOST_RUNS]
    are_over = await asyncio.gather(*(_is_over(run, services) for run in missing))
    gone = {run.handle for run, is_over in zip(missing, are_over, strict=True) if is_over}
    fresh = {tracked.handle: run_head(tracked) for tracked in await load_runs(missing, services)}
    return [fresh.get(run.handle, run) for run in active if run.handle not in gone]


def _most_urgent_first(runs: Sequence[_Known]) -> list[_Known]:
    """The red ones are never only counted. Otherwise the order stays; a run without a snapshot has no health."""
    return sorted(
        runs, key=lambda run: MOST_URGENT_FIRST.index(run.health if isinstance(run, RunHead) else Health.UNSET)
    )


async def _is_over(run: RunHead, services: Services) -> bool:
    try:
        return (await services.runs.refresh(run.handle)).run.state.is_over
    except NotFound:
        return True
    except Rejected:
        return run.read_at is None  # a link to something that is no run
    except AdapterError:
        return False


async def _matching(runs: Sequence[_Known], query: str) -> list[_Known]:
    titles = [(run.title, run) for run in runs]
    found = await asyncio.to_thread(find_matches, query, titles, typing=True)
    return [found.single] if found.single else list(found.several)


def _row(title: str, tracked: TrackedRun, summary: RunSummary) -> Row:
    tasks = shown_tasks(tracked)
    counts: Text = ()
    if tasks:
        counts = task_counts(tasks)
    elif summary.total and summary.done is not None:  # a run that was never read has no tasks yet
        counts = translate(plural("run.counts", summary.total), done=summary.done, total=summary.total)
    name = tracked.run.key.platform
    platform: Text = () if title.endswith(f"({name})") else translate("run.on", platform=name)
    health = health_word(run_health(tracked).health)
    return Row(None, tracked.handle, shorten(title, _NAME), join_parts([health, counts, platform], " · "))


COMMAND = Command(
    verb="runs",
    intent=Runs,
    read=read,
    handle=handle,
    arguments="[WORDS]",
    examples=(Example("runs", {"query": ""}), Example("runs failover", {"query": "failover"})),
    synonyms={"pt": ("execuções",)},
    op=Op.RUNS,
)
