"""Structured logs: JSON lines, or readable lines on a terminal; every secret of the settings hidden in both.

Everything goes through the standard library's root logger, so that what uvicorn, Bolt and httpx say is
drawn and redacted too. ``delivery(key)`` binds one id to all that is logged from a delivery to its card.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.surfaces.console.terminal_text import one_line, strip_controls

HIDDEN = "[secret]"
SHORTEST_SECRET = 4  # hiding shorter ones would hide ordinary words
_QUIET = {
    "httpx": logging.WARNING,  # logs every address, and ours may hold a secret
    "httpcore": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "slack_bolt": logging.WARNING,
    "slack_sdk": logging.WARNING,
    "uvicorn": logging.WARNING,
}


class Redactor:
    """Hides every secret in a text: as it is, within JSON, and percent-encoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        words = (secret.strip() for secret in secrets)  # a secret is sent without the line break of its file
        forms = {form for word in words if len(word) >= SHORTEST_SECRET for form in _forms(word)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def configure(
    secrets: Iterable[str] = (),
    *,
    stream: TextIO | None = None,
    level: int = logging.INFO,
    pretty: bool | None = None,
) -> None:
    """Logs go to ``stream`` (standard error). ``pretty`` None: JSON unless it is a terminal."""
    stream = stream or sys.stderr
    pretty = stream.isatty() if pretty is None else pretty
    redact = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_drawing(pretty, redact)],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, lowest))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_uncaught


@contextmanager
def delivery(key: str) -> Iterator[None]:
    """All that is logged inside, and in tasks made inside, carries ``delivery``."""
    with structlog.contextvars.bound_contextvars(delivery=key):
        yield


def _drawing(pretty: bool, redact: Redactor) -> list[Processor]:
    draw: Processor
    if pretty:
        draw = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        return [_on_one_line, _redacting(draw, redact)]
    draw = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return [structlog.processors.format_exc_info, _redacting(draw, redact)]


def _redacting(draw: Processor, redact: Redactor) -> Processor:
    def drawn(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return strip_controls(redact(str(draw(logger, method, event))))

    return drawn


def _on_one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """So that no value can look like another entry; JSON does that by itself."""
    return {name: one_line(value) if isinstance(value, str) else value for name, value in event.items()}


def _forms(secret: str) -> set[str]:
    as_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {
        secret,
        as_json,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
    }


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("liaison").critical("stopped by a fault", exc_info=(kind, error, trace))
