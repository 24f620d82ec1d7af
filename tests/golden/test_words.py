"""The words of 0.1 in rows, buttons and forms are read by today's code, which writes the very same.

Nothing here knows a class or an attribute: ``wires.py`` says which ones stand for the words today.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.engine.effects import Effects
from bot.engine.port import Progress
from commands.forms.submission import FormErrors, submit
from commands.registry import COMMANDS
from tests.golden.wires import VALUES, WIRES, digest

WORDS = Path(__file__).parent / "words"


def words(name: str) -> Any:
    return json.loads((WORDS / f"{name}.json").read_text())


EXAMPLES = [(name, example) for name in WIRES for example in words(name)]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_what_was_written_is_read_and_written_alike(name: str, example: str) -> None:
    written, wire = words(name)[example], WIRES[name]
    assert wire.dump(wire.read(written)) == written


@pytest.mark.parametrize("name", [name for name, wire in WIRES.items() if wire.names])
def test_there_is_an_example_of_each(name: str) -> None:
    names = WIRES[name].names
    assert names is not None
    assert set(words(name)) == names()


def test_every_file_of_examples_is_looked_at() -> None:
    others = {"values", "submissions", "receipts", "digests", "steps", "sentences", "rows"}
    assert {path.stem for path in WORDS.glob("*.json")} == set(WIRES) | others


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values_are_spelt_as_they_were(name: str) -> None:
    assert VALUES[name]() == words("values")[name]


def test_no_value_is_forgotten() -> None:
    assert set(words("values")) == set(VALUES)


@pytest.mark.parametrize("name", words("submissions"))
def test_a_submitted_form_means_what_it_meant(name: str) -> None:
    """An open form has the field names of the day on which it was opened."""
    form = words("submissions")[name]
    read = submit(form["about"], form["run"], form["values"], COMMANDS)
    assert not isinstance(read, FormErrors)
    assert read == form["intent"]


@pytest.mark.parametrize("example", words("receipts"))
def test_a_step_has_the_same_receipt_whoever_looks(example: dict[str, Any]) -> None:
    """A code is made of the message's key and the step's: after a restart it must be the same one."""
    write = WIRES["writes"].read(words("writes")[example["write"]])
    message = WIRES["messages"].read(words("messages")[example["message"]])
    rules: Any = None  # a mark takes none of them
    mark = Effects(rules, message, Progress()).marker(write)
    assert write.step_key == example["step"]
    assert WIRES["marks"].dump(mark) == example["mark"]


@pytest.mark.parametrize("kind", words("digests"))
def test_a_local_run_knows_the_steps_that_it_holds(kind: str) -> None:
    assert digest(words("writes")[kind]) == words("digests")[kind]
