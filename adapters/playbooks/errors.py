"""Maps error responses of Playbooks and Mattermost to adapter errors.

Bodies are ``{"error": "..."}`` from Playbooks, ``{"id", "message", "status_code"}`` from Mattermost, and plain
text for 401 and for an unknown route.

The plugin reports its own failures with 500. Playbooks 2 reports them with 400 on POST /status, even if the status
was posted and only a later step failed. With that text, no status code means that the write was refused.
"""

from pathlib import Path

from adapters.errors import (
    AdapterError,
    Conflict,
    CredentialsRejected,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unsupported,
)
from adapters.http.responses import ErrorMapper, Response, excerpt

MESSAGES = Path(__file__).with_name("messages.toml")
NO_ROUTE = "playbooks.no_route"
NOT_PARTICIPANT = "playbooks.not_participant"
_INTERNAL_ERROR = "internal error has occurred"
_TWO_ROUTE_OPERATIONS = ("add", "end")
_BAD_REQUESTS = (  # text in the body of a 400 -> message key
    ("message must not be empty", "playbooks.empty_message"),
    ("reminder must be set", "playbooks.reminder"),
    ("unable to create playbook run", "playbooks.cannot_start"),
    ("model.post.is_valid.msg", "playbooks.too_long"),
    ("owner", "playbooks.owner"),
)


def error_mapper(platform: str) -> ErrorMapper:
    """The error mapping for the HTTP client of the Playbooks platform named ``platform``."""

    def map_error(response: Response, operation: str, is_write: bool) -> AdapterError | None:
        said = _body_text(response)
        match response.status:
            case 400 if is_write and _INTERNAL_ERROR in said:
                return OutcomeUnknown(platform, operation, said=said, status=response.status)
            case 400:
                return _bad_request(platform, operation, said)
            case 401:
                return CredentialsRejected(platform, operation, key="playbooks.token", said=said)
            case 403:
                return _forbidden(platform, operation, is_write, said)
            case 404 if said.startswith("404 page not found") or (is_write and _is_no_route(response, operation)):
                return Unsupported(platform, operation, key=NO_ROUTE, said=said)
            case 405:
                return Unsupported(platform, operation, key=NO_ROUTE, said=said)
            case 501:
                return Unsupported(platform, operation, key="playbooks.plugins_off", said=said)
        return None

    return map_error


def _bad_request(platform: str, operation: str, said: str) -> AdapterError:
    lower = said.lower()
    if "finished run" in lower:
        return Conflict(platform, operation, key="playbooks.finished", for_good=True, said=said)
    for text, key in _BAD_REQUESTS:
        if text in lower:
            return Rejected(platform, operation, key=key, said=said)
    return Rejected(platform, operation, said=said, status=400)


def _forbidden(platform: str, operation: str, is_write: bool, said: str) -> AdapterError:
    lower = said.lower()
    if "licen" in lower:
        return Rejected(platform, operation, key="playbooks.licence", said=said)
    if is_write and operation == "start":
        return Rejected(platform, operation, key="playbooks.may_not_start", said=said)
    if is_write:
        return Rejected(platform, operation, key=NOT_PARTICIPANT, said=said)
    return NotFound(platform, operation, key="playbooks.hidden", said=said)


def _is_no_route(response: Response, operation: str) -> bool:
    """Whether the route is missing. For a missing object, Mattermost and the plugin send a body of their own.

    Operations that can use two routes read the run just before, so only the route can be missing then.
    """
    body = response.json()
    if not isinstance(body, dict):
        return True
    return "status_code" not in body and ("error" not in body or operation in _TWO_ROUTE_OPERATIONS)


def _body_text(response: Response) -> str:
    body = response.json()
    if isinstance(body, dict):
        parts = [body.get(key) for key in ("error", "details", "id", "message")]
        text = ": ".join(part for part in parts if isinstance(part, str) and part)
        if text:
            return text
    return excerpt(response)
