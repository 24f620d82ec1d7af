"""Maps Runrun.it's error responses to adapter errors.

The API documentation describes no error body: its samples are empty, or an HTML page ("Errors"). Only the status
is reliable, and a message is taken from JSON if there happens to be one.
"""

from pathlib import Path
from typing import Any

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unsupported
from adapters.http.responses import ErrorMapper, Response

MESSAGES = Path(__file__).with_name("messages.toml")


def error_mapper(platform: str) -> ErrorMapper:
    """The error mapper of the Runrun.it account named ``platform``."""

    def map_error(response: Response, operation: str, is_write: bool) -> AdapterError | None:
        said = error_text(response)
        match response.status:
            case 401:
                return CredentialsRejected(platform, operation, key="runrunit.keys", said=said)
            case 403:
                return Rejected(platform, operation, key="runrunit.forbidden", said=said)
            case 404 | 410:
                return NotFound(platform, operation, key="runrunit.not_found", said=said)
            case 405 | 501:
                return Unsupported(platform, operation, key="runrunit.no_route", said=said)
            case status if 400 <= status < 500 and status not in (408, 409):
                key = "runrunit.refused" if said else "runrunit.refused_silently"
                return Rejected(platform, operation, key=key, said=said)
        return None

    return map_error


def with_key(error: Rejected, key: str, **facts: Any) -> Rejected:
    """``error`` with a message that says what was requested, because Runrun.it rarely gives a reason."""
    if error.key == "runrunit.forbidden":
        return error
    return Rejected(error.platform, error.operation, key=key, said=error.said, **facts)


def error_text(response: Response) -> str:
    """The response's ``error``, ``message`` or ``errors``, however nested; empty if there is none."""
    body = response.json()
    if isinstance(body, dict):
        texts = [text for key in ("error", "message", "errors") for text in _texts(body.get(key))]
        return "; ".join(texts)
    is_html = "html" in response.headers.get("content-type", "") or response.content.lstrip()[:1] == b"<"
    return "" if is_html or body is not None else response.text.strip()[:300]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return [f"{name}: {text}" for name, item in value.items() for text in _texts(item)]
    return []
