"""Forms as interactive dialogs, opened complete; and what comes back.

A dialog's ``state`` passes through the person's own client: it is sealed over person, channel, nonce and
expiry, and the nonce is its delivery key, so that it is recorded once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.surfaces.mattermost.escape import clean, one_line
from bot.surfaces.mattermost.markdown import text
from bot.surfaces.mattermost.signing import Forged, Signer
from bot.surfaces.mattermost.text import words
from commands.model.card import Field, Form, Option
from commands.model.messages import Actor, Place, ReplyRoute

_LIVES = timedelta(hours=24)
# CHAT_LIMITS, Mattermost table, "Dialog".
_TITLE = 24
_NAME = 24
_HELP = 150
_PLACEHOLDER = 150
_LINE = 150
_LINES = 3000
_MOST_OPTIONS = 100
_OPTION = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """What a dialog was opened for, as its sealed state says."""

    about: str
    run: str
    actor: Actor
    place: Place
    reply: ReplyRoute
    nonce: str
    expired: bool


def state_of(
    form: Form, actor: Actor, place: Place, reply: ReplyRoute, nonce: str, now: datetime
) -> dict[str, Any]:
    return {
        "about": form.about,
        "run": form.run,
        "person": actor.id,
        "handle": actor.handle,
        "channel": place.channel,
        "thread": place.thread,
        "direct": place.direct,
        "name": place.channel_name,
        "post": reply.post,
        "url": reply.url,
        "private": bool(reply.details.get("private")),
        "nonce": nonce,
        "until": int((now + _LIVES).timestamp()),
    }


def read_state(signer: Signer, body: Mapping[str, Any], site: str, now: datetime) -> Sent:
    """Raises ``Forged``: also when the delivery names another person or channel than the state does."""
    facts = signer.open("dialog", str(body.get("state") or ""))
    if facts["person"] != body.get("user_id") or facts["channel"] != body.get("channel_id"):
        raise Forged("another person's or channel's dialog")
    return Sent(
        about=facts["about"],
        run=facts["run"],
        actor=Actor(surface="mattermost", id=facts["person"], handle=facts["handle"]),
        place=Place(
            surface="mattermost",
            channel=facts["channel"],
            thread=facts["thread"],
            direct=facts["direct"],
            channel_name=facts["name"],
            site=site,
        ),
        reply=ReplyRoute(url=facts["url"], post=facts["post"], details={"private": facts["private"]}),
        nonce=facts["nonce"],
        expired=facts["until"] < now.timestamp(),
    )


def values_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Every field as text; one left empty comes as null, or not at all."""
    submission = body.get("submission")
    if not isinstance(submission, Mapping):
        return {}
    return {str(name): "" if value is None else _as_text(value) for name, value in submission.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else clean(str(value))


def dialog(form: Form, options: Mapping[str, Sequence[Option]], state: str) -> dict[str, Any]:
    """``options`` of the search fields: static ones, because 5.37 knows no other (dynamic select came in 11.0)."""
    lead = text(form.intro, {})
    return {
        "callback_id": form.about,
        "title": _short(form.title, _TITLE) or "…",
        **({"introduction_text": lead} if lead else {}),
        "elements": [_element(field, options.get(field.name, field.options)) for field in form.fields],
        "submit_label": _short(form.submit, _TITLE) or "…",
        "notify_on_cancel": False,
        "state": state,
    }


def _element(field: Field, options: Sequence[Option]) -> dict[str, Any]:
    element: dict[str, Any] = {
        "display_name": _short(field.label, _NAME) or "…",
        "name": field.name[:300],
        "optional": field.optional,
    }
    if field.kind in ("choice", "search") and options:
        element |= _select(field, options)
    else:
        element |= _text(field)
    hint = field.hint or (words("when") if field.kind == "when" else "")
    if hint:
        element["help_text"] = _short(hint, _HELP)
    return element


def _select(field: Field, options: Sequence[Option]) -> dict[str, Any]:
    """The chosen one is always among those offered, or the server refuses the dialog."""
    chosen = [option for option in options if option.value == field.value and field.value]
    offered = [*chosen, *(option for option in options if option not in chosen)][:_MOST_OPTIONS]
    ordered = [option for option in options if option in offered]
    select: dict[str, Any] = {
        "type": "select",
        "options": [{"text": _short(option.label, _OPTION) or "…", "value": option.value} for option in ordered],
    }
    return select | ({"default": field.value} if chosen else {})


def _text(field: Field) -> dict[str, Any]:
    long = field.kind == "lines" or len(field.value) > _LINE
    most = min(field.longest, _LINES if long else _LINE)
    element: dict[str, Any] = {"type": "textarea" if long else "text", "max_length": most}
    if field.value:
        element["default"] = clean(field.value)[:most]
    return element


def _short(label: str, most: int) -> str:
    label = one_line(label)
    return label if len(label) <= most else f"{label[: most - 1]}…"
