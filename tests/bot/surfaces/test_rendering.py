"""Any card is accepted, says what is left out, and contains no markup or mentions from outside."""

import pytest

from adapters.models import TaskState
from commands.model.card import Bold, Button, Card, Code, Link, PersonName, Row, Section, Text, text
from commands.model.intents import Comment, Finish
from tests.bot.surfaces.harness import SurfaceHarness

MARKUP = (
    "<!channel> <!here|x> <@U0BEN> <#C0OPS> @here @channel @all @ben <https://evil.example|click> "
    "[click](https://evil.example) ![x](y) *b* _i_ ~s~ `c` <b>x</b> <script> &amp; &lt; # h > q | a | :fire: \\*"
)
LINE_MARKUP = "one\n# two\n- three\n> four\n1. five\n```\nsix"
CONTROLS = "bell \x07 escape \x1b[31mred\x1b[0m NUL \x00 over \u202egnp.exe end"


def _card_full_of(hostile: str) -> Card:
    line = text(
        *(hostile, " ", Bold(hostile), " ", Code(hostile), " ", PersonName(hostile), " "),
        Link(hostile, "javascript:x"),
    )
    return Card(
        title=(f"R7 {hostile}",),
        subtitle=text(hostile),
        summary=hostile,
        lines=(line,),
        sections=(Section(hostile, (Row(TaskState.READY, "T1", hostile, text(hostile)),), text(hostile)),),
        buttons=(Button(hostile, Finish(run="R7", tasks=("T1",), note=hostile)),),
        link=Link(hostile, "https://platform.example/run/7?a=1&b=2"),
    )


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


async def test_a_direction_override_does_not_turn_around_what_follows(harness: SurfaceHarness) -> None:
    """ "\\u202e" would show "gpj.exe" as "exe.jpg", and turn around the rest of the line."""
    hostile = "a\u202eb\u2066c\u202ad"
    visible = harness.visible(await harness.surface.post(harness.ops(), _card_full_of(hostile), nonce="n1"))
    assert "abcd" in visible.text
    assert not set(visible.text) & set(hostile) - set("abcd")


async def test_markup_is_shown_literally_and_mentions_nobody(harness: SurfaceHarness) -> None:
    visible = harness.visible(await harness.surface.post(harness.ops(), _card_full_of(MARKUP), nonce="n1"))
    start = MARKUP[:40]  # as much as fits on one line in every chat
    assert start in visible.text
    if harness.surface.name != "console":  # which wraps the text
        assert (
            _collapse_spaces(visible.text).count(MARKUP.replace("https://evil.example", "").split("  ")[0][:60])
            >= 3
        )
    assert harness.unsafe_texts() == []


@pytest.mark.parametrize(
    "hostile", [MARKUP, LINE_MARKUP, CONTROLS, "", " ", "\n\n", "`" * 50, "\ud800 lone", "אבג 🔥 👩🏽‍🚒"]
)
async def test_any_text_is_accepted_everywhere_in_a_card(harness: SurfaceHarness, hostile: str) -> None:
    card = _card_full_of(hostile)
    ref = await harness.surface.post(harness.ops(), card, nonce="n1")
    await harness.surface.edit(ref, card)
    line = await harness.surface.post_lines(harness.ops(), [text(hostile), text("after ", hostile)], nonce="n2")
    await harness.surface.edit_lines(line, [text(hostile)])
    await harness.surface.send_private(await harness.command("next"), card)
    assert "R7" in harness.visible(ref).text
    assert harness.unsafe_texts() == []


async def test_code_keeps_its_lines_and_spaces(harness: SurfaceHarness) -> None:
    code = "select 1;\n    -- indented *not* bold\n```\nselect 2;"
    line: Text = text("Run this: ", Code(code, block=True), "and then wait")
    visible = harness.visible(await harness.surface.post_lines(harness.ops(), [line], nonce="n1"))
    for piece in ("Run this:", "select 1;", "-- indented *not* bold", "```", "select 2;", "and then wait"):
        assert piece in visible.text
    assert harness.unsafe_texts() == []


def _large_card(stages: int, tasks: int, title: str) -> Card:
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
async def test_a_large_card_fits_or_says_what_is_left_out(
    harness: SurfaceHarness, stages: int, tasks: int, title: str
) -> None:
    ref = await harness.surface.post(harness.ops(), _large_card(stages, tasks, title), nonce="n1")
    await harness.surface.edit(ref, _large_card(stages, tasks, f"{title}!"))
    visible = harness.visible(ref)
    assert visible.text.startswith("R7 Primary down")
    assert list(visible.labels) == ["Finish T0", "Finish T1", "Finish T2", "Finish T3"]
    is_complete = (
        all(f"Stage {n}" in visible.text for n in range(stages))
        and visible.text.count(" since 14:02") == stages * tasks
    )
    assert is_complete or "left out" in visible.text or "doesn't fit" in visible.text


async def test_long_lines_are_accepted(harness: SurfaceHarness) -> None:
    lines = [text(f"{n} ", "word " * 2000) for n in range(12)]
    ref = await harness.surface.post_lines(harness.ops(), lines, nonce="n1")
    await harness.surface.edit_lines(ref, [*lines, *lines])
    assert harness.visible(ref).text.startswith(("0 word", "- 0 word"))


async def test_buttons_that_are_too_large_are_listed_by_label(harness: SurfaceHarness) -> None:
    heavy_button = Button("Say it again", Comment(run="R7", text="long " * 20_000))
    card = Card(
        title=("R7",), summary="R7", buttons=(heavy_button, Button("Finish T1", Finish(run="R7", tasks=("T1",))))
    )
    visible = harness.visible(await harness.surface.post(harness.ops(), card, nonce="n1"))
    assert "Finish T1" in visible.labels
    assert (
        "Say it again" in [*visible.labels, *visible.text.replace(",", "").split("\n")]
        or "Say it again" in visible.text
    )


async def test_a_person_is_mentioned_only_with_ping(harness: SurfaceHarness) -> None:
    ana = harness.person("ana")
    await harness.surface.post_lines(harness.ops(), [text(PersonName("Ana", ana.id), " began T1")], nonce="n1")
    assert harness.unsafe_texts() == []
    await harness.surface.post_lines(
        harness.ops(), [text(PersonName("ana", ana.id, ping=True), ", it is due")], nonce="n2"
    )
    assert harness.surface.name == "console" or harness.unsafe_texts() != []
