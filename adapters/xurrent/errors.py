"""What the error answers mean (the developer site's introduction, "HTTP Status Codes").

A 422 carries ``errors``: pairs of a field's name and a sentence in the language of the token's person. So a
refusal is told by its field, and the sentences are shown as they are.
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

_BY_FIELD = {  # the field that a 422 names -> sentence
    "note": "xurrent.note_needed",
    "member": "xurrent.member",
    "member_id": "xurrent.member",
    "team": "xurrent.team",
    "team_id": "xurrent.team",
    "workflow": "xurrent.run_closed",
    "change": "xurrent.run_closed",
}


def explaining(platform: str, *, own: bool = False) -> ErrorMapper:
    """The ``explain`` of ``adapters/http.py`` for the account named ``platform``.

    ``own``: with a person's own token.
    """

    def explain(reply: Response, operation: str, write: bool) -> AdapterError | None:
        status, said = reply.status, _said(reply)
        if status == 408 or status >= 500:
            if status == 501:
                return None
            kind = OutcomeUnknown if write else Unreachable
            return kind(platform, operation, said=said, status=status)
        match status:
            case 401 if own:
                return Rejected(platform, operation, key="xurrent.own_token", said=said, status=status)
            case 401:
                return CredentialsRejected(platform, operation, key="xurrent.token", said=said)
            case 403:
                return Rejected(platform, operation, key="xurrent.forbidden", said=said, status=status)
            case 404 | 410:
                return NotFound(platform, operation, key="xurrent.not_found", said=said)
            case 409:
                return Conflict(platform, operation, said=said)
            case 405:
                return None
        return _refused(platform, operation, status, said, pairs(reply)) if status >= 400 else None

    return explain


def pairs(reply: Response) -> Sequence[tuple[str, str]]:
    """(field, sentence) of each validation error; a field may come several times, or be empty."""
    body = reply.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, dict):
        errors = list(errors.items())
    found: list[tuple[str, str]] = []
    for error in errors if isinstance(errors, list) else ():
        match error:
            case [str() as field, str() as words]:
                found.append((field, words))
            case [str() as field, list() as several]:
                found += [(field, str(words)) for words in several]
            case str() as words:
                found.append(("", words))
            case _:
                continue
    return found


def _refused(
    platform: str, operation: str, status: int, said: str, errors: Sequence[tuple[str, str]]
) -> AdapterError:
    fields = [field for field, _ in errors]
    reasons = tuple(_line(field, words) for field, words in errors)
    said = "; ".join(reasons) or said
    if operation == "start":
        return Rejected(platform, operation, key="xurrent.start_refused", said=said, status=status)
    keys = [_BY_FIELD[field] for field in fields if field in _BY_FIELD]
    if "status" in fields and not keys:
        return Conflict(platform, operation, key="xurrent.status_refused", said=said, status=status)
    return Rejected(platform, operation, key=keys[0] if keys else "xurrent.refused", said=said, status=status)


def _line(field: str, words: str) -> str:
    line = f"{field}: {words}" if field and field != "base" else words
    return " ".join(line.split())[:300]


def _said(reply: Response) -> str:
    body = reply.json()
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else excerpt(reply)
