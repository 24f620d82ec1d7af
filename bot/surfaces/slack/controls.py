"""Buttons and selects of a message. Each holds an intent, which a press or a choice brings back."""

from collections.abc import Sequence
from typing import Any

from bot.surfaces.slack import button_values
from bot.surfaces.slack.encoding import remove_unsendable, truncate
from bot.surfaces.slack.text import translate_plain
from commands.model.card import Button, Menu, PeoplePicker

MAX_LABEL = 30  # of 75: Slack does not show more
MAX_OPTION = 75  # characters of an option's text, and of its value
MAX_OPTIONS = 100
FEW_OPTIONS = 10  # are sent with the message, so that the select opens at once
MAX_PLACEHOLDER = 150
MAX_ACTION_ID = 255

Element = dict[str, Any]


def button(button: Button, number: int) -> Element | None:
    """None for an intent that Slack cannot hold. ``number`` makes the action id unique."""
    value = button_values.dump(button.intent)
    if len(value) > button_values.MAX_VALUE_LENGTH:
        return None
    style = {"style": button.style} if button.style else {}
    return {
        "type": "button",
        "action_id": f"{button_values.ACTION}.{number}",
        "text": {"type": "plain_text", "text": shown_label(button.label), "emoji": False},
        "value": value,
        **style,
    }


def shown_label(label: str) -> str:
    return truncate(" ".join(remove_unsendable(label).split()), MAX_LABEL) or translate_plain("unnamed")


def menu(menu: Menu, number: int) -> tuple[Element | None, list[Button]]:
    """The select, and the options that it cannot hold, which become buttons."""
    placeholder = _plain_text(menu.label, MAX_PLACEHOLDER)
    if menu.search and len(menu.options) > FEW_OPTIONS:
        action = f"{button_values.SEARCH}.{menu.search}.{menu.run}"
        select = {
            "type": "external_select",
            "action_id": action,
            "placeholder": placeholder,
            "min_query_length": 0,
        }
        return select, []
    fitting, left = _options(menu.options)
    if not fitting:
        return None, left
    select = {
        "type": "static_select",
        "action_id": f"{button_values.MENU}.{number}",
        "placeholder": placeholder,
        "options": fitting,
    }
    return select, left


def people_picker(picker: PeoplePicker) -> Element | None:
    """None for an intent that an action id cannot hold."""
    action = button_values.dump_picker(picker.intent, picker.field)
    if len(action) > MAX_ACTION_ID:
        return None
    return {
        "type": "users_select",
        "action_id": action,
        "placeholder": _plain_text(picker.label, MAX_PLACEHOLDER),
    }


def options_response(options: Sequence[Button]) -> Element:
    """The response to a search: the options that fit."""
    return {"options": _options(options)[0]}


def _options(options: Sequence[Button]) -> tuple[list[Element], list[Button]]:
    """As option objects, and those whose intent doesn't fit into one."""
    fitting: list[Element] = []
    left: list[Button] = []
    for option in options:
        value = button_values.dump(option.intent)
        if len(value) > MAX_OPTION:
            left.append(option)
        elif len(fitting) < MAX_OPTIONS:
            fitting.append({"text": _plain_text(option.label, MAX_OPTION), "value": value})
    return fitting, left


def _plain_text(text: str, limit: int) -> Element:
    shown = truncate(" ".join(remove_unsendable(text).split()), limit) or "…"
    return {"type": "plain_text", "text": shown, "emoji": False}
