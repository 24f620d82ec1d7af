"""Encodes an intent as versioned JSON in the ``value`` of a button (at most 2,000 characters) or an option (75).

Action ids are versioned too. Newer versions must keep reading older values, because posts with old buttons stay in
channels for years.
"""

import json
from typing import Any

from commands.model.intents import Intent, with_person

MAX_VALUE_LENGTH = 2000
ACTION = "press.v1"
MENU = "menu.v1"
PICKER = "person.v1"  # followed by the field that the person fills, and the intent
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
SEARCH = "search.v1"  # followed by what is searched for, and the run: "search.v1.begin.R7"


def dump(intent: Intent) -> str:
    payload = {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}
    value = _JSON.encode({"v": 1, "i": payload})
    return value.encode("utf-8", "replace").decode()  # a lone surrogate can't be sent


def load(value: str) -> dict[str, Any] | None:
    """The intent's dump; None for a value that this version can't read."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or parsed.get("v") != 1:
        return None
    payload = parsed.get("i")
    return payload if isinstance(payload, dict) and isinstance(payload.get("verb"), str) else None


def dump_picker(intent: Intent, field: str) -> str:
    """The action id of a list of people."""
    return f"{PICKER}.{field}.{dump(intent)}"


def load_person(action_id: str, person: str) -> dict[str, Any] | None:
    """The intent's dump with the chosen person in it."""
    version, _, rest = action_id.partition(f"{PICKER}.")
    field, _, value = rest.partition(".")
    payload = load(value) if not version and person else None
    return with_person(payload, field, person) if payload is not None else None
