"""``home``: what a bare root command shows: the run here, and the sender's tasks."""

from adapters.models import Task
from commands.cards.progress import task_counts
from commands.cards.run_card import likely_steps
from commands.cards.task_row import shown_tasks
from commands.language.references import RUN_FLAG, run_argument
from commands.model.card import Answer, Button, Code, Text
from commands.model.command import Command, Example, ParsedLine, Scope
from commands.model.intents import Help, Home, Mine, OpenForm, Runbooks
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.my_tasks import find_my_tasks
from commands.text.catalogue import translate
from commands.text.phrases import button, join_parts, run_name, short_card, show_button, task_name, task_state_name

_MOST_TASKS = 5
_MOST_BUTTONS = 4


def read(line: ParsedLine) -> Home:
    """ "hello there" is no mistake."""
    return Home(run=run_argument(line))


async def handle(intent: Home, context: CommandContext) -> Answer:
    tracked = context.run
    if tracked is not None and (not tracked.started or tracked.run.state.is_over):
        tracked = None
    lines = [
        _run_line(tracked),
        *await _task_lines(context),
        translate("home.help", help=Code(f"{context.services.root_command} help")),
    ]
    buttons = _run_buttons(tracked, context) if tracked else _start_buttons()
    return Answer(private=short_card(translate("home.title"), lines=lines, buttons=buttons[:_MOST_BUTTONS]))


def _run_line(tracked: TrackedRun | None) -> Text:
    if tracked is None:
        return translate("home.no_run")
    return join_parts([translate("home.run", run=run_name(tracked)), task_counts(shown_tasks(tracked))])


async def _task_lines(context: CommandContext) -> list[Text]:
    """As ``mine`` finds them."""
    active = await context.services.runs.list_runs(active=True)
    found = await find_my_tasks(
        context.actor, context.services, [tracked for tracked in active if tracked.started]
    )
    lines = [
        translate("home.task", task=_task_in_run(tracked, task), state=task_state_name(task.state))
        for tracked, tasks in found.by_run
        for task in tasks
    ]
    shown = lines[:_MOST_TASKS] or [translate("mine.none_found" if found.gaps else "mine.none")]
    if len(lines) > len(shown):
        shown.append(translate("list.more", count=len(lines) - len(shown)))
    return [*shown, *found.gaps]


def _task_in_run(tracked: TrackedRun, task: Task) -> str:
    """The tasks of a run that was never read have no handles."""
    if not tracked.task_handle(task.id):
        return f"{task_name(tracked, task).strip()} ({run_name(tracked)})"
    return f"{tracked.handle}.{task_name(tracked, task)}"


def _run_buttons(tracked: TrackedRun, context: CommandContext) -> list[Button]:
    return [
        *likely_steps(tracked, shown_tasks(tracked), context.adapter(tracked).capabilities, context.now),
        show_button(tracked),
        button("button.update", OpenForm(run=tracked.handle, about="status")),
    ]


def _start_buttons() -> list[Button]:
    return [
        button("button.start", OpenForm(about="start")),
        button("button.runbooks", Runbooks()),
        button("button.mine", Mine()),
        button("button.help", Help()),
    ]


COMMAND = Command(
    verb="home",
    intent=Home,
    read=read,
    handle=handle,
    examples=(Example("", {"verb": "home"}), Example("home", {})),
    synonyms={
        "en": ("hello", "hi", "hey", "good morning", "good afternoon", "good evening"),
        "pt": ("início", "olá", "oi", "bom dia", "boa tarde", "boa noite"),
    },
    flags=(RUN_FLAG,),
    scope=Scope.READ,
)
