"""Buttons of a post: an intent sealed into the ``context`` that only the server keeps, and read back from it.

Two kinds. A card's button is anybody's, in its channel, for as long as the post stands. A private one (sent by
``response_url`` to one person) is that person's, for a day. Both carry the thread that they stand in.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.surfaces.mattermost.escape import GAP, one_line
from bot.surfaces.mattermost.signing import Forged, Signer
from commands.model.card import Button
from commands.model.intents import Intent
from commands.model.messages import Place

_PIECE = 2000  # mm_blocks: a context value has at most 2,048 characters (CHAT_LIMITS, Mattermost table)
_LABEL = 30
_LIVES = timedelta(hours=24)  # a private button; the same as a choice (DESIGN section 4)
_STYLES = {"primary": "primary", "danger": "danger"}


@dataclass(frozen=True, slots=True)
class ButtonScope:
    """Where buttons are about to stand: what their seal binds them to.

    ``person`` makes them private; ``url`` is then the ``response_url`` by which that person is answered.
    """

    place: Place
    nonce: str
    person: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """What a sealed context says. ``intent`` is the dump; ``expired`` private buttons write nothing."""

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

    def actions(self, buttons: Sequence[Button], ground: ButtonScope, now: datetime) -> list[dict[str, Any]]:
        """As an attachment's ``actions``. An id names its intent: a click on a post that was edited meanwhile
        then finds no action, instead of another one that took the same place."""
        return [self._action(button, ground, now) for button in buttons]

    def _action(self, button: Button, ground: ButtonScope, now: datetime) -> dict[str, Any]:
        dump = _dump(button.intent)
        facts: dict[str, Any] = {
            "intent": dump,
            "channel": ground.place.channel,
            "thread": ground.place.thread,
            "nonce": ground.nonce,
        }
        if ground.person:
            facts |= {"person": ground.person, "until": int((now + _LIVES).timestamp()), "url": ground.url}
        sealed = self._signer.seal("button", facts)
        pieces = [sealed[at : at + _PIECE] for at in range(0, len(sealed), _PIECE)]
        action: dict[str, Any] = {
            "id": action_id(button.intent),
            "type": "button",
            "name": _name(button.label),
            "integration": {"url": self._url, "context": {f"p{n}": piece for n, piece in enumerate(pieces)}},
        }
        if style := _STYLES.get(button.style):
            action["style"] = style
        return action

    def read(self, context: object, place: Place, user: str, now: datetime) -> Press:
        """``place`` and ``user`` are the delivery's own fields: they must be the sealed ones.

        Raises ``Forged``.
        """
        if not isinstance(context, Mapping):
            raise Forged("no context")
        pieces = [context.get(f"p{n}") for n in range(len(context))]
        if not pieces or not all(isinstance(piece, str) for piece in pieces):
            raise Forged("not our context")
        facts = self._signer.open("button", "".join(str(piece) for piece in pieces))
        person = str(facts.get("person", ""))
        if facts["channel"] != place.channel:
            raise Forged("another channel's button")
        if person and person != user:
            raise Forged("another person's button")
        return Press(
            intent=facts["intent"],
            place=place.model_copy(update={"thread": facts["thread"]}),
            nonce=facts["nonce"],
            person=person,
            url=str(facts.get("url", "")),
            expired=bool(person) and facts["until"] < now.timestamp(),
        )


def action_id(intent: Intent) -> str:
    """Letters and digits only: anything else makes a legacy action silently dead (CHAT_LIMITS, complaint 17)."""
    words = json.dumps(_dump(intent), sort_keys=True).encode()
    verb = re.sub(r"[^a-z0-9]", "", intent.verb)
    return f"{verb}{hashlib.sha256(words).hexdigest()[:12]}"


def _dump(intent: Intent) -> dict[str, Any]:
    """Short, because it travels: without fields that hold their defaults; the verb tells the class."""
    return {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}


def _name(label: str) -> str:
    label = one_line(label)
    label = label if len(label) <= _LABEL else label[: _LABEL - 1].rstrip() + "…"
    return re.sub(r":(?=\S)", f":{GAP}", label) or "…"
