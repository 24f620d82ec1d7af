"""POSTs to webhooks: addresses beyond the API, which never get our key.

An address comes from the settings, or from a case, where everybody who may change cases may write one. The latter
is only called with https and at a name of the public net, or on the tenant itself; redirects are not followed.
What a webhook answers is not quoted: its words may repeat the secret of the address.
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

_OURS_ALONE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_HEADERS = {"Accept": "application/json, text/plain, */*"}


@dataclass
class Webhooks:
    """``tenant``: the caller of the API; only its address is looked at."""

    tenant: HttpClient
    http: HttpClients
    _callers: dict[str, HttpClient] = field(default_factory=dict)

    def may_call(self, url: str) -> bool:
        """Whether an address that somebody wrote into a case is one to call."""
        host = host_of(url)
        if host is None:
            return False
        return self.tenant.same_origin(url) is not None or (url.startswith("https://") and _is_public(host))

    async def post(self, url: str, body: Mapping[str, Any], query: Mapping[str, Any] | None = None) -> None:
        """Sends once. Raises ``adapters.errors``."""
        await self._caller(url).write(
            "POST", _with_query(url, query or {}), operation="do", json=dict(body), expect_json=False
        )

    def _caller(self, url: str) -> HttpClient:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._callers:
            name = self.tenant.platform
            self._callers[origin] = self.http.client(
                name, origin, credential=f"webhooks of {name}", headers=_HEADERS, map_error=_explaining(name)
            )
        return self._callers[origin]


def _is_public(host: str) -> bool:
    """A name with a domain: no bare name and no address of a machine, which may be one of our own net.

    No domain's last word begins with a digit, and every spelling of an address does ("127.1", "0x7f.1").
    """
    name = host.rstrip(".")
    return name.rpartition(".")[2][:1].isalpha() and "." in name and not name.endswith(_OURS_ALONE)


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    parts = urlsplit(url)
    added = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in query.items()]
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *added]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _explaining(platform: str) -> ErrorMapper:
    def explain(reply: Response, operation: str, write: bool) -> AdapterError | None:
        if reply.status == 408 or reply.status >= 500:
            return OutcomeUnknown(platform, operation, status=reply.status)
        if reply.status >= 400:
            return Rejected(platform, operation, key="tines.webhook_refused", status=reply.status)
        return None

    return explain
