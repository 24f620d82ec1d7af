"""Answers that wait for a chat, as JSON.

Every dataclass is stored with the name of its class, so that the spans of a text and the intents of buttons come
back as they were.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from adapters.models import HomeChannel, TaskState
from commands.model import card
from commands.model.card import Answer, Separator
from commands.model.intents import Intent, OpenForm
from commands.registry import COMMANDS

_CLASSES: Mapping[str, type[Any]] = {
    name: value for name, value in vars(card).items() if isinstance(value, type) and is_dataclass(value)
}


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """``since``: when it was ready."""

    answer: Answer
    since: datetime


def dump_answer(kept: KeptAnswer) -> str:
    return json.dumps({"since": kept.since.isoformat(), "answer": _dump(kept.answer)})


def load_answer(dumped: str) -> KeptAnswer:
    """Raises an error of any kind if it cannot be read."""
    data = json.loads(dumped)
    answer = _load(data["answer"])
    assert isinstance(answer, Answer)
    return KeptAnswer(answer, datetime.fromisoformat(data["since"]))


def _dump(value: Any) -> Any:
    match value:
        case Separator() | TaskState() | datetime():
            return {"is": type(value).__name__, "value": str(value)}
        case Intent() | HomeChannel():
            kind = "Intent" if isinstance(value, Intent) else "HomeChannel"
            return {"is": kind, "value": value.model_dump(mode="json")}
        case dict():
            return {"is": "dict", "value": {name: _dump(item) for name, item in value.items()}}
        case list() | tuple():
            return [_dump(item) for item in value]
        case None | str() | int():
            return value
    return {
        "is": type(value).__name__,
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
        case "HomeChannel":
            return HomeChannel.model_validate(data["value"])
        case "dict":
            return {name: _load(item) for name, item in data["value"].items()}
    return _CLASSES[data["is"]](**{name: _load(item) for name, item in data.items() if name != "is"})
