"""Commands are found by themselves, and intents come back as they were written down."""

from pathlib import Path

import pytest

from commands import verbs as handlers
from commands.language.aliases import built_in, health_of
from commands.language.tokens import folded
from commands.language.vocabulary import unknown_aliases, vocabulary
from commands.model import intents
from commands.model.command import Takes
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.intents import Choose, Finish, Intent, Start
from commands.registry import COMMANDS

NEVER_RECORDED = {"form"}


def test_every_file_of_handlers_is_a_command_and_every_command_a_file() -> None:
    files = {path.stem for folder in handlers.__path__ for path in Path(folder).glob("[a-z]*.py")}
    assert set(COMMANDS) == files


def test_every_intent_has_a_command_but_those_never_recorded() -> None:
    verbs = {
        str(kind.model_fields["verb"].default)
        for kind in vars(intents).values()
        if isinstance(kind, type)
        and issubclass(kind, Intent)
        and kind.model_fields["verb"].default
        and isinstance(kind.model_fields["verb"].default, str)
    }
    assert verbs - NEVER_RECORDED == set(COMMANDS)


def test_no_word_means_two_verbs() -> None:
    owners: dict[str, str] = {}
    for command in COMMANDS.values():
        for word in (command.verb, *command.aliases):
            assert owners.setdefault(folded(word), command.verb) == command.verb
    for word, verb in built_in().items():
        assert owners.get(word, verb) == verb


def test_built_in_aliases_mean_verbs_that_can_be_typed() -> None:
    for word, verb in built_in().items():
        assert COMMANDS[verb].typed, word


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
def test_portuguese_words_are_known_from_the_start(word: str) -> None:
    assert word in vocabulary(COMMANDS)


def test_flags_are_lower_case_and_one_at_most_takes_the_rest() -> None:
    for command in COMMANDS.values():
        names = [flag.name for flag in command.flags]
        assert names == sorted(set(names), key=names.index)
        assert all(name.isalpha() and name.islower() for name in names)
        assert sum(flag.takes is Takes.REST for flag in command.flags) <= 1


def test_a_colour_is_known_in_any_language_and_only_as_a_whole_word() -> None:
    assert [health_of(word) for word in ("GREEN", "Âmbar", "a\u0302mbar", "vermelho", "redis")] == [
        "green",
        "amber",
        "amber",
        "red",
        "",
    ]


def test_unknown_aliases_are_named() -> None:
    aliases = {"tick": "finish", "fertig": "done", "zap": "explode", "halt": "stop"}
    assert unknown_aliases(COMMANDS, aliases) == {"zap": "explode", "halt": "stop"}


@pytest.mark.parametrize(
    "intent",
    [
        Start(runbook="x", values={"a": "b"}, rehearsal=True),
        Finish(run="R7", tasks=("T1", "T2"), note="n", then="T3"),
        Choose(key="k", pick={"tasks": ("T1",), "confirmed": True, "values": {"a": "b"}}),
    ],
)
def test_an_intent_comes_back_from_its_json(intent: Intent) -> None:
    assert COMMANDS.intent_from(intent.model_dump(mode="json")) == intent


def test_fields_of_a_newer_version_are_passed_over() -> None:
    assert COMMANDS.intent_from({"verb": "finish", "tasks": ["T1"], "mood": "good"}) == Finish(tasks=("T1",))


@pytest.mark.parametrize("dump", [{}, {"verb": "explode"}, {"verb": 7}, {"verb": None}, {"verb": "form"}])
def test_an_intent_of_no_verb_is_unknown(dump: dict[str, object]) -> None:
    with pytest.raises(UnknownCommand):
        COMMANDS.intent_from(dump)


@pytest.mark.parametrize(
    "dump", [{"verb": "finish", "tasks": 7}, {"verb": "choose"}, {"verb": "start", "values": "x"}]
)
def test_fields_that_do_not_fit_are_refused(dump: dict[str, object]) -> None:
    with pytest.raises(BadArguments) as refused:
        COMMANDS.intent_from(dump)
    assert refused.value.key == "parse.stale_intent"
