"""Tells people what changed in runs, whoever changed it: one delivery for all news of a person that come together.

News are rows, committed with the change that they are about, until the deliveries that tell them are in the
outbox. So they are told after a restart too, and once: a delivery's key has the number of its first news. With
several replicas, one of them tells what all have committed.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog

from bot.outbound.notifications import Notifications
from bot.outbound.outbox import Outbox
from bot.storage.news import NewsRows, StoredNews
from bot.storage.outbox import Delivery
from bot.storage.store import StoreError
from commands.model.errors import CommandError
from commands.model.run_news import NewsKind

READY_WITHIN = timedelta(seconds=1)  # several tasks may become ready together
RETRY_SECONDS = 20.0
READ_RETRY_SECONDS = 1.0
STALE = timedelta(hours=24)
"""What could not be told for so long, because a chat could not say who somebody is, is not told any more."""

log = structlog.get_logger(__name__)


class Notifier:
    """``assignments_within``: what a person is assigned within this time is told together."""

    def __init__(
        self,
        rows: NewsRows,
        notifications: Notifications,
        outbox: Outbox,
        now: Callable[[], datetime],
        assignments_within: timedelta,
    ) -> None:
        self._rows = rows
        self._notifications = notifications
        self._outbox = outbox
        self._now = now
        self._waits = {NewsKind.ASSIGNED: assignments_within, NewsKind.READY: READY_WITHIN}
        self._batches: dict[str, list[StoredNews]] = {}
        self._retry_at: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._is_telling = False

    def add(self, news: Sequence[StoredNews]) -> None:
        """Which were committed just now, or may be known already."""
        for one in news if self._is_telling else ():
            batch = self._batches.setdefault(_batch_of(one), [])
            if one not in batch:
                batch.append(one)
        self._wake.set()

    async def read_again(self, runs: Collection[str] | None) -> None:
        """Another replica has committed news about these runs, or any."""
        if self._is_telling:
            self.add(await self._rows.all())

    async def run_forever(self) -> None:
        self._batches.clear()
        self._is_telling = True
        try:
            await self._read_all()
            await self._tell_forever()
        finally:
            self._is_telling = False

    async def _read_all(self) -> None:
        while True:
            try:
                return self.add(await self._rows.all())
            except StoreError as error:
                log.warning("news not read yet", error=str(error))
                await asyncio.sleep(READ_RETRY_SECONDS)

    async def _tell_forever(self) -> None:
        while True:
            self._wake.clear()
            due = [batch for batch in self._batches if self._due_at(batch) <= self._now()]
            for batch in due:
                await self._tell(batch)
            if due:
                continue
            next_at = min((self._due_at(batch) for batch in self._batches), default=None)
            delay = None if next_at is None else max(0.0, (next_at - self._now()).total_seconds())
            try:
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _due_at(self, batch: str) -> datetime:
        if batch in self._retry_at:
            return self._retry_at[batch]
        first = self._batches[batch][0]
        return first.at + self._waits.get(first.news.kind, timedelta(0))

    async def _tell(self, batch: str) -> None:
        news = list(self._batches[batch])
        try:
            deliveries: Sequence[Delivery] = ()
            if self._now() - news[0].at < STALE:
                deliveries = await self._notifications.about(news)
            new = await self._rows.finish(news, deliveries)
        except (CommandError, StoreError) as error:
            log.warning("people not told yet", run=news[0].run, error=str(error))
            self._retry_at[batch] = self._now() + timedelta(seconds=RETRY_SECONDS)
            return
        except Exception:
            log.exception("people not told", run=news[0].run)
            new, deliveries = set(), ()
        self._retry_at.pop(batch, None)
        later = self._batches[batch][len(news) :]
        if later:
            self._batches[batch] = later
        else:
            del self._batches[batch]
        self._outbox.committed(deliveries, new)


def _batch_of(stored: StoredNews) -> str:
    """All news of one kind for one person in one run; what everybody is told, by itself."""
    news, person = stored.news, stored.news.person
    if news.kind not in (NewsKind.ASSIGNED, NewsKind.READY) or person is None:
        return str(stored.number)
    who = person.email or person.id or person.handle or person.name
    return f"{news.kind} {stored.run} {who.casefold()}"
