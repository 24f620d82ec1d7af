"""``add``: adds a task to the run. ``add comment TEXT`` is a comment: a longer alias wins."""

from typing import Literal

from pydantic import Field as PydanticField

from adapters.writes import AddTask, Op
from commands.cards.receipt_card import answer_of, report_outcome
from commands.forms.fields import NAME_LENGTH, PERSON_IF_ANY
from commands.language.references import RUN_FLAG, run_argument, split_tasks
from commands.language.tokens import unquote
from commands.lookup.fuzzy import find_matches
from commands.lookup.person_lookup import find_person
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer, Code, Field, Option
from commands.model.command import Command, Example, Flag, ParsedLine, Right, Scope
from commands.model.errors import Ambiguous, BadArguments, Missing
from commands.model.form import CommandForm, FormField, FormOpening, Values
from commands.model.intents import Intent
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.new_readers import ask_before_assigning
from commands.operations.preconditions import not_over
from commands.operations.task_action import require, required_run
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import MOST_CHOICES, choice, run_name, shorten

_MOST_STAGES = 100  # options of the form


class Add(Intent):
    verb: Literal["add"] = "add"
    title: str = ""
    stage: str = ""
    person: str = ""
    after: str = ""  # tasks, as typed: "T2, T3"
    before: str = ""
    confirmed: bool = PydanticField(False, exclude_if=lambda confirmed: not confirmed)


def read(line: ParsedLine) -> Add:
    title = unquote(line.text)
    if not title:
        raise BadArguments("parse.missing_title", field="title", example=Code(COMMAND.examples[0].line))
    return Add(
        run=run_argument(line),
        title=title,
        stage=line.flags.get("stage", ""),
        person=line.flags.get("assign", ""),
        after=line.flags.get("after", ""),
        before=line.flags.get("before", ""),
    )


async def handle(intent: Add, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.ADD)
    people = context.services.people
    assignee = await find_person(intent.person, context, field="person") if intent.person else None
    if assignee is not None and not intent.confirmed:
        await ask_before_assigning([assignee], tracked, context)
    task = AddTask(
        run=tracked.run.key,
        by=people.person(context.actor),
        title=intent.title,
        stage=_stage_id(intent.stage, tracked, context) if intent.stage else None,
        assignee=people.person(assignee) if assignee else None,
        after=_task_ids(intent.after, "after", tracked, context),
        before=_task_ids(intent.before, "before", tracked, context),
        options=intent.options,
    )
    written = await write(context, tracked, task, not_over)
    return answer_of(written.tracked, [report_outcome(context, written)])


def _task_ids(text: str, field: str, tracked: TrackedRun, context: CommandContext) -> tuple[str, ...]:
    """``text`` is a list of handles, or one title."""
    if not text:
        return ()
    handles, rest = split_tasks(text)
    references = (text,) if rest.strip() or not handles else handles
    likely = None if len(references) == 1 else ()
    tasks = [
        find_task(reference, tracked, context.message, context.services, field=field, likely=likely)
        for reference in references
    ]
    return tuple(task.id for task in tasks)


def _stage_id(query: str, tracked: TrackedRun, context: CommandContext) -> str:
    """Raises ``Ambiguous`` with a button per stage, which completes the command."""
    found = find_matches(query, [(stage.title, stage) for stage in tracked.run.stages])
    if found.single:
        return found.single.id
    stages = found.several or found.guesses or tracked.run.stages
    if not stages:
        raise Missing("stage.none", run=run_name(tracked))
    buttons = [
        choice(context.message.key, {"run": tracked.handle, "stage": stage.title}, stage.title)
        for stage in stages[:MOST_CHOICES]
    ]
    raise Ambiguous("stage.which", words=query, run=run_name(tracked), buttons=buttons)


async def _stage_field(opening: FormOpening) -> tuple[Field, ...]:
    tracked = opening.run
    if not tracked.run.stages:
        return ()
    titles = [shorten(stage.title, 70) for stage in tracked.run.stages[:_MOST_STAGES]]
    options = tuple(Option(title, title) for title in titles)
    return (Field("stage", plain_text(translate("form.stage")), "choice", options, optional=True),)


def _read_form(run: str, values: Values) -> Add:
    return Add(run=run, title=values["title"], stage=values.get("stage", ""), person=values["person"])


def _fill_form(intent: Add) -> Values:
    return {"title": intent.title, "stage": intent.stage, "person": intent.person}


COMMAND = Command(
    verb="add",
    intent=Add,
    read=read,
    handle=handle,
    arguments="[task] TEXT [--stage S] [--assign @u] [--after TASK] [--before TASK]",
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
    synonyms={
        "en": ("add task", "add a task", "new task"),
        "pt": ("adicionar", "acrescentar", "adicionar tarefa", "nova tarefa"),
    },
    flags=(
        Flag("stage", hint="S"),
        Flag("assign", hint="@u"),
        Flag("after", hint="TASK"),
        Flag("before", hint="TASK"),
        RUN_FLAG,
    ),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ADD,
    keeps_flags=True,
    form=CommandForm(
        title="form.title_add",
        submit="form.submit_add",
        fields=(FormField("title", "form.title", max_length=NAME_LENGTH), PERSON_IF_ANY),
        read=_read_form,
        fill=_fill_form,
        more_fields=_stage_field,
        opens_on_error="parse.missing_title",
    ),
)
