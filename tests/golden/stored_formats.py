"""How the current code reads and writes each stored format of version 0.1.

After renaming a class or an attribute, change this module and leave the examples in ``words/*.json`` unchanged:
rows, buttons and forms in use contain them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from adapters.errors import AdapterError
from adapters.local import mapping as local
from adapters.local.wire import Document
from adapters.models import Health, Run, RunState, TaskState
from adapters.results import Baseline, WriteResult
from adapters.tines.writes import case, tasks
from adapters.writes import Op, Write, WriteMarker
from bot.storage import effects
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope, action_id
from bot.surfaces.mattermost.dialogs import read_state, state_of
from bot.surfaces.mattermost.render import NONCE
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.slack import button_values, elements, posting, shortcuts, views, workspaces
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.views import Meta
from commands.dispatch import Route
from commands.forms.opening import forms_of
from commands.model.card import Button, Form, Result
from commands.model.intents import Intent, OpenForm
from commands.model.messages import Actor, Membership, Message, Place, Via
from commands.model.tracked_run import RunOverlay
from commands.registry import COMMANDS

Json = Any
SECRET = b"0123456789abcdef0123456789abcdef"
SITE = "https://chat.example.com"
ACTION_URL = "https://liaison.example.com/mattermost/action"


@dataclass(frozen=True)
class StoredFormat:
    """``read`` loads the JSON of an example and ``dump`` writes it. ``names``: the examples that must exist."""

    read: Callable[[Json], Any]
    dump: Callable[[Any], Json]
    names: Callable[[], set[str]] | None = None


def _model(model: Any, **dump_options: Any) -> StoredFormat:
    return StoredFormat(
        lambda stored: model.model_validate_json(json.dumps(stored)),
        lambda value: json.loads(value.model_dump_json(**dump_options)),
    )


def _intent(stored: Json) -> Intent:
    return OpenForm.model_validate(stored) if stored["verb"] == "form" else COMMANDS.intent_from(stored)


def _intent_of_button(value: str) -> Intent:
    stored = button_values.load(value)
    assert stored is not None
    return _intent(stored)


def _meta(dumped: str) -> Meta:
    meta = Meta.load(dumped)
    assert meta is not None
    return meta


def _write(stored: Json) -> Write:
    return effects._WRITE_TYPES[stored["kind"]].model_validate_json(json.dumps(stored["write"]))


def _outcome(outcome: WriteResult | AdapterError | None) -> Json:
    written = effects._dump_outcome(outcome)
    assert written is not None
    return json.loads(written)


def _errors() -> set[str]:
    """``RateLimited`` is never stored as an outcome, because the write is sent again."""
    kinds: list[type[AdapterError]] = [AdapterError, *AdapterError.__subclasses__()]
    return {kind.__name__ for kind in kinds} - {"RateLimited"}


@dataclass(frozen=True)
class PostedButton:
    """A Mattermost button and when it was posted."""

    intent: Intent
    scope: ButtonScope
    posted_at: datetime


def _posted_button(action: Json) -> PostedButton:
    pressed = action["pressed"]
    place = Place(surface="mattermost", channel=pressed["channel"], site=SITE)
    posted_at = datetime.fromtimestamp(pressed["at"], UTC)
    press = Buttons(Signer(SECRET), ACTION_URL).read(action["context"], place, pressed["user"], posted_at)
    assert not press.expired
    scope = ButtonScope(press.place, press.nonce, press.person, press.url)
    return PostedButton(_intent(press.intent), scope, posted_at)


def _action(posted: PostedButton) -> Json:
    button = Button("Press me", posted.intent)
    (action,) = Buttons(Signer(SECRET), ACTION_URL).actions([button], posted.scope, posted.posted_at)
    assert action["id"] == action_id(posted.intent)
    pressed = {
        "channel": posted.scope.place.channel,
        "user": posted.scope.person or "anybody",
        "at": int(posted.posted_at.timestamp()),
    }
    return {"pressed": pressed, "id": action["id"], "context": action["integration"]["context"]}


def _dialog(stored: Json) -> Any:
    """(submitted form, when the dialog was opened)"""
    opened_at = datetime.fromtimestamp(stored["at"], UTC)
    submitted = read_state(Signer(SECRET), stored, SITE, opened_at)
    assert not submitted.expired
    return submitted, opened_at


def _dialog_state(dialog: Any) -> Json:
    submitted, opened_at = dialog
    form = Form(submitted.about, submitted.run, "Title", "Send")
    payload = state_of(form, submitted.actor, submitted.place, submitted.reply, submitted.nonce, opened_at)
    state = Signer(SECRET).seal("dialog", payload)
    ids = {"user_id": submitted.actor.id, "channel_id": submitted.place.channel}
    return {**ids, "at": int(opened_at.timestamp()), "state": state}


FORMATS: Mapping[str, StoredFormat] = {
    # Rows.
    "intents": StoredFormat(_intent, lambda intent: intent.model_dump(mode="json"), lambda: {*COMMANDS, "form"}),
    "writes": StoredFormat(
        _write,
        lambda write: {"kind": effects.stored_kind(write), "write": json.loads(write.model_dump_json())},
        lambda: set(effects._WRITE_TYPES) - {"TaskWrite"},  # a base class, never stored
    ),
    "marks": _model(WriteMarker),
    "known": _model(Baseline),
    "told": StoredFormat(lambda stored: effects._load_outcome("done", json.dumps(stored)), _outcome),
    "errors": StoredFormat(lambda stored: effects._load_outcome("refused", json.dumps(stored)), _outcome, _errors),
    "runs": _model(Run, exclude_defaults=True),
    "kept": _model(RunOverlay, exclude_defaults=True),
    "messages": _model(Message, exclude_defaults=True),
    "later_messages": _model(Message),
    "tickets": _model(Route),
    "people": _model(Actor),
    "places": _model(Place),
    "local_runs": _model(Document),
    "slack_identity": StoredFormat(
        lambda stored: Identity.load(json.dumps(stored)), lambda identity: json.loads(identity.dump())
    ),
    # Buttons and forms. Strings are sent exactly like this.
    "slack_buttons": StoredFormat(_intent_of_button, button_values.dump),
    "slack_forms": StoredFormat(_meta, lambda meta: meta.dump()),
    "mattermost_buttons": StoredFormat(_posted_button, _action),
    "mattermost_forms": StoredFormat(_dialog, _dialog_state),
}


def _literal_values(kind: Any) -> list[str]:
    """The values of an enumeration, or of a ``Literal``."""
    return sorted(str(value) for value in (get_args(kind) or kind))


STORED_VALUES: Mapping[str, Callable[[], Json]] = {
    "task states": lambda: _literal_values(TaskState),
    "run states": lambda: _literal_values(RunState),
    "healths": lambda: _literal_values(Health),
    "ops": lambda: _literal_values(Op),
    "effect states": lambda: _literal_values(effects.EffectState),
    "results": lambda: _literal_values(Result),
    "standings": lambda: _literal_values(Membership),
    "vias": lambda: _literal_values(Via),
    "forms": lambda: _literal_values(OpenForm.model_fields["about"].annotation),
    "parts of tines that need a case of their own": lambda: [tasks.MARK, case.COLOUR],
    "form fields": lambda: {
        about: [field.name for field in form.fields] for about, form in forms_of(COMMANDS).items()
    },
    "slack button action": lambda: button_values.ACTION,
    "slack form callback": lambda: views.CALLBACK,
    "slack field action": lambda: elements.ACTION,
    "slack post event": lambda: posting.EVENT,
    "slack shortcuts": lambda: [shortcuts.START_HERE, shortcuts.ADD_COMMENT],
    "slack identity note": lambda: workspaces.IDENTITY,
    "mattermost post nonce": lambda: NONCE,
}


def digest(stored: Json) -> str:
    """Identifies a step that a local run has already applied."""
    return local.digest(_write(stored))


def step_of(write: Write) -> str:
    """The step key with TASK in place of the task's id, followed by the step's options."""
    key = write.step_key.replace(f":{write.target}", ":TASK", 1) if write.target else write.step_key
    return f"{key} {json.dumps(dict(write.options))}" if write.options else key
