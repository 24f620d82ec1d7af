"""The fields of each form. Labels fit 24 characters in every chat."""

from collections.abc import Mapping

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


def _words(key: str) -> str:
    return plain_text(translate(key))


def _options(keys: Mapping[str, str]) -> tuple[Option, ...]:
    return tuple(Option(value, _words(key)) for value, key in keys.items())


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "status": (
        Field("health", _words("form.health"), "choice", _options(HEALTHS), optional=True),
        Field("text", _words("form.text_status"), "lines"),
        Field("next", _words("form.next"), "when", hint=_words("form.next_hint"), optional=True, longest=20),
    ),
    "comment": (
        Field("text", _words("form.text_comment"), "lines"),
        Field("task", _words("form.task"), "search", optional=True),
    ),
    "more": (
        Field("do", _words("form.do"), "choice", _options(DOINGS)),
        Field("task", _words("form.task"), "search", optional=True),
        Field("text", _words("form.text"), "lines", hint=_words("form.text_hint"), optional=True),
        Field("person", _words("form.person"), hint=_words("form.person_hint"), optional=True, longest=_NAME),
    ),
    "start": (
        Field("runbook", _words("form.runbook"), "search"),
        Field("name", _words("form.name"), optional=True, longest=_NAME),
        Field("owner", _words("form.owner"), optional=True, longest=_NAME),
        Field(
            "rehearsal",
            _words("form.rehearsal"),
            "choice",
            (Option("no", _words("form.rehearsal_no")), Option("yes", _words("form.rehearsal_yes"))),
            value="no",
            optional=True,
        ),
    ),
    "add": (
        Field("title", _words("form.title"), longest=_NAME),
        Field("person", _words("form.person"), hint=_words("form.person_hint"), optional=True, longest=_NAME),
    ),
}
