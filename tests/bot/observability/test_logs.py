"""Logs: every secret is hidden wherever it appears, whoever logs it, and one id joins what belongs together."""

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
    """What is logged as JSON. The loggers are as they were afterwards."""
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
def test_a_secret_is_hidden_in_every_form(stream: io.StringIO, secret: str) -> None:
    log = structlog.get_logger("liaison")
    log.info(f"sent {secret}", token=secret, url=f"https://x/?t={quote(secret, safe='')}", deep={"a": [secret]})
    logging.getLogger("somebody.else").warning("theirs %s %r", secret, {"token": secret})
    try:
        raise ValueError(f"failed with {secret}")
    except ValueError:
        log.exception("a fault")
    written = stream.getvalue()
    assert len(written.splitlines()) == 3
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], "xoxb"):
        assert form not in written
    assert "a fault" in written
    assert logs.HIDDEN in written


def test_a_secret_with_the_line_break_of_its_file_is_hidden_as_it_is_sent(stream: io.StringIO) -> None:
    logs.configure([f" {OTHER}\n"], stream=stream)
    structlog.get_logger("x").info(f"Bearer {OTHER}")
    assert last(stream)["event"] == f"Bearer {logs.HIDDEN}"


def test_short_values_are_not_hidden(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("about ab")
    assert last(stream)["event"] == "about ab"


def test_libraries_go_through_the_same_drawing(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("it broke: %s", "port")
    assert last(stream)["event"] == "it broke: port"
    assert last(stream)["level"] == "error"


def test_httpx_is_silent_about_addresses(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://example.com/hook")
    assert stream.getvalue() == ""


async def test_one_id_from_delivery_to_card(stream: io.StringIO) -> None:
    log = structlog.get_logger("x")

    async def carried() -> None:
        log.info("carried")

    with logs.delivery("slack/T1/123"):
        task = asyncio.create_task(carried())
    await task
    assert last(stream)["delivery"] == "slack/T1/123"
    log.info("outside")
    assert "delivery" not in last(stream)


def test_readable_lines_hide_secrets_too(stream: io.StringIO) -> None:
    logs.configure([OTHER], stream=stream, pretty=True)
    structlog.get_logger("x").warning("hello", token=OTHER)
    assert "hello" in stream.getvalue()
    assert OTHER not in stream.getvalue()
