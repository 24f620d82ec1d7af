"""Recorded and documented exchanges, and comparing the shapes of two responses."""

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
_ID = re.compile(r"[a-z0-9]{26}")


def exchanges(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["exchanges"]
    return found


def webhooks(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["webhooks"]
    return found


def shape(value: Any) -> Any:
    """A body with its ids, times and texts replaced by their kind, and a list by the shapes of its items."""
    match value:
        case dict():
            return {key: shape(part) for key, part in value.items()}
        case list():
            return sorted({json.dumps(shape(part), sort_keys=True) for part in value})
        case bool() | None:
            return value
        case int():
            return "number" if value else 0
        case str() if _ID.fullmatch(value):
            return "id"
    return value if value == "" else "text"


def matching_ids(recorded: Any, ours: Any) -> dict[str, str]:
    """recorded id -> our id, for ids in the same place."""
    found: dict[str, str] = {}
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in recorded.keys() & ours.keys():
            found |= matching_ids(recorded[key], ours[key])
    elif isinstance(recorded, list) and isinstance(ours, list):
        for item, other in zip(recorded, ours, strict=False):
            found |= matching_ids(item, other)
    elif isinstance(recorded, str) and isinstance(ours, str) and _ID.fullmatch(recorded) and _ID.fullmatch(ours):
        found[recorded] = ours
    return found


def translate_ids(value: Any, ids: dict[str, str]) -> Any:
    """A recorded request with our ids."""
    text = json.dumps(value)
    return json.loads(_ID.sub(lambda match: ids.get(match[0], match[0]), text))


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """The differences of two shapes, one line each."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [f"{where}.{key}: only recorded" for key in theirs.keys() - ours.keys()]
        extra = [f"{where}.{key}: not recorded" for key in ours.keys() - theirs.keys()]
        shared = [differences(ours[key], theirs[key], f"{where}.{key}") for key in ours.keys() & theirs.keys()]
        return [*missing, *extra, *(line for lines in shared for line in lines)]
    return [] if ours == theirs else [f"{where}: {ours}, recorded {theirs}"]


def text(body: Any) -> str:
    return json.dumps(body)
