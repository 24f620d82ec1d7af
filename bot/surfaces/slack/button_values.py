"""What a button carries: its intent, as versioned JSON in the button's ``value`` (at most 2,000 characters).

Action ids are versioned too. A reader of a newer version keeps reading the older ones: posts with old buttons
stay in channels for years.
"""

import json
from typing import Any

from commands.model.intents import Intent

LONGEST_VALUE = 2000
ACTION = "press.v1"


def dump(intent: Intent) -> str:
    facts = {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}
    value = json.dumps({"v": 1, "i": facts}, ensure_ascii=False, separators=(",", ":"))
    return value.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be sent


def load(value: str) -> dict[str, Any] | None:
    """The intent's dump, or None for a value that this version cannot read."""
    try:
        read = json.loads(value)
    except ValueError:
        return None
    if not isinstance(read, dict) or read.get("v") != 1:
        return None
    facts = read.get("i")
    return facts if isinstance(facts, dict) and isinstance(facts.get("verb"), str) else None
