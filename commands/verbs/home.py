"""``home``: this place's run, my tasks and what I can do: what a bare root command shows."""

from commands.cards.run_card import counted, likely_steps
from commands.cards.task_row import shown_tasks
from commands.language.references import RUN, one_run
from commands.model.card import Answer, Code, Text
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Help, Home, Mine, OpenForm, Runbooks
from commands.model.ports import CommandContext
from commands.operations.task_action import is_mine
from commands.text.catalogue import translate
from commands.text.phrases import button, join_parts, run_name, short_card, show_button, task_name, task_state_name


def read(line: Line) -> Home:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="home", example=Code("home"))
    return Home(run=one_run(line, ""))


async def handle(intent: Home, context: CommandContext) -> Answer:
    known = context.run
    lines = [*await _about_run(context), *await _about_me(context)]
    buttons = []
    if known is not None and known.started and not known.run.state.is_over:
        buttons = likely_steps(known, shown_tasks(known), context.adapter(known).capabilities)
        buttons.append(show_button(known))
        buttons.append(button("button.more", OpenForm(run=known.handle, about="more")))
    else:
        buttons.append(button("button.start", OpenForm(about="start")))
        buttons.append(button("button.runbooks", Runbooks()))
        buttons.append(button("button.mine", Mine()))
        buttons.append(button("button.help", Help()))
    help_line = translate("home.help", help=Code(f"{context.services.root_command} help"))
    return Answer(private=short_card(translate("home.title"), lines=[*lines, help_line], buttons=buttons[:4]))


async def _about_run(context: CommandContext) -> list[Text]:
    known = context.run
    if known is None or not known.started or known.run.state.is_over:
        return [translate("home.no_run")]
    return [join_parts([translate("home.run", run=run_name(known)), counted(shown_tasks(known))])]


async def _about_me(context: CommandContext) -> list[Text]:
    """One line a task, at most five."""
    lines: list[Text] = []
    for known in await context.services.runs.list_runs(active=True):
        for task in shown_tasks(known):
            if known.started and not task.state.is_over and is_mine(task, known, context):
                name = f"{known.handle}.{task_name(known, task)}"
                lines.append(translate("home.task", task=name, state=task_state_name(task.state)))
    return lines[:5] or [translate("mine.none")]


COMMAND = Command(
    verb="home",
    usage="",
    summary="this place's run, and what I can do",
    intent=Home,
    read=read,
    handle=handle,
    examples=(Example("", {"verb": "home"}), Example("home", {})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.READ,
)
