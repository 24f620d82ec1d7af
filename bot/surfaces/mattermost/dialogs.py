"""Renders forms as interactive dialogs, and reads the submitted values.

A dialog's ``state`` passes through the person's client, so it is sealed over person, channel, nonce and expiry.
The nonce is the delivery key, so that a submission is recorded once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.surfaces.mattermost.escape import one_line, strip_controls
from bot.surfaces.mattermost.markdown import text_markdown
from bot.surfaces.mattermost.signing import ForgedDelivery, Signer
from bot.surfaces.mattermost.text import translate_plain
from commands.model.card import Field, Form, Option
from commands.model.messages import Actor, Place, ReplyRoute

# Versions of the server (Mattermost docs, "Interactive dialogs").
_SEVERAL_SINCE = (11, 0)  # selects of several people, and selects that load their options
_REFRESHES_SINCE = (11, 1)  # fields that ask for the dialog again
_LIFETIME = timedelta(hours=24)
# Limits from the Mattermost docs, "Interactive dialogs".
_MAX_TITLE = 24
_MAX_NAME = 24
_MAX_HELP = 150
_MAX_PLACEHOLDER = 150
_MAX_LINE = 150
_MAX_LINES = 3000
_MAX_OPTIONS = 100
_MAX_OPTION = 100


@dataclass(frozen=True, slots=True)
class DialogFeatures:
    """What the server's dialogs can do. ``refresh_url`` is where fields ask for the dialog again, and
    ``lookup_url`` where selects load their options; each is empty if they can't."""

    refresh_url: str = ""
    lookup_url: str = ""
    several_people: bool = False


def dialog_features(version: tuple[int, int], dialog_url: str) -> DialogFeatures:
    """Options are loaded over HTTPS only."""
    loads = version >= _SEVERAL_SINCE and dialog_url.startswith("https://")
    return DialogFeatures(
        refresh_url=f"{dialog_url}/refresh" if version >= _REFRESHES_SINCE else "",
        lookup_url=f"{dialog_url}/lookup" if loads else "",
        several_people=version >= _SEVERAL_SINCE,
    )


@dataclass(frozen=True, slots=True)
class DialogState:
    """The contents of a dialog's sealed state."""

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
        "until": int((now + _LIFETIME).timestamp()),
    }


def read_state(signer: Signer, body: Mapping[str, Any], site: str, now: datetime) -> DialogState:
    """Raises ``ForgedDelivery``, also if the delivery names another person or channel than the state."""
    payload = signer.open("dialog", str(body.get("state") or ""))
    if payload["person"] != body.get("user_id") or payload["channel"] != body.get("channel_id"):
        raise ForgedDelivery("the dialog belongs to another person or channel")
    return DialogState(
        about=payload["about"],
        run=payload["run"],
        actor=Actor(surface="mattermost", id=payload["person"], handle=payload["handle"]),
        place=Place(
            surface="mattermost",
            channel=payload["channel"],
            thread=payload["thread"],
            direct=payload["direct"],
            channel_name=payload["name"],
            site=site,
        ),
        reply=ReplyRoute(url=payload["url"], post=payload["post"], details={"private": payload["private"]}),
        nonce=payload["nonce"],
        expired=payload["until"] < now.timestamp(),
    )


def submitted_values(body: Mapping[str, Any]) -> dict[str, str]:
    """Every field as text. Mattermost sends an empty field as null, or leaves it out."""
    submission = body.get("submission")
    if not isinstance(submission, Mapping):
        return {}
    return {str(name): "" if value is None else _as_text(value) for name, value in submission.items()}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):  # of a select of several
        return " ".join(_as_text(item) for item in value)
    return strip_controls(str(value))


def build_dialog(
    form: Form, options: Mapping[str, Sequence[Option]], state: str, features: DialogFeatures = DialogFeatures()
) -> dict[str, Any]:
    """``options`` are those of the search fields, where the server cannot load them."""
    refreshes = features.refresh_url and any(field.refreshes for field in form.fields)
    intro = "\n".join(text_markdown(line, {}) for line in form.intro)
    return {
        "callback_id": form.about,
        "title": _truncate(form.title, _MAX_TITLE) or "…",
        **({"introduction_text": intro} if intro else {}),
        "elements": [_element(field, options.get(field.name, field.options), features) for field in form.fields],
        **({"source_url": features.refresh_url} if refreshes else {}),
        "submit_label": _truncate(form.submit, _MAX_TITLE) or "…",
        "notify_on_cancel": False,
        "state": state,
    }


def loads_options(field: Field, features: DialogFeatures) -> bool:
    """Not where one is filled in: a client cannot show what an option is called that it has not loaded."""
    return field.kind == "search" and bool(features.lookup_url) and not field.value


def _element(field: Field, options: Sequence[Option], features: DialogFeatures) -> dict[str, Any]:
    element: dict[str, Any] = {
        "display_name": _truncate(field.label, _MAX_NAME) or "…",
        "name": field.name[:300],
        "optional": field.optional or bool(field.shown),
    }
    element |= _control(field, options, features)
    if features.refresh_url and field.refreshes and element["type"] == "select":
        element["refresh"] = True
    hint = field.hint or (translate_plain("when") if field.kind == "when" else "")
    if hint:
        element["help_text"] = _truncate(hint, _MAX_HELP)
    return element


def _control(field: Field, options: Sequence[Option], features: DialogFeatures) -> dict[str, Any]:
    match field.kind:
        case "people" if features.several_people:
            return {**_picker_element(field, "users"), "multiselect": True}
        case "person" | "people":
            return _picker_element(field, "users")
        case "search" if loads_options(field, features):
            return {"type": "select", "data_source": "dynamic", "data_source_url": features.lookup_url}
        case "channel":
            return _picker_element(field, "channels")
        case "check" if options:
            return {"type": "bool", "placeholder": _truncate(options[0].label, _MAX_PLACEHOLDER)}
        case "radio" if options:
            return {**_select_element(field, options), "type": "radio"}
        case "choice" | "search" if options:
            return _select_element(field, options)
    return _text_element(field)


def _picker_element(field: Field, source: Literal["users", "channels"]) -> dict[str, Any]:
    """Clients do not show the default of a picker, so it is named, and an empty picker stands for it."""
    shown = {"placeholder": _truncate(field.shown, _MAX_PLACEHOLDER)} if field.shown else {}
    return {"type": "select", "data_source": source, **shown}


def _select_element(field: Field, options: Sequence[Option]) -> dict[str, Any]:
    """The default must be one of the options, or the server rejects the dialog."""
    chosen = [option for option in options if option.value == field.value and field.value]
    included = [*chosen, *(option for option in options if option not in chosen)][:_MAX_OPTIONS]
    listed = [option for option in options if option in included]
    select: dict[str, Any] = {
        "type": "select",
        "options": option_items(listed),
    }
    return select | ({"default": field.value} if chosen else {})


def option_items(options: Sequence[Option]) -> list[dict[str, str]]:
    return [
        {"text": _truncate(option.label, _MAX_OPTION) or "…", "value": option.value}
        for option in options[:_MAX_OPTIONS]
    ]


def _text_element(field: Field) -> dict[str, Any]:
    is_long = field.kind == "lines" or len(field.value) > _MAX_LINE
    limit = min(field.longest, _MAX_LINES)
    element: dict[str, Any] = {"type": "textarea" if is_long else "text", "max_length": limit}
    if field.value:
        element["default"] = strip_controls(field.value)[:limit]
    return element


def _truncate(label: str, limit: int) -> str:
    label = one_line(label)
    return label if len(label) <= limit else f"{label[: limit - 1]}…"
