"""Calls webhooks: URLs outside the API, which never get the API key.

A URL comes from the settings, or from a case, where everybody who can edit cases can write one. The latter is
called only over https on a public host name, or on the tenant itself. Redirects are not followed. The response of
a webhook is not quoted, because it may repeat the secret in the URL.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from adapters.errors import AdapterError, OutcomeUnknown, Rejected
from adapters.http.client import HttpClient, HttpClients
from adapters.http.responses import ErrorMapper, Response
from adapters.tines.links import host_of

_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_HEADERS = {"Accept": "application/json, text/plain, */*"}


@dataclass
class Webhooks:
    """``tenant``: the client of the API, used for its address only."""

    tenant: HttpClient
    clients: HttpClients
    _by_origin: dict[str, HttpClient] = field(default_factory=dict)

    def is_allowed(self, url: str) -> bool:
        """Whether a URL that somebody wrote into a case may be called."""
        host = host_of(url)
        if host is None:
            return False
        return self.tenant.same_origin(url) is not None or (url.startswith("https://") and _is_public(host))

    async def post(self, url: str, body: Mapping[str, Any], query: Mapping[str, Any] | None = None) -> None:
        """Sends once. Raises ``adapters.errors``."""
        await self._client(url).write(
            "POST", _with_query(url, query or {}), operation="do", json=dict(body), expect_json=False
        )

    def _client(self, url: str) -> HttpClient:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._by_origin:
            name = self.tenant.platform
            self._by_origin[origin] = self.clients.client(
                name, origin, credential=f"webhooks of {name}", headers=_HEADERS, map_error=_error_mapper(name)
            )
        return self._by_origin[origin]


def _is_public(host: str) -> bool:
    """Whether it is a name with a public domain: not a bare name or an IP address, which may be in our network.

    No top-level domain starts with a digit, and the last part of every form of an IPv4 address does ("0x7f.1").
    """
    name = host.rstrip(".")
    return name.rpartition(".")[2][:1].isalpha() and "." in name and not name.endswith(_PRIVATE_SUFFIXES)


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    parts = urlsplit(url)
    extra = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in query.items()]
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *extra]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _error_mapper(platform: str) -> ErrorMapper:
    def map_error(response: Response, operation: str, is_write: bool) -> AdapterError | None:
        if response.status == 408 or response.status >= 500:
            return OutcomeUnknown(platform, operation, status=response.status)
        if response.status >= 400:
            return Rejected(platform, operation, key="tines.webhook_refused", status=response.status)
        return None

    return map_error
