"""Live cards: one per run and place, edited in place, only when what it shows has changed.

``changed(run)`` marks a run's cards; one worker per channel draws the newest state of each marked card, no faster
than the chat's ``pace``. A card's row is committed, with its nonce, before it is posted: after a crash it is found
again by that nonce instead of being posted twice.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from pydantic_core import to_json

from bot.storage.posts import LiveCardRow, PostRows
from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, PostRef, Surface, SurfaceError
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun

LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class LiveCards:
    """``draw`` makes the card of a run, and None for one that has gone."""

    def __init__(
        self,
        rows: PostRows,
        surfaces: Mapping[str, Surface],
        run: Callable[[str], TrackedRun | None],
        draw: Callable[[TrackedRun], Card],
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._surfaces = surfaces
        self._run = run
        self._draw = draw
        self._now = now
        self._cards: dict[tuple[str, str], LiveCardRow] = {}  # (run, place key)
        self._dirty: dict[str, dict[str, None]] = {}  # place key -> runs, in order
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._alone: dict[tuple[str, str], asyncio.Lock] = {}  # one at a time posts, edits or moves a card
        self._edited: dict[str, float] = {}  # place key -> loop time of the last edit

    async def load(self) -> None:
        for card in await self._rows.live_cards():
            if card.place.surface in self._surfaces:
                self._cards[card.run, card.place.key] = card

    def resume(self) -> None:
        """Every card is compared with the truth once; what was left half posted is found or posted again."""
        for card in self._cards.values():
            known = self._run(card.run)
            if known is not None and (not card.post or not known.run.state.is_over):
                self._mark(card)

    async def stop(self) -> None:
        for worker in list(self._workers.values()):
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def of(self, run: str) -> Sequence[LiveCardRow]:
        return [card for card in self._cards.values() if card.run == run and card.post]

    def edited_ago(self, place: Place, post: str) -> float | None:
        """Seconds since the live card with this post id was last edited, if it is one and was."""
        for card in self._cards.values():
            if card.post == post and card.place.key == place.key and card.edited_at is not None:
                return (self._now() - card.edited_at).total_seconds()
        return None

    def changed(self, run: str) -> None:
        for card in self.of(run):
            self._mark(card)

    async def open(self, run: str, place: Place) -> PostRef:
        """The live card of ``run`` in ``place``: posted if it is not there yet. Raises ``CannotPost``."""
        async with self._lock(run, place.key):
            return await self._opened(run, place)

    async def _opened(self, run: str, place: Place) -> PostRef:
        present = self._cards.get((run, place.key))
        if present is not None and present.post and present.place.thread == place.thread:
            return PostRef(place=present.place, id=present.post)
        try:
            if present is not None and not present.post:
                return await self._post(present, search=True)
            return await self._post(await self._row(run, place), search=False)
        except SurfaceError as error:
            raise _cannot_post(error) from error

    async def move(self, run: str, place: Place) -> PostRef:
        """A new card at the end of ``place``; the old one there becomes a pointer to it. Raises ``CannotPost``."""
        async with self._lock(run, place.key):
            return await self._moved(run, place)

    async def _moved(self, run: str, place: Place) -> PostRef:
        old = self._cards.get((run, place.key))
        try:
            ref = await self._post(await self._row(run, place), search=False)
        except SurfaceError as error:
            if old is not None:  # it stays the live one
                self._cards[run, place.key] = old
                await self._rows.save_card(old)
            raise _cannot_post(error) from error
        if old is not None and old.post:
            try:
                await self._surfaces[place.surface].replace_with_pointer(
                    PostRef(place=old.place, id=old.post), ref
                )
            except SurfaceError as error:
                log.info("old card stays as it is", run=run, why=str(error))
        return ref

    def _lock(self, run: str, place: str) -> asyncio.Lock:
        return self._alone.setdefault((run, place), asyncio.Lock())

    async def _row(self, run: str, place: Place) -> LiveCardRow:
        card = LiveCardRow(nonce=secrets.token_hex(12), run=run, place=place)
        await self._rows.save_card(card)
        self._cards[run, place.key] = card
        return card

    async def _post(self, card: LiveCardRow, *, search: bool) -> PostRef:
        """Posts the card of a committed row; ``search`` looks first whether a crash came after the posting."""
        surface = self._surfaces[card.place.surface]
        drawn, hash = self._drawn(card.run)
        ref = await surface.find_post(card.place, card.nonce) if search else None
        try:
            ref = ref or await surface.post(card.place, drawn, nonce=card.nonce)
        except ChatUnreachable:
            ref = await surface.find_post(card.place, card.nonce)
            if ref is None:
                raise
        posted = replace(card, post=ref.id, shown=hash, edited_at=None)
        self._cards[card.run, card.place.key] = posted
        await self._rows.save_card(posted)
        return ref

    def card(self, run: str) -> Card:
        """As it is drawn now, for who cannot be shown the live one."""
        return self._drawn(run)[0]

    def _drawn(self, run: str) -> tuple[Card, str]:
        known = self._run(run)
        assert known is not None
        card = self._draw(known)
        return card, drawn_hash(card, known.run.read_at)

    def _mark(self, card: LiveCardRow) -> None:
        place = card.place.key
        self._dirty.setdefault(place, {})[card.run] = None
        if place not in self._workers:
            self._workers[place] = asyncio.create_task(self._work(place))

    async def _work(self, place: str) -> None:
        loop = asyncio.get_running_loop()
        pace = pause = self._surfaces[place.partition("/")[0]].edit_interval
        try:
            while self._dirty.get(place):
                await asyncio.sleep(max(0.0, self._edited.get(place, -9.0) + pause - loop.time()))
                run = next(iter(self._dirty[place]))
                del self._dirty[place][run]
                try:
                    async with self._lock(run, place):
                        if await self._edit(self._cards[run, place]):
                            self._edited[place] = loop.time()
                    pause = pace
                except ChatUnreachable as error:
                    self._dirty[place][run] = None
                    self._edited[place] = loop.time()
                    pause = min(max(pause * 2, error.retry_after, 1.0), LONGEST_PAUSE_SECONDS)
                except SurfaceError as error:
                    log.warning("card not edited", run=run, place=place, why=str(error))
        finally:
            del self._workers[place]

    async def _edit(self, card: LiveCardRow) -> bool:
        """Whether a request was made."""
        if not card.post:
            await self._post(card, search=True)
            return True
        drawn, hash = self._drawn(card.run)
        if hash == card.shown:
            return False
        surface = self._surfaces[card.place.surface]
        try:
            await surface.edit(PostRef(place=card.place, id=card.post), drawn)
        except PostGone:
            await self._post(await self._row(card.run, card.place), search=False)
            return True
        edited = replace(card, shown=hash, edited_at=self._now())
        self._cards[card.run, card.place.key] = edited
        self._rows.shown(card.nonce, hash, self._now())
        return True


def drawn_hash(card: Card, read_at: datetime | None) -> str:
    """The same for cards that show the same. As JSON, where one moment is spelt one way whatever object holds it.

    When the run was read is shown, but is no change: it has microseconds, so it stands nowhere else.
    """
    shown = to_json(card)
    if read_at is not None:
        shown = shown.replace(to_json(read_at), b"")
    return hashlib.sha256(shown).hexdigest()[:32]


def _cannot_post(error: SurfaceError) -> CannotPost:
    if isinstance(error, NotInChannel):
        return CannotPost("cannot_post.invite", channel=error.channel, invite=error.invite)
    return CannotPost("cannot_post.chat", said=str(error))
