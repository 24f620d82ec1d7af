"""``next``: lists the tasks that are ready or running, from the snapshot."""

from collections.abc import Sequence
from typing import Literal

from adapters.models import Task, TaskState
from commands.cards.task_buttons import begin_button, finish_in_button
from commands.cards.task_row import row, shown_tasks
from commands.language.references import RUN_FLAG, normalize_handle, run_argument
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run_error
from commands.model.card import Answer, Card, Section, Text
from commands.model.command import Command, Example, ParsedLine, Scope
from commands.model.intents import Intent
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.read_run import pending_changes
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import clock, run_name, short_card, show_button

_MOST_ROWS = 10
_MOST_BUTTONS = 4


class Next(Intent):
    verb: Literal["next"] = "next"


def read(line: ParsedLine) -> Next:
    return Next(run=run_argument(line, normalize_handle(unquote(line.text))))


async def handle(intent: Next, context: CommandContext) -> Answer:
    tracked = context.run
    if tracked is None:
        raise no_run_error()
    if tracked.run.state.is_over:
        state = translate(f"run.{tracked.run.state}")
        text = translate("next.over" if tracked.started else "next.never", run=run_name(tracked), state=state)
        return Answer(private=short_card(text, buttons=[show_button(tracked)]))
    tasks = shown_tasks(tracked)
    ready = [task for task in tasks if task.state is TaskState.READY]
    running = [task for task in tasks if task.state is TaskState.RUNNING]
    begin = [begin_button(tracked, task) for task in ready if task.is_ours and tracked.task_handle(task.id)]
    finish = [finish_in_button(tracked, task) for task in running if task.is_ours]
    title = translate(_title_key(ready, running), run=run_name(tracked))
    return Answer(
        private=Card(
            title=title,
            summary=plain_text(title),
            lines=tuple(await pending_changes(context, tracked)),
            sections=tuple(_section(context, tracked, tasks) for tasks in (ready, running) if tasks),
            buttons=tuple((begin or finish)[:_MOST_BUTTONS]),
            footer=_read_at(context, tracked),
        )
    )


def _title_key(ready: Sequence[Task], running: Sequence[Task]) -> str:
    if ready:
        return "next.both" if running else "next.title"
    return "next.running" if running else "next.none"


def _section(context: CommandContext, tracked: TrackedRun, tasks: Sequence[Task]) -> Section:
    """It needs no title: each row has its state."""
    rows = tuple(row(tracked, task, context.now, context.zone) for task in tasks[:_MOST_ROWS])
    more = len(tasks) - _MOST_ROWS
    return Section("", rows, translate("list.more", count=more) if more > 0 else ())


def _read_at(context: CommandContext, tracked: TrackedRun) -> Text:
    read_at = tracked.run.read_at
    return translate("run.read", at=clock(read_at, context.zone, context.now)) if read_at else ()


COMMAND = Command(
    verb="next",
    intent=Next,
    read=read,
    handle=handle,
    arguments="[RUN]",
    examples=(Example("next", {"run": ""}), Example("next R7", {"run": "R7"})),
    synonyms={
        "en": ("what's next", "whats next", "what is next"),
        "pt": ("próximo", "próxima", "próximas", "próximos"),
    },
    flags=(RUN_FLAG,),
    scope=Scope.READ,
)
