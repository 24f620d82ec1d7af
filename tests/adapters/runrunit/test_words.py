"""Texts and titles on their way there and back."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.runrunit
from adapters.models import Health
from adapters.runrunit.text import folded, health_of, keyed, sign, unkeyed, unsign
from adapters.toolkit.messages import load_messages
from adapters.writes import WriteMarker

MARK = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime(2026, 7, 18, 14, tzinfo=UTC))


@given(text=st.text(max_size=200))
def test_what_was_signed_is_read_back(text: str) -> None:
    signed = sign(text, MARK, MARK.at)
    assert MARK.is_in(signed)
    assert unsign(signed).by == "Ana via Slack"
    assert unsign(signed).text == text.rstrip().lstrip("\n").strip()


@pytest.mark.parametrize("text", ["by hand", "see (7K2F)", "a — b (note)", "", "— \n (7K2F)"])
def test_what_others_wrote_is_theirs(text: str) -> None:
    assert unsign(text).by == ""
    assert unsign(text).text == text.strip()


def test_line_breaks_may_come_back_as_markup() -> None:
    found = unsign("<p>seen<br>— Ana via Slack (7K2F)</p>")
    assert found.by == "Ana via Slack"


def test_a_runs_title_has_its_key() -> None:
    assert keyed("R9  Primary\ndown", MARK) == "R9 Primary down [7K2F]"
    assert unkeyed("R9 Primary down [7K2F]") == "R9 Primary down"
    assert unkeyed("Deploy [PROD]") == "Deploy [PROD]"  # not one of ours


@pytest.mark.parametrize(
    ("name", "health"),
    [
        ("Green", Health.GREEN),
        ("Em risco - VERMELHO", Health.RED),
        ("Âmbar", Health.AMBER),
        ("Redação", Health.UNSET),
        ("red or amber", Health.UNSET),
        ("", Health.UNSET),
    ],
)
def test_the_colour_of_a_stage(name: str, health: Health) -> None:
    assert health_of(name) is health


def test_names_are_compared_without_case_and_accents() -> None:
    assert folded("  Em  VALIDAÇÃO ") == "em validacao"


def test_every_sentence_is_said_somewhere_and_none_is_missing() -> None:
    folder = Path(adapters.runrunit.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    said = set(re.findall(r'"(runrunit\.[a-z_.]+)"', source))
    assert said == set(load_messages(folder / "messages.toml"))
