"""Sentences that stand in rows by their key are there still: refusals, what an adapter says, a run's notes."""

import json
from pathlib import Path

import pytest

from adapters.toolkit.messages import load_messages

KEYS = json.loads((Path(__file__).parent / "words" / "sentences.json").read_text())
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", sorted(KEYS))
def test_no_key_is_gone(folder: str) -> None:
    assert sorted(set(KEYS[folder]) - set(load_messages(_catalogue(folder)))) == []


def _catalogue(folder: str) -> Path:
    return ROOT / ("commands/text" if folder == "commands" else folder) / "messages.toml"
