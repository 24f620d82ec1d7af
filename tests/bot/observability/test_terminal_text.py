"""Texts from outside cannot control the terminal or imitate a line of our own."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.config.checks import fix, ok
from bot.observability import logs
from bot.observability.check_report import CheckCounter
from bot.surfaces.console.terminal import Screen

EVIL = "title\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt\x08"
CONTROLS = "\x1b\x07\x9b\u202e\x08"


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    root, hook = logging.getLogger(), sys.excepthook
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure([], stream=written, pretty=True)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    sys.excepthook = hook
    structlog.reset_defaults()


def test_a_log_record_is_one_line_without_control_characters(terminal: io.StringIO) -> None:
    log = structlog.get_logger("liaison")
    log.warning(f"refused {EVIL}", why=f"{EVIL}\n2026-01-01 [error] forged")
    logging.getLogger("theirs").warning("said %s", f"{EVIL}\nforged")
    assert len(terminal.getvalue().splitlines()) == 2
    try:
        raise ValueError(EVIL)
    except ValueError:
        log.exception("an error")
    written = terminal.getvalue()
    assert "Traceback" in written
    assert not set(CONTROLS) & set(written)


def test_a_check_of_doctor_is_one_line_without_control_characters() -> None:
    counter = CheckCounter(logs.Redactor(()))
    for result in (ok(EVIL), fix(f"{EVIL}\nok   all is well", EVIL)):
        line = counter.line(result)
        assert "\n" not in line
        assert not set(CONTROLS) & set(line)
    assert (counter.ok, counter.fix) == (1, 1)


def test_a_screen_shows_no_control_characters() -> None:
    out = io.StringIO()
    Screen(out, width=80).show([f"  1 {EVIL}"])
    assert not set(CONTROLS) & set(out.getvalue())
