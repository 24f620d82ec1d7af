"""Lists, page by page. Cutover links to other pages; page numbers are documented for two lists only.

The reference gives lists no order. A server usually lists runbooks by age, oldest or newest first, so the first
page shows where the newest ones are.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from adapters.cutover import wire
from adapters.errors import BadResponse
from adapters.http.client import HttpClient
from adapters.http.responses import parse_model
from adapters.models import Listing

MAX_PAGES = 100  # of a list that is needed to its end
MAX_NEWEST_PAGES = 10  # of a list that somebody waits for

R = TypeVar("R", bound=wire.Resource[Any])


@dataclass(frozen=True)
class Pages:
    http: HttpClient

    async def read_all(
        self, model: type[wire.ListResponse[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> Listing[R]:
        """Follows ``links.next`` as given, and stops at a page that has nothing new."""
        found = _Found[R]()
        async with aclosing(self.follow(model, path, operation, params)) as pages:
            async for page in pages:
                if not found.add(page):
                    return found.listing(found.is_total(page))
                if found.pages == MAX_PAGES:
                    return found.listing(complete=False)
        return found.listing()

    async def read_newest(
        self, model: type[wire.ListResponse[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> Listing[R]:
        """A few pages, from the end of the list if it begins with the oldest."""
        page = await self._page(model, path, operation, params)
        links, found = page.links, _Found[R]()
        found.add(page)
        if links.next is None or links.last is None or not _is_oldest_first(page.data):
            return await self._read_on(model, links.next, operation, found, "next")
        return await self._read_on(model, links.last, operation, found, "prev", until=links.first)

    async def _read_on(
        self,
        model: type[wire.ListResponse[R]],
        link: str | None,
        operation: str,
        found: "_Found[R]",
        direction: Literal["next", "prev"],
        until: str | None = None,
    ) -> Listing[R]:
        """Backwards the list ends at its first page, which was read already: at ``until``, or with nothing new."""
        backwards, followed = direction == "prev", set[str]()
        while link is not None and link != until and link not in followed:
            if found.pages == MAX_NEWEST_PAGES:
                return found.listing(complete=False)
            followed.add(link)
            page = await self._page(model, self._checked(link, operation), operation)
            if not found.add(page):
                return found.listing(found.is_total(page) or (backwards and len(followed) > 1))
            link = page.links.prev if backwards else page.links.next
            if link is None and backwards:
                return found.listing(found.is_total(page))
        return found.listing()

    async def follow(
        self, model: type[wire.ListResponse[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> "AsyncGenerator[wire.ListResponse[R], None]":
        followed: set[str] = set()
        page = await self._page(model, path, operation, params)
        while True:
            yield page
            link = page.links.next
            if link is None or link in followed:
                return
            followed.add(link)
            page = await self._page(model, self._checked(link, operation), operation)

    async def _page(
        self,
        model: type[wire.ListResponse[R]],
        path: str,
        operation: str,
        params: Mapping[str, str] | None = None,
    ) -> wire.ListResponse[R]:
        body = await self.http.read(path, operation=operation, params=params or None)
        return parse_model(model, body, self.http.platform, operation, BadResponse)

    def _checked(self, link: str, operation: str) -> str:
        """``link`` as an absolute URL. Raises ``BadResponse`` for another origin, which must not get the token."""
        url = self.http.same_origin(link)
        if url is None:
            raise BadResponse(self.http.platform, operation, key="platform.foreign_link", said=link)
        return url


class _Found(dict[str, R]):
    """Items by id. ``pages``: how many were read."""

    pages = 0
    _was_empty = False

    def add(self, page: wire.ListResponse[R]) -> bool:
        """False if there is nothing new on the page, which an empty page only shows if it is the second one."""
        self.pages += 1
        before, was_empty = len(self), self._was_empty
        self.update((item.id, item) for item in page.data)
        self._was_empty = not page.data
        return len(self) > before or (not page.data and not was_empty)

    def is_total(self, page: wire.ListResponse[R]) -> bool:
        return page.total == len(self)

    def listing(self, complete: bool = True) -> Listing[R]:
        return Listing(tuple(self.values()), complete)


def _is_oldest_first(items: Sequence[wire.Resource[Any]]) -> bool:
    """By their ids, which are numbers in practice."""
    if len(items) < 2 or not all(item.id.isdecimal() for item in items):
        return False
    ids = [int(item.id) for item in items]
    return ids == sorted(ids)
