"""The requests: headers of each flavour, pages by the Link header, the rate headers, and JSON to wire models."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from adapters.errors import AdapterError, BadResponse, NotFound, OutcomeUnknown, Rejected
from adapters.http.client import HttpClient
from adapters.http.rate_limits import RateLimit
from adapters.http.responses import ListResult, Response, parse_model
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.wire import Task, Wire

PACE = RateLimit(concurrency=6, calls=20, per=2.0)  # the vendor's own clients keep to 20 requests in 2 seconds
PER_PAGE = 100
MAX_PAGES = 50
LONGEST_REST = 60.0  # seconds; when the hour's requests are used up, the next answer says how long it really is
_ACCOUNT_HEADERS = {"xurrent": "X-Xurrent-Account", "4me": "X-4me-Account", "itrp": "X-ITRP-Account"}
RARE_FIELDS = ("urgent", "phase")  # documented, and in no sample: done without where a server does not know them
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))', re.IGNORECASE)

W = TypeVar("W", bound=Wire)


def headers(settings: XurrentSettings, token: str) -> dict[str, str]:
    """Old: the token as a user's name with the password "x" (the tasks page's curl line). New: a bearer token."""
    basic = base64.b64encode(f"{token}:x".encode()).decode()
    return {
        "Authorization": f"Basic {basic}" if settings.flavour == "itrp" else f"Bearer {token}",
        _ACCOUNT_HEADERS[settings.flavour]: settings.account,
        "Accept": "application/json",
    }


@dataclass
class Api:
    """``per_page`` is 0 for the old API, which does not document it."""

    caller: HttpClient
    now: Callable[[], datetime]
    per_page: int = PER_PAGE
    _unknown: dict[type[Wire], frozenset[str]] = field(default_factory=dict)  # fields that this server turned down

    @property
    def name(self) -> str:
        return self.caller.platform

    async def one(self, model: type[W], path: str, operation: str) -> W:
        reply = await self.caller.read_response(path, operation=operation)
        return self._parsed(model, self._json(reply, operation), operation, BadResponse)

    async def many(
        self,
        model: type[W],
        path: str,
        operation: str,
        params: Mapping[str, str] | None = None,
        *,
        fields: Sequence[str] = (),
        pages: int = MAX_PAGES,
    ) -> ListResult[W]:
        """``fields`` beyond the default ones are asked for; of a server that knows none of them, its default."""
        asked = dict(params or {})
        if self.per_page:
            asked["per_page"] = str(self.per_page)
        names = tuple(name for name in fields if name not in self._unknown.get(model, ()))
        chosen = {"fields": ",".join(names)} if names else {}
        try:
            return await self._pages(model, path, operation, {**asked, **chosen}, pages)
        except Rejected as error:
            if not names or error.facts.get("status") not in (400, 422):
                raise
        common = tuple(name for name in names if name not in RARE_FIELDS)
        fewer = common if common != names else ()
        found = await self.many(model, path, operation, params, fields=fewer, pages=pages)
        self._unknown[model] = self._unknown.get(model, frozenset()) | (set(names) - set(fewer))
        return found  # the same call without them went well

    async def write(self, method: str, path: str, operation: str, body: Mapping[str, Any], model: type[W]) -> W:
        """Sends once. A 2xx that we cannot read leaves the outcome unknown."""
        reply = await self.caller.send(method, path, operation=operation, write=True, json=body)
        self._watch(reply)
        return self._parsed(model, reply.json(), operation, OutcomeUnknown)

    async def change(self, task: str, operation: str, body: Mapping[str, Any]) -> Task | None:
        """Sends a change of a task, once. None where the answer is cut short, as the documents print it: an object
        without an id. It says "200 OK" all the same."""
        path = f"tasks/{self.id(task, operation)}"
        reply = await self.caller.send("PATCH", path, operation=operation, write=True, json=body)
        self._watch(reply)
        said = reply.json()
        cut_short = isinstance(said, dict) and bool(said) and "id" not in said
        return None if cut_short else self._parsed(Task, said, operation, OutcomeUnknown)

    def id(self, id: str, operation: str) -> str:
        """``id`` if it can stand in an address. People type ids too (``xurrent:7``)."""
        if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", id):
            return id
        raise NotFound(self.name, operation, key="xurrent.not_an_id", id=id[:64])

    def number(self, id: str, operation: str) -> int:
        """``id`` as it stands in a body: references are numbers there."""
        if re.fullmatch(r"[1-9][0-9]{0,17}", id):
            return int(id)
        raise Rejected(self.name, operation, key="xurrent.not_a_number", id=id[:64])

    async def _pages(
        self, model: type[W], path: str, operation: str, params: Mapping[str, str], pages: int
    ) -> ListResult[W]:
        """Follows ``rel="next"``. A page that brings nothing new ends the list."""
        items: dict[str, W] = {}
        place = path
        for number in range(pages):
            asked = params if number == 0 else None  # the next page's address says it all
            reply = await self.caller.read_response(place, operation=operation, params=asked or None)
            page = self._list(model, self._json(reply, operation), operation)
            fresh = {getattr(item, "id"): item for item in page}  # noqa: B009
            more = fresh.keys() - items.keys()
            items |= fresh
            link = self._next(reply, operation)
            if link is None or not more:
                return ListResult(tuple(items.values()))
            place = link
        return ListResult(tuple(items.values()), complete=False)

    def _next(self, reply: Response, operation: str) -> str | None:
        """The next page's address. Our token goes to no other site, whatever a page says."""
        for link, said in _LINK.findall(reply.headers.get("link", "")):
            rels = " ".join(quoted or bare for quoted, bare in _REL.findall(said)).lower().split()
            if "next" in rels:
                whole = self.caller.same_origin(link.strip())
                if whole is None:
                    raise BadResponse(self.name, operation, key="platform.foreign_link", said=link)
                return whole
        return None

    def _json(self, reply: Response, operation: str) -> Any:
        self._watch(reply)
        body = reply.json()
        if body is None:
            raise BadResponse(self.name, operation, said="an answer that is no JSON")
        return body

    def _list(self, model: type[W], body: Any, operation: str) -> Sequence[W]:
        """A bare array; what is no object in it is no record (the documents' samples end in "...")."""
        if not isinstance(body, list):
            raise BadResponse(self.name, operation, said="unexpected answer, not a list")
        return [self._parsed(model, one, operation, BadResponse) for one in body if isinstance(one, dict)]

    def _parsed(self, model: type[W], body: Any, operation: str, otherwise: type[AdapterError]) -> W:
        return parse_model(model, body, self.name, operation, otherwise)

    def _watch(self, reply: Response) -> None:
        """The last request of the hour was used: nobody goes before the window ends, or ``LONGEST_REST``."""
        left, reset = reply.headers.get("x-ratelimit-remaining"), reply.headers.get("x-ratelimit-reset", "")
        if left is not None and left.strip() == "0" and re.fullmatch(r"\d{1,12}", reset.strip()):
            rest = int(reset) - self.now().timestamp()
            if rest > 0:
                self.caller.rate_limiter.block_for(min(rest, LONGEST_REST))
