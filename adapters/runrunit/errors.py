"""What Runrun.it's refusals mean. It documents no error body: they come empty, or as a page (sheet, section 1).

So a status is all that is sure, and words are taken from JSON where there happens to be some.
"""

from pathlib import Path

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unsupported
from adapters.http.responses import ErrorMapper, Response

SENTENCES = Path(__file__).with_name("messages.toml")


def explain_for(platform: str) -> ErrorMapper:
    def explain(reply: Response, operation: str, is_write: bool) -> AdapterError | None:
        said = words(reply)
        match reply.status:
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

    return explain


def words(reply: Response) -> str:
    """Their words, if there are any: ``error``, ``message`` or ``errors``, in whatever nesting."""
    body = reply.json()
    if isinstance(body, dict):
        found = [text for key in ("error", "message", "errors") for text in _texts(body.get(key))]
        return "; ".join(found)
    html = "html" in reply.headers.get("content-type", "") or reply.content.lstrip()[:1] == b"<"
    return "" if html or body is not None else reply.text.strip()[:300]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, dict):
        return [f"{name}: {text}" for name, one in value.items() for text in _texts(one)]
    return []
