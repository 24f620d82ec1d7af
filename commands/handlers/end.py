"""``end``: the whole run is over."""

from adapters.protocol import Op
from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import End
from commands.ports import Context
from commands.references import RUN, is_task, one_run, reference, take_run
from commands.spec import Command, Example, Flag, Line, Right, Scope, Takes
from commands.tokens import joined, unquote


def read(line: Line) -> End:
    run, text = take_run(line.rest)
    if not run:
        run, text = reference(unquote(line.rest)), ""
    if is_task(run):
        raise BadArguments("parse.end_task", field="run", task=run, example=Code(f"finish {run}"))
    message = joined(unquote(text), line.flags.get("message", ""))
    return End(run=one_run(line, run), text=message, confirmed="yes" in line.flags)


async def handle(intent: End, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="end",
    usage="[RUN] [--message TEXT] [--yes]",
    summary="end the run",
    intent=End,
    read=read,
    handle=handle,
    examples=(
        Example("end", {"run": "", "text": "", "confirmed": False}),
        Example("end R7 --message back to normal", {"run": "R7", "text": "back to normal"}),
        Example("close --yes", {"confirmed": True}),
    ),
    aliases=("close", "resolve"),
    flags=(Flag("message", Takes.REST, hint="TEXT"), Flag("yes", Takes.NOTHING), RUN),
    scope=Scope.WRITE,
    right=Right.END,
    op=Op.END,
)
