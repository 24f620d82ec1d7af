"""``take_back``: undoes what somebody has just done to a task with a reaction.

Nobody types it: it is sent when the reaction is taken back.
"""

from datetime import timedelta

from adapters.protocol import supports
from adapters.writes import Op, ReopenTask
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.intents import Reopen, TakeBack
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks, required_run
from commands.text.catalogue import translate
from commands.text.phrases import short_card, task_name

_TIME = timedelta(minutes=1)
_REOPENS = (Op.FINISH, Op.SKIP)


async def handle(intent: TakeBack, context: CommandContext) -> Answer:
    """Does nothing unless it was the last change of the task, a moment ago and by the same person."""
    tracked = required_run(context)
    task = find_task(intent.tasks[0], tracked, context.message, context.services, field="tasks", likely=())
    reopen = ReopenTask(run=tracked.run.key, by=context.services.people.person(context.actor), task=task.id)
    last = next(iter(await context.services.runs.receipts(tracked.handle, task.id)), None)
    is_theirs = last is not None and last.by == context.effects.marker(reopen).who
    if last is None or not is_theirs or last.op != intent.done or context.message.at - last.at > _TIME:
        return Answer()
    if Op(last.op) in _REOPENS and supports(context.adapter(tracked).capabilities, Op.REOPEN):
        again = Reopen(run=tracked.handle, tasks=intent.tasks)
        return await execute_on_tasks(again, context, ReopenTask)
    return Answer(
        private=short_card(translate("reaction.not_undone", task=task_name(tracked, task))), result="failed"
    )


COMMAND = Command(
    verb="take_back",
    intent=TakeBack,
    read=button_only,
    handle=handle,
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.REOPEN,
    typed=False,
)
