"""Cards as JSON, for what waits to be sent.

Every dataclass is stored with the name of its class, so that the spans of a text and the intents of buttons come
back as they were.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from adapters.models import TaskState
from commands.model import card as card_model
from commands.model import rich_text as rich_text_model
from commands.model.card import Card, Separator
from commands.model.intents import Intent, OpenForm
from commands.registry import COMMANDS

_CLASSES: Mapping[str, type[Any]] = {
    name: value
    for model in (card_model, rich_text_model)
    for name, value in vars(model).items()
    if isinstance(value, type) and is_dataclass(value)
}


def dump_card(card: Card) -> str:
    return json.dumps(_dump(card))


def load_card(dumped: str) -> Card:
    """Raises an error of any kind if it cannot be read."""
    card = _load(json.loads(dumped))
    assert isinstance(card, Card)
    return card


def dump_parts(parts: tuple[Any, ...]) -> str:
    """Cards, texts and buttons."""
    return json.dumps(_dump(parts))


def load_parts(dumped: str) -> tuple[Any, ...]:
    """Raises an error of any kind if they cannot be read."""
    parts = _load(json.loads(dumped))
    assert isinstance(parts, tuple)
    return parts


def _dump(value: Any) -> Any:
    match value:
        case Separator() | TaskState() | datetime():
            return {"is": type(value).__name__, "value": str(value)}
        case Intent():
            return {"is": "Intent", "value": value.model_dump(mode="json")}
        case list() | tuple():
            return [_dump(item) for item in value]
        case None | str() | int():
            return value
    name = type(value).__name__
    if _CLASSES.get(name) is not type(value):
        raise TypeError(f"{name} cannot be stored, because it could not be read back")
    return {
        "is": name,
        **{field.name: _dump(getattr(value, field.name)) for field in fields(value)},
    }


def _load(data: Any) -> Any:
    if isinstance(data, list):
        return tuple(_load(item) for item in data)
    if not isinstance(data, dict):
        return data
    match data["is"]:
        case "Separator":
            return Separator(data["value"])
        case "TaskState":
            return TaskState(data["value"])
        case "datetime":
            return datetime.fromisoformat(data["value"])
        case "Intent" if data["value"]["verb"] == "form":
            return OpenForm.model_validate(data["value"])
        case "Intent":
            return COMMANDS.intent_from(data["value"])
    return _CLASSES[data["is"]](**{name: _load(item) for name, item in data.items() if name != "is"})
