"""``next``: which tasks can be begun now."""

from collections.abc import Sequence

from adapters.models import Task, TaskState
from commands.cards.run_card import STATES
from commands.cards.task_buttons import begin_button, finish_in_button
from commands.cards.task_row import row, shown_tasks
from commands.language.references import RUN, one_run, reference
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run
from commands.model.card import Answer, Card, Section, Text
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Next
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.read_run import pending_changes
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import (
    clock,
    run_name,
    short_card,
    show_button,
)

_MOST_ROWS = 10
_MOST_BUTTONS = 4


def read(line: Line) -> Next:
    return Next(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Next, context: CommandContext) -> Answer:
    if context.run is None:
        raise no_run()
    return await next_tasks(context, context.run)


async def next_tasks(context: CommandContext, known: TrackedRun) -> Answer:
    """From the snapshot, and saying when that was read."""
    if known.run.state.is_over:
        words = translate("next.over", run=run_name(known), state=translate(STATES[known.run.state]))
        return Answer(private=short_card(words, buttons=[show_button(known)]))
    tasks = shown_tasks(known)
    ready = [task for task in tasks if task.state is TaskState.READY]
    running = [task for task in tasks if task.state is TaskState.RUNNING]
    sections = tuple(_drawn(context, known, tasks) for tasks in (ready, running) if tasks)
    key = "next.title" if ready else "next.none"
    begin = [begin_button(known, one) for one in ready if one.is_ours and known.task_handle(one.id)]
    finish = [finish_in_button(known, task) for task in running if task.is_ours]
    return Answer(
        private=Card(
            title=translate(key, run=run_name(known)),
            summary=plain_text(translate(key, run=run_name(known))),
            lines=(*_read_at(context, known), *await pending_changes(context, known)),
            sections=sections,
            buttons=tuple((begin or finish)[:_MOST_BUTTONS]),
        )
    )


def _drawn(context: CommandContext, known: TrackedRun, tasks: Sequence[Task]) -> Section:
    """Without a title: each row says its state."""
    rows = tuple(row(known, task, context.now, context.zone) for task in tasks[:_MOST_ROWS])
    return Section(
        "", rows, translate("list.more", count=len(tasks) - _MOST_ROWS) if len(tasks) > _MOST_ROWS else ()
    )


def _read_at(context: CommandContext, known: TrackedRun) -> tuple[Text, ...]:
    read = known.run.read_at
    return (translate("run.read", at=clock(read, context.zone)),) if read else ()


COMMAND = Command(
    verb="next",
    usage="[RUN]",
    summary="what can be begun now",
    intent=Next,
    read=read,
    handle=handle,
    examples=(Example("next", {"run": ""}), Example("next R7", {"run": "R7"})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.READ,
)
