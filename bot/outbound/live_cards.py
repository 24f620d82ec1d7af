"""Live cards: one per run and place, edited in place, and only when what they show has changed.

The outbox calls ``send`` when it is a card's turn, and the newest state is drawn then. A card's row is committed,
with its nonce, before it is posted: after a crash the card is found by that nonce instead of being posted twice.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.toolkit.messages import ENGLISH, in_language
from bot.outbound.deferred_edits import DeferredEdits
from bot.outbound.drawings import Drawings
from bot.outbound.outbox import Outbox
from bot.storage.live_cards import LiveCard, LiveCardRows
from bot.storage.outbox import Delivery, Kind
from bot.surfaces.errors import NotEditable, NotInChannel, PostGone, SurfaceError
from bot.surfaces.protocol import PostRef, Surface
from commands.model.card import Card
from commands.model.messages import Message, Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun

POSTED_WITHIN_SECONDS = 10.0
"""How long a command waits to learn that a card is posted. Then it goes on, and the card follows."""
USEFUL_FOR = timedelta(days=7)
MOST_DELETIONS = 2
"""A card that others delete as often is not put back again. A notice stands for it, and has its thread."""
SECONDS_BETWEEN_REDRAWS = 0.1
SETTLES_AFTER = timedelta(days=2)
"""After a run has ended, every time on its card has its date."""


class LiveCards:
    """``find_run`` returns a run by its handle; ``bind`` makes commands in a thread be about a run. ``outbox`` is
    set after it is created."""

    outbox: Outbox

    def __init__(
        self,
        rows: LiveCardRows,
        surfaces: Mapping[str, Surface],
        find_run: Callable[[str], TrackedRun | None],
        drawings: Drawings,
        bind: Callable[[str, Place], Awaitable[None]],
        now: Callable[[], datetime],
        language: str = ENGLISH,
    ) -> None:
        self._rows = rows
        self._language = language
        self._surfaces = surfaces
        self._find_run = find_run
        self._drawings = drawings
        self._bind = bind
        self._now = now
        self._cards: dict[str, dict[str, LiveCard]] = {}  # by run, then by place key
        self.deferred_edits = DeferredEdits(self.mark_changed)
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}  # a card is posted, edited or moved by one task

    async def load(self) -> None:
        for card in await self._rows.all():
            if card.place.surface in self._surfaces:
                self._remember(card)

    async def reload(self, runs: Collection[str] | None) -> None:
        """Another replica has posted, edited or moved cards of these runs, or of any."""
        if runs is None:
            found = await self._rows.all()
            runs = {*self._cards, *(card.run for card in found)}
        else:
            found = [card for run in runs for card in await self._rows.of_run(run)]
        for run in runs:
            self._cards.pop(run, None)
        for card in found:
            if card.place.surface in self._surfaces:
                self._remember(card)

    def resume(self) -> None:
        """Redraws what is out of date, and finds or posts again what a crash left unposted."""
        for card in self._all():
            is_unposted = not card.post and card.deletions < MOST_DELETIONS
            if (is_unposted and self._find_run(card.run) is not None) or self._is_outdated(card):
                self._request(card)

    async def date_changed(self) -> None:
        """Times on a card are shown with their date unless that is today's. One after the other, so that hundreds
        of edits at midnight don't delay what people wait for."""
        self._drawings.forget()
        for card in self._all():
            if self._is_outdated(card):
                self._request(card)
                await asyncio.sleep(SECONDS_BETWEEN_REDRAWS)

    def _is_outdated(self, card: LiveCard) -> bool:
        """The card of a run that ended long ago stays as it is, even if a newer version draws it differently."""
        run = self._find_run(card.run)
        if run is None or not card.post:
            return False
        ended = run.overlay.ended
        is_settled = run.run.state.is_over and (ended is None or self._now() - ended.at > SETTLES_AFTER)
        return not is_settled and self._draw_with_hash(card)[1] != card.shown

    def cards_of(self, run: str) -> Sequence[LiveCard]:
        """The posted cards of a run."""
        return [card for card in self._of(run) if card.visible_post]

    def seconds_since_edit(self, place: Place, post: str) -> float | None:
        """None if this post is not a live card, or was never edited."""
        for card in self._all():
            if card.post == post and card.place.key == place.key and card.edited_at is not None:
                return (self._now() - card.edited_at).total_seconds()
        return None

    def mark_changed(self, run: str, cause: Message | None = None) -> None:
        """``cause``: its sender is told if the chat refuses the edit."""
        if self.deferred_edits.defers(run, cause):
            return
        for card in self._of(run):
            if card.post or card.deletions < MOST_DELETIONS:
                self._request(card, cause)

    async def ensure_posted(self, run: str, place: Place, cause: Message | None = None) -> None:
        """Posts the live card of ``run`` in ``place``, if it is not there yet. Raises ``CannotPost``.

        If the chat does not respond in time, the card is posted as soon as it does.
        """
        card = self._find(run, place.key)
        is_elsewhere = card is not None and card.visible_post and card.place.thread != place.thread
        if card is None or is_elsewhere or card.deletions >= MOST_DELETIONS:
            await self._replace(card, run, place, cause)
        elif not card.post:
            await self._send_now(card, cause)

    async def move(self, run: str, place: Place, cause: Message | None = None) -> None:
        """A new card at the end of ``place``; the old one becomes a pointer to it. Raises ``CannotPost``."""
        await self._replace(self._find(run, place.key), run, place, cause)

    async def _replace(self, old: LiveCard | None, run: str, place: Place, cause: Message | None) -> None:
        """If the chat refuses the new card, the old one stays the live card."""
        async with self._lock(run, place.key):
            old = self._find(run, place.key) or old
            card = await self._save(LiveCard(_nonce(), run, place, old_post=old.visible_post if old else ""))
        try:
            await self._send_now(card, cause)
        except CannotPost:
            if self._find(run, place.key) == card:
                await (self._save(old) if old is not None else self._forget(card))
            raise

    async def _send_now(self, card: LiveCard, cause: Message | None) -> None:
        try:
            await self.outbox.send_now(self._delivery(card, cause), POSTED_WITHIN_SECONDS)
        except SurfaceError as error:
            raise _cannot_post(error) from error

    def draw_card(self, run: str) -> Card:
        """The present card of a run, for a reply where the live card cannot be posted."""
        return self._drawings.for_reader(self._run(run))

    def threads_of(self, run: str) -> Sequence[Place]:
        """The threads of the run's cards. Its activity lines are in the first one."""
        return [
            card.place.model_copy(update={"thread": card.place.thread or card.visible_post})
            for card in self.cards_of(run)
        ]

    def look_for_deleted(self, run: str, thread: str) -> bool:
        """Nobody can reply to ``thread``. If a card of the run started it, the card is edited or posted again, if
        that is not under way. Whether there will be another thread."""
        cards = self._of(run)
        for card in cards:
            if card.post == thread:
                self._remember(replace(card, shown=""))
                self._request(card)
                return True
        return any(not card.post and card.deletions <= MOST_DELETIONS for card in cards)

    # Called by the outbox

    async def send(self, delivery: Delivery, may_exist: bool) -> None:
        run, place = delivery.subject, delivery.place.key
        async with self._lock(run, place):
            card = self._find(run, place)
            if card is None or self._find_run(run) is None:
                return
            with in_language(self._language):
                if card.post:
                    await self._edit(card)
                elif card.deletions <= MOST_DELETIONS:
                    await self._post(card, find_first=may_exist)

    async def send_pointer(self, delivery: Delivery, _: bool) -> None:
        place = delivery.place
        surface = self._surfaces[place.surface]
        with in_language(self._language):
            try:
                await surface.replace_with_pointer(
                    PostRef(place=place, id=delivery.subject), PostRef(place=place, id=delivery.target)
                )
            except PostGone:
                return  # then it shows nothing that is out of date

    async def _post(self, card: LiveCard, *, find_first: bool) -> None:
        """Posts a card whose row is committed. ``find_first``: an earlier attempt may have worked."""
        surface = self._surfaces[card.place.surface]
        drawn, hash = self._draw_with_hash(card)
        ref = await surface.find_post(card.place, card.nonce) if find_first else None
        found = ref is not None
        ref = ref or await surface.post(card.place, drawn, nonce=card.nonce)
        old_post = card.old_post
        posted = replace(card, post=ref.id, shown="" if found else hash, edited_at=None, old_post="")
        await self._save(posted)
        await self._bind(card.run, card.place.model_copy(update={"thread": card.place.thread or ref.id}))
        if old_post:
            self._point_to(posted, old_post)
        if found:  # it shows what was true then
            self._request(posted)

    def _point_to(self, card: LiveCard, old_post: str) -> None:
        key, at = f"pointer {card.place.key} {old_post}", self._now()
        self.outbox.request(
            Delivery(key, Kind.POINTER, card.place, at, at + USEFUL_FOR, subject=old_post, target=card.post)
        )

    async def _edit(self, card: LiveCard) -> None:
        drawn, hash = self._draw_with_hash(card)
        if hash == card.shown:
            return
        surface = self._surfaces[card.place.surface]
        try:
            await surface.edit(PostRef(place=card.place, id=card.post), drawn)
        except PostGone:
            await self._put_back(card)
            return
        except NotEditable:  # its buttons are out of date until it can be replaced
            replacement = LiveCard(_nonce(), card.run, card.place, old_post=card.post, deletions=card.deletions)
            await self._post(await self._save(replacement), find_first=False)
            return
        edited_at = self._now()
        # In memory at once: a double click within the next moment must be recognised.
        self._remember(replace(card, shown=hash, edited_at=edited_at))
        await self._rows.record_edit(card, hash, edited_at)

    async def _put_back(self, card: LiveCard) -> None:
        """Others deleted the card: it is posted again, but only once. Then a notice is posted, once too."""
        deletions = card.deletions + 1
        new = await self._save(LiveCard(_nonce(), card.run, card.place, deletions=deletions))
        if deletions <= MOST_DELETIONS:
            await self._post(new, find_first=False)

    def _lock(self, run: str, place: str) -> asyncio.Lock:
        return self._locks.setdefault((run, place), asyncio.Lock())

    async def _save(self, card: LiveCard) -> LiveCard:
        await self._rows.save(card)
        self._remember(card)
        return card

    async def _forget(self, card: LiveCard) -> None:
        await self._rows.delete(card)
        del self._cards[card.run][card.place.key]

    def _remember(self, card: LiveCard) -> None:
        self._cards.setdefault(card.run, {})[card.place.key] = card

    def _find(self, run: str, place: str) -> LiveCard | None:
        return self._cards.get(run, {}).get(place)

    def _of(self, run: str) -> Sequence[LiveCard]:
        return list(self._cards.get(run, {}).values())

    def _all(self) -> Sequence[LiveCard]:
        return [card for cards in self._cards.values() for card in cards.values()]

    def _delivery(self, card: LiveCard, cause: Message | None) -> Delivery:
        key, at = f"card {card.run} {card.place.key}", self._now()
        return Delivery(key, Kind.CARD, card.place, at, at + USEFUL_FOR, subject=card.run, cause=cause)

    def _request(self, card: LiveCard, cause: Message | None = None) -> None:
        self.outbox.request(self._delivery(card, cause))

    def _draw_with_hash(self, card: LiveCard) -> tuple[Card, str]:
        run = self._run(card.run)
        if card.deletions >= MOST_DELETIONS:
            return self._drawings.of_deleted(run)
        drawing = self._drawings.of(run)
        return drawing.card, drawing.hash

    def _run(self, handle: str) -> TrackedRun:
        tracked = self._find_run(handle)
        assert tracked is not None, handle
        return tracked


def _nonce() -> str:
    return secrets.token_hex(12)


def _cannot_post(error: SurfaceError) -> CannotPost:
    if isinstance(error, NotInChannel):
        return CannotPost("cannot_post.invite", channel=error.channel, invite=error.invite)
    return CannotPost("cannot_post.chat", said=str(error))
