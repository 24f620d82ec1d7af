"""Logs: secrets are redacted everywhere, whoever logs them, and one id marks all records about a message."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from bot.observability import logs

SECRET = 'xoxb-"quoted"/ünd/slash'
OTHER = "plain-secret-token"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged, as JSON. Restores the loggers afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure([SECRET, OTHER, "ab"], stream=written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    sys.excepthook = hook
    structlog.reset_defaults()


def last(stream: io.StringIO) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return entry


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_a_secret_is_redacted_in_every_form(stream: io.StringIO, secret: str) -> None:
    log = structlog.get_logger("liaison")
    log.info(f"sent {secret}", token=secret, url=f"https://x/?t={quote(secret, safe='')}", deep={"a": [secret]})
    logging.getLogger("somebody.else").warning("theirs %s %r", secret, {"token": secret})
    try:
        raise ValueError(f"failed with {secret}")
    except ValueError:
        log.exception("an error")
    written = stream.getvalue()
    assert len(written.splitlines()) == 3
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], "xoxb"):
        assert form not in written
    assert "an error" in written
    assert logs.HIDDEN in written


def test_a_secret_is_redacted_without_the_line_break_of_its_file(stream: io.StringIO) -> None:
    logs.configure([f" {OTHER}\n"], stream=stream)
    structlog.get_logger("x").info(f"Bearer {OTHER}")
    assert last(stream)["event"] == f"Bearer {logs.HIDDEN}"


def test_short_values_are_not_redacted(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("about ab")
    assert last(stream)["event"] == "about ab"


def test_library_logs_have_the_same_format(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("failed: %s", "port")
    assert last(stream)["event"] == "failed: port"
    assert last(stream)["level"] == "error"


def test_httpx_does_not_log_urls(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://example.com/hook")
    assert stream.getvalue() == ""


async def test_one_id_marks_all_records_about_a_message(stream: io.StringIO) -> None:
    log = structlog.get_logger("x")

    async def process() -> None:
        log.info("processed")

    with logs.delivery("slack/T1/123"):
        task = asyncio.create_task(process())
    await task
    assert last(stream)["delivery"] == "slack/T1/123"
    log.info("outside")
    assert "delivery" not in last(stream)


def test_secrets_are_redacted_in_readable_lines_too(stream: io.StringIO) -> None:
    logs.configure([OTHER], stream=stream, pretty=True)
    structlog.get_logger("x").warning("hello", token=OTHER)
    assert "hello" in stream.getvalue()
    assert OTHER not in stream.getvalue()


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize("separator", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_text_from_outside_can_begin_another_line(stream: io.StringIO, separator: str, *, pretty: bool) -> None:
    logs.configure([SECRET], stream=stream, pretty=pretty)
    forged = f"Ana{separator}2026-05-04 14:05 [info] command verb=end person=ben"
    structlog.get_logger("liaison").info("command", name=forged, receipts=[forged])
    logging.getLogger("somebody.else").warning("theirs %s", forged)
    assert len(stream.getvalue().splitlines()) == 2
