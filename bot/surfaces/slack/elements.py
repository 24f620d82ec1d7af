"""Renders a form's fields as input blocks, and reads what was entered (Slack docs, "Block Kit reference")."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.surfaces.slack.encoding import remove_unsendable, truncate
from bot.surfaces.slack.text import translate_plain
from commands.model.card import Field, Option

ACTION = "field.v1"
MAX_OPTION = 75  # characters of an option's text, and of its value
MAX_OPTIONS = 100
MAX_RADIOS = 10
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_CHANNEL = re.compile(r"[CG][A-Z0-9]+")

Json = dict[str, Any]


def input_block(field: Field) -> Json:
    if field.kind in ("choice", "radio", "check") and not _render_options(field.options):
        return section(f"{field.label}: {translate_plain('nothing_to_choose')}")
    hint = field.hint or (translate_plain("when") if field.kind == "when" else "")
    if field.kind == "choice" and len(field.options) > MAX_OPTIONS:
        hint = f"{hint} {translate_plain('cut_options')}".strip()
    block = {
        "type": "input",
        "block_id": field.name,
        "label": plain_object(field.label or field.name, 150),
        "optional": field.optional,
        "element": {"action_id": ACTION, **_element(field)},
        **({"dispatch_action": True} if field.refreshes else {}),
    }
    return {**block, "hint": plain_object(hint, 2000)} if remove_unsendable(hint).strip() else block


def section(text: str) -> Json:
    return {"type": "section", "text": plain_object(text, 3000)}


def plain_object(text: str, limit: int) -> Json:
    shown = truncate(remove_unsendable(text).strip(), limit) or "…"
    return {"type": "plain_text", "text": shown, "emoji": False}


def _element(field: Field) -> Json:
    match field.kind:
        case "choice":
            return {"type": "static_select", **_select(field, MAX_OPTIONS)}
        case "radio":
            return {"type": "radio_buttons", **_select(field, MAX_RADIOS)}
        case "check":
            boxes = _render_options(field.options)[:1]
            ticked = [box for box in boxes if box["value"] == field.value]
            return {"type": "checkboxes", "options": boxes, **({"initial_options": ticked} if ticked else {})}
        case "person":
            initial = {"initial_user": field.value} if _PERSON.fullmatch(field.value) else {}
            return {"type": "users_select", **initial}
        case "people":
            users = [id for id in field.value.split() if _PERSON.fullmatch(id)]
            return {"type": "multi_users_select", **({"initial_users": users} if users else {})}
        case "channel":
            initial = {"initial_conversation": field.value} if _CHANNEL.fullmatch(field.value) else {}
            offered = {"include": ["public", "private"], "exclude_bot_users": True}
            return {"type": "conversations_select", "filter": offered, **initial}
        case "search":
            return {"type": "external_select", "min_query_length": 0, **_searched(field)}
    return _text_input(field)


def _select(field: Field, most: int) -> Json:
    options = _render_options(field.options)[:most]
    chosen = next((option for option in options if option["value"] == field.value), None)
    return {"options": options, **({"initial_option": chosen} if chosen else {})}


def _searched(field: Field) -> Json:
    known = [*field.options, Option(field.value, field.value)]
    chosen = next(iter(_render_options([option for option in known if option.value == field.value])), None)
    return {"initial_option": chosen} if chosen else {}


def _text_input(field: Field) -> Json:
    limit = min(max(field.longest, 1), 3000)
    element: Json = {"type": "plain_text_input", "multiline": field.kind == "lines", "max_length": limit}
    if value := remove_unsendable(field.value)[:limit]:
        element["initial_value"] = value
    return element


def _render_options(options: Sequence[Option]) -> list[Json]:
    return options_response(options)["options"]


def options_response(options: Sequence[Option]) -> dict[str, list[Json]]:
    """The response to an option search. Options whose value Slack can't hold are left out."""
    rendered = [
        {"text": plain_object(option.label or option.value, MAX_OPTION), "value": option.value}
        for option in options
        if 0 < len(option.value) <= MAX_OPTION and remove_unsendable(option.value) == option.value
    ]
    return {"options": rendered[:MAX_OPTIONS]}


def entered_value(entered: Mapping[str, Any]) -> str:
    """ "" for an empty field."""
    chosen = entered.get("selected_option") or next(iter(entered.get("selected_options") or ()), None)
    value = chosen.get("value") if chosen else entered.get("value")
    if users := entered.get("selected_users"):
        return " ".join(map(str, users))
    return str(value or entered.get("selected_user") or entered.get("selected_conversation") or "")
