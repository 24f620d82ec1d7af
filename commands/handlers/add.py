"""``add``: a new task in the run; ``add comment TEXT`` is a comment (an alias of two words)."""

from adapters.writes import AddTask, Op
from commands.cards import Answer, Code
from commands.errors import Ambiguous, BadArguments, Missing
from commands.intents import Add
from commands.judging import not_over
from commands.matching import match
from commands.outcomes import answer_of, became
from commands.peoplenames import person_named
from commands.phrases import MOST_CHOICES, choice, run_name
from commands.ports import Context, KnownRun
from commands.problems import platform_title
from commands.references import RUN, one_run, take_tasks
from commands.spec import Command, Example, Flag, Line, Right, Scope
from commands.tasknames import task_named
from commands.taskwork import require, the_run
from commands.tokens import unquote
from commands.writing import write


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


async def handle(intent: Add, context: Context) -> Answer:
    known = the_run(context)
    require(context, known, Op.ADD)
    if intent.after or intent.before:
        _require_places(context, known)
    people = context.world.people
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
    return answer_of(written.known, [became(context, written)])


def _require_places(context: Context, known: KnownRun) -> None:
    name = known.run.key.platform
    if not context.world.kinds[name].places:
        raise BadArguments("add.no_places", field="after", platform=platform_title(name, context.world))


def _tasks(words: str, field: str, known: KnownRun, context: Context) -> tuple[str, ...]:
    """``Task.ids`` of handles, or of one title."""
    if not words:
        return ()
    handles, rest = take_tasks(words)
    named = (words,) if rest.strip() or not handles else handles
    return tuple(task_named(one, known, context.message, context.world, field=field).id for one in named)


def _stage(words: str, known: KnownRun, context: Context) -> str:
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
