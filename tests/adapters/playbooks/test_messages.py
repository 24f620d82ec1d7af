"""Every message of the catalogue is used, with all its facts."""

import re
import string
from pathlib import Path

import pytest

from adapters.playbooks import PLATFORM
from adapters.toolkit.messages import load_messages
from tests.golden.retired import RETIRED_KEYS

_FOLDER = Path(PLATFORM.messages).parent
_SOURCE = "\n".join(path.read_text() for path in sorted(_FOLDER.rglob("*.py")))
_MESSAGES = load_messages(PLATFORM.messages)
_ERRORS = sorted(key for key in _MESSAGES if len(key.split(".")) == 2)
_NEARBY = 400  # characters of source around a key, in which its facts are given


def is_made_of_parts(key: str) -> bool:
    """A fix is used with its check, a count with its label, and a capability with its operation."""
    return key.endswith("_fix") or key.startswith(("playbooks.label.", "playbooks.capability."))


def test_every_message_is_used_and_every_used_message_exists() -> None:
    used = set(re.findall(r'"(playbooks\.[a-z_.0-9]+)"', _SOURCE))
    assert used <= set(_MESSAGES)
    assert {key for key in _MESSAGES if not is_made_of_parts(key)} <= used | RETIRED_KEYS


def test_every_fix_has_its_check() -> None:
    fixes = {key.removesuffix("_fix") for key in _MESSAGES if key.endswith("_fix")}
    assert fixes <= set(_MESSAGES)


@pytest.mark.parametrize("key", _ERRORS)
def test_facts_are_given_where_a_message_is_used(key: str) -> None:
    facts = {fact for _, fact, _, _ in string.Formatter().parse(_MESSAGES[key]) if fact}
    for place in re.finditer(f'(?<!== )"{key}"', _SOURCE):
        nearby = _SOURCE[max(0, place.start() - _NEARBY) : place.end() + _NEARBY]
        for fact in facts - {"platform", "operation", "said"}:
            assert re.search(rf'\b{fact}=|"{fact}":', nearby), f"{key}: {fact}"


@pytest.mark.parametrize("key", _ERRORS)
def test_a_message_says_what_happened_and_what_to_do(key: str) -> None:
    assert len(re.findall(r"[.:;](?= |$)", _MESSAGES[key])) >= 2 or key in (*_RECEIPT_NOTES, *_LABELS)


_RECEIPT_NOTES = {
    f"playbooks.{note}"
    for note in (
        "bot_owns",
        "closed",
        "nobody_assigned",
        "not_assigned",
        "other_owner",
        "own_channel",
        "retrospective",
    )
}
_LABELS = {
    f"playbooks.offer_{action}"
    for action in ("command", "due", "own", "restore", "retrospective", "snooze", "update")
}
