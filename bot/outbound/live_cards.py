"""Live cards: one per run and place, edited in place, and only when what they show has changed.

``mark_changed`` marks the cards of a run. One worker per channel draws the newest state of each marked card, no
faster than the chat's ``edit_interval``. A card's row is committed, with its nonce, before it is posted: after a
crash the card is found by that nonce instead of being posted twice.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from pydantic_core import to_json

from adapters.toolkit.messages import ENGLISH, in_language
from bot.storage.live_cards import LiveCard, LiveCardRows
from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, PostRef, Surface, SurfaceError
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun

LONGEST_RETRY_SECONDS = 30.0

log = structlog.get_logger(__name__)


class LiveCards:
    """``find_run`` returns a run by its handle; ``draw`` makes its card."""

    def __init__(
        self,
        rows: LiveCardRows,
        surfaces: Mapping[str, Surface],
        find_run: Callable[[str], TrackedRun | None],
        draw: Callable[[TrackedRun], Card],
        now: Callable[[], datetime],
        language: str = ENGLISH,
    ) -> None:
        self._rows = rows
        self._language = language
        self._surfaces = surfaces
        self._find_run = find_run
        self._draw = draw
        self._now = now
        self._cards: dict[tuple[str, str], LiveCard] = {}  # by (run, place key)
        self._changed: dict[str, dict[str, None]] = {}  # place key -> runs, in order
        self._workers: dict[str, asyncio.Task[None]] = {}  # by place key
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}  # a card is posted, edited or moved by one task
        self._edited_at: dict[str, float] = {}  # place key -> loop time of the last edit

    async def load(self) -> None:
        for card in await self._rows.all():
            if card.place.surface in self._surfaces:
                self._cards[card.run, card.place.key] = card

    def resume(self) -> None:
        """Redraws the cards of active runs, and finds or posts again what a crash left unposted."""
        for card in self._cards.values():
            run = self._find_run(card.run)
            if run is not None and (not card.post or not run.run.state.is_over):
                self._mark(card)

    async def stop(self) -> None:
        for worker in list(self._workers.values()):
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def cards_of(self, run: str) -> Sequence[LiveCard]:
        """The posted cards of a run."""
        return [card for card in self._cards.values() if card.run == run and card.post]

    def seconds_since_edit(self, place: Place, post: str) -> float | None:
        """None if this post is not a live card, or was never edited."""
        for card in self._cards.values():
            if card.post == post and card.place.key == place.key and card.edited_at is not None:
                return (self._now() - card.edited_at).total_seconds()
        return None

    def mark_changed(self, run: str) -> None:
        for card in self.cards_of(run):
            self._mark(card)

    async def ensure_posted(self, run: str, place: Place) -> PostRef:
        """The live card of ``run`` in ``place``, posted if it is not there yet. Raises ``CannotPost``."""
        async with self._lock(run, place.key):
            card = self._cards.get((run, place.key))
            if card is not None and card.post and card.place.thread == place.thread:
                return PostRef(place=card.place, id=card.post)
            try:
                if card is not None and not card.post:
                    return await self._post(card, find_first=True)
                return await self._post(await self._new_card(run, place), find_first=False)
            except SurfaceError as error:
                raise _cannot_post(error) from error

    async def move(self, run: str, place: Place) -> PostRef:
        """A new card at the end of ``place``; the old one becomes a pointer to it. Raises ``CannotPost``."""
        async with self._lock(run, place.key):
            old = self._cards.get((run, place.key))
            try:
                ref = await self._post(await self._new_card(run, place), find_first=False)
            except SurfaceError as error:
                if old is not None:  # it stays the live card
                    self._cards[run, place.key] = old
                    await self._rows.save(old)
                raise _cannot_post(error) from error
            if old is not None and old.post:
                await self._point_to(ref, old)
            return ref

    async def _point_to(self, ref: PostRef, old: LiveCard) -> None:
        surface = self._surfaces[old.place.surface]
        try:
            await surface.replace_with_pointer(PostRef(place=old.place, id=old.post), ref)
        except SurfaceError as error:
            log.info("old card not replaced with a pointer", run=old.run, error=str(error))

    def _lock(self, run: str, place: str) -> asyncio.Lock:
        return self._locks.setdefault((run, place), asyncio.Lock())

    async def _new_card(self, run: str, place: Place) -> LiveCard:
        card = LiveCard(nonce=secrets.token_hex(12), run=run, place=place)
        await self._rows.save(card)
        self._cards[run, place.key] = card
        return card

    async def _post(self, card: LiveCard, *, find_first: bool) -> PostRef:
        """Posts a card whose row is committed. ``find_first``: it may have been posted before a crash."""
        surface = self._surfaces[card.place.surface]
        drawn, hash = self._draw_with_hash(card.run)
        ref = await surface.find_post(card.place, card.nonce) if find_first else None
        try:
            ref = ref or await surface.post(card.place, drawn, nonce=card.nonce)
        except ChatUnreachable:
            ref = await surface.find_post(card.place, card.nonce)
            if ref is None:
                raise
        posted = replace(card, post=ref.id, shown=hash, edited_at=None)
        self._cards[card.run, card.place.key] = posted
        await self._rows.save(posted)
        return ref

    def draw_card(self, run: str) -> Card:
        """The present card of a run, for a reply where the live card cannot be posted."""
        return self._draw_with_hash(run)[0]

    def _draw_with_hash(self, run: str) -> tuple[Card, str]:
        tracked = self._find_run(run)
        assert tracked is not None, run
        card = self._draw(tracked)
        return card, card_hash(card, tracked.run.read_at)

    def _mark(self, card: LiveCard) -> None:
        place = card.place.key
        self._changed.setdefault(place, {})[card.run] = None
        if place not in self._workers:
            with in_language(self._language):  # not the language of the person who caused the change
                self._workers[place] = asyncio.create_task(self._edit_changed(place))

    async def _edit_changed(self, place: str) -> None:
        loop = asyncio.get_running_loop()
        edit_interval = pause = self._surfaces[place.partition("/")[0]].edit_interval
        try:
            while self._changed.get(place):
                await asyncio.sleep(max(0.0, self._edited_at.get(place, -9.0) + pause - loop.time()))
                run = next(iter(self._changed[place]))
                del self._changed[place][run]
                try:
                    async with self._lock(run, place):
                        if await self._edit(self._cards[run, place]):
                            self._edited_at[place] = loop.time()
                    pause = edit_interval
                except ChatUnreachable as error:
                    self._changed[place][run] = None
                    self._edited_at[place] = loop.time()
                    pause = min(max(pause * 2, error.retry_after, 1.0), LONGEST_RETRY_SECONDS)
                except SurfaceError as error:
                    log.warning("card not edited", run=run, place=place, error=str(error))
                except Exception:
                    log.exception("card not drawn", run=run, place=place)
        finally:
            del self._workers[place]

    async def _edit(self, card: LiveCard) -> bool:
        """Returns whether a request was made."""
        if not card.post:
            await self._post(card, find_first=True)
            return True
        drawn, hash = self._draw_with_hash(card.run)
        if hash == card.shown:
            return False
        surface = self._surfaces[card.place.surface]
        try:
            await surface.edit(PostRef(place=card.place, id=card.post), drawn)
        except PostGone:
            await self._post(await self._new_card(card.run, card.place), find_first=False)
            return True
        edited_at = self._now()
        # In memory at once: a double click within the next moment must be recognised.
        self._cards[card.run, card.place.key] = replace(card, shown=hash, edited_at=edited_at)
        await self._rows.record_edit(card.nonce, hash, edited_at)
        return True


def card_hash(card: Card, read_at: datetime | None) -> str:
    """Equal for cards that look the same.

    Hashes the JSON, where equal times have one spelling in whatever zone object they come. The time of the last
    read is shown but is no reason for an edit, so it is left out; with its microseconds it cannot match another
    time.
    """
    dumped = to_json(card)
    if read_at is not None:
        dumped = dumped.replace(to_json(read_at), b"")
    return hashlib.sha256(dumped).hexdigest()[:32]


def _cannot_post(error: SurfaceError) -> CannotPost:
    if isinstance(error, NotInChannel):
        return CannotPost("cannot_post.invite", channel=error.channel, invite=error.invite)
    return CannotPost("cannot_post.chat", said=str(error))
