"""The catalogue: every key that is used exists, every key there is gets used, and every fact is given."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.toolkit.messages import load_messages
from commands.forms.opening import forms_of, open_form
from commands.model.intents import OpenForm
from commands.registry import COMMANDS
from tests.commands.room import HERE, Room

ROOT = Path(__file__).parent.parent.parent.parent
OURS = load_messages(ROOT / "commands" / "text" / "messages.toml")
SOURCES = sorted(
    path
    for folder in ("commands", "bot", "adapters")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
_KEY = re.compile(r"[a-z_]+\.[a-z_]+")
_SAYS = ("say", "label", "button", *("CommandError", "UnknownCommand", "BadArguments", "Ambiguous", "Missing"))
_RAISES = ("NotAllowed", "Stale", "AlreadySo", "CannotPost")
_NOT_FACTS = ("buttons", "field", "intent")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(key, call) of every call that says a sentence by a literal key."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = node.args[0]
        if name in (*_SAYS, *_RAISES) and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value, node


def literals() -> set[str]:
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.fullmatch(node.value):
                found.add(node.value)
    return found


def facts_of(sentence: str) -> set[str]:
    return {fact for _, fact, _, _ in string.Formatter().parse(sentence) if fact}


def test_every_key_is_used() -> None:
    assert set(OURS) - literals() == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parts[-2] in ("commands", "handlers")], ids=str)
def test_every_key_that_is_said_exists_and_gets_its_facts(path: Path) -> None:
    for key, call in calls(path):
        assert key in OURS, f"{path.name}:{call.lineno} says {key}"
        given = {word.arg for word in call.keywords}
        if None not in given:
            assert facts_of(OURS[key]) <= given, f"{path.name}:{call.lineno} {key}"
            assert not given - facts_of(OURS[key]) - {*_NOT_FACTS, "rest", "word", "text", "guesses", "verb"}, key


def test_nothing_is_said_without_saying_it_short() -> None:
    """Two sentences, no blame, and never "check the logs"."""
    for key, sentence in OURS.items():
        assert "log" not in re.findall(r"[a-z]+", sentence.lower()), key
        assert "please" not in sentence.lower(), key
        assert len(sentence) <= 200, key


def test_labels_fit_every_chat() -> None:
    for form in forms_of(COMMANDS).values():
        for field in form.fields:
            assert 0 < len(OURS[field.label]) <= 24, field.label
            assert len(OURS[field.hint] if field.hint else "") <= 150
            assert re.fullmatch("[a-z]+", field.name)
    for key, sentence in OURS.items():
        if key.startswith("button."):
            assert len(string.Formatter().vformat(sentence, (), _Short())) <= 30, key


class _Short(dict[str, str]):
    def __missing__(self, fact: str) -> str:
        return "R1.T12"


@pytest.mark.parametrize("about", sorted(forms_of(COMMANDS)))
async def test_titles_of_forms_fit_every_chat(room: Room, about: str) -> None:
    await room.start()
    form = await open_form(OpenForm.model_validate({"about": about, "run": "R1"}), HERE, room.services)
    assert 0 < len(form.title) <= 24
    assert 0 < len(form.submit) <= 24
