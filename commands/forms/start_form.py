"""The form that starts a run: the runbook, what it asks for, and where the run belongs."""

import asyncio

from adapters.errors import AdapterError
from adapters.models import Runbook, RunbookInput, RunbookKey, RunKey
from commands.forms.fields import NAME_LENGTH
from commands.language.platform_references import parse_platform_reference
from commands.lookup.distinct_names import runbook_option_names
from commands.model.card import Field, Option
from commands.model.form import VALUE, CommandForm, FormField, FormOpening, Values
from commands.model.intents import Start
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import shorten

_LABEL_LENGTH = 24
_OPTION_LENGTH = 75
_READ_SECONDS = 0.6  # a form opens within a second


def _read_form(run: str, values: Values) -> Start:
    return Start(
        runbook=values["runbook"],
        name=values["name"],
        owner=values["owner"],
        channel=values["channel"],
        rehearsal=values["rehearsal"] == "yes",
        values={name.removeprefix(VALUE): value for name, value in values.items() if name.startswith(VALUE)},
    )


def _fill_form(intent: Start) -> Values:
    return {
        "runbook": intent.runbook,
        "name": intent.name,
        "owner": intent.owner,
        "channel": intent.channel,
        "rehearsal": "yes" if intent.rehearsal else "",
        **{f"{VALUE}{name}": value for name, value in intent.values.items()},
    }


def _prefill_form(opening: FormOpening) -> Values:
    """The person's own run, here and live. A run of a direct message belongs to no channel yet."""
    place = opening.place
    return {"owner": opening.actor.id, "channel": "" if place.direct else place.channel, "rehearsal": "no"}


async def _value_fields(opening: FormOpening) -> tuple[Field, ...]:
    """The chosen runbook by its title, and a field for each value that it asks for."""
    runbook = await _chosen_runbook(opening)
    if runbook is None:
        return ()
    option = Option(opening.fill["runbook"], runbook_option_names([runbook])[0])
    label = plain_text(translate("form.runbook"))
    chosen = Field("runbook", label, "search", (option,), refreshes=True)
    return (
        chosen,
        *map(_value_field, runbook.inputs),
    )


def _value_field(asked: RunbookInput) -> Field:
    options = tuple(Option(option, shorten(option, _OPTION_LENGTH)) for option in asked.options)
    return Field(
        f"{VALUE}{asked.name}",
        shorten(asked.title or asked.name, _LABEL_LENGTH),
        "choice" if options else "line",
        options,
        value=asked.default,
        longest=NAME_LENGTH,
        pattern=asked.pattern,
    )


async def _chosen_runbook(opening: FormOpening) -> Runbook | None:
    """None until one is chosen, and where its platform does not say in time what it asks for."""
    key = parse_platform_reference(opening.fill.get("runbook", ""), opening.services)
    if not isinstance(key, RunbookKey | RunKey):
        return None
    try:
        async with asyncio.timeout(_READ_SECONDS):
            return await opening.services.adapter(key.platform).runbook(key.id)
    except (AdapterError, TimeoutError):
        return None


START_FORM = CommandForm(
    title="form.title_start",
    submit="form.submit_start",
    fields=(
        FormField("runbook", "form.runbook", "search", refreshes=True),
        FormField("name", "form.name", hint="form.name_hint", optional=True, max_length=NAME_LENGTH),
        FormField("owner", "form.owner", "person", optional=True, max_length=NAME_LENGTH),
        FormField("channel", "form.channel", "channel", hint="form.channel_hint", optional=True),
        FormField(
            "rehearsal",
            "form.rehearsal",
            "radio",
            {"no": "form.rehearsal_no", "yes": "form.rehearsal_yes"},
            optional=True,
        ),
    ),
    read=_read_form,
    fill=_fill_form,
    needs_run=False,
    prefill=_prefill_form,
    more_fields=_value_fields,
    opens_for=lambda intent: not intent.runbook,
)
