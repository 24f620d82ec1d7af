"""What the server's refusals mean (contract sheet, section 1.1).

Bodies: ``{"error": "..."}`` from Playbooks, ``{"id", "message", "status_code"}`` from Mattermost, and plain text
for 401 and for a route that does not exist.

The plugin's own words for a fault inside it come with 500, and from Playbooks 2 on POST /status with 400, also
when the status was posted and only something after it failed: whatever the number, that is no refusal.
"""

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

NO_ROUTE = "playbooks.no_route"
_INSIDE = "internal error has occurred"
_BY_TWO_ROUTES = ("add", "end")
_BAD_REQUESTS = (  # words in a 400 -> sentence
    ("message must not be empty", "playbooks.empty_message"),
    ("reminder must be set", "playbooks.reminder"),
    ("unable to create playbook run", "playbooks.cannot_start"),
    ("model.post.is_valid.msg", "playbooks.too_long"),
    ("owner", "playbooks.owner"),
)


def explain_for(platform: str) -> ErrorMapper:
    def explain(reply: Response, operation: str, is_write: bool) -> AdapterError | None:
        said = _words(reply)
        match reply.status:
            case 400 if is_write and _INSIDE in said:
                return OutcomeUnknown(platform, operation, said=said, status=reply.status)
            case 400:
                return _bad_request(platform, operation, said)
            case 401:
                return CredentialsRejected(platform, operation, key="playbooks.token", said=said)
            case 403:
                return _forbidden(platform, operation, is_write, said)
            case 404 if said.startswith("404 page not found") or (is_write and _no_route(reply, operation)):
                return Unsupported(platform, operation, key=NO_ROUTE, said=said)
            case 405:
                return Unsupported(platform, operation, key=NO_ROUTE, said=said)
            case 501:
                return Unsupported(platform, operation, key="playbooks.plugins_off", said=said)
        return None

    return explain


def _bad_request(platform: str, operation: str, said: str) -> AdapterError:
    lower = said.lower()
    if "finished run" in lower:
        return Conflict(platform, operation, key="playbooks.finished", said=said)
    for words, key in _BAD_REQUESTS:
        if words in lower:
            return Rejected(platform, operation, key=key, said=said)
    return Rejected(platform, operation, said=said, status=400)


def _forbidden(platform: str, operation: str, is_write: bool, said: str) -> AdapterError:
    lower = said.lower()
    if "licen" in lower:
        return Rejected(platform, operation, key="playbooks.licence", said=said)
    if is_write and operation == "start":
        return Rejected(platform, operation, key="playbooks.may_not_start", said=said)
    if is_write:
        return Rejected(platform, operation, key="playbooks.not_participant", said=said)
    return NotFound(platform, operation, key="playbooks.hidden", said=said)


def _no_route(reply: Response, operation: str) -> bool:
    """Whether it is the route that is not there: a thing that is not comes in Mattermost's or the plugin's words.

    Those that go by two routes read the run just before, so that it is the route whatever the words are.
    """
    body = reply.json()
    if not isinstance(body, dict):
        return True
    return "status_code" not in body and ("error" not in body or operation in _BY_TWO_ROUTES)


def _words(reply: Response) -> str:
    body = reply.json()
    if isinstance(body, dict):
        parts = [body.get(key) for key in ("error", "details", "id", "message")]
        found = ": ".join(part for part in parts if isinstance(part, str) and part)
        if found:
            return found
    return excerpt(reply)
