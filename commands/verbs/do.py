"""``do``: runs an action that only this platform has, once confirmed. Without a name it lists the actions."""

from adapters.writes import Op, PerformAction
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.flags import parse_pairs
from commands.language.references import RUN_FLAG, run_argument, split_action_runs
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.intents import DoAction
from commands.model.ports import CommandContext
from commands.operations.platform_actions import (
    NOTE,
    action_list,
    confirmation,
    find_action,
    page_link,
    platform_actions,
    require_actions,
    require_values,
)
from commands.operations.task_action import required_run
from commands.operations.write import write


def read(line: ParsedLine) -> DoAction:
    runs, name = split_action_runs(line.text)
    values = dict(parse_pairs(line.flags.get("set", "")))
    if note := line.flags.get("note", "").strip():
        values[NOTE] = note
    return DoAction(run=run_argument(line, *runs), action=unquote(name).strip(), options=values)


async def handle(intent: DoAction, context: CommandContext) -> Answer:
    """Once confirmed, it does not ask the platform for its actions again: it may run twice after a crash."""
    tracked = required_run(context)
    require_actions(context, tracked)
    if not (intent.confirmed and intent.action):
        actions = await platform_actions(context, tracked)
        if not intent.action:
            return action_list(tracked, actions, context.services)
        named = find_action(intent.action, tracked, actions, context)
        if named.action.link:
            return page_link(named)
        require_values(named, intent.options, context)
        raise confirmation(tracked, named, intent.options, context)
    action = PerformAction(
        run=tracked.run.key,
        by=context.services.people.person(context.actor),
        action=intent.action,
        label=intent.label,
        task=intent.task or None,
        options=intent.options,
    )
    written = await write(context, tracked, action)
    return answer_of(written.tracked, [report_outcome(context, written)])


COMMAND = Command(
    verb="do",
    intent=DoAction,
    read=read,
    handle=handle,
    arguments="[WHAT] [--set key=value] [--note TEXT]",
    examples=(
        Example("do", {"run": "", "action": ""}),
        Example("do mark as urgent", {"action": "mark as urgent"}),
        Example("do set fields --set region=eu", {"action": "set fields", "options": {"region": "eu"}}),
        Example(
            "do T2 report as failed --note the disk is broken",
            {"action": "T2 report as failed", "options": {"note": "the disk is broken"}},
        ),
        Example("press Restart service --run R7", {"run": "R7", "action": "Restart service"}),
    ),
    aliases=("press",),
    flags=(Flag("set", FlagKind.PAIRS, hint="key=value"), Flag("note", FlagKind.REST, hint="TEXT"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ACTION,
    only_reads=lambda intent: not intent.action,
)
