"""A form in a terminal: field by field, one line each."""

from collections.abc import Awaitable, Callable, Sequence

from bot.surfaces.console.render import Ink
from bot.surfaces.protocol import FieldErrors, Intake, SubmittedForm
from commands.model.card import Field, Form, Option

Ask = Callable[[str], Awaitable[str | None]]
Show = Callable[[Sequence[str]], None]
CANCEL = ":cancel"
_MOST_SHOWN = 12
_TRIES = 5  # a pipe that never says anything right must end


class Cancelled(Exception):
    """The person, or the end of the input, gave the form up."""


async def fill(form: Form, intake: Intake, ask: Ask, show: Show, ink: Ink) -> dict[str, object]:
    """The intent's dump. Asks again, for the wrong fields only, until it is right. Raises ``Cancelled``."""
    show([f"{form.title} (empty keeps what stands in brackets, {CANCEL} gives up)"])
    if form.intro:
        show([ink.line(form.intro)])
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for _ in range(_TRIES):
        for field in form.fields:
            if not values or field.name in wrong or field.name not in values:
                if field.name in wrong:
                    show([f"{field.label}: {wrong[field.name]}"])
                values[field.name] = await _field(form, field, intake, ask, show)
        checked = intake.submit(SubmittedForm(form.about, form.run, values))
        if not isinstance(checked, FieldErrors):
            return checked
        wrong = dict(checked.errors)
        if not wrong.keys() & values.keys():
            show(list(wrong.values()))
            break
    raise Cancelled


async def _field(form: Form, field: Field, intake: Intake, ask: Ask, show: Show) -> str:
    options = field.options
    if field.kind == "search" and not options:
        options = tuple(await intake.search_options(form.about, form.run, field.name, ""))
    if options:
        show([f"  {number} {option.label}" for number, option in enumerate(options[:_MOST_SHOWN], 1)])
    for _ in range(_TRIES):
        typed = await ask(_prompt(field))
        if typed is None or typed.strip() == CANCEL:
            raise Cancelled
        typed = typed.strip() or field.value
        if not typed and field.optional:
            return ""
        if not typed:
            show([f"{field.label} is needed."])
            continue
        if field.kind not in ("choice", "search"):
            return typed
        if field.kind == "search" and not _exact(typed, options):
            options = tuple(await intake.search_options(form.about, form.run, field.name, typed)) or options
        fitting = _fitting(typed, options)
        if len(fitting) == 1:
            return fitting[0].value
        show([f"  {number} {option.label}" for number, option in enumerate(options[:_MOST_SHOWN], 1)])
    raise Cancelled


def _prompt(field: Field) -> str:
    shown = next((option.label for option in field.options if option.value == field.value), field.value)
    notes = [field.hint, "may stay empty" if field.optional else "", f"[{shown}]" if shown else ""]
    words = "; ".join(note.rstrip(".") for note in notes if note)
    return f"{field.label} ({words}): " if words else f"{field.label}: "


def _exact(typed: str, options: Sequence[Option]) -> bool:
    return typed.isdigit() or any(typed in (option.value, option.label) for option in options)


def _fitting(typed: str, options: Sequence[Option]) -> Sequence[Option]:
    """By number as listed, by value, or by words of the label."""
    if typed.isdigit() and 1 <= int(typed) <= len(options):
        return [options[int(typed) - 1]]
    exact = [option for option in options if typed.lower() in (option.value.lower(), option.label.lower())]
    return exact or [option for option in options if typed.lower() in option.label.lower()]
