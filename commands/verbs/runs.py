"""``runs``: runs that are under way."""

import asyncio
from collections.abc import Sequence

from adapters.errors import AdapterError, NotFound
from adapters.models import RunSummary
from adapters.writes import Op
from commands.cards.run_card import counted
from commands.cards.task_row import shown_tasks
from commands.language.tokens import unquote
from commands.lookup.fuzzy import match
from commands.model.card import Answer, Text
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import OpenForm, Runs
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text
from commands.text.phrases import (
    bare_title,
    button,
    join_parts,
    short_card,
    show_button,
)

_MOST_RUNS = 10
_MOST_BUTTONS = 4


def read(line: Line) -> Runs:
    return Runs(words=unquote(line.rest))


async def handle(intent: Runs, context: CommandContext) -> Answer:
    return await list_runs(context, intent.words)


async def list_runs(context: CommandContext, words: str) -> Answer:
    """What is under way on the platforms; each shown gets its handle."""
    world = context.services
    asked = await asyncio.gather(
        *(adapter.runs(words) for adapter in world.platforms.values()), return_exceptions=True
    )
    heads: list[RunSummary] = []
    notes: list[Text] = []
    answered: set[str] = set()
    for name, answer in zip(world.platforms, asked, strict=True):
        if isinstance(answer, AdapterError):
            notes.append(adapter_error_text(answer, world))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            heads += answer
            answered.add(name)
    there = {head.key for head in heads}
    active = [one for one in await world.runs.list_runs(active=True) if one.started]
    missing = [one for one in active if one.run.key.platform in answered and one.run.key not in there]
    if words:
        wanted = {head.key for head in _fitting([one.run.summary() for one in missing], words)}
        missing = [one for one in missing if one.run.key in wanted]
    known = await _without_over(context, active, missing[:_MOST_RUNS])
    listed = [*(one.run.summary() for one in known), *heads]
    unique = {head.key: head for head in reversed(listed)}
    fits = list(reversed(unique.values())) if not words else _fitting(list(reversed(unique.values())), words)
    shown = [await world.runs.track(head) for head in fits[:_MOST_RUNS]]
    lines = [_run_line(one, head) for one, head in zip(shown, fits, strict=False)]
    if len(fits) > len(shown):
        lines.append(translate("list.more", count=len(fits) - len(shown)))
    key = "runs.none" if not shown else "runs.title"
    start = button("button.start", OpenForm(about="start"))
    buttons = [show_button(one) for one in shown[: _MOST_BUTTONS - (not shown)]] or [start]
    return Answer(private=short_card(translate(key), lines=[*lines, *notes], buttons=buttons))


async def _without_over(
    context: CommandContext, known: Sequence[TrackedRun], missing: Sequence[TrackedRun]
) -> Sequence[TrackedRun]:
    """``missing``: not in their platform's list any more. They are read: others may have ended them there."""

    async def is_over(one: TrackedRun) -> bool:
        try:
            return (await context.services.runs.refresh(one.handle)).run.state.is_over
        except NotFound:
            return True
        except AdapterError:
            return False

    over = {
        one.handle for one, gone in zip(missing, await asyncio.gather(*map(is_over, missing)), strict=True) if gone
    }
    return [one for one in known if one.handle not in over]


def _fitting(heads: Sequence[RunSummary], words: str) -> list[RunSummary]:
    found = match(words, [(head.title, head) for head in heads])
    return [found.one] if found.one else list(found.several)


def _run_line(known: TrackedRun, head: RunSummary) -> Text:
    tasks = shown_tasks(known)
    if tasks:
        counts = counted(tasks)
    elif head.total is not None and head.done is not None:
        counts = translate("run.counts", done=head.done, total=head.total)
    else:
        counts = ()
    title = bare_title(known.run, known.handle) or head.title
    return join_parts([f"{known.handle} {title}", counts, translate("run.on", platform=known.run.key.platform)])


COMMAND = Command(
    verb="runs",
    usage="[WORDS]",
    summary="list runs",
    intent=Runs,
    read=read,
    handle=handle,
    examples=(Example("runs", {"words": ""}), Example("runs failover", {"words": "failover"})),
    scope=Scope.NONE,
    right=Right.READ,
    op=Op.RUNS,
)
