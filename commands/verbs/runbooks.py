"""``runbooks``: lists the runbooks that can be started."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.models import Runbook
from adapters.writes import Op
from commands.language.tokens import unquote
from commands.lookup.distinct_names import runbook_names
from commands.lookup.fuzzy import find_matches
from commands.lookup.runbook_lookup import RunbookSearch, find_platform, search_runbooks
from commands.model.card import Answer, Button, Text
from commands.model.command import Command, Example, Flag, ParsedLine
from commands.model.intents import Runbooks, Start
from commands.model.ports import CommandContext
from commands.text.catalogue import plural, translate
from commands.text.phrases import join_parts, label, rest_menu, short_card

_MOST_RUNBOOKS = 20
_MOST_BUTTONS = 4
_NAME = 100  # characters


def read(line: ParsedLine) -> Runbooks:
    return Runbooks(query=unquote(line.text), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: CommandContext) -> Answer:
    search = await search_runbooks(intent.query, intent.platform, context.services)
    found = search.runbooks
    if intent.query:
        matches = find_matches(intent.query, [(runbook.title, runbook) for runbook in found], typing=True)
        found = (matches.single,) if matches.single else matches.several or matches.guesses
    names = runbook_names(found)
    lines = [_line(runbook, name) for runbook, name in zip(found, runbook_names(found, _NAME), strict=True)][
        :_MOST_RUNBOOKS
    ]
    if len(found) > _MOST_RUNBOOKS:
        lines.append(translate("list.more", count=len(found) - _MOST_RUNBOOKS))
    buttons = [
        Button(
            label("button.start_named", runbook=runbook.title) if name == runbook.title else name,
            Start(runbook=str(runbook.key)),
        )
        for runbook, name in list(zip(found, names, strict=True))[:_MOST_RUNBOOKS]
    ]
    name = find_platform(intent.platform, context.services) if intent.platform else ""
    platform = translate("run.on", platform=name) if name else ()
    title = join_parts([translate(_title_key(found, search)), platform], " ")
    card = short_card(title, lines=[*search.gaps, *lines], buttons=buttons[:_MOST_BUTTONS])
    return Answer(private=replace(card, menu=rest_menu("menu.start", buttons[_MOST_BUTTONS:])))


def _title_key(found: Sequence[Runbook], search: RunbookSearch) -> str:
    if found:
        return "runbooks.title"
    return "runbooks.none_read" if search.gaps else "runbooks.none"


def _line(runbook: Runbook, name: str) -> Text:
    count = runbook.task_count
    tasks: Text = () if count is None else translate(plural("start.tasks_short", count), count=count)
    return join_parts([name, tasks, translate("run.on", platform=runbook.key.platform)])


COMMAND = Command(
    verb="runbooks",
    intent=Runbooks,
    read=read,
    handle=handle,
    arguments="[WORDS] [--on PLATFORM]",
    examples=(
        Example("runbooks", {"query": ""}),
        Example("list failover --on playbooks", {"query": "failover", "platform": "playbooks"}),
    ),
    aliases=("list",),
    synonyms={"pt": ("roteiros", "listar")},
    flags=(Flag("on", hint="PLATFORM"),),
    op=Op.RUNBOOKS,
)
