"""``mine``: lists the sender's tasks."""

from collections.abc import Sequence

from adapters.models import Task, TaskState
from adapters.protocol import supports
from adapters.writes import Op
from commands.cards.task_buttons import finish_in_button
from commands.cards.task_row import row, shown_tasks
from commands.model.card import Answer, Button, Card, Code, Section, Text
from commands.model.command import Command, Example, ParsedLine
from commands.model.errors import BadArguments
from commands.model.intents import Mine
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import is_mine
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_title
from commands.text.phrases import run_name

_MOST_ROWS = 10
_MOST_RUNS = 10
_MOST_BUTTONS = 4


def read(line: ParsedLine) -> Mine:
    if line.text:
        raise BadArguments("parse.extra", extra=Code(line.text), verb="mine", example=Code("mine"))
    return Mine()


async def handle(intent: Mine, context: CommandContext) -> Answer:
    """Of all active runs, or of the one that was named."""
    active = await context.services.runs.list_runs(active=True)
    runs = [context.run] if context.run else [tracked for tracked in active if tracked.started]
    sections: list[Section] = []
    buttons: list[Button] = []
    total = 0
    for tracked in runs:
        tasks = _my_tasks(tracked, context)
        total += len(tasks)
        if tasks and len(sections) < _MOST_RUNS:
            rows = tuple(row(tracked, task, context.now, context.zone) for task in tasks[:_MOST_ROWS])
            sections.append(Section(run_name(tracked), rows))
        running = [task for task in tasks if task.state is TaskState.RUNNING and task.is_ours]
        buttons += [finish_in_button(tracked, task) for task in running]
    key = "mine.none" if not total else "mine.one" if total == 1 else "mine.title"
    title = translate(key, count=total)
    card = Card(
        title=title,
        summary=plain_text(title),
        lines=() if total else tuple(_platforms_without_assignees(runs, context)),
        sections=tuple(sections),
        buttons=tuple(buttons[:_MOST_BUTTONS]),
    )
    return Answer(private=card)


def _my_tasks(tracked: TrackedRun, context: CommandContext) -> list[Task]:
    return [task for task in shown_tasks(tracked) if not task.state.is_over and is_mine(task, tracked, context)]


def _platforms_without_assignees(runs: Sequence[TrackedRun], context: CommandContext) -> list[Text]:
    """A line for each platform that cannot assign tasks: an empty list says little there."""
    names = [
        tracked.run.key.platform
        for tracked in runs
        if not supports(context.adapter(tracked).capabilities, Op.ASSIGN)
        and not any(task.assignees for task in tracked.run.tasks)
    ]
    titles = dict.fromkeys(platform_title(name, context.services) for name in names)
    next_command = Code(f"{context.services.root_command} next")
    return [translate("mine.nobodys", platform=title, next=next_command) for title in titles]


COMMAND = Command(
    verb="mine",
    intent=Mine,
    read=read,
    handle=handle,
    examples=(Example("mine", {"run": ""}),),
    synonyms={"en": ("my tasks",), "pt": ("minhas", "meus", "minhas tarefas")},
)
