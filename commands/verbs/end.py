"""``end``: ends the run."""

from adapters.writes import EndRun, Op
from commands.cards.error_card import AlreadyDone
from commands.cards.receipt_card import answer_of, report_outcome
from commands.language.references import RUN_FLAG, is_task_handle, normalize_handle, run_argument, split_run
from commands.language.tokens import join_texts, unquote
from commands.model.card import Answer, Code, Field, Option
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.errors import Ambiguous, BadArguments, CommandError
from commands.model.form import CommandForm, FormField, FormOpening, Values
from commands.model.intents import Drop, End
from commands.model.outcomes import Done
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import require, required_run
from commands.operations.write import Precondition, write
from commands.text.catalogue import lazy, plain_text, plural, translate
from commands.text.phrases import button, by_and_at, choice, label, run_name, shorten

_RUN_OF_PLACE = frozenset({"run", "the run", "this run", "it", "a execução", "esta execução", "essa execução"})


def read(line: ParsedLine) -> End:
    run, text = split_run(line.text)
    if not run:
        run, text = normalize_handle(unquote(line.text)), ""
    if run.casefold() in _RUN_OF_PLACE:
        run = ""
    if is_task_handle(run):
        raise BadArguments("parse.end_task", field="run", task=run, example=Code(f"finish {run}"))
    message = join_texts(unquote(text), line.flags.get("message", ""))
    return End(run=run_argument(line, run), text=message, confirmed="yes" in line.flags)


async def handle(intent: End, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.END)
    end = EndRun(
        run=tracked.run.key,
        by=context.services.people.person(context.actor),
        text=intent.text,
        options=intent.options,
    )
    written = await write(context, tracked, end, await _precondition(intent, end, tracked, context))
    if isinstance(written.last, Done) and not written.last.result.partial:
        await context.services.responder.schedule_reminder(tracked.handle, None, context.actor, context.place)
    return answer_of(written.tracked, [report_outcome(context, written)])


async def _precondition(intent: End, end: EndRun, tracked: TrackedRun, context: CommandContext) -> Precondition:
    """The run is active, and has no open tasks unless the person confirmed."""
    receipts = await context.services.runs.receipts(tracked.handle)
    own_code = context.effects.marker(end).code
    earlier = next((receipt for receipt in receipts if receipt.op == Op.END and receipt.code != own_code), None)

    def check(latest: TrackedRun) -> CommandError | None:
        if latest.run.state.is_over:
            by = by_and_at(earlier.by, earlier.at, context.zone, context.now) if earlier else ""
            state = lazy(f"run.{latest.run.state}")
            return AlreadyDone("already.end", run=run_name(latest), state=state, deed=by)
        open_tasks = [latest.task_handle(task.id) for task in latest.run.tasks if not task.state.is_over]
        return None if intent.confirmed or not open_tasks else _confirmation(latest, open_tasks, context)

    return check


def _confirmation(tracked: TrackedRun, open_tasks: list[str], context: CommandContext) -> Ambiguous:
    key = context.message.key
    confirm = choice(key, {"run": tracked.handle, "confirmed": True}, label("button.end", run=tracked.handle))
    cancel = button("button.leave", Drop(key=key))
    return Ambiguous(
        plural("end.ask", len(open_tasks)),
        run=run_name(tracked),
        count=len(open_tasks),
        tasks=shorten(", ".join(open_tasks), 80),
        buttons=[confirm, cancel],
    )


def _read_form(run: str, values: Values) -> End:
    return End(run=run, text=values["text"], confirmed=values.get("sure") == "yes")


def _fill_form(intent: End) -> Values:
    return {"text": intent.text}


async def _sure_field(opening: FormOpening) -> tuple[Field, ...]:
    """A box to tick while tasks are open."""
    tracked = opening.run
    open_tasks = [tracked.task_handle(task.id) for task in tracked.run.tasks if not task.state.is_over]
    if not open_tasks:
        return ()
    count, tasks = len(open_tasks), shorten(", ".join(open_tasks), 60)
    box = Option("yes", plain_text(translate(plural("form.sure", count), count=count)))
    return (Field("sure", plain_text(translate("form.sure_label")), "check", (box,), hint=tasks),)


COMMAND = Command(
    verb="end",
    intent=End,
    read=read,
    handle=handle,
    arguments="[RUN] [--message TEXT] [--yes]",
    examples=(
        Example("end", {"run": "", "text": "", "confirmed": False}),
        Example("end R7 --message back to normal", {"run": "R7", "text": "back to normal"}),
        Example("close --yes", {"confirmed": True}),
    ),
    aliases=("close", "resolve"),
    synonyms={"pt": ("encerrar", "fechar", "resolver")},
    flags=(Flag("message", FlagKind.REST, hint="TEXT"), Flag("yes", FlagKind.SWITCH), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.END,
    op=Op.END,
    form=CommandForm(
        title="form.title_end",
        submit="form.submit_end",
        fields=(FormField("text", "form.text_end", "lines", optional=True),),
        read=_read_form,
        fill=_fill_form,
        more_fields=_sure_field,
    ),
)
