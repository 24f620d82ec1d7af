"""The current code reads what version 0.1 stored in rows, buttons and forms, and writes it unchanged.

``stored_formats.py`` maps the stored formats to the current classes.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.engine.effects import Effects
from bot.engine.port import Progress
from commands.forms.submission import FormErrors, submit
from commands.registry import COMMANDS
from tests.golden.stored_formats import FORMATS, STORED_VALUES, digest

EXAMPLES_FOLDER = Path(__file__).parent / "words"


def load_examples(name: str) -> Any:
    return json.loads((EXAMPLES_FOLDER / f"{name}.json").read_text())


EXAMPLES = [(name, example) for name in FORMATS for example in load_examples(name)]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_stored_examples_are_read_and_written_unchanged(name: str, example: str) -> None:
    written, stored_format = load_examples(name)[example], FORMATS[name]
    assert stored_format.dump(stored_format.read(written)) == written


@pytest.mark.parametrize("name", [name for name, stored_format in FORMATS.items() if stored_format.names])
def test_every_kind_has_an_example(name: str) -> None:
    names = FORMATS[name].names
    assert names is not None
    assert set(load_examples(name)) == names()


def test_every_file_of_examples_is_tested() -> None:
    others = {"values", "submissions", "receipts", "digests", "steps", "sentences", "rows"}
    assert {path.stem for path in EXAMPLES_FOLDER.glob("*.json")} == set(FORMATS) | others


@pytest.mark.parametrize("name", sorted(STORED_VALUES))
def test_stored_values_are_unchanged(name: str) -> None:
    assert STORED_VALUES[name]() == load_examples("values")[name]


def test_every_recorded_value_is_tested() -> None:
    assert set(load_examples("values")) == set(STORED_VALUES)


@pytest.mark.parametrize("name", load_examples("submissions"))
def test_forms_opened_by_version_0_1_can_be_submitted(name: str) -> None:
    """An open form keeps the field names it was opened with."""
    form = load_examples("submissions")[name]
    intent = submit(form["about"], form["run"], form["values"], COMMANDS)
    assert not isinstance(intent, FormErrors)
    assert intent == form["intent"]


@pytest.mark.parametrize("example", load_examples("receipts"))
def test_receipt_codes_are_unchanged(example: dict[str, Any]) -> None:
    """A receipt code is derived from the keys of the message and the step, and is the same after a restart."""
    write = FORMATS["writes"].read(load_examples("writes")[example["write"]])
    message = FORMATS["messages"].read(load_examples("messages")[example["message"]])
    unused: Any = None  # for a marker
    marker = Effects(unused, unused, message, Progress()).marker(write)
    assert write.step_key == example["step"]
    assert FORMATS["marks"].dump(marker) == example["mark"]


@pytest.mark.parametrize("kind", load_examples("digests"))
def test_digests_of_local_steps_are_unchanged(kind: str) -> None:
    assert digest(load_examples("writes")[kind]) == load_examples("digests")[kind]
