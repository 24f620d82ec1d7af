"""What we write can be read back: who it was for, and exactly what was typed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cutover.text import Signed, sign, to_html, to_text, unsign
from adapters.writes import WriteMarker

AT = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
MARK = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)


@given(TEXTS)
def test_a_signed_text_comes_back(text: str) -> None:
    signed = unsign(sign(text, MARK))
    assert (signed.text, signed.by, signed.code) == (text.strip(), "Ana via Slack", "7K2F")


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_comment_comes_back_through_html(lines: list[str]) -> None:
    text = "\n".join(lines)
    content = to_html(sign(text, MARK))
    assert MARK.is_in(content)
    assert unsign(to_text(content)).text.split("\n") == text.strip().split("\n")
    assert "<" not in content.replace("<p>", "").replace("</p>", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lagging — Ana via Slack (7K2F)", Signed(text="lagging", by="Ana via Slack", code="7K2F")),
        ("Ana via Slack (7K2F)", Signed(text="", by="Ana via Slack", code="7K2F")),
        ("x — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC", None),
        ("lagging", Signed(text="lagging")),
        ("Database (DB01)", Signed(text="Database (DB01)")),
        ("", Signed(text="")),
    ],
)
def test_only_our_signature_is_taken_off(text: str, expected: Signed | None) -> None:
    assert unsign(text) == (expected or Signed(text="x", by="Ana via Slack", code="7K2F", due=AT))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>one</p>\n<p>two</p>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ('<p>see <a href="https://example.com">this</a></p>', "see this"),
        ("if x < 5 and y > 3", "if x < 5 and y > 3"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (None, ""),
    ],
)
def test_html_of_others_is_read_as_text(content: str | None, text: str) -> None:
    assert to_text(content) == text
