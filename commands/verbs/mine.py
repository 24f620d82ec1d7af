"""``mine``: my tasks."""

from collections.abc import Sequence

from adapters.models import TaskState
from adapters.protocol import supports
from adapters.writes import Op
from commands.cards.task_buttons import finish_in_button
from commands.cards.task_row import row, shown_tasks
from commands.model.card import Answer, Button, Card, Code, Section, Text
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Mine
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import is_mine
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_title
from commands.text.phrases import (
    run_name,
)

_MOST_ROWS = 10
_MOST_RUNS = 10
_MOST_BUTTONS = 4


def read(line: Line) -> Mine:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="mine", example=Code("mine"))
    return Mine()


async def handle(intent: Mine, context: CommandContext) -> Answer:
    return await my_tasks(context)


async def my_tasks(context: CommandContext) -> Answer:
    """In all active runs, or in the one that was named."""
    active = await context.services.runs.list_runs(active=True)
    runs = [context.run] if context.run else [known for known in active if known.started]
    sections: list[Section] = []
    buttons: list[Button] = []
    total = 0
    for known in runs:
        mine = [task for task in shown_tasks(known) if not task.state.is_over and is_mine(task, known, context)]
        total += len(mine)
        if mine and len(sections) < _MOST_RUNS:
            rows = tuple(row(known, task, context.now, context.zone) for task in mine[:_MOST_ROWS])
            sections.append(Section(run_name(known), rows))
        buttons += [
            finish_in_button(known, task) for task in mine if task.state is TaskState.RUNNING and task.is_ours
        ]
    key = "mine.none" if not total else "mine.one" if total == 1 else "mine.title"
    words = translate(key, count=total)
    card = Card(
        title=words,
        summary=plain_text(words),
        lines=tuple(_nobodys(runs, context)) if not total else (),
        sections=tuple(sections),
        buttons=tuple(buttons[:_MOST_BUTTONS]),
    )
    return Answer(private=card)


def _nobodys(runs: Sequence[TrackedRun], context: CommandContext) -> list[Text]:
    """A platform that names nobody and takes no names: that nothing is mine there says little."""
    silent = [
        known.run.key.platform
        for known in runs
        if not supports(context.adapter(known).capabilities, Op.ASSIGN)
        and not any(task.assignees for task in known.run.tasks)
    ]
    names = dict.fromkeys(platform_title(name, context.services) for name in silent)
    return [
        translate("mine.nobodys", platform=name, next=Code(f"{context.services.root_command} next"))
        for name in names
    ]


COMMAND = Command(
    verb="mine",
    usage="",
    summary="my tasks",
    intent=Mine,
    read=read,
    handle=handle,
    examples=(Example("mine", {"run": ""}),),
    scope=Scope.NONE,
    right=Right.READ,
)
