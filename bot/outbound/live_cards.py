"""Live cards: one per run and place, edited in place, and only when what they show has changed.

The outbox calls ``send`` when it is a card's turn, and the newest state is drawn then. A card's row is committed,
with its nonce, before it is posted: after a crash the card is found by that nonce instead of being posted twice.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from adapters.toolkit.messages import ENGLISH, in_language
from bot.outbound.deferred_edits import DeferredEdits
from bot.outbound.drawings import Drawings
from bot.outbound.outbox import Outbox
from bot.storage.live_cards import LiveCard, LiveCardRows
from bot.storage.outbox import Delivery, Kind
from bot.storage.store import StoreError
from bot.surfaces.errors import NotEditable, NotInChannel, PostGone, SurfaceError
from bot.surfaces.protocol import PostRef, Surface
from commands.model.card import Card
from commands.model.messages import Message, Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun

log = structlog.get_logger(__name__)

POSTED_WITHIN_SECONDS = 10.0
"""How long a command waits to learn that a card is posted. Then it goes on, and the card follows."""
USEFUL_FOR = timedelta(days=7)
MOST_DELETIONS = 2
"""A card that others delete as often is not put back again. A notice stands for it, and has its thread."""
SECONDS_BETWEEN_REDRAWS, SECONDS_BETWEEN_LOOKS = 0.1, 0.02
MOST_RUNS = 2000
"""Whose cards are in memory."""
SETTLES_AFTER = timedelta(days=2)
"""After a run has ended, every time on its card has its date."""


class Runs(Protocol):
    """The part of ``RunRows`` that cards need."""

    async def read(self, handle: str) -> TrackedRun | None: ...
    def get(self, handle: str) -> TrackedRun | None: ...
    def version(self, handle: str) -> int: ...
    async def bind(self, handle: str, place: Place) -> None: ...


class LiveCards:
    """``runs`` are asked for the newest state of a run; commands in the thread of its card are bound to it. The
    cards of a run are in memory once ``load`` has read them. ``outbox`` is set after it is created."""

    outbox: Outbox

    def __init__(
        self,
        rows: LiveCardRows,
        surfaces: Mapping[str, Surface],
        runs: Runs,
        drawings: Drawings,
        now: Callable[[], datetime],
        language: str = ENGLISH,
    ) -> None:
        self._rows = rows
        self._language = language
        self._surfaces = surfaces
        self._runs = runs
        self._drawings = drawings
        self._now = now
        self._cards: dict[str, dict[str, LiveCard]] = {}  # by run, the one used last at the end; by place key
        self._edited_at: dict[tuple[str, str], datetime] = {}  # lately, by place key and post
        self.deferred_edits = DeferredEdits(self.mark_changed)
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # A card is posted, edited or moved by one task.
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self, run: str) -> None:
        """The cards of the run are in memory when it returns."""
        if not run:
            return
        if run in self._cards:
            self._cards[run] = self._cards.pop(run)
            return
        async with self._loading.setdefault(run, asyncio.Lock()):
            if run in self._cards:
                return
            cards = await self._rows.of_run(run)
            while len(self._cards) >= MOST_RUNS:
                del self._cards[next(iter(self._cards))]
            self._cards[run] = {card.place.key: card for card in cards if card.place.surface in self._surfaces}

    async def reload(self, runs: Collection[str] | None) -> None:
        """Another replica has posted, edited or moved cards of these runs, or of any."""
        if runs is None:
            self._cards.clear()
        for run in runs or ():
            self._cards.pop(run, None)
            await self.load(run)
            for card in self.cards_of(run):
                if card.edited_at is not None:
                    self._note_edit(card, card.edited_at)

    async def resume(self) -> None:
        """Redraws what a crash may have left out of date, and finds or posts again what it left unposted.

        Other cards are redrawn when their runs change, also if a newer version draws them differently.
        """
        for run in dict.fromkeys(card.run for card in await self._rows.due()):
            if await self._runs.read(run) is not None:
                await self._mark_changed(run, None)

    async def date_changed(self, today: datetime) -> None:
        """Times on a card are shown with their date unless that is today's. One after the other, so that hundreds
        of edits at midnight don't delay what people wait for."""
        self._drawings.forget()
        last = ""
        while cards := await self._rows.drawn_before(today, today - SETTLES_AFTER, after=last):
            for card in cards:
                shows_other_date = await self._shows_other_date(card)
                if shows_other_date:
                    await self.load(card.run)
                    self._request(card)
                await asyncio.sleep(SECONDS_BETWEEN_REDRAWS if shows_other_date else SECONDS_BETWEEN_LOOKS)
            last = cards[-1].nonce

    async def _shows_other_date(self, card: LiveCard) -> bool:
        """Whether it looks different now, and looked as it does when it was drawn. Otherwise a newer version draws
        it differently, which alone is no reason to edit it."""
        run = await self._runs.read(card.run)
        if run is None or not card.post or card.drawn_at is None or card.deletions >= MOST_DELETIONS:
            return False
        was_drawn_so = self._drawings.hash_at(run, card.drawn_at) == card.shown
        return was_drawn_so and self._drawings.of(run).hash != card.shown

    def cards_of(self, run: str) -> Sequence[LiveCard]:
        """The posted cards of a run that is loaded."""
        return [card for card in self._cards.get(run, {}).values() if card.visible_post]

    def seconds_since_edit(self, place: Place, post: str) -> float | None:
        """None if this post is not a live card, or was not edited lately."""
        edited_at = self._edited_at.get((place.key, post))
        return None if edited_at is None else (self._now() - edited_at).total_seconds()

    def mark_changed(self, run: str, cause: Message | None = None) -> None:
        """``cause``: its sender is told if the chat refuses the edit."""
        if self.deferred_edits.defers(run, cause):
            return
        if run in self._cards:
            self._request_all(run, cause)
            return
        task = asyncio.create_task(self._mark_changed(run, cause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _mark_changed(self, run: str, cause: Message | None) -> None:
        try:
            await self.load(run)
        except StoreError as error:  # the next start finds it: the row says that its card is due
            log.warning("cards not read", run=run, error=str(error))
        self._request_all(run, cause)

    def _request_all(self, run: str, cause: Message | None) -> None:
        for card in list(self._cards.get(run, {}).values()):
            if card.post or card.deletions < MOST_DELETIONS:
                self._request(card, cause)

    def _card(self, run: str, place: str) -> LiveCard | None:
        return self._cards.get(run, {}).get(place)

    def _keep(self, card: LiveCard) -> None:
        if card.run in self._cards:
            self._cards[card.run][card.place.key] = card

    async def ensure_posted(self, run: str, place: Place, cause: Message | None = None) -> None:
        """Posts the live card of ``run`` in ``place``, if it is not there yet. Raises ``CannotPost``.

        If the chat does not respond in time, the card is posted as soon as it does.
        """
        await self.load(run)
        card = self._card(run, place.key)
        is_elsewhere = card is not None and card.visible_post and card.place.thread != place.thread
        if card is None or is_elsewhere or card.deletions >= MOST_DELETIONS:
            await self._replace(card, run, place, cause)
        elif not card.post:
            await self._send_now(card, cause)

    async def move(self, run: str, place: Place, cause: Message | None = None) -> None:
        """A new card at the end of ``place``; the old one becomes a pointer to it. Raises ``CannotPost``."""
        await self.load(run)
        await self._replace(self._card(run, place.key), run, place, cause)

    async def _replace(self, old: LiveCard | None, run: str, place: Place, cause: Message | None) -> None:
        """If the chat refuses the new card, the old one stays the live card."""
        async with self._lock(run, place.key):
            old = self._card(run, place.key) or old
            card = await self._save(LiveCard(_nonce(), run, place, old_post=old.visible_post if old else ""))
        try:
            await self._send_now(card, cause)
        except CannotPost:
            if self._card(run, place.key) == card:
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
        cards = list(self._cards.get(run, {}).values())
        for card in cards:
            if card.post == thread:
                self._keep(replace(card, shown=""))
                self._request(card)
                return True
        return any(not card.post and card.deletions <= MOST_DELETIONS for card in cards)

    # Called by the outbox

    async def send(self, delivery: Delivery, may_exist: bool) -> None:
        run, place = delivery.subject, delivery.place.key
        async with self._lock(run, place):
            await self.load(run)
            card = self._card(run, place)
            if card is None or await self._runs.read(run) is None:
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
        drawn, hash, version = self._draw(card)
        ref = await surface.find_post(card.place, card.nonce) if find_first else None
        found = ref is not None
        ref = ref or await surface.post(card.place, drawn, nonce=card.nonce)
        old_post = card.old_post
        shown, now = "" if found else hash, self._now()
        posted = replace(card, post=ref.id, shown=shown, edited_at=None, drawn_at=now, old_post="")
        if old_post:  # before the row forgets it
            self._point_to(posted, old_post)
        await self._save(posted)
        self._rows.record_shown(posted, version, settled=not found and self._is_settled(card))
        await self._runs.bind(card.run, card.place.model_copy(update={"thread": card.place.thread or ref.id}))
        if found:  # it shows what was true then
            self._request(posted)

    def _point_to(self, card: LiveCard, old_post: str) -> None:
        key, at = f"pointer {card.place.key} {old_post}", self._now()
        self.outbox.request(
            Delivery(key, Kind.POINTER, card.place, at, at + USEFUL_FOR, subject=old_post, target=card.post)
        )

    async def _edit(self, card: LiveCard) -> None:
        drawn, hash, version = self._draw(card)
        if hash == card.shown:
            self._rows.record_shown(card, version, settled=self._is_settled(card))
            return
        is_settled = self._is_settled(card)
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
        edited = replace(card, shown=hash, edited_at=edited_at, drawn_at=edited_at)
        self._keep(edited)
        self._note_edit(edited, edited_at)
        self._rows.record_edit(edited, version, settled=is_settled)

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
        self._keep(card)
        return card

    async def _forget(self, card: LiveCard) -> None:
        await self._rows.delete(card)
        self._cards.get(card.run, {}).pop(card.place.key, None)

    def _delivery(self, card: LiveCard, cause: Message | None) -> Delivery:
        key, at = f"card {card.run} {card.place.key}", self._now()
        return Delivery(key, Kind.CARD, card.place, at, at + USEFUL_FOR, subject=card.run, cause=cause)

    def _request(self, card: LiveCard, cause: Message | None = None) -> None:
        self.outbox.request(self._delivery(card, cause))

    def _note_edit(self, card: LiveCard, at: datetime) -> None:
        if len(self._edited_at) >= MOST_RUNS:
            del self._edited_at[next(iter(self._edited_at))]
        self._edited_at.pop((card.place.key, card.post), None)
        self._edited_at[card.place.key, card.post] = at

    def _draw(self, card: LiveCard) -> tuple[Card, str, int]:
        """With its hash, and the version of the run that it shows."""
        run = self._run(card.run)
        version = self._runs.version(card.run)
        if card.deletions >= MOST_DELETIONS:
            return (*self._drawings.of_deleted(run), version)
        drawing = self._drawings.of(run)
        return drawing.card, drawing.hash, version

    def _is_settled(self, card: LiveCard) -> bool:
        """Whether what it shows now only changes with its run."""
        return not self._drawings.delayed_writes(card.run)

    def _run(self, handle: str) -> TrackedRun:
        tracked = self._runs.get(handle)
        assert tracked is not None, handle
        return tracked


def _nonce() -> str:
    return secrets.token_hex(12)


def _cannot_post(error: SurfaceError) -> CannotPost:
    if isinstance(error, NotInChannel):
        return CannotPost("cannot_post.invite", channel=error.channel, invite=error.invite)
    return CannotPost("cannot_post.chat", said=str(error))
