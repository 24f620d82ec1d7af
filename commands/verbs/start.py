"""``start``: a new run of a runbook; ``start T3`` begins a task instead."""

from adapters.writes import Op
from commands.language.flags import no_stray_flags, pairs
from commands.language.references import RUN, one_run, take_run, take_tasks
from commands.language.tokens import unquote
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.errors import BadArguments
from commands.model.intents import Begin, Intent, Start
from commands.model.ports import CommandContext
from commands.operations.start_action import start


def read(line: Line) -> Intent:
    run, rest = take_run(line.rest)
    tasks, text = take_tasks(rest)
    if tasks and not text:
        return Begin(run=one_run(line, run), tasks=tasks)
    if "run" in line.flags:
        raise BadArguments("parse.start_run", field="runbook", example=Code("start Database failover"))
    no_stray_flags(f"{line.rest} {line.flags.get('name', '')}", COMMAND.flags)
    return Start(
        runbook=unquote(line.rest),
        name=line.flags.get("name", ""),
        platform=line.flags.get("on", ""),
        owner=line.flags.get("owner", ""),
        values=pairs(line.flags.get("set", "")),
        rehearsal="rehearsal" in line.flags,
    )


async def handle(intent: Start, context: CommandContext) -> Answer:
    return await start(intent, context)


COMMAND = Command(
    verb="start",
    usage="RUNBOOK [--name TEXT] [--on PLATFORM] [--owner @u] [--set key=value]… [--rehearsal]",
    summary="start a runbook",
    intent=Start,
    read=read,
    handle=handle,
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
    flags=(
        Flag("name", Takes.REST, hint="TEXT"),
        Flag("on", hint="PLATFORM"),
        Flag("owner", hint="@u"),
        Flag("set", Takes.PAIRS, hint="key=value"),
        Flag("rehearsal", Takes.NOTHING),
        RUN,
    ),
    scope=Scope.START,
    right=Right.START,
    op=Op.START,
)
