"""Fills in a form in a terminal, field by field."""

from collections.abc import Awaitable, Callable, Sequence

from bot.surfaces.console.render import TextFormatter
from bot.surfaces.console.text import translate_plain
from bot.surfaces.protocol import FieldErrors, Intake, SubmittedForm
from commands.model.card import Field, Form, Option
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Place

Ask = Callable[[str], Awaitable[str | None]]
Show = Callable[[Sequence[str]], None]
Search = Callable[[str, str], Awaitable[Sequence[Option]]]
CANCEL = ":cancel"
_MAX_OPTIONS_SHOWN = 12
_MIN_LENGTH = 3
_MAX_ATTEMPTS = 5  # so that invalid input from a pipe ends


class Cancelled(Exception):
    """The form was cancelled by the person or by the end of the input."""


async def fill_form(
    form: Form, intake: Intake, ask: Ask, show: Show, formatter: TextFormatter, actor: Actor, place: Place
) -> dict[str, object]:
    """Returns the intent's dump. Asks again for fields with errors. Raises ``Cancelled`` and ``CommandError``."""
    show([translate_plain("form_title", title=form.title, cancel=CANCEL)])
    if form.intro:
        show([formatter.line(line) for line in form.intro])

    async def search(field: str, typed: str) -> Sequence[Option]:
        return await intake.search_options(form.about, form.run, field, typed, actor, place)

    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for _ in range(_MAX_ATTEMPTS):
        while field := next((field for field in form.fields if field.name not in values), None):
            if field.name in errors:
                show([f"{field.label}: {errors.pop(field.name)}"])
            values[field.name] = await _ask_field(field, search, ask, show)
            if field.refreshes:
                fill = {name: value for name, value in values.items() if value}
                request = OpenForm.model_validate({"about": form.about, "run": form.run, "fill": fill})
                form = await intake.open_form(request, actor, place)
        checked = intake.submit(SubmittedForm(form.about, form.run, values))
        if not isinstance(checked, FieldErrors):
            return checked
        errors = dict(checked.errors)
        if not errors.keys() & values.keys():
            show(list(errors.values()))
            break
        values = {name: value for name, value in values.items() if name not in errors}
    raise Cancelled


async def _ask_field(field: Field, search: Search, ask: Ask, show: Show) -> str:
    options = field.options
    if field.kind == "search" and not options:
        options = tuple(await search(field.name, ""))
    if options:
        show([f"  {number} {option.label}" for number, option in enumerate(options[:_MAX_OPTIONS_SHOWN], 1)])
    for _ in range(_MAX_ATTEMPTS):
        typed = await ask(_prompt(field))
        if typed is None or typed.strip() == CANCEL:
            raise Cancelled
        typed = typed.strip() or field.value
        if not typed and field.optional:
            return ""
        if not typed:
            show([translate_plain("required", label=field.label)])
            continue
        if field.kind not in ("choice", "radio", "check", "search"):
            return typed
        if field.kind == "search" and not _is_exact(typed, options):
            options = tuple(await search(field.name, typed)) or options
        matching = matching_options(typed, options)
        if len(matching) == 1:
            return matching[0].value
        show([translate_plain("several_fit" if matching else "none_fits", typed=typed)])
        show([f"  {number} {option.label}" for number, option in enumerate(options[:_MAX_OPTIONS_SHOWN], 1)])
    raise Cancelled


def _prompt(field: Field) -> str:
    value = field.shown or field.value
    label = next((option.label for option in field.options if option.value == field.value), value)
    hints = [field.hint, translate_plain("optional") if field.optional else "", f"[{label}]" if label else ""]
    text = "; ".join(hint.rstrip(".") for hint in hints if hint)
    return f"{field.label} ({text}): " if text else f"{field.label}: "


def _is_exact(typed: str, options: Sequence[Option]) -> bool:
    return typed.isdigit() or any(typed in (option.value, option.label) for option in options)


def matching_options(typed: str, options: Sequence[Option]) -> Sequence[Option]:
    """By number, by value, or by a part of the label: not by two letters, which match by accident."""
    if typed.isdigit() and 1 <= int(typed) <= len(options):
        return [options[int(typed) - 1]]
    exact = [option for option in options if typed.lower() in (option.value.lower(), option.label.lower())]
    if exact or len(typed) < _MIN_LENGTH:
        return exact
    return [option for option in options if typed.lower() in option.label.lower()]
