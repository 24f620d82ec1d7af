"""An answer of a platform, whatever its status, and what can be read off it."""

import json as jsonlib
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from adapters.errors import AdapterError, BadResponse

LARGEST_ANSWER = 32 * 2**20  # bytes, unpacked; the largest run that we know of has a twentieth of it
_HALF = re.compile("[\ud800-\udfff]")
_WAITS = ("retry-after", "ratelimit-reset", "x-ratelimit-reset")
_AN_EPOCH = 1e9  # a "number of seconds" above this is a moment, not a wait
_A_SECOND = 1.0

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status. ``headers`` ignores case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, or None when it is not JSON (error pages often are not), or is nested too deep."""
        try:
            said = jsonlib.loads(self.content)
            return _whole(said) if b"\\ud" in self.content.lower() else said
        except (ValueError, RecursionError):
            return None


def json_object(content: bytes) -> Mapping[str, Any]:
    """The JSON object that ``content`` is; an empty one where it is none."""
    found = Response(0, {}, content).json()
    return found if isinstance(found, dict) else {}


def nested_value(value: Any, *names: str) -> Any:
    """What stands at ``names`` within objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True)
class ListResult(Generic[T]):
    """What the pages of a list held. ``complete``: False when there was, or may be, more than was read."""

    items: Sequence[T]
    complete: bool = True


def parse_model(
    model: type[M], body: Any, platform: str, operation: str, otherwise: type[AdapterError] = BadResponse
) -> M:
    """A body as what it must be. Raises ``otherwise`` where it is not: of a write, that its outcome is unknown."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise otherwise(platform, operation, said=f"unexpected {where or 'answer'}") from error


class ResponseTooLarge(Exception):
    """An answer of more than ``LARGEST_ANSWER``."""


async def read_body(pieces: AsyncIterator[bytes]) -> bytes:
    """All of an answer. Raises ``ResponseTooLarge``: a small one may unpack to a thousand times its size."""
    found = bytearray()
    async for piece in pieces:
        found += piece
        if len(found) > LARGEST_ANSWER:
            raise ResponseTooLarge(f"an answer of more than {LARGEST_ANSWER >> 20} MB")
    return bytes(found)


def _whole(said: Any) -> Any:
    """Without halves of surrogate pairs: platforms cut titles within one, and no store and no chat can hold it."""
    if isinstance(said, str):
        return _HALF.sub("\ufffd", said)
    if isinstance(said, dict):
        return {_whole(name): _whole(value) for name, value in said.items()}
    return [_whole(part) for part in said] if isinstance(said, list) else said


ErrorMapper = Callable[[Response, str, bool], AdapterError | None]
"""(reply, operation, is_write) -> the error that says it best, or None for the general rule."""


def retry_after(headers: Mapping[str, str], default: float = 5.0) -> float:
    """Seconds of a Retry-After header, else of (X-)RateLimit-Reset; bounded to an hour. ``default`` without one.

    Either is a number of seconds, a moment since the epoch, or a date (of HTTP, ISO 8601, or with a space).
    A moment is measured by the server's own clock (``Date``), and rounded up: it is written in whole seconds.
    One that is past says that clocks or zones are apart, not that it is over: then ``default`` too, because
    asking at once would be refused at once, and again.
    """
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    found = (_seconds(headers.get(name, "").strip(), now) for name in _WAITS)
    seconds = next((one for one in found if one is not None), default)
    return min(max(seconds, 0.1), 3600.0)


def _seconds(value: str, now: datetime) -> float | None:
    try:
        number = float(value)
    except ValueError:
        at = _date(value)
        return None if at is None else _until(at.timestamp(), now)
    if not math.isfinite(number):
        return None
    return _until(number, now) if number > _AN_EPOCH else number


def _until(moment: float, now: datetime) -> float | None:
    left = moment - now.timestamp()
    return None if left < -_A_SECOND else max(left, 0.0) + _A_SECOND


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        try:
            at = datetime.fromisoformat(re.sub(r" (?:UTC|(?=[+-]\d\d:?\d\d$))", "", value))
        except ValueError:
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def excerpt(reply: Response) -> str:
    """A short plain-text sight of an error body; HTML pages say nothing worth showing."""
    if "html" in reply.headers.get("content-type", "") or reply.content.lstrip()[:1] == b"<":
        return f"HTTP {reply.status}"
    return reply.text[:300]
