"""Seals a button's intent into its ``context``, which only the server stores, and reads it back from a click. The
intent of a menu comes from the option that was chosen, which is sealed too.

Anybody in the channel can press a card's button for as long as the post exists. A private button (sent to one
person by ``response_url``) can be pressed by that person for a day. Both hold the thread that they are in.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.surfaces.mattermost.driver import is_id
from bot.surfaces.mattermost.escape import escape, one_line
from bot.surfaces.mattermost.signing import ForgedDelivery, Signer
from commands.model.card import Button, PeoplePicker
from commands.model.intents import Intent, with_person
from commands.model.messages import Place

_MAX_PIECE = 2000  # newer servers accept at most 2,048 characters per context value
_MAX_LABEL = 30
_MAX_OPTION = 60
MENU_ID = "menu"  # a post has at most one
PICKER_ID = "person"  # likewise
# Of blocks: one action for all buttons and menus, one for the list of people, and what says which button it was.
PRESS_ACTION = "press"
PICK_ACTION = "pick"
QUERY = "i"
_PRIVATE_LIFETIME = timedelta(hours=24)  # the same as the lifetime of a choice
_STYLES = {"primary": "primary", "danger": "danger"}


@dataclass(frozen=True, slots=True)
class ButtonScope:
    """Where buttons are valid. If ``person`` is set, they are private to that user id, and ``url`` is the
    ``response_url`` to answer the person by."""

    place: Place
    nonce: str
    person: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """The contents of a sealed context. ``intent`` is the intent's dump. An expired button must not be
    executed."""

    intent: dict[str, Any]
    place: Place
    nonce: str
    person: str = ""
    url: str = ""
    expired: bool = False

    @property
    def run(self) -> str:
        return str(self.intent.get("run") or "")


class Buttons:
    def __init__(self, signer: Signer, action_url: str) -> None:
        self._signer = signer
        self._url = action_url

    def actions(self, buttons: Sequence[Button], scope: ButtonScope, now: datetime) -> list[dict[str, Any]]:
        """For an attachment's ``actions``. Ids are derived from intents, so that a click on a post that was edited
        in the meantime finds no action rather than a different one in the same position."""
        return [self._action(button, scope, now) for button in buttons]

    def _action(self, button: Button, scope: ButtonScope, now: datetime) -> dict[str, Any]:
        action: dict[str, Any] = {
            "id": action_id(button.intent),
            "type": "button",
            "name": _button_name(button.label),
            "integration": self._integration({"intent": _dump(button.intent)}, scope, now),
        }
        if style := _STYLES.get(button.style):
            action["style"] = style
        return action

    def menu(self, label: str, options: Sequence[Button], scope: ButtonScope, now: datetime) -> dict[str, Any]:
        """A select. The id stays the same when the post is edited, so that a choice from an older list counts."""
        return {
            "id": MENU_ID,
            "type": "select",
            "name": _button_name(label),
            "options": [
                {"text": _option_text(option.label), "value": self._option(option.intent, scope)}
                for option in options
            ],
            "integration": self._integration({"menu": 1}, scope, now),
        }

    def people_picker(self, picker: PeoplePicker, scope: ButtonScope, now: datetime) -> dict[str, Any]:
        """A select of the server's own people. Anybody of them can come back as the choice."""
        content = {"intent": _dump(picker.intent), "field": picker.field}
        return {
            "id": PICKER_ID,
            "type": "select",
            "name": _button_name(picker.label),
            "data_source": "users",
            "integration": self._integration(content, scope, now),
        }

    def block_button(self, button: Button, scope: ButtonScope) -> dict[str, Any]:
        style = {"style": button.style} if button.style in _STYLES else {}
        query = {QUERY: self._option(button.intent, scope)}
        label = escape(_button_name(button.label), at_line_start=False)  # Markdown, unlike an attachment's
        return {"type": "button", "text": label, "action_id": PRESS_ACTION, "query": query, **style}

    def block_menu(self, label: str, options: Sequence[Button], scope: ButtonScope) -> dict[str, Any]:
        return {
            "type": "static_select",
            "action_id": PRESS_ACTION,
            "placeholder": _button_name(label),
            "options": [
                {"text": _option_text(option.label), "value": self._option(option.intent, scope)}
                for option in options
            ],
        }

    def block_actions(
        self, scope: ButtonScope, now: datetime, picker: PeoplePicker | None
    ) -> dict[str, dict[str, Any]]:
        """What the blocks of a post may call."""
        contents: dict[str, dict[str, Any]] = {PRESS_ACTION: {"menu": 1}}
        if picker is not None:
            contents[PICK_ACTION] = {"intent": _dump(picker.intent), "field": picker.field}
        return {
            name: {"type": "external", **self._integration(content, scope, now)}
            for name, content in contents.items()
        }

    def _option(self, intent: Intent, scope: ButtonScope) -> str:
        dumped = json.dumps(_dump(intent), ensure_ascii=False, separators=(",", ":"))
        return self._signer.seal_option(_option_scope(scope.place.channel, scope.person), dumped)

    def _integration(self, content: dict[str, Any], scope: ButtonScope, now: datetime) -> dict[str, Any]:
        payload: dict[str, Any] = content | {
            "channel": scope.place.channel,
            "thread": scope.place.thread,
            "nonce": scope.nonce,
        }
        if scope.person:
            payload |= {
                "person": scope.person,
                "until": int((now + _PRIVATE_LIFETIME).timestamp()),
                "url": scope.url,
            }
        sealed = self._signer.seal("button", payload)
        pieces = [sealed[start : start + _MAX_PIECE] for start in range(0, len(sealed), _MAX_PIECE)]
        return {"url": self._url, "context": {f"p{n}": piece for n, piece in enumerate(pieces)}}

    def read(self, context: object, place: Place, user: str, now: datetime, query: str = "") -> Press:
        """``place`` and ``user`` come from the delivery and must match the sealed ones, and so must the chosen
        option, or the ``query`` of a button of blocks. Raises ``ForgedDelivery``."""
        if not isinstance(context, Mapping):
            raise ForgedDelivery("no context")
        chosen = context.get("selected_option") or query
        pieces = [context.get(f"p{n}") for n in range(len(context) - ("selected_option" in context))]
        if not pieces or not all(isinstance(piece, str) for piece in pieces):
            raise ForgedDelivery("the context is not ours")
        payload = self._signer.open("button", "".join(str(piece) for piece in pieces))
        person = str(payload.get("person", ""))
        if payload["channel"] != place.channel:
            raise ForgedDelivery("the button belongs to another channel")
        if person and person != user:
            raise ForgedDelivery("the button belongs to another person")
        if "menu" in payload:
            intent = json.loads(self._signer.open_option(_option_scope(place.channel, person), str(chosen or "")))
        elif "field" in payload:
            if not is_id(str(chosen or "")):
                raise ForgedDelivery("not the id of a person")
            intent = with_person(payload["intent"], payload["field"], str(chosen))
        elif "selected_option" in context:
            raise ForgedDelivery("a button has no options")
        else:
            intent = payload["intent"]
        return Press(
            intent=intent,
            place=place.model_copy(update={"thread": payload["thread"]}),
            nonce=payload["nonce"],
            person=person,
            url=str(payload.get("url", "")),
            expired=bool(person) and payload["until"] < now.timestamp(),
        )


def _option_scope(channel: str, person: str) -> str:
    return f"{channel}/{person}"


def action_id(intent: Intent) -> str:
    """Letters and digits only: buttons with any other character in their id do nothing (mattermost#25747)."""
    encoded = json.dumps(_dump(intent), sort_keys=True).encode()
    verb = re.sub(r"[^a-z0-9]", "", intent.verb)
    return f"{verb}{hashlib.sha256(encoded).hexdigest()[:12]}"


def _dump(intent: Intent) -> dict[str, Any]:
    """Without fields that have their defaults, to keep it short. The verb names the class."""
    return {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}


def _button_name(label: str) -> str:
    return _shortened(label, _MAX_LABEL) or "…"


def _option_text(label: str) -> str:
    return _shortened(label, _MAX_OPTION) or "…"


def _shortened(label: str, longest: int) -> str:
    label = one_line(label)
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"
