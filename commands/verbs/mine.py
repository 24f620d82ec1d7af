"""``mine``: lists the sender's tasks, as the platforms have them."""

from collections.abc import Sequence

from adapters.models import Task, TaskState
from adapters.protocol import supports
from adapters.writes import Op
from commands.cards.task_buttons import approve_in_button, finish_in_button
from commands.cards.task_row import row
from commands.lookup.distinct_names import run_names
from commands.lookup.run_search import started_runs
from commands.model.card import Answer, Button, Card, Code, Section, Text
from commands.model.command import Command, Example, ParsedLine
from commands.model.errors import BadArguments
from commands.model.intents import Mine
from commands.model.ports import CommandContext
from commands.model.run_head import RunHead
from commands.model.tracked_run import TrackedRun
from commands.operations.my_tasks import MyTasks, find_my_tasks
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_title
from commands.text.phrases import show_button

_MOST_ROWS = 10
_MOST_RUNS = 10
_MOST_BUTTONS = 4
_NAME = 100  # characters


def read(line: ParsedLine) -> Mine:
    if line.text:
        raise BadArguments("parse.extra", extra=Code(line.text), verb="mine", example=Code("mine"))
    return Mine()


async def handle(intent: Mine, context: CommandContext) -> Answer:
    """Of all active runs, or of the one that was named."""
    own = await context.services.runs.runs_of(context.actor)
    runs = [context.run] if context.run else [tracked for tracked in own if tracked.started]
    found = await find_my_tasks(context.actor, context.services, runs, ask=context.run is None)
    shown = found.by_run[:_MOST_RUNS]
    names = run_names([tracked for tracked, _ in shown], _NAME)
    sections = [_section(name, *run, context) for name, run in zip(names, shown, strict=True)]
    lines = [*found.gaps]
    if not found.count:
        lines += _platforms_without_assignees(await _searched(context), context)
    if len(found.by_run) > len(shown):
        lines.append(translate("list.more", count=len(found.by_run) - len(shown)))
    if shown:  # the tasks come first
        sections += [Section("", more=line) for line in lines]
    title = translate(_title_key(found), count=found.count)
    card = Card(
        title=title,
        summary=plain_text(title),
        lines=() if shown else tuple(lines),
        sections=tuple(sections),
        buttons=tuple(_buttons(shown, context)),
    )
    return Answer(private=card)


def _title_key(found: MyTasks) -> str:
    if not found.count:
        return "mine.none_found" if found.gaps else "mine.none"
    return "mine.one" if found.count == 1 else "mine.title"


def _section(name: str, tracked: TrackedRun, tasks: Sequence[Task], context: CommandContext) -> Section:
    rows = tuple(row(tracked, task, context.now, context.zone, named=False) for task in tasks[:_MOST_ROWS])
    more = len(tasks) - len(rows)
    return Section(name, rows, translate("list.more", count=more) if more else ())


def _buttons(shown: Sequence[tuple[TrackedRun, Sequence[Task]]], context: CommandContext) -> list[Button]:
    """To finish what is running and approve what waits for it; to show a run whose tasks have no handles yet."""
    buttons: list[Button] = []
    unread: list[Button] = []
    for tracked, tasks in shown:
        can = context.adapter(tracked).capabilities
        for task in tasks:
            if not tracked.task_handle(task.id):
                unread = [*unread, show_button(tracked)] if show_button(tracked) not in unread else unread
            elif task.approval and supports(can, Op.APPROVE):
                buttons.append(approve_in_button(tracked, task))
            elif task.state is TaskState.RUNNING and task.is_ours and supports(can, Op.FINISH):
                buttons.append(finish_in_button(tracked, task))
    room = _MOST_BUTTONS - min(len(unread), _MOST_BUTTONS // 2)
    return [*buttons[:room], *unread][:_MOST_BUTTONS]


async def _searched(context: CommandContext) -> Sequence[RunHead]:
    return [context.services.runs.head(context.run)] if context.run else await started_runs(context.services)


def _platforms_without_assignees(runs: Sequence[RunHead], context: CommandContext) -> list[Text]:
    """A line for each platform that cannot assign tasks: an empty list says little there."""
    names = dict.fromkeys(run.key.platform for run in runs if not run.assigns)
    cannot = [name for name in names if not supports(context.services.adapter(name).capabilities, Op.ASSIGN)]
    titles = dict.fromkeys(platform_title(name, context.services) for name in cannot)
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
