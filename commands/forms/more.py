"""The generic form "more": a select of verbs, and a task, a text and a person for whichever verb is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.writes import Op
from commands.forms.fields import PERSON, TASK
from commands.language.references import normalize_handle
from commands.model.card import Option
from commands.model.command import CommandSet
from commands.model.form import CommandForm, FormField, Values
from commands.model.intents import Intent
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.platform_actions import is_supported_on

MORE = "more"


@dataclass(frozen=True, slots=True)
class _Entry:
    """``fields``: field of the form -> field of the verb's intent. ``required`` are fields of the form."""

    label: str  # message key
    fields: Mapping[str, str]
    required: tuple[str, ...] = ()


_ENTRIES: Mapping[str, _Entry] = {
    "finish": _Entry("form.do_finish", {"task": "tasks", "text": "note"}, ("task",)),
    "begin": _Entry("form.do_begin", {"task": "tasks"}, ("task",)),
    "skip": _Entry("form.do_skip", {"task": "tasks", "text": "reason"}, ("task",)),
    "hold": _Entry("form.do_hold", {"task": "tasks", "text": "reason"}, ("task", "text")),
    "reopen": _Entry("form.do_reopen", {"task": "tasks"}, ("task",)),
    "assign": _Entry("form.do_assign", {"task": "tasks", "person": "person"}, ("task", "person")),
    "comment": _Entry("form.do_comment", {"task": "task", "text": "text"}, ("text",)),
    "comments": _Entry("form.do_comments", {"task": "what"}),
    "add": _Entry("form.do_add", {"text": "title", "person": "person"}, ("text",)),
    "status": _Entry("form.do_status", {"text": "text"}, ("text",)),
    "end": _Entry("form.do_end", {"text": "text"}),
    "do": _Entry("form.do_do", {}),
    "approve": _Entry("form.do_approve", {"task": "tasks", "text": "note"}, ("task",)),
    "reject": _Entry("form.do_reject", {"task": "tasks", "text": "reason"}, ("task", "text")),
}


def more_form(commands: CommandSet) -> CommandForm:
    return CommandForm(
        title="form.title_more",
        fields=(
            FormField("do", "form.do", "choice", {verb: entry.label for verb, entry in _ENTRIES.items()}),
            TASK,
            FormField("text", "form.text", "lines", hint="form.text_hint", optional=True),
            PERSON,
        ),
        read=lambda run, values: _read(run, values, commands),
        fill=_fill,
    )


def required_fields(verb: str) -> tuple[str, ...]:
    return _ENTRIES[verb].required if verb in _ENTRIES else ()


def supported_options(
    options: tuple[Option, ...], services: Services, tracked: TrackedRun | None
) -> tuple[Option, ...]:
    """The verbs that the run's platform supports. A hold that only Liaison keeps can be released anywhere."""
    has_holds = bool(tracked and tracked.overlay.holds)
    return tuple(
        option
        for option in options
        if is_supported_on(Op(option.value), services, tracked) or (has_holds and option.value == Op.REOPEN)
    )


def _read(run: str, values: Values, commands: CommandSet) -> Intent:
    verb = values["do"]
    entry = _ENTRIES[verb]
    dump: dict[str, object] = {"verb": verb, "run": run}
    for form_field, intent_field in entry.fields.items():
        value = normalize_handle(values[form_field]) if form_field == TASK.name else values[form_field]
        dump[intent_field] = (value,) if intent_field == "tasks" else value
    if verb == Op.COMMENTS:  # not a verb of its own
        dump |= {"verb": "show", "comments": True}
    return commands.intent_from(dump)


def _fill(intent: Intent) -> Values:
    entry = _ENTRIES.get(intent.verb)
    if entry is None:
        return {}
    dump = intent.model_dump()
    values = {"do": intent.verb}
    for form_field, intent_field in entry.fields.items():
        value = dump[intent_field]
        values[form_field] = next(iter(value), "") if intent_field == "tasks" else value
    return values
