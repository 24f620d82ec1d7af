"""Message keys stored in rows still exist: refusals, adapter messages and notes of runs."""

import json
from pathlib import Path

import pytest

from adapters.toolkit.messages import load_messages

KEYS = json.loads((Path(__file__).parent / "words" / "sentences.json").read_text())
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", sorted(KEYS))
def test_stored_message_keys_still_exist(folder: str) -> None:
    assert sorted(set(KEYS[folder]) - set(load_messages(_catalogue(folder)))) == []


def _catalogue(folder: str) -> Path:
    return ROOT / ("commands/text" if folder == "commands" else folder) / "messages.toml"
