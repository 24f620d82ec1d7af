"""Whatever stands in a card, the chat takes it, says when something is left out, and nothing of it comes alive."""

import pytest

from adapters.models import TaskState
from commands.model.card import Bold, Button, Card, Code, Link, PersonName, Row, Section, Text, text
from commands.model.intents import Comment, Finish
from tests.bot.surfaces.stands import Stand

HOSTILE = (
    "<!channel> <!here|x> <@U0BEN> <#C0OPS> @here @channel @all @ben <https://evil.example|click> "
    "[click](https://evil.example) ![x](y) *b* _i_ ~s~ `c` <b>x</b> <script> &amp; &lt; # h > q | a | :fire: \\*"
)
LINES = "one\n# two\n- three\n> four\n1. five\n```\nsix"
CONTROLS = "bell \x07 escape \x1b[31mred\x1b[0m NUL \x00 over \u202egnp.exe end"


def _everywhere(words: str) -> Card:
    return Card(
        title=(f"R7 {words}",),
        subtitle=text(words),
        summary=words,
        lines=(
            text(
                words, " ", Bold(words), " ", Code(words), " ", PersonName(words), " ", Link(words, "javascript:x")
            ),
        ),
        sections=(Section(words, (Row(TaskState.READY, "T1", words, text(words)),), text(words)),),
        buttons=(Button(words, Finish(run="R7", tasks=("T1",), note=words)),),
        link=Link(words, "https://platform.example/run/7?a=1&b=2"),
    )


def _one_line(words: str) -> str:
    return " ".join(words.split())


async def test_hostile_words_are_shown_as_they_are_and_ring_for_nobody(stand: Stand) -> None:
    seen = stand.see(await stand.surface.post(stand.ops(), _everywhere(HOSTILE), nonce="n1"))
    start = HOSTILE[:40]  # what fits on a line of any chat
    assert start in seen.words
    if stand.surface.name != "console":  # which wraps them
        assert _one_line(seen.words).count(HOSTILE.replace("https://evil.example", "").split("  ")[0][:60]) >= 3
    assert stand.alarms() == []


@pytest.mark.parametrize(
    "words", [HOSTILE, LINES, CONTROLS, "", " ", "\n\n", "`" * 50, "\ud800 lone", "אבג 🔥 👩🏽‍🚒"]
)
async def test_any_words_anywhere_are_taken(stand: Stand, words: str) -> None:
    ref = await stand.surface.post(stand.ops(), _everywhere(words), nonce="n1")
    await stand.surface.edit(ref, _everywhere(words))
    line = await stand.surface.post_lines(stand.ops(), [text(words), text("after ", words)], nonce="n2")
    await stand.surface.edit_lines(line, [text(words)])
    await stand.surface.send_private(await stand.command("next"), _everywhere(words))
    assert "R7" in stand.see(ref).words
    assert stand.alarms() == []


async def test_code_keeps_its_lines_and_its_blanks(stand: Stand) -> None:
    code = "select 1;\n    -- indented *not* bold\n```\nselect 2;"
    line: Text = text("Run this: ", Code(code, block=True), "and then wait")
    seen = stand.see(await stand.surface.post_lines(stand.ops(), [line], nonce="n1"))
    for piece in ("Run this:", "select 1;", "-- indented *not* bold", "```", "select 2;", "and then wait"):
        assert piece in seen.words
    assert stand.alarms() == []


def _big(stages: int, tasks: int, title: str) -> Card:
    rows = tuple(Row(TaskState.READY, f"T{n}", f"{title} {n}", text("Ana since 14:02")) for n in range(tasks))
    return Card(
        title=("R7 Primary down",),
        summary="R7 " + "very " * 2000 + "long",
        lines=tuple(text(f"line {n} ", title) for n in range(20)),
        sections=tuple(Section(f"Stage {n}", rows) for n in range(stages)),
        buttons=tuple(Button(f"Finish T{n}", Finish(run="R7", tasks=(f"T{n}",))) for n in range(4)),
    )


@pytest.mark.parametrize(
    ("stages", "tasks", "title"), [(1, 12, "x"), (60, 1, "short"), (30, 12, "Promote it " * 9)]
)
async def test_a_big_card_is_within_the_limits_and_says_what_it_leaves_out(
    stand: Stand, stages: int, tasks: int, title: str
) -> None:
    ref = await stand.surface.post(stand.ops(), _big(stages, tasks, title), nonce="n1")
    await stand.surface.edit(ref, _big(stages, tasks, f"{title}!"))
    seen = stand.see(ref)
    assert seen.words.startswith("R7 Primary down")
    assert list(seen.labels) == ["Finish T0", "Finish T1", "Finish T2", "Finish T3"]
    whole = (
        all(f"Stage {n}" in seen.words for n in range(stages))
        and seen.words.count(" since 14:02") == stages * tasks
    )
    assert whole or "left out" in seen.words or "does not fit" in seen.words


async def test_long_lines_are_within_the_limits(stand: Stand) -> None:
    lines = [text(f"{n} ", "word " * 2000) for n in range(12)]
    ref = await stand.surface.post_lines(stand.ops(), lines, nonce="n1")
    await stand.surface.edit_lines(ref, [*lines, *lines])
    assert stand.see(ref).words.startswith(("0 word", "- 0 word"))


async def test_buttons_too_heavy_to_draw_are_named(stand: Stand) -> None:
    heavy = Button("Say it again", Comment(run="R7", text="long " * 20_000))
    card = Card(title=("R7",), summary="R7", buttons=(heavy, Button("Finish T1", Finish(run="R7", tasks=("T1",)))))
    seen = stand.see(await stand.surface.post(stand.ops(), card, nonce="n1"))
    assert "Finish T1" in seen.labels
    assert (
        "Say it again" in [*seen.labels, *seen.words.replace(",", "").split("\n")] or "Say it again" in seen.words
    )


async def test_a_person_is_mentioned_only_where_they_are_meant_to_be(stand: Stand) -> None:
    ana = stand.person("ana")
    await stand.surface.post_lines(stand.ops(), [text(PersonName("Ana", ana.id), " began T1")], nonce="n1")
    assert stand.alarms() == []
    await stand.surface.post_lines(
        stand.ops(), [text(PersonName("ana", ana.id, ping=True), ", it is due")], nonce="n2"
    )
    assert stand.surface.name == "console" or stand.alarms() != []
