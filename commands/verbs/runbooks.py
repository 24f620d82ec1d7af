"""``runbooks``: lists the runbooks that can be started, by folder."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.models import Runbook
from adapters.toolkit.folding import fold
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
from commands.text.phrases import join_parts, label, rest_menu, short_card, shorten

_MOST_RUNBOOKS = 20
_MOST_BUTTONS = 4
_NAME = 100  # characters


def read(line: ParsedLine) -> Runbooks:
    return Runbooks(query=unquote(line.text), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: CommandContext) -> Answer:
    search = await search_runbooks(intent.query, intent.platform, context.services)
    found = _find(intent.query, search.runbooks) if intent.query else _by_folder(search.runbooks)
    has_folders = len({runbook.folder for runbook in found}) > 1
    names = runbook_names(found)
    long_names = list(zip(found, runbook_names(found, _NAME), strict=True))[:_MOST_RUNBOOKS]
    lines = [_line(runbook, name, runbook.folder if has_folders else "") for runbook, name in long_names]
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


def _find(query: str, runbooks: Sequence[Runbook]) -> Sequence[Runbook]:
    """Those of a folder of that name come first."""
    inside = _by_folder(_in_folder(query, runbooks))
    matches = find_matches(query, [(runbook.title, runbook) for runbook in runbooks], typing=True)
    titled = (matches.single,) if matches.single else matches.several
    return [*inside, *(runbook for runbook in titled if runbook not in inside)] or matches.guesses


def _by_folder(runbooks: Sequence[Runbook]) -> list[Runbook]:
    return sorted(runbooks, key=lambda runbook: fold(runbook.folder))


def _in_folder(query: str, runbooks: Sequence[Runbook]) -> list[Runbook]:
    """Those in the folder of that name and below, and one of that title. Empty if there is no such folder."""
    name = fold(query).rstrip("/")

    def is_inside(runbook: Runbook) -> bool:
        return f"{fold(runbook.folder)}/".startswith(f"{name}/")

    if not name or not any(map(is_inside, runbooks)):
        return []
    return [runbook for runbook in runbooks if is_inside(runbook) or fold(runbook.title) == name]


def _line(runbook: Runbook, name: str, folder: str) -> Text:
    count = runbook.task_count
    tasks: Text = () if count is None else translate(plural("start.tasks_short", count), count=count)
    on = translate("run.on", platform=runbook.key.platform)
    return join_parts([name, tasks, on, () if f"({folder}" in name else shorten(folder, _NAME)])


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
