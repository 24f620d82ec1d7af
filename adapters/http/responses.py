"""A platform's response, whatever its status, and ways to read it."""

import json as jsonlib
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from adapters.errors import AdapterError, BadResponse

MAX_BODY = 32 * 2**20  # bytes, decompressed; the largest run that we know of takes a twentieth of it
_SURROGATE = re.compile("[\ud800-\udfff]")
_WAIT_HEADERS = ("retry-after", "ratelimit-reset", "x-ratelimit-reset")
_EPOCH = 1e9  # a number of seconds above this is a point in time, not a wait
_ONE_SECOND = 1.0
_MAX_DEPTH = 4  # of an error body

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Response:
    """``headers`` ignores case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; None if it is not JSON (error pages often are not) or nested too deeply."""
        try:
            body = jsonlib.loads(self.content)
            return _without_surrogates(body) if b"\\ud" in self.content.lower() else body
        except (ValueError, RecursionError):
            return None


def json_object(content: bytes) -> Mapping[str, Any]:
    """``content`` as a JSON object; an empty one if it is something else."""
    body = Response(0, {}, content).json()
    return body if isinstance(body, dict) else {}


def nested_value(value: Any, *names: str) -> Any:
    """The value at ``names`` in nested objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def parse_model(
    model: type[M], body: Any, platform: str, operation: str, otherwise: type[AdapterError] = BadResponse
) -> M:
    """The body as ``model``. Raises ``otherwise`` if it does not fit: for a write, ``OutcomeUnknown``."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise otherwise(platform, operation, said=f"unexpected {where or 'answer'}") from error


class ResponseTooLarge(Exception):
    """The body is larger than ``MAX_BODY``."""


async def read_body(chunks: AsyncIterator[bytes]) -> bytes:
    """Raises ``ResponseTooLarge``: a small response may decompress to a thousand times its size."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise ResponseTooLarge(f"a response of more than {MAX_BODY >> 20} MB")
    return bytes(body)


def _without_surrogates(value: Any) -> Any:
    """Platforms cut titles inside a surrogate pair; neither the store nor a chat can take one half of it."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


ErrorMapper = Callable[[Response, str, bool], AdapterError | None]
"""(response, operation, is_write) -> the error, or None to use ``error_from_status``."""


def retry_after(headers: Mapping[str, str], default: float = 5.0) -> float:
    """Seconds to wait by Retry-After, or else (X-)RateLimit-Reset; an hour at most. ``default`` without either.

    A header has a number of seconds, seconds since the epoch, or a date (HTTP's, ISO 8601, or one with a space).
    A point in time is compared with the server's own clock (``Date``) and rounded up, as it has whole seconds.
    One in the past means that clocks or time zones differ, not that the wait is over: then it is ``default``.
    """
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    waits = (_seconds(headers.get(name, "").strip(), now) for name in _WAIT_HEADERS)
    seconds = next((wait for wait in waits if wait is not None), default)
    return min(max(seconds, 0.1), 3600.0)


def _seconds(value: str, now: datetime) -> float | None:
    try:
        number = float(value)
    except ValueError:
        at = _date(value)
        return None if at is None else _until(at.timestamp(), now)
    if not math.isfinite(number):
        return None
    return _until(number, now) if number > _EPOCH else number


def _until(timestamp: float, now: datetime) -> float | None:
    left = timestamp - now.timestamp()
    return None if left < -_ONE_SECOND else max(left, 0.0) + _ONE_SECOND


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        try:
            at = datetime.fromisoformat(re.sub(r" (?:UTC|(?=[+-]\d\d:?\d\d$))", "", value))
        except ValueError:
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def excerpt(response: Response) -> str:
    """What an error body says, in any shape; the status alone for HTML pages."""
    if _is_html(response):
        return f"HTTP {response.status}"
    body = response.json()
    return response.text[:300] if body is None else _text_in(body)[:300]


def unreadable_text(response: Response) -> str:
    """A 2xx response that is not what was expected, if it says something. Data is not for chat: whoever asked may
    not be allowed to see it."""
    is_data = response.json() is not None or response.content.lstrip()[:1] in (b"{", b"[")
    return "" if is_data or _is_html(response) else response.text[:300]


def _is_html(response: Response) -> bool:
    return "html" in response.headers.get("content-type", "") or response.content.lstrip()[:1] == b"<"


def _text_in(body: Any, depth: int = 0) -> str:
    """``{"error": …}``, ``{"errors": […]}``, a string; of other objects, all that they say."""
    if depth > _MAX_DEPTH:
        return ""
    match body:
        case str():
            return body.strip()
        case bool() | int() | float():
            return str(body) if depth else ""
        case list():
            return "; ".join(text for item in body if (text := _text_in(item, depth + 1)))
        case dict():
            for name in ("message", "error", "errors", "detail", "title"):
                if text := _text_in(body.get(name), depth + 1):
                    return text
            texts = ((name, _text_in(value, depth + 1)) for name, value in body.items())
            return "; ".join(f"{name}: {text}" for name, text in texts if text)
    return ""
