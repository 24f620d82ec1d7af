"""Every person's own page in a chat that has one, such as Slack's App Home.

A page is drawn when it is opened. For some minutes after it was last opened or pressed, it is also drawn when a
run changes, at most once in a few seconds for each person, and published if it looks different then. Of several
replicas, the one that was told last that it was opened does that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from adapters.http.rate_limits import background
from adapters.toolkit.messages import in_language
from bot.outbound.drawings import card_hash
from bot.surfaces.errors import ChatUnreachable, SurfaceError
from bot.surfaces.protocol import HomeSurface, Surface
from commands.model.card import Text
from commands.model.messages import Actor, Place
from commands.model.ports import Services
from commands.operations.home_page import find_elsewhere, home_page
from commands.text.locales import language_of

WATCHED_SECONDS = 600.0
INTERVAL_SECONDS = 5.0
MAX_RETRY_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass
class _Page:
    """``last_use`` and ``published_at`` are loop times. ``shown``: the hash of what was published last."""

    actor: Actor
    place: Place
    surface: HomeSurface
    last_use: float
    published_at: float = 0.0
    shown: str = ""
    gaps: Sequence[Text] = ()
    opened: asyncio.Event = field(default_factory=asyncio.Event)  # draw it at once
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class HomePages:
    """``profile`` reads a person's profile, if it is not known yet."""

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        services: Services,
        profile: Callable[[Actor], Awaitable[Actor]],
        now: Callable[[], datetime],
        tell_others: Callable[[str, str], None] = lambda topic, key: None,
    ) -> None:
        self._tell_others = tell_others
        self._surfaces = surfaces
        self._services = services
        self._profile = profile
        self._now = now
        self._pages: dict[str, _Page] = {}  # by person
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self, actor: Actor, place: Place) -> None:
        """``place`` is the direct channel with the person. Returns at once."""
        surface = self._surfaces.get(actor.surface)
        if not isinstance(surface, HomeSurface):
            return
        key, now = _key(actor), asyncio.get_running_loop().time()
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = _Page(actor, place, surface, now)
            self._spawn(self._follow(key, page))
        page.last_use, page.place, page.shown = now, place, ""
        page.opened.set()
        page.changed.set()
        self._spawn(self._find_elsewhere(page))
        self._tell_others("home_pages", key)

    async def opened_elsewhere(self, keys: Collection[str] | None) -> None:
        """Another replica draws these pages now."""
        for key in keys or ():
            if (page := self._pages.get(key)) is not None:
                page.last_use = -WATCHED_SECONDS
                page.changed.set()

    def pressed(self, actor: Actor) -> None:
        page = self._pages.get(_key(actor))
        if page is not None:
            page.last_use = asyncio.get_running_loop().time()
            page.changed.set()

    def mark_changed(self) -> None:
        """A run changed: it may be on any of the pages."""
        for page in self._pages.values():
            page.changed.set()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find_elsewhere(self, page: _Page) -> None:
        actor = await self._profile(page.actor)
        with in_language(language_of(actor, self._services)), background():
            page.gaps = await find_elsewhere(actor, page.place, self._services)
        page.changed.set()

    async def _follow(self, key: str, page: _Page) -> None:
        loop = asyncio.get_running_loop()
        pause = INTERVAL_SECONDS
        try:
            while (left := page.last_use + WATCHED_SECONDS - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await page.changed.wait()
                if not page.changed.is_set() or page.last_use < 0:
                    continue  # it may have been used meanwhile
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, page.published_at + pause - loop.time())):
                        await page.opened.wait()
                page.opened.clear()
                page.changed.clear()
                try:
                    await self._publish(page)
                    pause = INTERVAL_SECONDS
                except ChatUnreachable as error:
                    page.published_at = loop.time()
                    pause = min(max(pause * 2, error.retry_after), MAX_RETRY_SECONDS)
                    page.changed.set()
                except SurfaceError as error:
                    log.warning("home page not published", person=page.actor.id, error=str(error))
                    return
        finally:
            if self._pages.get(key) is page:
                del self._pages[key]

    async def _publish(self, page: _Page) -> None:
        actor = await self._profile(page.actor)
        with in_language(language_of(actor, self._services)):
            card = await home_page(actor, page.place, self._services, self._now(), page.gaps)
            if (hash := card_hash(card, None)) != page.shown:
                await page.surface.publish_home(actor, page.place, card)
                page.shown, page.published_at = hash, asyncio.get_running_loop().time()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("home page failed", exc_info=error)


def _key(actor: Actor) -> str:
    return f"{actor.surface}/{actor.workspace}/{actor.id}"
