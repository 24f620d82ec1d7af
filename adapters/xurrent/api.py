"""Requests to the API: headers, paging by the ``Link`` header, rate-limit headers, and JSON to wire models."""

import base64
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from adapters.errors import BadResponse, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.http.rate_limits import RateLimit
from adapters.http.responses import Response, parse_model
from adapters.models import Listing
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.text import label
from adapters.xurrent.wire import Task, Wire

RATE_LIMIT = RateLimit(concurrency=6, calls=20, per=2.0)  # the pace of the vendor's own SDKs
PAGE_SIZE = 100
MAX_PAGES = 50
MAX_PAUSE = 60.0  # seconds; the first response after the pause says how long the limit really lasts
_ACCOUNT_HEADERS = {"xurrent": "X-Xurrent-Account", "4me": "X-4me-Account", "itrp": "X-ITRP-Account"}
COMMON_TASK_FIELDS = (
    "id",
    "sourceID",
    "subject",
    "category",
    "status",
    "team",
    "member",
    "completion_target_at",
    "finished_at",
    "required_approvals",
    "waiting_until",
    "anticipated_assignment_at",
    "impact",
    "start_at",
    "urgent",
    "instructions",
)
RARE_FIELDS = ("urgent", "phase")  # documented, but in no sample: dropped if a server rejects them
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))', re.IGNORECASE)

W = TypeVar("W", bound=Wire)


def request_headers(settings: XurrentSettings, token: str) -> dict[str, str]:
    """Bearer for the new API. The old one takes the token as user name, with password "x" (ITRP, "Tasks")."""
    basic = base64.b64encode(f"{token}:x".encode()).decode()
    return {
        "Authorization": f"Basic {basic}" if settings.flavour == "itrp" else f"Bearer {token}",
        _ACCOUNT_HEADERS[settings.flavour]: settings.account,
        "Accept": "application/json",
    }


