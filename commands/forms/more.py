"""The form "more" of earlier versions, whose buttons are on posted cards: a button for each verb's own form.

Dialogs that are still open submit it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.writes import Op
from commands.forms.options import fitting_tasks
from commands.language.references import normalize_handle
from commands.model.card import Code
from commands.model.command import CommandSet
from commands.model.errors import Ambiguous, CommandError
from commands.model.form import Values
from commands.model.intents import Intent, OpenForm
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.platform_actions import is_supported_on
from commands.text.phrases import MOST_CHOICES, button, run_name

MORE = "more"
_OFFERED = (Op.COMMENT, Op.HOLD, Op.SKIP, Op.ASSIGN, Op.ADD, Op.FINISH, Op.REOPEN, Op.END)
_ON_RUNS = (Op.COMMENT, Op.ADD, Op.END)


async def verb_choice(tracked: TrackedRun | None, services: Services) -> CommandError:
    """The answer to a button "More": a private question with a button for each form that fits the run."""
    ops = [op for op in _OFFERED if _fits(op, tracked, services)]
    handle = tracked.handle if tracked else ""
    buttons = [
        button(f"button.form_{op}", OpenForm.model_validate({"about": op.value, "run": handle}))
        for op in ops[:MOST_CHOICES]
    ]
    name = run_name(tracked) if tracked else ""
    return Ambiguous("form.more", run=name, help=Code(f"{services.root_command} help"), buttons=buttons)


def _fits(op: Op, tracked: TrackedRun | None, services: Services) -> bool:
    """Whether there is something to do it to. A hold that only Liaison keeps can be released anywhere."""
    has_holds = op is Op.REOPEN and bool(tracked and tracked.overlay.holds)
    if not (has_holds or is_supported_on(op, services, tracked)):
        return False
    return op in _ON_RUNS or tracked is None or bool(fitting_tasks(tracked, op))


@dataclass(frozen=True, slots=True)
class _Entry:
    """``fields``: field of the form -> field of the verb's intent. ``required`` are fields of the form."""

    fields: Mapping[str, str]
    required: tuple[str, ...] = ()


_ENTRIES: Mapping[str, _Entry] = {
    "finish": _Entry({"task": "tasks", "text": "note"}, ("task",)),
    "begin": _Entry({"task": "tasks"}, ("task",)),
    "skip": _Entry({"task": "tasks", "text": "reason"}, ("task",)),
    "hold": _Entry({"task": "tasks", "text": "reason"}, ("task", "text")),
    "reopen": _Entry({"task": "tasks"}, ("task",)),
    "assign": _Entry({"task": "tasks", "person": "person"}, ("task", "person")),
    "comment": _Entry({"task": "task", "text": "text"}, ("text",)),
    "comments": _Entry({"task": "what"}),
    "add": _Entry({"text": "title", "person": "person"}, ("text",)),
    "status": _Entry({"text": "text"}, ("text",)),
    "end": _Entry({"text": "text"}),
    "do": _Entry({}),
    "approve": _Entry({"task": "tasks", "text": "note"}, ("task",)),
    "reject": _Entry({"task": "tasks", "text": "reason"}, ("task", "text")),
}


def missing_fields(values: Values) -> tuple[str, ...]:
    """Of a submission: what the chosen verb needs and was not given."""
    entry = _ENTRIES.get(values.get("do", ""))
    return ("do",) if entry is None else tuple(name for name in entry.required if not values.get(name))


def read(run: str, values: Values, commands: CommandSet) -> Intent:
    verb = values["do"]
    dump: dict[str, object] = {"verb": verb, "run": run}
    for form_field, intent_field in _ENTRIES[verb].fields.items():
        value = values.get(form_field, "")
        value = normalize_handle(value) if form_field == "task" else value
        dump[intent_field] = (value,) if intent_field == "tasks" else value
    if verb == Op.COMMENTS:  # not a verb of its own
        dump |= {"verb": "show", "comments": True}
    return commands.intent_from(dump)
