"""What a filled form says. Pure: an error is answered in its field, and nothing was recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from commands.forms.fields import FIELDS
from commands.language.due_time import parse_due_time
from commands.language.references import reference
from commands.model.card import Field
from commands.model.errors import BadArguments
from commands.model.intents import (
    Add,
    Approve,
    Assign,
    Begin,
    Comment,
    DoAction,
    End,
    Finish,
    Hold,
    Intent,
    Reject,
    Reopen,
    Skip,
    Start,
    Status,
)
from commands.text.catalogue import plain_text, translate

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormErrors:
    """Field name -> what is wrong with it, for people."""

    errors: Mapping[str, str]


def submit(about: str, run: str, values: Values) -> dict[str, Any] | FormErrors:
    """The dump of the intent, for ``Message.intent``; or what is wrong with which field."""
    fields = FIELDS.get(about)
    if fields is None:
        return FormErrors({next(iter(values), "text"): plain_text(translate("form.unknown"))})
    given = {name: value.strip() for name, value in values.items()}
    run = run or given.get("run", "")
    errors = {field.name: wrong for field in fields if (wrong := _wrong(field, given.get(field.name, "")))}
    if about == "more":
        errors = _needs(given) | errors
    if about != "start" and not run and "run" in given:
        errors["run"] = plain_text(translate("form.required"))
    return FormErrors(errors) if errors else _READ[about](run, given).model_dump(mode="json")


def _wrong(field: Field, value: str) -> str:
    if not value:
        return "" if field.optional else plain_text(translate("form.required"))
    if len(value) > field.longest:
        return plain_text(translate("form.too_long", longest=field.longest))
    if field.kind == "choice" and all(option.value != value for option in field.options):
        return plain_text(translate("form.no_such"))
    if field.kind == "when":
        try:
            parse_due_time(value)
        except BadArguments as error:
            return plain_text(translate(error.key, **error.facts))
    return ""


_NEEDS_TASK = ("finish", "begin", "skip", "hold", "reopen", "assign", "approve", "reject")
_NEEDS_TEXT = ("hold", "comment", "add", "status", "reject")


def _needs(given: Values) -> dict[str, str]:
    """What the chosen verb cannot do without."""
    do, required = given.get("do", ""), plain_text(translate("form.required"))
    errors: dict[str, str] = {}
    if do in _NEEDS_TASK and not given.get("task"):
        errors["task"] = required
    if do in _NEEDS_TEXT and not given.get("text"):
        errors["text"] = required
    if do == "assign" and not given.get("person"):
        errors["person"] = required
    return errors


def _task(given: Values) -> str:
    return reference(given.get("task", ""))


def _status(run: str, given: Values) -> Intent:
    return Status(run=run, health=given.get("health", ""), text=given.get("text", ""), next=given.get("next", ""))


def _comment(run: str, given: Values) -> Intent:
    return Comment(run=run, text=given.get("text", ""), task=_task(given))


def _start(run: str, given: Values) -> Intent:
    return Start(
        runbook=given.get("runbook", ""),
        name=given.get("name", ""),
        owner=given.get("owner", ""),
        rehearsal=given.get("rehearsal") == "yes",
    )


def _add(run: str, given: Values) -> Intent:
    return Add(run=run, title=given.get("title", ""), stage=given.get("stage", ""), person=given.get("person", ""))


def _more(run: str, given: Values) -> Intent:
    return _VERBS[given["do"]](run, (_task(given),), given.get("text", ""), given)


_VERBS: Mapping[str, Callable[[str, tuple[str, ...], str, Values], Intent]] = {
    "finish": lambda run, tasks, text, given: Finish(run=run, tasks=tasks, note=text),
    "begin": lambda run, tasks, text, given: Begin(run=run, tasks=tasks),
    "skip": lambda run, tasks, text, given: Skip(run=run, tasks=tasks, reason=text),
    "hold": lambda run, tasks, text, given: Hold(run=run, tasks=tasks, reason=text),
    "reopen": lambda run, tasks, text, given: Reopen(run=run, tasks=tasks),
    "assign": lambda run, tasks, text, given: Assign(run=run, tasks=tasks, person=given.get("person", "")),
    "comment": lambda run, tasks, text, given: Comment(run=run, text=text, task=tasks[0]),
    "add": lambda run, tasks, text, given: Add(run=run, title=text, person=given.get("person", "")),
    "status": lambda run, tasks, text, given: Status(run=run, text=text),
    "end": lambda run, tasks, text, given: End(run=run, text=text),
    "do": lambda run, tasks, text, given: DoAction(run=run),
    "approve": lambda run, tasks, text, given: Approve(run=run, tasks=tasks, note=text),
    "reject": lambda run, tasks, text, given: Reject(run=run, tasks=tasks, reason=text),
}
_READ: Mapping[str, Callable[[str, Values], Intent]] = {
    "status": _status,
    "comment": _comment,
    "more": _more,
    "start": _start,
    "add": _add,
}
