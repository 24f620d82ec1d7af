"""Every sentence is said somewhere, with all of its facts."""

import re
import string
from pathlib import Path

import pytest

from adapters.playbooks import PLATFORM
from adapters.toolkit.messages import load_messages

_SOURCE = "\n".join(path.read_text() for path in sorted(Path(PLATFORM.messages).parent.glob("*.py")))
_SENTENCES = load_messages(PLATFORM.messages)
_NEAR = 400  # letters of source in which a sentence's facts are given


def test_no_sentence_is_missing_and_none_is_idle() -> None:
    said = set(re.findall(r'"(playbooks\.[a-z_.]+)"', _SOURCE))
    assert said == set(_SENTENCES)


@pytest.mark.parametrize("key", sorted(_SENTENCES))
def test_its_facts_are_given_where_it_is_said(key: str) -> None:
    facts = {fact for _, fact, _, _ in string.Formatter().parse(_SENTENCES[key]) if fact}
    for place in re.finditer(f'(?<!== )"{key}"', _SOURCE):
        near = _SOURCE[max(0, place.start() - _NEAR) : place.end() + _NEAR]
        for fact in facts - {"platform", "operation", "said"}:
            assert re.search(rf'\b{fact}=|"{fact}":', near), f"{key}: {fact}"


@pytest.mark.parametrize("key", sorted(_SENTENCES))
def test_it_says_what_is_true_and_what_to_do(key: str) -> None:
    assert len(re.findall(r"[.:;](?= |$)", _SENTENCES[key])) >= 2 or key in (*_NEWS, *_LABELS)


_NEWS = {
    "playbooks.bot_owns",
    "playbooks.nobody_assigned",
    "playbooks.retrospective",
}  # added to a receipt: nothing to do
_LABELS = {
    f"playbooks.offer_{what}" for what in ("command", "due", "own", "restore", "retrospective", "snooze", "update")
}
_LABELS |= {"playbooks.button.join"}  # what a button is called
