"""``status``: posts a status update (a health and a sentence). Without one it shows the status."""

from adapters.writes import Op
from commands.language.health_words import split_unknown_colour
from commands.language.references import RUN_FLAG, health_end, parse_health
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run_error
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.form import CommandForm, FormField, Values
from commands.model.intents import Intent, PromiseUpdate, Status
from commands.model.ports import CommandContext
from commands.operations.status_action import set_status, show_status


def read(line: ParsedLine) -> Intent:
    run, health, text = parse_health(line)
    due = line.flags.get("next", "")
    if due and not (health or text):
        return PromiseUpdate(run=run, next=due)
    if not health:
        health, text = split_unknown_colour(text)
    return Status(run=run, health=health, text=unquote(text), next=due)


async def handle(intent: Status, context: CommandContext) -> Answer:
    if not (intent.health or intent.text):
        if context.run is None:
            raise no_run_error()
        return await show_status(context, context.run)
    return await set_status(intent, context)


def _read_form(run: str, values: Values) -> Status:
    return Status(run=run, health=values["health"], text=values["text"], next=values["next"])


def _fill_form(intent: Status) -> Values:
    return {"health": intent.health, "text": intent.text, "next": intent.next}


COMMAND = Command(
    verb="status",
    intent=Status,
    read=read,
    handle=handle,
    arguments="[green|amber|red] MESSAGE [--next WHEN]",
    examples=(
        Example(
            "status amber replica lagging --next 15m",
            {"health": "amber", "text": "replica lagging", "next": "15m"},
        ),
        Example("status all back to normal", {"health": "", "text": "all back to normal"}),
        Example("status --next 15m", {"verb": "promise", "next": "15m"}),
        Example("status", {"health": "", "text": ""}),
        Example("status R7", {"run": "R7", "text": ""}),
    ),
    aliases=("update",),
    synonyms={"pt": ("situação", "estado", "atualizar")},
    flags=(Flag("next", FlagKind.WHEN, hint="WHEN"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.STATUS,
    form=CommandForm(
        title="form.title_status",
        fields=(
            FormField(
                "health",
                "form.health",
                "choice",
                {"green": "form.green", "amber": "form.amber", "red": "form.red"},
                optional=True,
            ),
            FormField("text", "form.text_status", "lines"),
            FormField("next", "form.next", "when", hint="form.next_hint", optional=True, max_length=20),
        ),
        read=_read_form,
        fill=_fill_form,
    ),
    arguments_end=health_end,
    only_reads=lambda intent: not (intent.health or intent.text),
)
