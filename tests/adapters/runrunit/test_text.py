"""Texts and titles written to Runrun.it, and read back."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.runrunit
from adapters.models import Health
from adapters.protocol import Emulated, Unsupported
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.text import SIGNER, add_code, fold, health_of_stage, remove_code
from adapters.toolkit.messages import load_messages
from adapters.writes import WriteMarker
from tests.golden.retired import RETIRED_KEYS

MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime(2026, 7, 18, 14, tzinfo=UTC))


@given(text=st.text(max_size=200))
def test_a_signed_text_round_trips(text: str) -> None:
    signed = SIGNER.sign(text, MARKER, MARKER.at)
    assert MARKER.is_in(signed)
    assert SIGNER.read(signed).by == "Ana via Slack"
    assert SIGNER.read(signed).text == text.rstrip().lstrip("\n").strip()


@pytest.mark.parametrize("text", ["by hand", "see (7K2F)", "a — b (note)", "", "— \n (7K2F)"])
def test_a_text_without_a_signature_has_no_author(text: str) -> None:
    assert SIGNER.read(text).by == ""
    assert SIGNER.read(text).text == text.strip()


def test_a_signature_is_found_in_html() -> None:
    found = SIGNER.read("<p>seen<br>— Ana via Slack (7K2F)</p>")
    assert found.by == "Ana via Slack"


def test_a_run_title_has_its_code() -> None:
    assert add_code("R9  Primary\ndown", MARKER) == "R9 Primary down [7K2F]"
    assert remove_code("R9 Primary down [7K2F]") == "R9 Primary down"
    assert remove_code("Deploy [PROD]") == "Deploy [PROD]"  # not written by Liaison


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
def test_the_colour_in_a_stage_name(name: str, health: Health) -> None:
    assert health_of_stage(name) is health


def test_fold_removes_case_accents_and_spaces() -> None:
    assert fold("  Em  VALIDAÇÃO ") == "em validacao"


def test_no_message_is_unused_or_missing() -> None:
    folder = Path(adapters.runrunit.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    texts = set(load_messages(folder / "messages.toml"))
    used = set(re.findall(r'"(runrunit\.[a-z_.]+)"', source))
    used |= {f"{key}_fix" for key in used if key.startswith("runrunit.health_check.") and f"{key}_fix" in texts}
    used |= {capability.how for capability in CAPABILITIES.values() if isinstance(capability, Emulated)}
    used |= {capability.alternative for capability in CAPABILITIES.values() if isinstance(capability, Unsupported)}
    assert used == texts - RETIRED_KEYS
