"""``do``: what this run's platform offers beyond the verbs: its buttons, flags and commands. Asks first."""

from adapters.writes import Op, PerformAction
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.references import RUN, one_run, take_run
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import DoAction
from commands.model.ports import CommandContext
from commands.operations.platform_actions import (
    action_list,
    confirmation,
    find_action,
    page_link,
    platform_actions,
    require_actions,
)
from commands.operations.task_action import required_run
from commands.operations.write import write


def read(line: Line) -> DoAction:
    run, rest = take_run(line.rest)
    return DoAction(run=one_run(line, run), offer=unquote(rest).strip())


async def handle(intent: DoAction, context: CommandContext) -> Answer:
    """Once confirmed it asks the platform nothing before the write: it may run again after a crash."""
    known = required_run(context)
    require_actions(context, known)
    if not (intent.confirmed and intent.offer):
        actions = await platform_actions(context, known)
        if not intent.offer:
            return action_list(known, actions, context.services)
        named = find_action(intent.offer, known, actions)
        if named.action.link:
            return page_link(named)
        raise confirmation(known, named, context)
    wanted = PerformAction(
        run=known.run.key,
        by=context.services.people.person(context.actor),
        action=intent.offer,
        label=intent.label,
        task=intent.task or None,
        options=intent.options,
    )
    written = await write(context, known, wanted)
    return answer_of(written.tracked, [report_outcome(context, written)])


COMMAND = Command(
    verb="do",
    usage="[WHAT]",
    summary="what else the platform offers for this run",
    intent=DoAction,
    read=read,
    handle=handle,
    examples=(
        Example("do", {"run": "", "offer": ""}),
        Example("do mark as urgent", {"offer": "mark as urgent"}),
        Example("press Restart service --run R7", {"run": "R7", "offer": "Restart service"}),
    ),
    aliases=("press",),
    flags=(RUN,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ACTION,
    only_reads=lambda intent: not intent.offer,
)
