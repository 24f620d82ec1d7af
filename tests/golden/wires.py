"""Where today's names meet the words that 0.1 wrote down: how each is read, and how it is written.

This table is all that a renaming has to touch. ``words/*.json`` stays as it is: whatever a class or an attribute
is called now, these are the words that stand in rows, in buttons and in forms.
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
from adapters.tines.writes import case, tasks
from adapters.writes import Baseline, Op, Write, WriteMarker, WriteResult
from bot.storage import effects
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope, action_id
from bot.surfaces.mattermost.dialogs import read_state, state_of
from bot.surfaces.mattermost.render import NONCE
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.slack import button_values as presses
from bot.surfaces.slack import inbound, surface, views
from bot.surfaces.slack import posting as posts
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
class Wire:
    """``read`` takes the JSON of one example, ``dump`` gives it back. ``names``: which examples there must be."""

    read: Callable[[Json], Any]
    dump: Callable[[Any], Json]
    names: Callable[[], set[str]] | None = None


def _model(kind: Any, **how: Any) -> Wire:
    return Wire(
        lambda said: kind.model_validate_json(json.dumps(said)),
        lambda it: json.loads(it.model_dump_json(**how)),
    )


def _intent(said: Json) -> Intent:
    return OpenForm.model_validate(said) if said["verb"] == "form" else COMMANDS.intent_from(said)


def _of_press(value: str) -> Intent:
    facts = presses.load(value)
    assert facts is not None
    return _intent(facts)


def _meta(dumped: str) -> Meta:
    meta = Meta.load(dumped)
    assert meta is not None
    return meta


def _write(said: Json) -> Write:
    return effects._WRITE_TYPES[said["kind"]].model_validate_json(json.dumps(said["write"]))


def _outcome(outcome: WriteResult | AdapterError | None) -> Json:
    written = effects._dump_outcome(outcome)
    assert written is not None
    return json.loads(written)


def _errors() -> set[str]:
    """``RateLimited`` is never an outcome: nothing was done, and it is tried again."""
    kinds: list[type[AdapterError]] = [AdapterError, *AdapterError.__subclasses__()]
    return {kind.__name__ for kind in kinds} - {"RateLimited"}


@dataclass(frozen=True)
class Posted:
    """A Mattermost button as it was read back, and since when it stands."""

    intent: Intent
    ground: ButtonScope
    at: datetime


def _posted(action: Json) -> Posted:
    facts = action["pressed"]
    place = Place(surface="mattermost", channel=facts["channel"], site=SITE)
    at = datetime.fromtimestamp(facts["at"], UTC)
    press = Buttons(Signer(SECRET), ACTION_URL).read(action["context"], place, facts["user"], at)
    assert not press.expired
    return Posted(_intent(press.intent), ButtonScope(press.place, press.nonce, press.person, press.url), at)


def _action(posted: Posted) -> Json:
    button = Button("Press me", posted.intent)
    (action,) = Buttons(Signer(SECRET), ACTION_URL).actions([button], posted.ground, posted.at)
    assert action["id"] == action_id(posted.intent)
    pressed = {
        "channel": posted.ground.place.channel,
        "user": posted.ground.person or "anybody",
        "at": int(posted.at.timestamp()),
    }
    return {"pressed": pressed, "id": action["id"], "context": action["integration"]["context"]}


def _dialog(said: Json) -> Any:
    at = datetime.fromtimestamp(said["at"], UTC)
    sent = read_state(Signer(SECRET), said, SITE, at)
    assert not sent.expired
    return sent, at


def _state(read: Any) -> Json:
    sent, at = read
    form = Form(sent.about, sent.run, "Title", "Send")
    facts = state_of(form, sent.actor, sent.place, sent.reply, sent.nonce, at)
    state = Signer(SECRET).seal("dialog", facts)
    who = {"user_id": sent.actor.id, "channel_id": sent.place.channel}
    return {**who, "at": int(at.timestamp()), "state": state}


WIRES: Mapping[str, Wire] = {
    # Rows.
    "intents": Wire(_intent, lambda it: it.model_dump(mode="json"), lambda: {*COMMANDS, "form"}),
    "writes": Wire(
        _write,
        lambda it: {"kind": effects.stored_kind(it), "write": json.loads(it.model_dump_json())},
        lambda: set(effects._WRITE_TYPES) - {"TaskWrite"},  # nobody writes that one
    ),
    "marks": _model(WriteMarker),
    "known": _model(Baseline),
    "told": Wire(lambda said: effects._load_outcome("done", json.dumps(said)), _outcome),
    "errors": Wire(lambda said: effects._load_outcome("refused", json.dumps(said)), _outcome, _errors),
    "runs": _model(Run, exclude_defaults=True),
    "kept": _model(RunOverlay, exclude_defaults=True),
    "messages": _model(Message, exclude_defaults=True),
    "later_messages": _model(Message),
    "tickets": _model(Route),
    "people": _model(Actor),
    "places": _model(Place),
    "local_runs": _model(Document),
    "slack_identity": Wire(lambda said: Identity.load(json.dumps(said)), lambda it: json.loads(it.dump())),
    # Buttons and forms. What is a text here goes out to the letter.
    "slack_buttons": Wire(_of_press, presses.dump),
    "slack_forms": Wire(_meta, lambda it: it.dump()),
    "mattermost_buttons": Wire(_posted, _action),
    "mattermost_forms": Wire(_dialog, _state),
}


def _words_of(kind: Any) -> list[str]:
    """The values of an enumeration, or of a ``Literal``."""
    return sorted(str(word) for word in (get_args(kind) or kind))


VALUES: Mapping[str, Callable[[], Json]] = {
    "task states": lambda: _words_of(TaskState),
    "run states": lambda: _words_of(RunState),
    "healths": lambda: _words_of(Health),
    "ops": lambda: _words_of(Op),
    "effect states": lambda: _words_of(effects.EffectState),
    "results": lambda: _words_of(Result),
    "standings": lambda: _words_of(Membership),
    "vias": lambda: _words_of(Via),
    "forms": lambda: _words_of(OpenForm.model_fields["about"].annotation),
    "parts of tines that need a case of their own": lambda: [tasks.MARK, case.COLOUR],
    "form fields": lambda: {
        about: [field.name for field in form.fields] for about, form in forms_of(COMMANDS).items()
    },
    "slack button action": lambda: presses.ACTION,
    "slack form callback": lambda: views.CALLBACK,
    "slack field action": lambda: views.ACTION,
    "slack post event": lambda: posts.EVENT,
    "slack shortcuts": lambda: [inbound.START_HERE, inbound.ADD_COMMENT],
    "slack identity note": lambda: surface.IDENTITY,
    "mattermost post nonce": lambda: NONCE,
}


def digest(said: Json) -> str:
    """By which a local run knows a step again that it holds already."""
    return local.digest(_write(said))


def step_of(write: Write) -> str:
    """Its key in the effect log, with TASK for the task's id; and the options that it takes along."""
    key = write.step_key.replace(f":{write.target}", ":TASK", 1) if write.target else write.step_key
    return f"{key} {json.dumps(dict(write.options))}" if write.options else key
