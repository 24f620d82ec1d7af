"""``start``: starts a run of a runbook. ``start T3`` begins the task."""

from adapters.writes import Op
from commands.forms.start_form import START_FORM
from commands.language.flags import parse_pairs, reject_stray_flags
from commands.language.references import RUN_FLAG, is_link, run_argument, split_run, split_tasks
from commands.language.tokens import unquote
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Begin, Intent, Start
from commands.model.ports import CommandContext
from commands.operations.start_action import start


def read(line: ParsedLine) -> Intent:
    run, rest = split_run(line.text)
    tasks, text = split_tasks(rest)
    if tasks and not text and not any(is_link(task) for task in tasks):
        return Begin(run=run_argument(line, run), tasks=tasks)
    if "run" in line.flags:
        raise BadArguments("parse.start_run", field="runbook", example=Code("start Database failover"))
    reject_stray_flags(f"{line.text} {line.flags.get('name', '')}", COMMAND.flags)
    return Start(
        runbook=unquote(line.text),
        name=line.flags.get("name", ""),
        platform=line.flags.get("on", ""),
        owner=line.flags.get("owner", ""),
        values=parse_pairs(line.flags.get("set", "")),
        rehearsal="rehearsal" in line.flags,
    )


async def handle(intent: Start, context: CommandContext) -> Answer:
    return await start(intent, context)


COMMAND = Command(
    verb="start",
    intent=Start,
    read=read,
    handle=handle,
    arguments="RUNBOOK [--name TEXT] [--on PLATFORM] [--owner @u] [--set key=value]… [--rehearsal]",
    examples=(
        Example("start Database failover", {"runbook": "Database failover"}),
        Example(
            "start database failover --on playbooks --owner @ana --name Primary down in EU",
            {"platform": "playbooks", "owner": "@ana", "name": "Primary down in EU"},
        ),
        Example(
            "start failover --set region=eu-1 --set lag=40 --rehearsal",
            {"values": {"region": "eu-1", "lag": "40"}, "rehearsal": True},
        ),
        Example("start T3", {"verb": "begin", "tasks": ("T3",)}),
    ),
    aliases=("launch",),
    synonyms={"pt": ("iniciar", "inicia", "disparar", "lançar")},
    flags=(
        Flag("name", FlagKind.REST, hint="TEXT"),
        Flag("on", hint="PLATFORM"),
        Flag("owner", hint="@u"),
        Flag("set", FlagKind.PAIRS, hint="key=value"),
        Flag("rehearsal", FlagKind.SWITCH),
        RUN_FLAG,
    ),
    scope=Scope.START,
    right=Right.START,
    op=Op.START,
    form=START_FORM,
)
