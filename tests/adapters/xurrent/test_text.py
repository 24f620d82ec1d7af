"""Signed texts, links, settings and error bodies."""

import re
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.http.responses import Response
from adapters.models import RunbookKey, RunKey, TaskKey
from adapters.toolkit.signing import SignedText
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import WriteMarker
from adapters.xurrent.errors import validation_errors
from adapters.xurrent.links import Links
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.text import SIGNER, escape_mentions, unescape_mentions

VALID = {"url": "https://api.xurrent.com/v1", "token": "secret-token", "account": "wdc"}
WHO = st.text(string.ascii_letters + " <@>|.", min_size=1, max_size=40).map(lambda who: who.strip() or "Ana")
CODE = st.text(string.ascii_uppercase + string.digits, min_size=4, max_size=4)


@given(text=st.text(max_size=200), who=WHO.map(lambda who: f"{who} via Slack"), code=CODE)
def test_a_signed_text_can_be_parsed(text: str, who: str, code: str) -> None:
    marker = WriteMarker(code=code, who=who, at=datetime(2026, 7, 18, tzinfo=UTC))
    written = SIGNER.sign(text, marker)
    assert re.search(r"<@[^<>]+>", written) is None
    assert "\u200b" not in written.replace(text, "")
    assert marker.is_in(written)
    parsed = SIGNER.read(written)
    assert (parsed.by, parsed.code) == (who, code)
    assert parsed.text == unescape_mentions(text).strip()


@pytest.mark.parametrize(
    "text", ["curl -d <@body.json https://h/x", "cat <<@\nx\n@", "a <@ b", "mail <ana@example.com>"]
)
def test_what_is_no_mention_is_written_as_it_is(text: str) -> None:
    assert escape_mentions(text) == text


def test_a_mention_is_broken_visibly() -> None:
    assert escape_mentions("ask <@209|Ellen Ray> now") == "ask < @209|Ellen Ray> now"
    for written in ("< @209|Ellen Ray>", "<\u200b@209|Ellen Ray>"):
        assert unescape_mentions(written) == "<@209|Ellen Ray>"


@pytest.mark.parametrize("text", ["", "plain", "see (7K2F)", "two\n\nlines", "who (notacode)"])
def test_a_text_by_others_is_left_unchanged(text: str) -> None:
    assert SIGNER.read(text) == SignedText(text=text)


@given(st.text(max_size=40))
def test_no_date_crashes(text: str) -> None:
    at = parse_timestamp(text)
    assert at is None or at.tzinfo is not None


def test_words_are_not_dates() -> None:
    for word in ("best_effort", "no_target", "clock_stopped", "", None, "0001-01-01T00:00:00+14:00"):
        assert parse_timestamp(word) is None
    assert parse_timestamp("2016-03-14T03:14:17-06:00") == datetime(2016, 3, 14, 9, 14, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://api.xurrent.com/v1", "https://wdc.xurrent.com"),
        ("https://api.au.xurrent.com/v1", "https://wdc.au.xurrent.com"),
        ("https://api.xurrent.qa/v1", "https://wdc.xurrent.qa"),
        ("https://api.xurrent-demo.com/v1", "https://wdc.xurrent-demo.com"),
        ("https://api.4me.com/v1", "https://wdc.4me.com"),
        ("https://api.itrp.com/v1", "https://wdc.itrp.com"),
        ("https://xurrent.example.com/v1", ""),
    ],
)
def test_page_addresses(url: str, site: str) -> None:
    assert Links("xurrent", url, "wdc").task("7") == (f"{site}/tasks/7" if site else None)


def test_links_are_parsed() -> None:
    links = Links("it", VALID["url"], "wdc", run_by_task={"21127": "5694"})
    run = RunKey(platform="it", id="5694")
    task = TaskKey(run=run, id="21127")
    assert links.parse("https://wdc.xurrent.com/workflows/5694") == run
    assert links.parse("https://WDC.xurrent.com/changes/5694?view=gantt#top") == run
    assert links.parse("https://api.xurrent.com/v1/workflows/5694.json") == run
    assert links.parse("https://wdc.xurrent.com/workflows/5694/tasks/21127") == task
    assert links.parse("https://wdc.xurrent.com/tasks/21127") == task
    assert links.parse("https://wdc.xurrent.com/workflow_templates/9") == RunbookKey(platform="it", id="9")
    for foreign in ("tasks/1", "https://wdc.xurrent.com/tasks/1", "https://other.xurrent.com/workflows/5694"):
        assert links.parse(foreign) is None
    assert links.run("5694") == "https://wdc.xurrent.com/workflows/5694"


@given(st.text(max_size=60))
def test_no_link_crashes(link: str) -> None:
    Links("it", VALID["url"], "wdc").parse(f"https://wdc.xurrent.com/{link}")
    Links("it", VALID["url"], "wdc").parse(link)


def test_settings_accept_pasted_values() -> None:
    pasted = XurrentSettings.model_validate(
        VALID | {"url": " https://api.4me.com/ ", "flavour": "4me", "service_id": 3, "team_id": "14"}
    )
    assert (pasted.url, pasted.service_id, pasted.team_id) == ("https://api.4me.com/v1", "3", "14")
    assert "secret" not in repr(pasted)


@pytest.mark.parametrize(
    "invalid",
    [
        {"url": "api.xurrent.com"},
        {"url": ""},
        {"token": "  "},
        {"token": "two words"},
        {"account": "w d\nc"},
        {"flavour": "jira"},
        {"team_id": "Windows"},
        {"service_id": "0"},
        {"category": "urgent"},
        {"color": "red"},
    ],
)
def test_invalid_settings_are_refused(invalid: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        XurrentSettings.model_validate(VALID | invalid)
    assert "secret-token" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b'{"errors":[["subject","too long"],["base","closed"]]}', [("subject", "too long"), ("base", "closed")]),
        (b'{"errors":{"subject":["a","b"]}}', [("subject", "a"), ("subject", "b")]),
        (b'{"errors":["closed",7,null,[1,2]]}', [("", "closed")]),
        (b'{"errors":"closed"}', []),
        (b"<html>", []),
        (b"[]", []),
    ],
)
def test_validation_errors_are_parsed(body: bytes, errors: list[tuple[str, str]]) -> None:
    assert validation_errors(Response(422, {}, body)) == errors
