"""Rendering for the console: within the width, complete, and without control characters."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from adapters.models import TaskState
from adapters.toolkit.messages import in_language
from bot.surfaces.console.render import button_lines, draw, draw_lines
from bot.surfaces.console.terminal_text import cut, strip_controls, width, wrap
from commands.model.card import Bold, Button, Card, ClockTime, Code, Link, PersonName, Row, Section, Span, Text
from commands.model.intents import Home

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
strings = st.text(max_size=60)
clocks = st.builds(ClockTime, st.datetimes(timezones=st.just(UTC)), st.sampled_from(["UTC", "America/Sao_Paulo"]))
spans: st.SearchStrategy[Span] = st.one_of(
    strings,
    clocks,
    st.builds(PersonName, strings),
    st.builds(Link, strings, strings),
    st.builds(Code, strings),
    st.builds(Code, st.text(st.characters(max_codepoint=126), max_size=10), st.just(True)),  # never wrapped
    st.builds(Bold, strings),
)
texts: st.SearchStrategy[Text] = st.lists(spans, max_size=4).map(tuple)
states = st.none() | st.sampled_from(TaskState)
rows = st.builds(Row, states, st.sampled_from(["T1", "T12", ""]), strings, texts)
sections = st.builds(Section, strings, st.lists(rows, max_size=4).map(tuple), texts)
buttons = st.lists(st.builds(Button, strings, st.just(Home())), max_size=5).map(tuple)
cards = st.builds(
    Card,
    title=texts,
    summary=strings,
    subtitle=texts,
    lines=st.lists(texts, max_size=3).map(tuple),
    sections=st.lists(sections, max_size=3).map(tuple),
    buttons=buttons,
    link=st.none() | st.builds(Link, strings, strings),
)
EXAMPLE = Card(
    title=("R7 Primary down in EU",),
    subtitle=("Database failover, on playbooks",),
    summary="R7 Primary down in EU: 1 of 4 done",
    lines=(("AMBER replica lagging, next update ", ClockTime(NOW)),),
    sections=(
        Section("Triage", (Row(TaskState.DONE, "T1", "Confirm the primary is down", ("Ben ", ClockTime(NOW))),)),
        Section("Fail over", (Row(TaskState.WAITING, "T4", "Repoint the app", ("for T3",)),), ("1 more ready",)),
    ),
    buttons=(Button("Finish T2", Home()), Button("More…", Home())),
)


def fits_width(lines: Sequence[str], width_limit: int) -> bool:
    return all(width(line) <= width_limit and "\n" not in line for line in lines)


@given(cards, st.integers(20, 120))
def test_no_line_is_wider_than_the_screen(card: Card, width_limit: int) -> None:
    assert fits_width(draw(card, width_limit, now=NOW), width_limit)


@given(st.lists(texts, max_size=4), buttons, st.integers(20, 120))
def test_no_line_without_a_card_is_wider_than_the_screen(
    lines: list[Text], buttons_shown: tuple[Button, ...], width_limit: int
) -> None:
    assert fits_width(draw_lines(lines, buttons_shown, width_limit, now=NOW), width_limit)


@given(cards)
def test_text_from_outside_has_no_control_characters(card: Card) -> None:
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(draw(card, 80, now=NOW)))


def test_escape_sequences_are_removed() -> None:
    assert strip_controls("a\x1b[31mred\x1b[0m\x07 \u202eb\r\n") == "ared b\n"


@given(st.text(), st.integers(2, 80))
def test_wrapping_loses_no_word(text: str, width_limit: int) -> None:
    assert "".join("".join(wrap(text, width_limit)).split()) == "".join(text.split())
    assert "".join(cut(text, width_limit)) == text


@given(buttons)
def test_every_button_has_a_number(buttons_shown: tuple[Button, ...]) -> None:
    rendered = "\n".join(button_lines(buttons_shown, 80))
    assert all(f"[{number} " in rendered for number in range(1, len(buttons_shown) + 1))


def test_a_card_at_80_columns() -> None:
    assert draw(EXAMPLE, 80, now=NOW) == [
        "R7 Primary down in EU                      Database failover, on playbooks",
        "AMBER replica lagging, next update 14:05 UTC",
        "Triage     done     T1 Confirm the primary is down  Ben 14:05",
        "Fail over  waiting  T4 Repoint the app              for T3",
        "           1 more ready",
        "[1 Finish T2]  [2 More…]",
    ]


def test_a_card_at_40_columns_has_stages_above_tasks() -> None:
    assert draw(EXAMPLE, 40, now=NOW) == [
        "R7 Primary down in EU",
        "Database failover, on playbooks",
        "AMBER replica lagging, next update 14:05",
        "UTC",
        "Triage",
        "  done     T1 Confirm the      Ben 14:05",
        "           primary is down",
        "Fail over",
        "  waiting  T4 Repoint the app  for T3",
        "  1 more ready",
        "[1 Finish T2]  [2 More…]",
    ]


def test_a_time_of_another_day_has_its_date() -> None:
    card = Card(title=(ClockTime(NOW),), summary="")
    assert draw(card, 80, now=NOW.replace(day=23)) == ["21 Nov 14:05 UTC"]


def test_code_keeps_its_shape() -> None:
    card = Card(title=("x",), summary="", lines=(("run\n", Code("a:\n  b", block=True)),))
    assert draw(card, 80, now=NOW) == ["x", "run", "    a:", "      b"]


def test_the_state_column_fits_the_current_language() -> None:
    rows = (Row(TaskState.RUNNING, "T1", "Page the DBA"), Row(TaskState.DONE, "T2", "Confirm"))
    card = Card(title=("R7",), summary="", sections=(Section("Triage", rows),))
    with in_language("pt-BR"):
        assert draw(card, 80, now=NOW) == [
            "R7",
            "Triage  em andamento  T1 Page the DBA",
            "        concluída     T2 Confirm",
        ]
