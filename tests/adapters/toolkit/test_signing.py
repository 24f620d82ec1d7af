"""A text is signed on its way to a platform, and read back without its signature."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.signing import TextSigner
from adapters.writes import WriteMarker

MARKER = WriteMarker(code="7K2F", who="Ana Reis via Slack", at=datetime(2026, 3, 4, tzinfo=UTC))
DUE = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
SIGNERS = {
    "paragraph": TextSigner(),
    "dash": TextSigner(separator=" — "),
    "line": TextSigner(separator="\n— ", bare="— ", before=r"(?:^|\s)— "),
    "escaped": TextSigner(
        escape=lambda text: text.replace("@", "@\u200b"), unescape=lambda text: text.replace("@\u200b", "@")
    ),
}


@pytest.mark.parametrize("name", SIGNERS)
@given(text=st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="—"), min_size=1, max_size=30))
def test_a_signed_text_is_read_back(name: str, text: str) -> None:
    read = SIGNERS[name].read(SIGNERS[name].sign(f"{text}\nsecond line", MARKER, DUE))
    assert (read.text, read.by, read.code, read.due) == (f"{text}\nsecond line", MARKER.who, MARKER.code, DUE)


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signature_without_a_text_is_read_back(name: str) -> None:
    read = SIGNERS[name].read(SIGNERS[name].sign("", MARKER))
    assert (read.text, read.by, read.code) == ("", MARKER.who, MARKER.code)


@pytest.mark.parametrize("name", SIGNERS)
@pytest.mark.parametrize("text", ["all quiet", "call Ben (ext. 12)", "see (7K2F)", "", "a — b"])
def test_a_text_of_somebody_else_is_left_as_it_is(name: str, text: str) -> None:
    read = SIGNERS[name].read(text)
    assert (read.text, read.by, read.code) == (text, "", "")


def test_the_receipts_code_is_found_in_a_signed_text() -> None:
    assert MARKER.is_in(SIGNERS["dash"].sign("replica lagging", MARKER))
    assert SIGNERS["dash"].sign("replica lagging", MARKER, DUE) == (
        "replica lagging — Ana Reis via Slack (7K2F), next update 2026-07-18 14:20 UTC"
    )


def test_a_name_can_be_escaped_differently() -> None:
    signer = TextSigner(escape_name=lambda name: name.upper())
    assert signer.sign("text", MARKER) == "text\n\nANA REIS VIA SLACK (7K2F)"
