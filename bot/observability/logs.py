"""Structured logs: JSON lines, or readable lines on a terminal. The secrets of the settings are redacted in both.

Everything goes through the root logger of the standard library, so the log records of uvicorn, Bolt and httpx are
formatted and redacted too. ``delivery(key)`` adds one id to all log records about a message.
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
_LINE_SEPARATORS = {0x2028: "\\u2028", 0x2029: "\\u2029"}  # JSON leaves them, and many programs break lines there
_QUIET = {
    "httpx": logging.WARNING,  # logs every URL, and ours may contain a secret
    "httpcore": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "slack_bolt": logging.WARNING,
    "slack_sdk": logging.WARNING,
    "uvicorn": logging.WARNING,
}


class Redactor:
    """Replaces secrets in a text: as they are, escaped as JSON or by ``repr``, and percent-encoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        stripped = (secret.strip() for secret in secrets)  # secrets are sent without the line break of their file
        forms = {form for secret in stripped if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
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
    """Logs to ``stream`` (default: standard error). ``pretty`` defaults to True on a terminal."""
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
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(pretty, redact)],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, minimum in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, minimum))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_uncaught


@contextmanager
def delivery(key: str) -> Iterator[None]:
    """Adds ``delivery`` to everything logged in this context and in tasks created in it."""
    with structlog.contextvars.bound_contextvars(delivery=key):
        yield


def _renderers(pretty: bool, redact: Redactor) -> list[Processor]:
    render: Processor
    if pretty:
        render = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        return [_values_on_one_line, _redacted(render, redact)]
    render = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return [structlog.processors.format_exc_info, _redacted(render, redact)]


def _redacted(render: Processor, redact: Redactor) -> Processor:
    def render_redacted(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return strip_controls(redact(str(render(logger, method, event)))).translate(_LINE_SEPARATORS)

    return render_redacted


def _values_on_one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """So that no value can look like another log line. JSON escapes line breaks anyway."""
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


def _log_uncaught(error_type: type[BaseException], error: BaseException, traceback: Any) -> None:
    if issubclass(error_type, KeyboardInterrupt):
        return
    structlog.get_logger("liaison").critical(
        "stopped by an unexpected error", exc_info=(error_type, error, traceback)
    )
