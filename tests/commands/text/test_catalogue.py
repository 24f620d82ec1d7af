"""The message catalogues of commands, chats and platforms, in every language."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.protocol import Native
from adapters.toolkit.messages import ENGLISH, LANGUAGES, in_language
from adapters.writes import Op
from commands.forms.opening import forms_of, open_form
from commands.model.intents import OpenForm
from commands.registry import COMMANDS
from tests.commands.room import ANA, HERE, Room
from tests.commands.text.catalogues import (
    BUILT,
    CATALOGUES,
    OURS,
    ROOT,
    built_keys,
    built_patterns,
    literal_keys,
    messages,
    placeholders,
    sources,
    suffixes,
)
from tests.golden.retired import RETIRED_KEYS

CODE = [path for folder in ("commands", "bot", "adapters") for path in sources(ROOT / folder)]
COMMANDS_CODE = sources(ROOT / "commands")
OTHERS = [
    path for path in CATALOGUES if path != OURS and "skeleton" not in path.parts
]  # that one is to be filled in
_FUNCTIONS = ("translate", "lazy", "label", "button", "plural")
_ERRORS = (
    *("CommandError", "UnknownCommand", "BadArguments", "Ambiguous", "Missing", "NotAllowed", "Stale"),
    *("AlreadyDone", "CannotPost"),
)
# Of errors and buttons.
_NOT_FACTS = {"buttons", "field", "intent", "rest", "word", "text", "guesses", "verb", "suggestions"}
_LONGEST = {ENGLISH: 200, "pt-BR": 230}  # characters of a message


def catalogue_name(path: Path) -> str:
    return str(path.parent.relative_to(ROOT))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(key, call) of every call that uses a message of ``commands`` by a literal key."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            name, first = node.func.id, node.args[0]
            if (
                name in (*_FUNCTIONS, *_ERRORS)
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
            ):
                yield first.value, node


def test_every_key_of_ours_is_used() -> None:
    used = literal_keys(CODE) | built_keys(COMMANDS_CODE)
    assert {key for key in messages(OURS) if not key.startswith("nothing.")} - used == set()


def test_every_key_that_the_code_builds_exists() -> None:
    assert built_keys(COMMANDS_CODE) - set(messages(OURS)) == set()
    assert set(BUILT) == {pattern for pattern, _ in built_patterns(COMMANDS_CODE)}


@pytest.mark.parametrize("path", COMMANDS_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_key_in_the_code_exists_and_gets_its_facts(path: Path) -> None:
    for key, call in calls(path):
        assert key in messages(OURS), f"{path.name}:{call.lineno} uses {key}"
        given = {keyword.arg for keyword in call.keywords}
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == "plural":
            assert f"{key}_one" in messages(OURS), f"{path.name}:{call.lineno} needs {key}_one"
        elif None not in given:
            needed = placeholders(messages(OURS)[key])
            assert needed <= given, f"{path.name}:{call.lineno} {key}"
            assert given - needed <= _NOT_FACTS, f"{path.name}:{call.lineno} {key}"


@pytest.mark.parametrize("path", OTHERS, ids=catalogue_name)
def test_every_key_of_a_platform_or_chat_is_used(path: Path) -> None:
    """By the code beside the catalogue, as a literal or by the pattern of an f-string."""
    code = [*sources(path.parent), *sources(ROOT / "adapters" / "toolkit")]
    used = literal_keys(code) | _plain_names(code)
    used |= {key + suffix for key in used for suffix in (*suffixes(code), "_fix", "_one")}
    patterns = [re.compile(pattern.replace("{}", "[a-z_0-9.]+")) for pattern, _ in built_patterns(code)]
    unused = [
        key
        for key in messages(path)
        if key not in used | RETIRED_KEYS and not any(pattern.fullmatch(key) for pattern in patterns)
    ]
    assert unused == []


def _plain_names(code: list[Path]) -> set[str]:
    """Chats name their messages without a table: "moved"."""
    return {
        node.value
        for path in code
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("[a-z_]+", node.value)
    }


@pytest.mark.parametrize("path", CATALOGUES, ids=catalogue_name)
@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != ENGLISH])
def test_every_language_has_the_same_keys_and_placeholders(path: Path, language: str) -> None:
    translated = path.with_name(f"messages.{language}.toml")
    assert translated.exists(), f"{translated} is missing"
    english, other = messages(path), messages(path, language)
    assert list(english) == list(other)
    assert {key: placeholders(message) for key, message in english.items()} == {
        key: placeholders(message) for key, message in other.items()
    }


@pytest.mark.parametrize("path", CATALOGUES, ids=catalogue_name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_that_says_that_nothing_was_done_says_it_word_for_word(path: Path, language: str) -> None:
    """``error_text`` adds and leaves out these sentences."""
    opening = {ENGLISH: r"Nothing (?:changed|was)\b", "pt-BR": r"Nada (?:mudou|foi)\b"}[language]
    known = [text for key, text in messages(OURS, language).items() if key.startswith("nothing.")]
    for key, message in messages(path, language).items():
        for found in re.finditer(opening, message):
            rest = message[found.start() :]
            assert any(rest.startswith(sentence) for sentence in known), f"{key}: {rest}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_short_and_blame_nobody(language: str) -> None:
    for key, message in messages(OURS, language).items():
        words = re.findall(r"\w+", message.lower())
        assert not {"log", "logs", "please"} & set(words), key
        assert key.startswith("deed.") or message == message.strip(), f"{key} begins or ends with a space"
        assert len(message) <= _LONGEST[language], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_every_chat(language: str) -> None:
    for key, message in messages(OURS, language).items():
        if key.startswith("button."):
            assert len(string.Formatter().vformat(message, (), _Handles())) <= 30, key
    with in_language(language):
        for path in (OURS, *OTHERS):
            for key, message in messages(path, language).items():
                if ".button." in key:
                    assert len(string.Formatter().vformat(message, (), _Handles())) <= 30, key


class _Handles(dict[str, str]):
    def __missing__(self, fact: str) -> str:
        return "R1.T12"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("about", sorted(forms_of(COMMANDS)))
async def test_forms_fit_every_chat(room: Room, about: str, language: str) -> None:
    await room.start()
    room.platform.capabilities = dict.fromkeys(Op, Native())
    fill = {"task": "T1"}  # whatever the state of the tasks
    with in_language(language):
        request = OpenForm.model_validate({"about": about, "run": "R1", "fill": fill})
        form = await open_form(request, ANA, HERE, room.services)
    assert 0 < len(form.title) <= 24
    assert 0 < len(form.submit) <= 24
    for field in form.fields:
        assert 0 < len(field.label) <= 24, field.label
        assert len(field.hint) <= 150
        assert re.fullmatch("[a-z]+", field.name)
