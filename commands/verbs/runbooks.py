"""``runbooks``: runbooks that can be started."""

from adapters.writes import Op
from commands.language.tokens import unquote
from commands.lookup.fuzzy import match
from commands.lookup.runbook_lookup import platform_named, search_runbooks
from commands.model.card import Answer, Button, Text
from commands.model.command import Command, Example, Flag, Line, Right, Scope
from commands.model.intents import Runbooks, Start
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import (
    disambiguated_label,
    join_parts,
    label,
    short_card,
)

_MOST_RUNBOOKS = 20
_MOST_BUTTONS = 4


def read(line: Line) -> Runbooks:
    return Runbooks(words=unquote(line.rest), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: CommandContext) -> Answer:
    return await list_runbooks(context, intent.words, intent.platform)


async def list_runbooks(context: CommandContext, words: str, platform: str) -> Answer:
    on = await search_runbooks(words, platform, context.services)
    found = on.runbooks
    if words:
        fits = match(words, [(runbook.title, runbook) for runbook in on.runbooks])
        found = (fits.one,) if fits.one else fits.several or fits.guesses
    key = "runbooks.none" if not found else "runbooks.title"
    lines: list[Text] = []
    for runbook in found[:_MOST_RUNBOOKS]:
        count = runbook.task_count
        tasks: Text = () if count is None else translate("start.tasks_short", count=count)
        lines.append(join_parts([runbook.title, tasks, translate("run.on", platform=runbook.key.platform)]))
    if len(found) > _MOST_RUNBOOKS:
        lines.append(translate("list.more", count=len(found) - _MOST_RUNBOOKS))
    buttons = [
        Button(
            disambiguated_label(runbook, found) or label("button.start_named", runbook=runbook.title),
            Start(runbook=str(runbook.key)),
        )
        for runbook in found[:_MOST_BUTTONS]
    ]
    name = platform_named(platform, context.services) if platform else ""
    title = join_parts([translate(key), translate("run.on", platform=name) if name else ()], " ")
    return Answer(private=short_card(title, lines=[*lines, *on.missing], buttons=buttons))


COMMAND = Command(
    verb="runbooks",
    usage="[WORDS] [--on PLATFORM]",
    summary="list runbooks",
    intent=Runbooks,
    read=read,
    handle=handle,
    examples=(
        Example("runbooks", {"words": ""}),
        Example("list failover --on playbooks", {"words": "failover", "platform": "playbooks"}),
    ),
    aliases=("list",),
    flags=(Flag("on", hint="PLATFORM"),),
    scope=Scope.NONE,
    right=Right.READ,
    op=Op.RUNBOOKS,
)
