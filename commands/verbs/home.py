"""``home``: what a bare root command shows: the run here, and the sender's tasks."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.models import Task
from commands.cards.health_line import health_word
from commands.cards.progress import task_counts
from commands.cards.run_card import likely_steps
from commands.cards.task_row import row, shown_tasks
from commands.language.references import RUN_FLAG, run_argument
from commands.model.card import Answer, Button, Card, Code, Row, Section, Text
from commands.model.command import Command, Example, ParsedLine, Scope
from commands.model.intents import Help, Home, Mine, OpenForm, Runbooks
from commands.model.messages import Place
from commands.model.ports import CommandContext
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.operations.my_tasks import find_my_tasks
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import button, join_parts, run_name, show_button

_MOST_TASKS = 5
_MOST_BUTTONS = 4


def read(line: ParsedLine) -> Home:
    """ "hello there" is no mistake."""
    return Home(run=run_argument(line))


async def handle(intent: Home, context: CommandContext) -> Answer:
    tracked = context.run
    if tracked is not None and (not tracked.started or tracked.run.state.is_over):
        tracked = None
    section, notes = await _tasks(context)
    buttons = _run_buttons(tracked, context) if tracked else _start_buttons()
    title = translate("home.title")
    card = Card(
        title=title,
        summary=plain_text(title),
        lines=(_run_line(tracked, context.place), *(() if section.rows else notes)),
        sections=(section, *(Section("", more=note) for note in notes)) if section.rows else (),
        buttons=tuple(buttons[:_MOST_BUTTONS]),
        footer=translate("home.help", help=Code(f"{context.services.root_command} help")),
    )
    return Answer(private=card)


def _run_line(tracked: TrackedRun | None, place: Place) -> Text:
    """Where no run is active, it is the one that the sender used last."""
    if tracked is None:
        return translate("home.no_run")
    key = "home.run" if tracked.is_of(place) else "home.run_elsewhere"
    health = health_word(run_health(tracked).health)
    return join_parts([translate(key, run=run_name(tracked)), health, task_counts(shown_tasks(tracked))])


async def _tasks(context: CommandContext) -> tuple[Section, Sequence[Text]]:
    """As ``mine`` finds them, and what could not be asked."""
    own = [tracked for tracked in await context.services.runs.runs_of(context.actor) if tracked.started]
    found = await find_my_tasks(context.actor, context.services, own)
    rows = [_row(tracked, task, context) for tracked, tasks in found.by_run for task in tasks]
    left_out = len(rows) - _MOST_TASKS
    more = translate("list.more", count=left_out) if left_out > 0 else ()
    section = Section(plain_text(translate("home.tasks")), tuple(rows[:_MOST_TASKS]), more)
    none = [] if rows else [translate("mine.none_found" if found.gaps else "mine.none")]
    return section, [*none, *found.gaps]


def _row(tracked: TrackedRun, task: Task, context: CommandContext) -> Row:
    """The tasks of a run that was never read have no handles."""
    shown = row(tracked, task, context.now, context.zone, named=False)
    handle = f"{tracked.handle}.{shown.handle}" if shown.handle else tracked.handle
    return replace(shown, handle=handle)


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
        "en": (
            "what's up",
            "what's going on",
            "whats going on",
            "what is going on",
            "hello",
            "hi",
            "hey",
            "good morning",
            "good afternoon",
            "good evening",
        ),
        "pt": ("início", "olá", "oi", "bom dia", "boa tarde", "boa noite"),
    },
    flags=(RUN_FLAG,),
    scope=Scope.READ,
)
