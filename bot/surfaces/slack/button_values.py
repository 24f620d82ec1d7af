"""Encodes an intent as versioned JSON in the ``value`` of a button (at most 2,000 characters) or an option (75).

Action ids are versioned too. Newer versions must keep reading older values, because posts with old buttons stay in
channels for years.
"""

import json
from typing import Any

from commands.model.intents import Intent

MAX_VALUE_LENGTH = 2000
ACTION = "press.v1"
MENU = "menu.v1"
SEARCH = "search.v1"  # followed by what is searched for, and the run: "search.v1.begin.R7"


def dump(intent: Intent) -> str:
    payload = {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}
    value = json.dumps({"v": 1, "i": payload}, ensure_ascii=False, separators=(",", ":"))
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
