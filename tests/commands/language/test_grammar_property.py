"""Properties of the grammar that hold for every line."""

import string
import unicodedata

from hypothesis import assume, example, given
from hypothesis import strategies as st

from commands.language.due_time import parse_due_time
from commands.language.parser import parse
from commands.language.tokens import clean, unquote
from commands.language.vocabulary import vocabulary
from commands.model.errors import CommandError
from commands.model.intents import Comment, Finish, Intent
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text, translate

WORDS = sorted(vocabulary(COMMANDS))
INVISIBLE = string.whitespace + "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
PIECES = st.sampled_from(
    [
        *WORDS, "T3", "t1-T4", "R7", "R7.T3", "T1..T9", ",", "and", "e", "&", "@ben", "me", "to", "T3:", ":",
        "--task", "--then", "--note", "--run", "—next", "–reason", "--yes", "--set", "a=b", "--name=", "--message",
        "--rehearsal", "--stage", "15m", "amber", '"', "“", "”", "'", "’", "`", "```", "\n", "\t", "=", '="',
        "https://x.example/a?b=c", "/run", "@liaison", "🚒", "שלום", "\x00", "\u202e", "\ud800", "don't",
    ]
)  # fmt: skip
LINES = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=14).map(" ".join)
ANYTHING = st.one_of(LINES, st.text(max_size=200), st.lists(PIECES, max_size=10).map("".join))

