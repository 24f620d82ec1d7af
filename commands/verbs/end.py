"""``end``: the whole run is over."""

from adapters.writes import EndRun, Op
from commands.cards.error_card import AlreadyDone
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.references import RUN, is_task, one_run, reference, take_run
from commands.language.tokens import joined, unquote
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.errors import Ambiguous, BadArguments, CommandError
from commands.model.intents import Drop, End
from commands.model.outcomes import Done
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.preconditions import said_by
from commands.operations.task_action import require, required_run
from commands.operations.write import write
from commands.text.phrases import button, choice, label, run_name, shorten


def read(line: Line) -> End:
    run, text = take_run(line.rest)
    if not run:
        run, text = reference(unquote(line.rest)), ""
    if is_task(run):
        raise BadArguments("parse.end_task", field="run", task=run, example=Code(f"finish {run}"))
    message = joined(unquote(text), line.flags.get("message", ""))
    return End(run=one_run(line, run), text=message, confirmed="yes" in line.flags)


async def handle(intent: End, context: CommandContext) -> Answer:
    known = required_run(context)
    require(context, known, Op.END)
    receipts = await context.services.runs.receipts(known.handle)
    wanted = EndRun(
        run=known.run.key,
        by=context.services.people.person(context.actor),
        text=intent.text,
        options=intent.options,
    )
    ended = next(
        (one for one in receipts if one.op == Op.END and one.code != context.effects.marker(wanted).code), None
    )

    def judge(known: TrackedRun) -> CommandError | None:
        if known.run.state.is_over:
            by = said_by(ended.by, ended.at, context.zone) if ended else ()
            return AlreadyDone("already.end", run=run_name(known), state=known.run.state.value, deed=by)
        left = [task for task in known.run.tasks if not task.state.is_over]
        return None if intent.confirmed or not left else _ask(known, len(left), context)

    written = await write(context, known, wanted, judge)
    if isinstance(written.last, Done):
        await context.services.responder.schedule_reminder(known.handle, None, context.actor, context.place)
    return answer_of(written.known, [report_outcome(context, written)])


def _ask(known: TrackedRun, left: int, context: CommandContext) -> CommandError:
    key = context.message.key
    yes = choice(key, {"run": known.handle, "confirmed": True}, label("button.end", run=known.handle))
    handles = ", ".join(known.task_handle(task.id) for task in known.run.tasks if not task.state.is_over)
    question = "end.ask_one" if left == 1 else "end.ask"
    leave = button("button.leave", Drop(key=key))
    return Ambiguous(question, run=run_name(known), count=left, tasks=shorten(handles, 80), buttons=[yes, leave])


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
