"""``add``: a new task in the run; ``add comment TEXT`` is a comment (an alias of two words)."""

from adapters.writes import AddTask, Op
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.references import RUN, one_run, take_tasks
from commands.language.tokens import unquote
from commands.lookup.fuzzy import match
from commands.lookup.person_lookup import person_named
from commands.lookup.task_lookup import task_named
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, Line, Right, Scope
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.intents import Add
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.preconditions import not_over
from commands.operations.task_action import require, required_run
from commands.operations.write import write
from commands.text.error_text import platform_title
from commands.text.phrases import MOST_CHOICES, choice, run_name


def read(line: Line) -> Add:
    title = unquote(line.rest)
    if not title:
        raise BadArguments("parse.missing_title", field="title", example=Code(COMMAND.examples[0].line))
    return Add(
        run=one_run(line, ""),
        title=title,
        stage=line.flags.get("stage", ""),
        person=line.flags.get("assign", ""),
        after=line.flags.get("after", ""),
        before=line.flags.get("before", ""),
    )


async def handle(intent: Add, context: CommandContext) -> Answer:
    known = required_run(context)
    require(context, known, Op.ADD)
    if intent.after or intent.before:
        _require_places(context, known)
    people = context.services.people
    wanted = AddTask(
        run=known.run.key,
        by=people.person(context.actor),
        title=intent.title,
        stage=_stage(intent.stage, known, context) if intent.stage else None,
        assignee=people.person(await person_named(intent.person, context, field="person"))
        if intent.person
        else None,
        after=_tasks(intent.after, "after", known, context),
        before=_tasks(intent.before, "before", known, context),
        options=intent.options,
    )
    written = await write(context, known, wanted, not_over)
    return answer_of(written.known, [report_outcome(context, written)])


def _require_places(context: CommandContext, known: TrackedRun) -> None:
    name = known.run.key.platform
    if not context.services.platform_types[name].supports_insertion:
        raise BadArguments("add.no_places", field="after", platform=platform_title(name, context.services))


def _tasks(words: str, field: str, known: TrackedRun, context: CommandContext) -> tuple[str, ...]:
    """``Task.ids`` of handles, or of one title."""
    if not words:
        return ()
    handles, rest = take_tasks(words)
    named = (words,) if rest.strip() or not handles else handles
    return tuple(task_named(one, known, context.message, context.services, field=field).id for one in named)


def _stage(words: str, known: TrackedRun, context: CommandContext) -> str:
    """A ``Stage.id``. Raises with the stages there are, each completing the command."""
    found = match(words, [(stage.title, stage) for stage in known.run.stages])
    if found.one:
        return found.one.id
    stages = found.several or found.guesses or known.run.stages
    if not stages:
        raise Missing("stage.none", run=run_name(known))
    buttons = [
        choice(context.message.key, {"run": known.handle, "stage": stage.title}, stage.title)
        for stage in stages[:MOST_CHOICES]
    ]
    raise Ambiguous("stage.which", words=words, run=run_name(known), buttons=buttons)


COMMAND = Command(
    verb="add",
    usage="[task] TEXT [--stage S] [--assign @u] [--after TASK] [--before TASK]",
    summary="add a task to the run",
    intent=Add,
    read=read,
    handle=handle,
    examples=(
        Example("add Tell support", {"title": "Tell support"}),
        Example(
            'add task Check DNS --stage "Fail over" --assign @ben',
            {"title": "Check DNS", "stage": "Fail over", "person": "@ben"},
        ),
        Example(
            "add Test again --after T2,T3 --before T4", {"title": "Test again", "after": "T2,T3", "before": "T4"}
        ),
        Example("add comment replica lags", {"verb": "comment", "text": "replica lags"}),
    ),
    flags=(
        Flag("stage", hint="S"),
        Flag("assign", hint="@u"),
        Flag("after", hint="TASK"),
        Flag("before", hint="TASK"),
        RUN,
    ),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ADD,
)
