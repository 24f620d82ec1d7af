"""Encodes a button's intent as versioned JSON in the button's ``value`` (at most 2,000 characters).

Action ids are versioned too. Newer versions must keep reading older values, because posts with old buttons stay in
channels for years.
"""

import json
from typing import Any

from commands.model.intents import Intent

MAX_VALUE_LENGTH = 2000
ACTION = "press.v1"


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
