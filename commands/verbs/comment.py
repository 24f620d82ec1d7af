"""``comment``: a comment on the run, or on one of its tasks."""

from adapters.writes import AddComment, Op
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.references import RUN, name_subject, one_run, reference
from commands.language.tokens import unquote
from commands.lookup.task_lookup import task_named
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Comment
from commands.model.ports import CommandContext
from commands.operations.task_action import require, required_run
from commands.operations.write import write


def read(line: Line) -> Comment:
    task = reference(line.flags.get("task", ""))
    run, about, text = ("", "", line.rest) if task else name_subject(line.rest)
    text = unquote(text)
    if not text:
        raise BadArguments("parse.missing_text", field="text", example=Code(COMMAND.examples[0].line))
    return Comment(run=one_run(line, run), task=task or about, text=text)


async def handle(intent: Comment, context: CommandContext) -> Answer:
    known = required_run(context)
    require(context, known, Op.COMMENT)
    task = task_named(intent.task, known, context.message, context.services, field="task") if intent.task else None
    wanted = AddComment(
        run=known.run.key,
        by=context.services.people.person(context.actor),
        text=intent.text,
        task=task.id if task else None,
        options=intent.options,
    )
    written = await write(context, known, wanted)
    return answer_of(written.tracked, [report_outcome(context, written)])


COMMAND = Command(
    verb="comment",
    usage="[TASK:] TEXT [--task TASK]",
    summary="add a comment",
    intent=Comment,
    read=read,
    handle=handle,
    examples=(
        Example("comment the vendor answered", {"text": "the vendor answered", "task": ""}),
        Example("comment T3: promoted by hand", {"text": "promoted by hand", "task": "T3"}),
        Example("note promoted by hand --task T3", {"text": "promoted by hand", "task": "T3"}),
        Example("comment see T3 --then what", {"text": "see T3 --then what", "task": ""}),
    ),
    aliases=("note",),
    flags=(Flag("task", hint="TASK"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.COMMENT,
)