@dataclass
class Api:
    """``page_size`` is 0 for the old API, which does not document ``per_page``."""

    client: HttpClient
    now: Callable[[], datetime]
    page_size: int = PAGE_SIZE
    _rejected_fields: dict[type[Wire], frozenset[str]] = field(default_factory=dict)
    _rejects_edit_fields: bool = False

    @property
    def name(self) -> str:
        return self.client.platform

    async def fetch(self, model: type[W], path: str, operation: str) -> W:
        response = await self.client.read_response(path, operation=operation)
        await self._track_rate_limit(response)
        return parse_model(model, self._json(response, operation), self.name, operation)

    async def fetch_list(
        self,
        model: type[W],
        path: str,
        operation: str,
        params: Mapping[str, str] | None = None,
        *,
        fields: Sequence[str] = (),
        pages: int = MAX_PAGES,
    ) -> Listing[W]:
        """All pages of a list. If the server rejects ``fields``, asks without the rare ones, then without any."""
        query = dict(params or {})
        if self.page_size:
            query["per_page"] = str(self.page_size)
        names = tuple(name for name in fields if name not in self._rejected_fields.get(model, ()))
        if names:
            query["fields"] = ",".join(names)
        try:
            return await self._fetch_pages(model, path, operation, query, pages)
        except Rejected as error:
            if not names or error.facts.get("status") not in (400, 422):
                raise
        common = tuple(name for name in names if name not in RARE_FIELDS)
        fewer = common if common != names else ()
        result = await self.fetch_list(model, path, operation, params, fields=fewer, pages=pages)
        # The same request succeeded without them, so it was the fields that the server rejected.
        self._rejected_fields[model] = self._rejected_fields.get(model, frozenset()) | (set(names) - set(fewer))
        return result

    async def edited(
        self, model: type[W], path: str, fields: Sequence[str], since: datetime | None = None
    ) -> AsyncGenerator[Sequence[W], None]:
        """Pages of a list, the record that was edited last first. Raises ``Unsupported`` if that is rejected."""
        query = {"sort": "-updated_at"}
        if since is not None:
            query["updated_at"] = f">={since:%Y-%m-%dT%H:%M:%SZ}"
        if self.page_size:
            query["per_page"] = str(self.page_size)
        if not self._rejects_edit_fields:
            query["fields"] = ",".join(fields)
        try:
            async with aclosing(self._pages(model, path, "show", query)) as pages:
                async for page, _ in pages:
                    yield page
        except Rejected as error:
            if self._rejects_edit_fields or error.facts.get("status") not in (400, 422):
                raise Unsupported(self.name, "show", said=error.said) from error
            self._rejects_edit_fields = True
            async with aclosing(self.edited(model, path, fields, since)) as pages:
                async for page in pages:
                    yield page

    async def write(self, method: str, path: str, operation: str, body: Mapping[str, Any], model: type[W]) -> W:
        """Sends once. Raises ``OutcomeUnknown`` for a 2xx that is not a ``model``."""
        response = await self._send(method, path, operation, body)
        return parse_model(model, response.json(), self.name, operation, OutcomeUnknown)

    async def update_task(self, task: str, operation: str, body: Mapping[str, Any]) -> Task | None:
        """Sends a PATCH of a task, once.

        None if the response is an object without an ID (as ITRP, "Tasks", prints it): the update was accepted.
        """
        response = await self._send("PATCH", f"tasks/{self.path_id(task, operation)}", operation, body)
        result = response.json()
        if isinstance(result, dict) and result and "id" not in result:
            return None
        return parse_model(Task, result, self.name, operation, OutcomeUnknown)

    def path_id(self, id: str, operation: str) -> str:
        """``id`` if it is safe in a URL path: people type IDs too (``xurrent:7``)."""
        if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", id):
            return id
        raise NotFound(self.name, operation, key="xurrent.not_an_id", id=id[:64])

    def body_id(self, id: str, operation: str) -> int:
        """``id`` for a request body, where references are numbers."""
        if re.fullmatch(r"[1-9][0-9]{0,17}", id):
            return int(id)
        raise Rejected(self.name, operation, key="xurrent.not_a_number", id=id[:64])

    async def _send(self, method: str, path: str, operation: str, body: Mapping[str, Any]) -> Response:
        response = await self.client.send(method, path, operation=operation, write=True, json=body)
        await self._track_rate_limit(response)
        return response

    async def _fetch_pages(
        self, model: type[W], path: str, operation: str, params: Mapping[str, str], pages: int
    ) -> Listing[W]:
        """Follows ``rel="next"``. A page without new records ends the list."""
        items: dict[str, W] = {}
        number = 0
        async with aclosing(self._pages(model, path, operation, params)) as listing:
            async for page, is_last in listing:
                number += 1
                by_id = {getattr(item, "id"): item for item in page}  # noqa: B009
                has_new = bool(by_id.keys() - items.keys())
                items |= by_id
                if is_last or not has_new:
                    return Listing(tuple(items.values()))
                if number == pages:
                    break
        return Listing(tuple(items.values()), complete=False)

    async def _pages(
        self, model: type[W], path: str, operation: str, params: Mapping[str, str]
    ) -> AsyncGenerator[tuple[Sequence[W], bool], None]:
        """Pages, and whether each is the last one."""
        url: str | None = path
        query: Mapping[str, str] | None = params or None
        while url is not None:
            response = await self.client.read_response(url, operation=operation, params=query)
            await self._track_rate_limit(response)
            page = self._parse_list(model, self._json(response, operation), operation)
            url, query = self._next_url(response, operation), None  # the next page's URL has its own query
            yield page, url is None

    def _next_url(self, response: Response, operation: str) -> str | None:
        """Raises ``BadResponse`` for a page on another site: the token must not be sent there."""
        for link, parameters in _LINK.findall(response.headers.get("link", "")):
            rels = " ".join(quoted or bare for quoted, bare in _REL.findall(parameters)).lower().split()
            if "next" in rels:
                url = self.client.same_origin(link.strip())
                if url is None:
                    raise BadResponse(self.name, operation, key="platform.foreign_link", said=link)
                return url
        return None

    def _json(self, response: Response, operation: str) -> Any:
        body = response.json()
        if body is None:
            raise BadResponse(self.name, operation, said=label("not_json"))
        return body

    def _parse_list(self, model: type[W], body: Any, operation: str) -> Sequence[W]:
        """Skips items that are not objects: the documents' samples end in "..."."""
        if not isinstance(body, list):
            raise BadResponse(self.name, operation, said=label("not_a_list"))
        return [parse_model(model, item, self.name, operation) for item in body if isinstance(item, dict)]

    async def _track_rate_limit(self, response: Response) -> None:
        """Pauses all requests if this was the last one allowed in the hour, for at most ``MAX_PAUSE``."""
        headers = response.headers
        remaining, reset = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset", "")
        if remaining is not None and remaining.strip() == "0" and re.fullmatch(r"\d{1,12}", reset.strip()):
            pause = int(reset) - self.now().timestamp()
            if pause > 0:
                await self.client.block_for(min(pause, MAX_PAUSE))