# Text without quotes, code, colons and flags of ``comment``: it is text at any position.
TAME = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp"), exclude_characters='"“”„‟«»`:'), min_size=1
)
WILD_PIECES = [
    *(
        "it's",
        "'tis",
        '5"',
        "T3",
        "R7",
        "--then T4",
        "--task T9",
        "—run",
        "--yes",
        "`a --task T1`",
        "see",
        "\n",
        "<b>",
    ),
    *("“no”", "https://x.example/?q=1", "/run", "finish", "\n```\nrm -rf --task T2\n```\n", "  two", "شكرا"),
]
WILD_MIDDLE = st.lists(st.sampled_from(WILD_PIECES), max_size=12).map(" ".join)


def read(line: str) -> Intent | None:
    try:
        return parse(line, COMMANDS)
    except CommandError as error:
        assert_has_text(error)
        return None


def assert_has_text(error: CommandError) -> None:
    """Fails if the message is missing, or one of its facts."""
    assert plain_text(translate(error.key, **error.facts))


@given(ANYTHING)
@example("finish T1 - T4")
@example('start failover --set x="')
@example("comment --task")
def test_any_line_gives_an_intent_or_a_command_error(line: str) -> None:
    read(line)


@given(ANYTHING)
def test_any_parsed_intent_survives_being_stored(line: str) -> None:
    intent = read(line)
    if intent is not None:
        assert intent.model_dump_json().encode()
        assert COMMANDS.intent_from(intent.model_dump(mode="json")) == intent


@given(ANYTHING)
def test_parsing_is_deterministic(line: str) -> None:
    assert read(line) == read(line) == read(clean(line))


@given(ANYTHING)
def test_the_root_command_and_the_mention_are_ignored(line: str) -> None:
    assume(clean(line).casefold().strip(INVISIBLE).split()[:1] not in ([], ["run"], ["/run"], ["@liaison"]))
    assume(not clean(line).strip(INVISIBLE).startswith(("@", "/", "run", "Run", "RUN")))
    assert read(f"/run {line}") == read(f"@liaison {line}") == read(line)


@given(TAME)
def test_the_text_of_a_comment_is_not_changed(text: str) -> None:
    assume(text.strip())
    assume(not any(dash in text for dash in ("--", "—", "–")))
    assert parse(f"comment {text}", COMMANDS) == Comment(text=text.strip())


@given(WILD_MIDDLE)
def test_quotes_dashes_handles_and_code_inside_a_comment_are_text(middle: str) -> None:
    text = f"so {middle} all is ok"
    assert parse(f"comment {text}", COMMANDS) == Comment(text=text)
    assert parse(f"comment T3: {text}", COMMANDS) == Comment(text=text, task="T3")


@given(WILD_MIDDLE)
def test_flags_at_the_end_of_a_line_are_flags_whatever_the_text(middle: str) -> None:
    text = f"so {middle} all is ok"
    assert parse(f"comment {text} --task t3 --run R7", COMMANDS) == Comment(text=text, task="T3", run="R7")
    assert parse(f"finish T1 {text} --then t3", COMMANDS) == Finish(tasks=("T1",), note=text, then="T3")


@given(TAME)
def test_only_the_quotes_around_a_whole_text_are_removed(text: str) -> None:
    assume(text.strip())
    for opening, closing in ('""', "“”", "„“", "«»"):
        assert parse(f"comment {opening}{text}{closing}", COMMANDS) == Comment(text=text.strip())
        assert parse(f"comment {opening}{text}", COMMANDS) == Comment(text=text.strip())


@given(st.sampled_from(WORDS), LINES)
def test_each_word_for_a_verb_is_parsed_like_the_verb(word: str, rest: str) -> None:
    assume(not rest.strip() or rest[0] not in ":,;.!?…")
    assume(not any(f"{word} {' '.join(rest.split()[:n])}".casefold() in WORDS for n in (1, 2)))
    verb = vocabulary(COMMANDS)[word]
    assume(not any(f"{verb} {' '.join(rest.split()[:n])}".casefold() in WORDS for n in (1, 2)))
    assert read(f"{word} {rest}") == read(f"{verb} {rest}")


@given(st.sampled_from(WORDS), st.data())
def test_case_and_accents_of_a_verb_do_not_matter(word: str, data: st.DataObject) -> None:
    letters = [
        data.draw(st.sampled_from([letter, letter.upper(), letter + "\u0301"])) for letter in word if letter != "?"
    ]
    assume(letters)
    for form in ("NFC", "NFD"):
        typed = unicodedata.normalize(form, "".join(letters))
        assert read(f"{typed} R7") == read(f"{word} R7")


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=20),
    st.sampled_from([" ", ", ", ",", " and ", " e ", " & ", "; "]),
)
def test_all_separators_of_handles_are_equivalent(numbers: list[int], joint: str) -> None:
    handles = tuple(dict.fromkeys(f"T{number}" for number in numbers))
    for spelled in (str.upper, str.lower):
        line = spelled(joint.join(f"T{number}" for number in numbers))
        assert parse(f"finish {line}", COMMANDS) == Finish(tasks=handles)
        assert parse(f"finish {line} by hand", COMMANDS) == Finish(tasks=handles, note="by hand")


@given(st.integers(1, 900), st.integers(0, 49), st.sampled_from(["-", "–", "..", "…", " - "]))
def test_a_range_includes_all_tasks_between(first: int, more: int, dash: str) -> None:
    tasks = tuple(f"T{number}" for number in range(first, first + more + 1))
    assert parse(f"finish T{first}{dash}T{first + more}", COMMANDS) == Finish(tasks=tasks)


@given(st.text())
def test_cleaning_is_idempotent_and_unquoting_only_removes(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert unquote(text) in text
    clean(text).encode()


@given(st.text(string.digits + "hms:+ -offOFF.", max_size=8))
def test_any_text_is_a_due_time_or_a_command_error(text: str) -> None:
    try:
        due = parse_due_time(text)
    except CommandError as error:
        assert_has_text(error)
    else:
        assert due.is_off or due.day or due.clock is not None or (due.after and due.after.total_seconds() > 0)


def test_the_vocabulary_covers_every_typed_verb() -> None:
    assert {vocabulary(COMMANDS)[word] for word in WORDS} == {
        verb for verb, command in COMMANDS.items() if command.typed
    }
