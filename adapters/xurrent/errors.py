"""Maps Xurrent's error responses (developer site, "Introduction", HTTP Status Codes) to adapter errors.

A 422 has ``errors``: pairs of a field name and a sentence in the language of the token's person. The field decides
which error it is; the sentences are shown as they are.
"""

from collections.abc import Sequence

from adapters.errors import (
    AdapterError,
    Conflict,
    CredentialsRejected,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from adapters.http.responses import ErrorMapper, Response, excerpt

_MESSAGE_BY_FIELD = {
    "note": "xurrent.note_needed",
    "member": "xurrent.member",
    "member_id": "xurrent.member",
    "team": "xurrent.team",
    "team_id": "xurrent.team",
    "workflow": "xurrent.run_closed",
    "change": "xurrent.run_closed",
}


def error_mapper(platform: str, *, personal: bool = False) -> ErrorMapper:
    """``personal`` is True for requests with somebody's own token instead of Liaison's."""

    def map_error(response: Response, operation: str, write: bool) -> AdapterError | None:
        status, said = response.status, _error_text(response)
        if status == 408 or status >= 500:
            if status == 501:
                return None
            error_type = OutcomeUnknown if write else Unreachable
            return error_type(platform, operation, said=said, status=status)
        match status:
            case 401 if personal:
                return Rejected(platform, operation, key="xurrent.own_token", said=said, status=status)
            case 401:
                return CredentialsRejected(platform, operation, key="xurrent.token", said=said)
            case 403:
                key = "xurrent.own_forbidden" if personal else "xurrent.forbidden"
                return Rejected(platform, operation, key=key, said=said, status=status)
            case 404 | 410:
                return NotFound(platform, operation, key="xurrent.not_found", said=said)
            case 409:
                return Conflict(platform, operation, said=said)
            case 405:
                return None
        errors = validation_errors(response)
        return _validation_error(platform, operation, status, said, errors) if status >= 400 else None

    return map_error


def validation_errors(response: Response) -> Sequence[tuple[str, str]]:
    """(field, sentence) of each validation error. A field may be empty, or come several times."""
    body = response.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, dict):
        errors = list(errors.items())
    pairs: list[tuple[str, str]] = []
    for error in errors if isinstance(errors, list) else ():
        match error:
            case [str() as field, str() as sentence]:
                pairs.append((field, sentence))
            case [str() as field, list() as sentences]:
                pairs += [(field, str(sentence)) for sentence in sentences]
            case str() as sentence:
                pairs.append(("", sentence))
            case _:
                continue
    return pairs


def _validation_error(
    platform: str, operation: str, status: int, said: str, errors: Sequence[tuple[str, str]]
) -> AdapterError:
    fields = [field for field, _ in errors]
    said = "; ".join(_format_error(field, sentence) for field, sentence in errors) or said
    if operation == "start":
        return Rejected(platform, operation, key="xurrent.start_refused", said=said, status=status)
    keys = [_MESSAGE_BY_FIELD[field] for field in fields if field in _MESSAGE_BY_FIELD]
    if "status" in fields and not keys:
        return Conflict(platform, operation, key="xurrent.status_refused", said=said, status=status)
    return Rejected(platform, operation, key=keys[0] if keys else "xurrent.refused", said=said, status=status)


def _format_error(field: str, sentence: str) -> str:
    line = f"{field}: {sentence}" if field and field != "base" else sentence
    return " ".join(line.split())[:300]


def _error_text(response: Response) -> str:
    body = response.json()
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else excerpt(response)
