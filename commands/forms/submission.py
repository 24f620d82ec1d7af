"""Turns a submitted form into an intent. Pure: an error is shown at its field, and nothing is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commands.forms import more
from commands.forms.opening import forms_of
from commands.language.due_time import parse_due_time
from commands.model.command import CommandSet
from commands.model.errors import BadArguments
from commands.model.form import FormField, Values
from commands.text.catalogue import plain_text, translate


@dataclass(frozen=True, slots=True)
class FormErrors:
    """``errors``: field name -> text."""

    errors: Mapping[str, str]


def submit(about: str, run: str, values: Values, commands: CommandSet) -> dict[str, Any] | FormErrors:
    """The dump of the intent, for ``Message.intent``."""
    submitted = {name: value.strip() for name, value in values.items()}
    if about == more.MORE:
        return _submit_more(run, submitted, commands)
    form = forms_of(commands).get(about)
    if form is None:
        return FormErrors({next(iter(values), "text"): _text("form.unknown")})
    submitted = {**{field.name: "" for field in form.fields}, **submitted}
    run = run or submitted.get("run", "")
    errors = {field.name: error for field in form.fields if (error := _field_error(field, submitted[field.name]))}
    errors |= {name: _text("form.required") for name in _unanswered(submitted)}
    if form.needs_run and not run and "run" in submitted:
        errors["run"] = _text("form.required")
    return FormErrors(errors) if errors else form.read(run, submitted).model_dump(mode="json")


def _submit_more(run: str, submitted: Values, commands: CommandSet) -> dict[str, Any] | FormErrors:
    missing = [name for name in (more.missing_fields(submitted)) if name in submitted or name == "do"]
    run = run or submitted.get("run", "")
    if "run" in submitted and not run:
        missing.append("run")
    if missing:
        return FormErrors({name: _text("form.required") for name in missing})
    return more.read(run, submitted, commands).model_dump(mode="json")


def _unanswered(submitted: Values) -> list[str]:
    """Values that a runbook asks for, and questions: all of them need an answer."""
    return [name for name, value in submitted.items() if name.startswith(("set.", "sure")) and not value]


def _field_error(field: FormField, value: str) -> str:
    if not value:
        return "" if field.optional else _text("form.required")
    if len(value) > field.max_length:
        return _text("form.too_long", longest=field.max_length)
    if field.kind in ("choice", "radio") and value not in field.options:
        return _text("form.no_such")
    if field.kind == "when":
        try:
            parse_due_time(value)
        except BadArguments as error:
            return _text(error.key, **error.facts)
    return ""


def _text(key: str, **facts: object) -> str:
    return plain_text(translate(key, **facts))
