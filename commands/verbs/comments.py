"""``comments``: shows the comments of a run or of one of its tasks, as ``show --comments`` does."""

from typing import Literal

from adapters.writes import Op
from commands.language.references import RUN_FLAG, run_argument, show_intent, split_run_beside_task
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, ParsedLine, Scope
from commands.model.intents import Show
from commands.model.ports import CommandContext
from commands.operations.show import show


class Comments(Show):
    verb: Literal["comments"] = "comments"
    comments: bool = True


def read(line: ParsedLine) -> Comments:
    run, rest = split_run_beside_task(line.text)
    shown = show_intent(unquote(rest))
    return Comments(run=run_argument(line, run), what=shown.what, kind=shown.kind)


async def handle(intent: Comments, context: CommandContext) -> Answer:
    return await show(intent, context)


COMMAND = Command(
    verb="comments",
    intent=Comments,
    read=read,
    handle=handle,
    arguments="[RUN|TASK]",
    examples=(
        Example("comments", {"what": "", "comments": True}),
        Example("comments R7", {"what": "R7", "kind": "run"}),
        Example("comments T3", {"what": "T3", "kind": "task"}),
    ),
    synonyms={
        "en": ("comments of", "comments on", "show comments", "read comments"),
        "pt": ("comentários", "comentários de", "comentários da", "ver comentários", "mostrar comentários"),
    },
    flags=(RUN_FLAG,),
    scope=Scope.READ,
    op=Op.COMMENTS,
)
