"""``runbooks``: lists the runbooks that can be started."""

from adapters.models import Runbook
from adapters.writes import Op
from commands.language.tokens import unquote
from commands.lookup.fuzzy import find_matches
from commands.lookup.runbook_lookup import find_platform, search_runbooks
from commands.model.card import Answer, Button, Text
from commands.model.command import Command, Example, Flag, ParsedLine
from commands.model.intents import Runbooks, Start
from commands.model.ports import CommandContext
from commands.text.catalogue import plural, translate
from commands.text.phrases import disambiguated_label, join_parts, label, short_card

_MOST_RUNBOOKS = 20
_MOST_BUTTONS = 4


def read(line: ParsedLine) -> Runbooks:
    return Runbooks(query=unquote(line.text), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: CommandContext) -> Answer:
    search = await search_runbooks(intent.query, intent.platform, context.services)
    found = search.runbooks
    if intent.query:
        matches = find_matches(intent.query, [(runbook.title, runbook) for runbook in found])
        found = (matches.single,) if matches.single else matches.several or matches.guesses
    lines = [_line(runbook) for runbook in found[:_MOST_RUNBOOKS]]
    if len(found) > _MOST_RUNBOOKS:
        lines.append(translate("list.more", count=len(found) - _MOST_RUNBOOKS))
    buttons = [
        Button(
            disambiguated_label(runbook, found) or label("button.start_named", runbook=runbook.title),
            Start(runbook=str(runbook.key)),
        )
        for runbook in found[:_MOST_BUTTONS]
    ]
    name = find_platform(intent.platform, context.services) if intent.platform else ""
    platform = translate("run.on", platform=name) if name else ()
    title = join_parts([translate("runbooks.title" if found else "runbooks.none"), platform], " ")
    return Answer(private=short_card(title, lines=[*lines, *search.failures], buttons=buttons))


def _line(runbook: Runbook) -> Text:
    count = runbook.task_count
    tasks: Text = () if count is None else translate(plural("start.tasks_short", count), count=count)
    return join_parts([runbook.title, tasks, translate("run.on", platform=runbook.key.platform)])


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
