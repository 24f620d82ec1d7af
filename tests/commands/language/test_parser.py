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
from tests.commands.language.lines import LINES
from tests.commands.language.refused_lines import REFUSED

EXAMPLES = [(command.verb, example) for command in COMMANDS.values() for example in command.examples]


def rows() -> Iterator[tuple[str, dict[str, object]]]:
    """A row without a verb expects the one that its line begins with."""
    for line, fields in (row for table in LINES.values() for row in table):
        yield line, fields if "verb" in fields else {"verb": line.split()[0], **fields}


@pytest.mark.parametrize(("line", "fields"), list(rows()), ids=lambda value: repr(value)[:60])
def test_a_line_is_parsed_into_exactly_these_fields(line: str, fields: dict[str, object]) -> None:
    intent = parse(line, COMMANDS)
    non_empty = {name: value for name, value in intent if value or name == "verb"}
    assert non_empty == {name: value for name, value in fields.items() if value or name == "verb"}


@pytest.mark.parametrize(("line", "key", "field"), REFUSED)
def test_an_invalid_line_says_why(line: str, key: str, field: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse(line, COMMANDS)
    assert (refused.value.key, refused.value.field) == (key, field)
    text = plain_text(translate(key, None, **refused.value.facts))
    assert text
    assert "Nothing" not in text, "nobody believes that a line that cannot be read changed something"


@pytest.mark.parametrize(("verb", "example"), EXAMPLES, ids=lambda value: getattr(value, "line", value))
def test_the_examples_of_each_command_are_true(verb: str, example: Example) -> None:
    intent = parse(example.line, COMMANDS)
    fields = {"verb": verb, **example.fields}
    assert {name: getattr(intent, name) for name in fields} == fields


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.verb)
def test_only_typed_commands_have_examples(command: object) -> None:
    assert bool(getattr(command, "examples")) == getattr(command, "typed")  # noqa: B009


@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("finsh T1", "finish"),
        ("fnish T1", "finish"),
        ("Stauts", "status"),
        ("strat failover", "start"),
        ("coment x", "comment"),
        ("concluri T3", "concluir"),
        ("hlep", "help"),
    ],
)
def test_a_misspelt_verb_is_guessed(line: str, guess: str) -> None:
    with pytest.raises(UnknownCommand) as unknown:
        parse(line, COMMANDS)
    guesses = unknown.value.facts["guesses"]
    assert isinstance(guesses, tuple)
    assert guesses[0] == guess
    assert len(guesses) <= 3


def test_an_unknown_command_has_the_whole_line_as_a_fact() -> None:
    with pytest.raises(UnknownCommand) as unknown:
        parse("/run “Database failover”", COMMANDS)
    assert unknown.value.facts["text"] == "Database failover"
    with pytest.raises(UnknownCommand) as unknown:
        parse("finsh T1 by hand", COMMANDS)
    assert unknown.value.facts["word"] == "finsh"
    assert unknown.value.facts["rest"] == "T1 by hand"
    assert plain_text(translate("parse.unknown", **unknown.value.facts)) == "Unknown command finsh."


@pytest.mark.parametrize("line", ["xyzzy", "Database failover", "R7 T3", "🚒", '"', "`", ":", "--", "—", "T", "R"])
def test_a_line_without_a_verb_handle_or_link_is_unknown(line: str) -> None:
    with pytest.raises(UnknownCommand):
        parse(line, COMMANDS)


def test_button_only_verbs_cannot_be_typed() -> None:
    for verb in [command.verb for command in COMMANDS.values() if not command.typed]:
        with pytest.raises(UnknownCommand):
            parse(verb, COMMANDS)


def test_the_root_command_and_the_mention_are_configurable() -> None:
    assert parse("/rb finish T1", COMMANDS, root="/rb") == Finish(tasks=("T1",))
    assert parse("rb", COMMANDS, root="/rb") == Home()
    assert parse("@Ops, rb done T1", COMMANDS, root="/rb", mention="@ops") == Finish(tasks=("T1",))
    with pytest.raises(UnknownCommand):
        parse("/run finish T1", COMMANDS, root="/rb")


def test_aliases_of_the_settings_override_built_in_ones() -> None:
    aliases = {"Tick": "finish", "note": "add", "ça va": "status", "fertig": "done", "go go": "start"}
    assert parse("tick T1", COMMANDS, aliases) == Finish(tasks=("T1",))
    assert parse("note Tell support", COMMANDS, aliases).verb == "add"
    assert parse("CA VA ok", COMMANDS, aliases).verb == "status"
    assert parse("fertig T1", COMMANDS, aliases).verb == "finish"
    assert parse("go go failover", COMMANDS, aliases).verb == "start"


def test_aliases_cannot_redefine_a_verb_or_stand_for_no_verb() -> None:
    aliases = {"finish": "end", "zap": "explode", "": "end", "halt": "stop"}
    assert parse("finish T1", COMMANDS, aliases) == Finish(tasks=("T1",))
    for word in ("zap", "halt"):
        with pytest.raises(UnknownCommand):
            parse(word, COMMANDS, aliases)
    assert parse("", COMMANDS, aliases) == Home()


def test_an_alias_equal_to_the_root_command_works_without_the_slash() -> None:
    assert parse("run failover", COMMANDS, {"run": "start"}).verb == "start"
    assert parse("/run finish T1", COMMANDS, {"run": "start"}) == Finish(tasks=("T1",))


def test_a_comment_of_ten_thousand_characters_is_not_changed() -> None:
    text = ("one `two --task T3` “three” four's 🚒\n" * 400)[:10_000].strip()
    assert parse(f"comment {text}", COMMANDS) == Comment(text=text)


@pytest.mark.parametrize(
    "piece",
    ['"', "`", '="', '--set x="', "` `` ", "--task ", "T1 ", "T1,", "a ", " ", "https://", "—yes ", "(", "to "],
)
def test_long_unusual_lines_are_parsed_quickly(piece: str) -> None:
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


def test_a_flag_that_ends_the_line_without_its_value_needs_one() -> None:
    with pytest.raises(BadArguments) as error:
        parse("status amber replica lagging --next", COMMANDS)
    assert error.value.key == "parse.flag_value"
