"""Maps Tines' error responses to adapter errors.

The API gives no schema for error bodies (Tines API, "HTTP Status codes"), so any shape is read. A key without the
required permission gets 404, never 401 or 403 (Tines API, "View API Keys"), so "not found" always says both.
"""

import re
from pathlib import Path

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.http.responses import ErrorMapper, Response, excerpt

MESSAGES = Path(__file__).with_name("messages.toml")
_UNINFORMATIVE = re.compile(r"(|\{\}|\[\]|null|(404:? )?not found\.?)", re.IGNORECASE)


def error_mapper(platform: str) -> ErrorMapper:
    """The error mapping for the HTTP client of the Tines platform named ``platform``."""

    def map_error(response: Response, operation: str, is_write: bool) -> AdapterError | None:
        said = excerpt(response)
        if response.status in (404, 410):
            return NotFound(platform, operation, key="tines.not_found", said=_informative(said))
        if response.status == 409:
            return Conflict(platform, operation, said=_informative(said))
        if response.status in (400, 422):
            return Rejected(
                platform, operation, key="tines.refused", said=_informative(said), status=response.status
            )
        return None

    return map_error


def _informative(said: str) -> str:
    """Empty for an empty body, and for one that only repeats the status."""
    return "" if _UNINFORMATIVE.fullmatch(said.strip()) else said
