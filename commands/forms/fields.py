"""The fields of each form. Labels fit 24 characters in every chat."""

from collections.abc import Mapping
from dataclasses import replace

from commands.model.card import Field, Option
from commands.text.catalogue import plain_text, translate

HEALTHS: Mapping[str, str] = {"green": "form.green", "amber": "form.amber", "red": "form.red"}
DOINGS: Mapping[str, str] = {
    "finish": "form.do_finish",
    "begin": "form.do_begin",
    "skip": "form.do_skip",
    "hold": "form.do_hold",
    "reopen": "form.do_reopen",
    "assign": "form.do_assign",
    "comment": "form.do_comment",
    "add": "form.do_add",
    "status": "form.do_status",
    "end": "form.do_end",
    "do": "form.do_do",
    "approve": "form.do_approve",
    "reject": "form.do_reject",
}
_NAME = 150  # characters of a name or a title


def _options(keys: Mapping[str, str]) -> tuple[Option, ...]:
    return tuple(Option(value, key) for value, key in keys.items())


def translated(field: Field) -> Field:
    """With its texts in the current language. Those of ``FIELDS`` are message keys."""
    return replace(
        field,
        label=_text(field.label),
        hint=_text(field.hint) if field.hint else "",
        options=tuple(Option(option.value, _text(option.label)) for option in field.options),
    )


def _text(key: str) -> str:
    return plain_text(translate(key))


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "status": (
        Field("health", "form.health", "choice", _options(HEALTHS), optional=True),
        Field("text", "form.text_status", "lines"),
        Field("next", "form.next", "when", hint="form.next_hint", optional=True, longest=20),
    ),
    "comment": (
        Field("text", "form.text_comment", "lines"),
        Field("task", "form.task", "search", optional=True),
    ),
    "more": (
        Field("do", "form.do", "choice", _options(DOINGS)),
        Field("task", "form.task", "search", optional=True),
        Field("text", "form.text", "lines", hint="form.text_hint", optional=True),
        Field("person", "form.person", hint="form.person_hint", optional=True, longest=_NAME),
    ),
    "start": (
        Field("runbook", "form.runbook", "search"),
        Field("name", "form.name", optional=True, longest=_NAME),
        Field("owner", "form.owner", optional=True, longest=_NAME),
        Field(
            "rehearsal",
            "form.rehearsal",
            "choice",
            (Option("no", "form.rehearsal_no"), Option("yes", "form.rehearsal_yes")),
            value="no",
            optional=True,
        ),
    ),
    "add": (
        Field("title", "form.title", longest=_NAME),
        Field("person", "form.person", hint="form.person_hint", optional=True, longest=_NAME),
    ),
}
