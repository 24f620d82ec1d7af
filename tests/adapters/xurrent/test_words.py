"""Texts, links and settings: small pure things."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.http.responses import Response
from adapters.models import RunbookKey, RunKey, TaskKey
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import WriteMarker
from adapters.xurrent import text as words
from adapters.xurrent.errors import pairs
from adapters.xurrent.links import Links
from adapters.xurrent.settings import XurrentSettings

GOOD = {"url": "https://api.xurrent.com/v1", "token": "secret-token", "account": "wdc"}
WHO = st.text(string.ascii_letters + " <@>|.", min_size=1, max_size=40).map(lambda who: who.strip() or "Ana")
CODE = st.text(string.ascii_uppercase + string.digits, min_size=4, max_size=4)


@given(text=st.text(max_size=200), who=WHO.map(lambda who: f"{who} via Slack"), code=CODE)
def test_what_is_signed_can_be_taken_apart(text: str, who: str, code: str) -> None:
    mark = WriteMarker(code=code, who=who, at=datetime(2026, 7, 18, tzinfo=UTC))
    written = words.signed(text, mark)
    assert "<@" not in written
    assert mark.is_in(written)
    read = words.unsigned(written)
    assert (read.by, read.code) == (who, code)
    assert read.text == text.replace("<\u200b@", "<@").strip()


@pytest.mark.parametrize("text", ["", "plain", "see (7K2F)", "two\n\nlines", "who (notacode)"])
def test_what_others_wrote_is_left_alone(text: str) -> None:
    assert words.unsigned(text) == words.Signed(text=text)


@given(st.text(max_size=40))
def test_no_date_crashes(text: str) -> None:
    at = parse_timestamp(text)
    assert at is None or at.tzinfo is not None


def test_words_instead_of_dates_are_no_dates() -> None:
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
def test_the_pages_that_people_open(url: str, site: str) -> None:
    assert Links("xurrent", url, "wdc").task("7") == (f"{site}/tasks/7" if site else None)


def test_a_link_leads_back() -> None:
    links = Links("it", GOOD["url"], "wdc", runs={"21127": "5694"})
    run = RunKey(platform="it", id="5694")
    task = TaskKey(run=run, id="21127")
    assert links.parse("https://wdc.xurrent.com/workflows/5694") == run
    assert links.parse("https://WDC.xurrent.com/changes/5694?view=gantt#top") == run
    assert links.parse("https://api.xurrent.com/v1/workflows/5694.json") == run
    assert links.parse("https://wdc.xurrent.com/workflows/5694/tasks/21127") == task
    assert links.parse("https://wdc.xurrent.com/tasks/21127") == task
    assert links.parse("https://wdc.xurrent.com/workflow_templates/9") == RunbookKey(platform="it", id="9")
    for strange in ("tasks/1", "https://wdc.xurrent.com/tasks/1", "https://other.xurrent.com/workflows/5694"):
        assert links.parse(strange) is None
    assert links.run("5694") == "https://wdc.xurrent.com/workflows/5694"


@given(st.text(max_size=60))
def test_no_link_crashes(link: str) -> None:
    Links("it", GOOD["url"], "wdc").parse(f"https://wdc.xurrent.com/{link}")
    Links("it", GOOD["url"], "wdc").parse(link)


def test_settings_forgive_what_people_paste() -> None:
    pasted = XurrentSettings.model_validate(
        GOOD | {"url": " https://api.4me.com/ ", "flavour": "4me", "service_id": 3, "team_id": "14"}
    )
    assert (pasted.url, pasted.service_id, pasted.team_id) == ("https://api.4me.com/v1", "3", "14")
    assert "secret" not in repr(pasted)


@pytest.mark.parametrize(
    "wrong",
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
def test_settings_that_cannot_be(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        XurrentSettings.model_validate(GOOD | wrong)
    assert "secret-token" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"errors":[["subject","too long"],["base","closed"]]}', [("subject", "too long"), ("base", "closed")]),
        (b'{"errors":{"subject":["a","b"]}}', [("subject", "a"), ("subject", "b")]),
        (b'{"errors":["closed",7,null,[1,2]]}', [("", "closed")]),
        (b'{"errors":"closed"}', []),
        (b"<html>", []),
        (b"[]", []),
    ],
)
def test_the_pairs_of_a_refusal(body: bytes, found: list[tuple[str, str]]) -> None:
    assert pairs(Response(422, {}, body)) == found
