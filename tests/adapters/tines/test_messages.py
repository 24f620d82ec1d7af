"""Every message of the catalogue is used."""

import re
from pathlib import Path

from adapters.tines import PLATFORM
from adapters.toolkit.messages import load_messages
from tests.golden.retired import RETIRED_KEYS

_SOURCE = "\n".join(path.read_text() for path in sorted(Path(PLATFORM.messages).parent.rglob("*.py")))
_MESSAGES = load_messages(PLATFORM.messages)


def is_made_of_parts(key: str) -> bool:
    """A fix is used with its check, the others by the name of a priority, an operation or a kind of activity."""
    built = ("tines.label.priority_", "tines.capability.", "tines.activity.", "tines.raced_task_")
    return key.endswith("_fix") or key.startswith(built)


def test_every_message_is_used_and_every_used_message_exists() -> None:
    used = set(re.findall(r'"(tines\.[a-z_.]+)"', _SOURCE))
    assert used <= set(_MESSAGES)
    assert {key for key in _MESSAGES if not is_made_of_parts(key)} <= used | RETIRED_KEYS
