"""``comment``: adds a comment to the run, or to one of its tasks."""

from adapters.writes import AddComment, Op
from commands.cards.receipt_card import answer_of, report_outcome
from commands.forms.fields import TASK_IF_ANY
from commands.language.references import RUN_FLAG, normalize_handle, run_argument, split_comment
from commands.language.tokens import unquote
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, ParsedLine, Right, Scope
from commands.model.errors import BadArguments
from commands.model.form import CommandForm, FormField, Values
from commands.model.intents import Comment
from commands.model.ports import CommandContext
from commands.operations.task_action import require, required_run
from commands.operations.write import write


def read(line: ParsedLine) -> Comment:
    flag = normalize_handle(line.flags.get("task", ""))
    run, task, text = ("", flag, line.text) if flag else split_comment(line.text)
    text = unquote(text)
    if not text:
        raise BadArguments("parse.missing_text", field="text", example=Code(COMMAND.examples[0].line))
    return Comment(run=run_argument(line, run), task=task, text=text)


async def handle(intent: Comment, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.COMMENT)
    task = None
    if intent.task:
        task = find_task(intent.task, tracked, context.message, context.services, field="task")
    comment = AddComment(
        run=tracked.run.key,
        by=context.services.people.person(context.actor),
        text=intent.text,
        task=task.id if task else None,
        options=intent.options,
    )
    written = await write(context, tracked, comment)
    return answer_of(written.tracked, [report_outcome(context, written)])


def _read_form(run: str, values: Values) -> Comment:
    return Comment(run=run, text=values["text"], task=normalize_handle(values["task"]))


def _fill_form(intent: Comment) -> Values:
    return {"text": intent.text, "task": intent.task}


COMMAND = Command(
    verb="comment",
    intent=Comment,
    read=read,
    handle=handle,
    arguments="[TASK:] TEXT [--task TASK]",
    examples=(
        Example("comment the vendor answered", {"text": "the vendor answered", "task": ""}),
        Example("comment T3: promoted by hand", {"text": "promoted by hand", "task": "T3"}),
        Example("note promoted by hand --task T3", {"text": "promoted by hand", "task": "T3"}),
        Example("comment see T3 --then what", {"text": "see T3 --then what", "task": ""}),
    ),
    aliases=("note",),
    synonyms={
        "en": ("add comment", "add a comment"),
        "pt": ("adicionar comentário", "comentar", "comentário", "nota", "anotar"),
    },
    flags=(Flag("task", hint="TASK"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.COMMENT,
    keeps_flags=True,
    form=CommandForm(
        title="form.title_comment",
        submit="form.submit_comment",
        fields=(FormField("text", "form.text_comment", "lines"), TASK_IF_ANY),
        read=_read_form,
        fill=_fill_form,
        opens_on_error="parse.missing_text",
    ),
)
