"""The grammar, line by line."""

import time
from collections.abc import Iterator

import pytest

from commands.language.parser import parse
from commands.model.command import Example
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.intents import Comment, Finish, Home, Intent
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text, translate
from tests.commands.language.lines import LINES, REFUSED

EXAMPLES = [(command.verb, example) for command in COMMANDS.values() for example in command.examples]


def rows() -> Iterator[tuple[str, dict[str, object]]]:
    """A row that names no verb means the one that its line begins with."""
    for line, means in (row for table in LINES.values() for row in table):
        yield line, means if "verb" in means else {"verb": line.split()[0], **means}


@pytest.mark.parametrize(("line", "means"), list(rows()), ids=lambda value: repr(value)[:60])
def test_a_line_means_exactly_this(line: str, means: dict[str, object]) -> None:
    intent = parse(line, COMMANDS)
    said = {name: value for name, value in intent if value or name == "verb"}
    assert said == {name: value for name, value in means.items() if value or name == "verb"}


@pytest.mark.parametrize(("line", "key", "field"), REFUSED)
def test_a_line_that_cannot_be_carried_out_says_why(line: str, key: str, field: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse(line, COMMANDS)
    assert (refused.value.key, refused.value.field) == (key, field)
    assert "Nothing changed." in plain_text(translate(key, **refused.value.facts))


@pytest.mark.parametrize(("verb", "example"), EXAMPLES, ids=lambda value: getattr(value, "line", value))
def test_the_examples_of_a_command_are_true(verb: str, example: Example) -> None:
    intent = parse(example.line, COMMANDS)
    fields = {"verb": verb, **example.fields}
    assert {name: getattr(intent, name) for name in fields} == fields


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.verb)
def test_a_typed_command_has_examples_and_a_button_none(command: object) -> None:
    assert bool(getattr(command, "examples")) == getattr(command, "typed")  # noqa: B009


@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("finsh T1", "finish"),
        ("fnish T1", "finish"),
        ("Stauts", "status"),
        ("strat failover", "start"),
        ("coment x", "comment"),
        ("concluri T3", "finish"),
        ("helo", "help"),
    ],
)
def test_a_misspelt_verb_is_guessed(line: str, guess: str) -> None:
    with pytest.raises(UnknownCommand) as unknown:
        parse(line, COMMANDS)
    guesses = unknown.value.facts["guesses"]
    assert isinstance(guesses, tuple)
    assert guesses[0] == guess
    assert len(guesses) <= 3


def test_an_unknown_line_carries_itself_whole() -> None:
    with pytest.raises(UnknownCommand) as unknown:
        parse("/run “Database failover”", COMMANDS)
    assert unknown.value.facts["text"] == "Database failover"
    with pytest.raises(UnknownCommand) as unknown:
        parse("finsh T1 by hand", COMMANDS)
    assert unknown.value.facts["word"] == "finsh"
    assert unknown.value.facts["rest"] == "T1 by hand"
    assert (
        plain_text(translate("parse.unknown", **unknown.value.facts))
        == "finsh is not a word here. Nothing changed."
    )


@pytest.mark.parametrize("line", ["xyzzy", "Database failover", "R7 T3", "🚒", '"', "`", ":", "--", "—", "T", "R"])
def test_what_is_no_verb_handle_or_link_is_unknown(line: str) -> None:
    with pytest.raises(UnknownCommand):
        parse(line, COMMANDS)


def test_words_that_only_buttons_say_are_not_verbs() -> None:
    for verb in [command.verb for command in COMMANDS.values() if not command.typed]:
        with pytest.raises(UnknownCommand):
            parse(verb, COMMANDS)


def test_another_root_and_mention() -> None:
    assert parse("/rb finish T1", COMMANDS, root="/rb") == Finish(tasks=("T1",))
    assert parse("rb", COMMANDS, root="/rb") == Home()
    assert parse("@Ops, rb done T1", COMMANDS, root="/rb", mention="@ops") == Finish(tasks=("T1",))
    with pytest.raises(UnknownCommand):
        parse("/run finish T1", COMMANDS, root="/rb")


def test_settings_aliases_come_over_the_built_in_ones() -> None:
    aliases = {"Tick": "finish", "note": "add", "ça va": "status", "fertig": "done", "go go": "start"}
    assert parse("tick T1", COMMANDS, aliases) == Finish(tasks=("T1",))
    assert parse("note Tell support", COMMANDS, aliases).verb == "add"
    assert parse("CA VA ok", COMMANDS, aliases).verb == "status"
    assert parse("fertig T1", COMMANDS, aliases).verb == "finish"
    assert parse("go go failover", COMMANDS, aliases).verb == "start"


def test_a_verb_always_means_itself_and_an_alias_of_nothing_is_left_out() -> None:
    aliases = {"finish": "end", "zap": "explode", "": "end", "halt": "stop"}
    assert parse("finish T1", COMMANDS, aliases) == Finish(tasks=("T1",))
    for word in ("zap", "halt"):
        with pytest.raises(UnknownCommand):
            parse(word, COMMANDS, aliases)
    assert parse("", COMMANDS, aliases) == Home()


def test_an_alias_that_is_the_root_word_is_a_verb_without_its_slash() -> None:
    assert parse("run failover", COMMANDS, {"run": "start"}).verb == "start"
    assert parse("/run finish T1", COMMANDS, {"run": "start"}) == Finish(tasks=("T1",))


def test_ten_thousand_characters_are_kept() -> None:
    text = ("one `two --task T3` “three” four's 🚒\n" * 400)[:10_000].strip()
    assert parse(f"comment {text}", COMMANDS) == Comment(text=text)


@pytest.mark.parametrize(
    "piece",
    ['"', "`", '="', '--set x="', "` `` ", "--task ", "T1 ", "T1,", "a ", " ", "https://", "—yes ", "(", "to "],
)
def test_long_odd_lines_are_read_quickly(piece: str) -> None:
    line = (piece * 10_000)[:10_000]
    for verb in ("comment", "finish", "start", "assign", "status", "end"):
        began = time.process_time()
        _outcome(f"{verb} {line}x")
        assert time.process_time() - began < 2


def _outcome(line: str) -> Intent | str:
    try:
        return parse(line, COMMANDS)
    except (BadArguments, UnknownCommand) as error:
        return error.key
