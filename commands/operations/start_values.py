"""The values that a runbook asks for, where a start does not give them."""

from collections.abc import Sequence

from adapters.models import Runbook, RunbookInput
from commands.model.card import Answer, Code, Text
from commands.model.form import VALUE
from commands.model.intents import Drop, OpenForm, Start
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import ChoiceValues, button, choice, label, short_card, shorten

_MOST_LINES = 10
_MOST_OPTIONS = 8  # in a line; the form has all
_LONGEST = 80


def ask_for_values(intent: Start, runbook: Runbook, context: CommandContext) -> Answer | None:
    """Asked for each value without a default: [Fill in…] opens the form, and [Start without it] goes on."""
    missing = [one for one in runbook.inputs if not one.default and not intent.values.get(one.name)]
    if not missing or intent.without_values:
        return None
    key = context.message.key
    lines = [_line(one) for one in missing[:_MOST_LINES]]
    example = f"{context.services.root_command} start {runbook.title} --set {missing[0].name}=…"
    lines.append(translate("start.values_by_hand", example=Code(example)))
    pick: ChoiceValues = {"runbook": str(runbook.key), "without_values": True}
    buttons = [
        button("button.fill_in", _form(intent, runbook)),
        choice(key, pick, label("start.without_value" if len(missing) == 1 else "start.without_values")),
        button("button.cancel", Drop(key=key)),
    ]
    title = translate("start.asks_values", runbook=runbook.title)
    return Answer(private=short_card(title, lines=lines, buttons=buttons), result="question")


def _line(asked: RunbookInput) -> Text:
    name = (asked.title, " ", Code(asked.name)) if asked.title else (Code(asked.name),)
    options = _options(asked.options)
    return ("• ", *name, f": {options}") if options else ("• ", *name)


def _options(options: Sequence[str]) -> str:
    shown = ", ".join(shorten(option, _LONGEST) for option in options[:_MOST_OPTIONS])
    return f"{shown}, …" if len(options) > _MOST_OPTIONS else shown


def _form(intent: Start, runbook: Runbook) -> OpenForm:
    """With what the line already said."""
    said = {"name": intent.name, "owner": intent.owner, "rehearsal": "yes" if intent.rehearsal else ""}
    said |= {f"{VALUE}{name}": value for name, value in intent.values.items()}
    filled = {name: value for name, value in said.items() if value}
    return OpenForm(about="start", fill={**filled, "runbook": str(runbook.key)})
