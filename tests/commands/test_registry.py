"""The registry finds all commands, and intents survive being stored."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.toolkit.folding import fold
from commands import verbs
from commands.language.health_words import health_named
from commands.language.vocabulary import other_words, unknown_aliases, vocabulary
from commands.model import intents
from commands.model.command import FlagKind
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.intents import Choose, Finish, Intent, Start
from commands.registry import COMMANDS

NEVER_RECORDED = {"form"}


def test_each_file_of_verbs_is_a_command() -> None:
    files = {path.stem for folder in verbs.__path__ for path in Path(folder).glob("[a-z]*.py")}
    assert set(COMMANDS) == files


def intent_types(base: type[Intent] = Intent) -> Iterator[type[Intent]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from intent_types(subclass)


def test_each_intent_has_a_command_except_the_ones_that_are_never_recorded() -> None:
    defaults = [intent.model_fields["verb"].default for intent in intent_types()]
    assert {verb for verb in defaults if isinstance(verb, str) and verb} - NEVER_RECORDED == set(COMMANDS)


def test_an_intent_is_in_the_model_only_if_something_besides_its_verb_uses_it() -> None:
    root = Path(intents.__file__).parent.parent.parent
    sources = {
        path: path.read_text()
        for package in ("commands", "bot")
        for path in (root / package).rglob("*.py")
        if path != Path(intents.__file__)
    }
    for intent in intent_types():
        users = [path for path, text in sources.items() if re.search(rf"\b{intent.__name__}\b", text)]
        own_file = root / "commands" / "verbs" / f"{intent.model_fields['verb'].default}.py"
        if intent.__module__ == intents.__name__ and intent is not intents.TaskIntent:
            assert [path for path in users if path != own_file], intent


def test_no_word_stands_for_two_verbs() -> None:
    owners: dict[str, str] = {}
    for command in COMMANDS.values():
        for word in (command.verb, *other_words(command)):
            assert owners.setdefault(fold(word), command.verb) == command.verb


def test_only_commands_that_can_be_typed_have_other_words() -> None:
    for command in COMMANDS.values():
        assert command.typed or not list(other_words(command)), command.verb


@pytest.mark.parametrize(
    "word",
    [
        "iniciar",
        "concluir",
        "feito",
        "assumir",
        "pular",
        "reabrir",
        "atribuir",
        "comentar",
        "encerrar",
        "mostrar",
        "ajuda",
    ],
)
def test_portuguese_words_work_without_settings(word: str) -> None:
    assert word in vocabulary(COMMANDS)


def test_flags_are_lower_case_and_at_most_one_takes_the_rest_of_the_line() -> None:
    for command in COMMANDS.values():
        names = [flag.name for flag in command.flags]
        assert names == sorted(set(names), key=names.index)
        assert all(name.isalpha() and name.islower() for name in names)
        assert sum(flag.kind is FlagKind.REST for flag in command.flags) <= 1


def test_a_health_is_recognized_in_any_language_but_only_as_a_whole_word() -> None:
    assert [health_named(word) for word in ("GREEN", "Âmbar", "a\u0302mbar", "vermelho", "redis")] == [
        "green",
        "amber",
        "amber",
        "red",
        "",
    ]


def test_aliases_for_no_verb_are_reported() -> None:
    aliases = {"tick": "finish", "fertig": "done", "zap": "explode", "halt": "stop"}
    assert unknown_aliases(COMMANDS, aliases) == {"zap": "explode", "halt": "stop"}


@pytest.mark.parametrize(
    "intent",
    [
        Start(runbook="x", values={"a": "b"}, rehearsal=True),
        Finish(run="R7", tasks=("T1", "T2"), note="n", then="T3"),
        Choose(key="k", values={"tasks": ("T1",), "confirmed": True, "values": {"a": "b"}}),
    ],
)
def test_an_intent_is_restored_from_its_json(intent: Intent) -> None:
    assert COMMANDS.intent_from(intent.model_dump(mode="json")) == intent


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert COMMANDS.intent_from({"verb": "finish", "tasks": ["T1"], "mood": "good"}) == Finish(tasks=("T1",))


@pytest.mark.parametrize("dump", [{}, {"verb": "explode"}, {"verb": 7}, {"verb": None}, {"verb": "form"}])
def test_an_intent_with_an_unknown_verb_is_refused(dump: dict[str, object]) -> None:
    with pytest.raises(UnknownCommand):
        COMMANDS.intent_from(dump)


@pytest.mark.parametrize(
    "dump", [{"verb": "finish", "tasks": 7}, {"verb": "choose"}, {"verb": "start", "values": "x"}]
)
def test_invalid_fields_are_refused(dump: dict[str, object]) -> None:
    with pytest.raises(BadArguments) as refused:
        COMMANDS.intent_from(dump)
    assert refused.value.key == "parse.stale_intent"
