"""``status``: posts a status update (a health and a sentence). Without one it shows the status."""

from datetime import datetime, timedelta

from adapters.models import Health
from adapters.writes import Op
from commands.cards.health_line import health_word, status_line
from commands.forms.fields import WHEN_LENGTH
from commands.language.health_words import split_unknown_colour
from commands.language.references import RUN_FLAG, health_end, parse_health
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run_error
from commands.model.card import Answer, Text
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.form import CommandForm, FormField, FormOpening, Values
from commands.model.intents import Intent, PromiseUpdate, Status
from commands.model.ports import CommandContext
from commands.model.run_head import run_health
from commands.operations.status_action import set_status, show_status
from commands.text.catalogue import translate
from commands.text.phrases import join_parts

_INTERVALS = {
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "off": None,
}
"""What the form offers for the next update."""


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
    return Status(
        run=run, health=values["health"], text=values["text"], next=values["next"] or values.get("soon", "")
    )


def _fill_form(intent: Status) -> Values:
    is_listed = intent.next in _INTERVALS
    due = {"soon": intent.next, "next": ""} if is_listed else {"soon": "", "next": intent.next}
    return {"health": intent.health, "text": intent.text, **due}


def _prefill_form(opening: FormOpening) -> Values:
    """The present health, and the next update: as soon as the last one was promised, or at its clock time."""
    health, overlay = run_health(opening.run).health, opening.run.overlay
    promised = overlay.update_due - overlay.promised_at if overlay.update_due and overlay.promised_at else None
    soon = next((text for text, interval in _INTERVALS.items() if _is_about(interval, promised)), "off")
    at = _clock_time(overlay.update_due, opening) if soon == "off" else ""
    return {"health": "" if health is Health.UNSET else health.value, "soon": soon, "next": at}


def _clock_time(due: datetime | None, opening: FormOpening) -> str:
    """In the reader's zone, as ``parse_due_time`` reads it. One that has passed was no promise of another."""
    if due is None or due <= opening.services.now():
        return ""
    return due.astimezone(opening.services.zone_of(opening.actor)).strftime("%Y-%m-%d %H:%M")


def _is_about(interval: timedelta | None, promised: timedelta | None) -> bool:
    return interval is not None and promised is not None and abs(interval - promised) < timedelta(minutes=1)


def _present_status(opening: FormOpening) -> Text:
    word = health_word(run_health(opening.run).health)
    status = join_parts([word, status_line(opening.run, opening.services.zone, opening.services.now())], " · ")
    return translate("form.present_status", status=status) if status else translate("form.no_status")


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
    synonyms={
        "en": ("what's the status", "whats the status", "what is the status"),
        "pt": ("situação", "estado", "atualizar"),
    },
    flags=(Flag("next", FlagKind.WHEN, hint="WHEN"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.STATUS,
    form=CommandForm(
        title="form.title_status",
        submit="form.submit_status",
        fields=(
            FormField(
                "health",
                "form.health",
                "radio",
                {"green": "form.green", "amber": "form.amber", "red": "form.red"},
                optional=True,
            ),
            FormField("text", "form.text_status", "line"),
            FormField(
                "soon",
                "form.next",
                "choice",
                {"15m": "form.in_15m", "30m": "form.in_30m", "1h": "form.in_1h", "off": "form.no_next"},
                optional=True,
            ),
            FormField(
                "next", "form.next_at", "when", hint="form.next_hint", optional=True, max_length=WHEN_LENGTH
            ),
        ),
        read=_read_form,
        fill=_fill_form,
        prefill=_prefill_form,
        intro=_present_status,
    ),
    arguments_end=health_end,
    only_reads=lambda intent: not (intent.health or intent.text),
)
