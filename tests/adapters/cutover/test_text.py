"""Texts written to Cutover can be read back: their author, and exactly what was typed."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cutover.text import SIGNER, to_html, to_text
from adapters.toolkit.signing import SignedText
from adapters.writes import WriteMarker

AT = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)


@given(TEXTS)
def test_a_signed_text_round_trips(text: str) -> None:
    signed = SIGNER.read(SIGNER.sign(text, MARKER))
    assert (signed.text, signed.by, signed.code) == (text.strip(), "Ana via Slack", "7K2F")


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_comment_round_trips_through_html(lines: list[str]) -> None:
    text = "\n".join(lines)
    content = to_html(SIGNER.sign(text, MARKER))
    assert MARKER.is_in(content)
    assert SIGNER.read(to_text(content)).text.split("\n") == text.strip().split("\n")
    assert "<" not in content.replace("<p>", "").replace("</p>", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lagging — Ana via Slack (7K2F)", SignedText(text="lagging", by="Ana via Slack", code="7K2F")),
        ("Ana via Slack (7K2F)", SignedText(text="", by="Ana via Slack", code="7K2F")),
        ("x — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC", None),
        ("lagging", SignedText(text="lagging")),
        ("Database (DB01)", SignedText(text="Database (DB01)")),
        ("", SignedText(text="")),
    ],
)
def test_only_liaisons_signature_is_removed(text: str, expected: SignedText | None) -> None:
    assert SIGNER.read(text) == (expected or SignedText(text="x", by="Ana via Slack", code="7K2F", due=AT))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>one</p>\n<p>two</p>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ('<p>see <a href="https://example.com">this</a></p>', "see this (https://example.com)"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ("if x < 5 and y > 3", "if x < 5 and y > 3"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (None, ""),
    ],
)
def test_html_is_converted_to_text(content: str | None, text: str) -> None:
    assert to_text(content) == text


@pytest.mark.parametrize("piece", ["<a href=''>", " href=''", "<a ", "<p ", "<li ", "<br ", "&lt;"])
def test_a_hostile_comment_is_read_in_linear_time(piece: str) -> None:
    """Anybody may write a comment in Cutover, and reading it must not hold up everybody."""
    hostile = "<p><a href=''" + piece * 20_000
    began = time.perf_counter()
    to_text(hostile)
    assert time.perf_counter() - began < 2.0
