"""What Tines' error answers mean. Their bodies have no documented shape (sheet 1), so none is demanded.

A key that lacks a right gets 404, never 401 or 403 (L88 of the document), so "not found" always says both.
"""

import re
from pathlib import Path
from typing import Any

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.http.responses import ErrorMapper, Response, excerpt

SENTENCES = Path(__file__).with_name("messages.toml")
_DEEPEST = 4
_EMPTY = re.compile(r"(|\{\}|\[\]|null|(404:? )?not found\.?)", re.IGNORECASE)


def explaining(platform: str) -> ErrorMapper:
    """The ``explain`` of ``adapters/http.py`` for the Tines named ``platform``."""

    def explain(reply: Response, operation: str, write: bool) -> AdapterError | None:
        said = _words(reply.json()) or excerpt(reply)
        if reply.status in (404, 410):
            return NotFound(platform, operation, key="tines.not_found", said=_worth(said))
        if reply.status == 409:
            return Conflict(platform, operation, said=_worth(said))
        if reply.status in (400, 422):
            return Rejected(platform, operation, key="tines.refused", said=_worth(said), status=reply.status)
        return None

    return explain


def _words(body: Any, depth: int = 0) -> str:
    """The text in an error body, whatever it is made of: ``{"error": …}``, ``{"errors": […]}``, text."""
    if depth > _DEEPEST:
        return ""
    match body:
        case str():
            return body.strip()
        case list():
            return "; ".join(words for one in body if (words := _words(one, depth + 1)))
        case dict():
            for name in ("message", "error", "errors", "detail", "title"):
                if words := _words(body.get(name), depth + 1):
                    return words
            return "; ".join(f"{name}: {words}" for name, one in body.items() if (words := _words(one, depth + 1)))
    return ""


def _worth(said: str) -> str:
    """Nothing where there is nothing to read, or nothing but what the sentence says already."""
    return "" if _EMPTY.fullmatch(said.strip()) else said
