"""The activity log: one line per write, in the thread of the run's live card, edited while it can still change.

Lines of one run that come within ``JOIN_SECONDS``, or before their post was sent, share a post; while many are
sent, those of done writes wait for others (``line_batches``). Each line has a slot; a later line of the same slot
replaces it. A line's row is committed, with the nonce of its post, before it is posted, and is marked as shown
once the chat has it.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from adapters.toolkit.messages import ENGLISH, in_language
from bot.outbound.line_batches import LineBatches
from bot.outbound.live_cards import LiveCards
from bot.outbound.outbox import Outbox
from bot.storage.activity import ActivityPost, ActivityRows
from bot.storage.outbox import Delivery, Kind
from bot.storage.store import StoreError
from bot.surfaces.errors import ChatUnreachable, NotEditable, PostGone, Refusal, SurfaceError
from bot.surfaces.protocol import PostRef, Surface
from commands.cards.activity_line import distinct_buttons
from commands.model.card import ActivityLine
from commands.model.messages import Message, Place

JOIN_SECONDS = 5.0
MAX_LINES_PER_POST = 12
USEFUL_FOR = timedelta(days=7)
STORE_RETRY_SECONDS = 5.0
MOST_KNOWN_SLOTS, MOST_LATEST = 10_000, 2000
NEW_CARD_SECONDS = 2.0  # until a card that was deleted is posted again, and its thread can take lines

log = structlog.get_logger(__name__)


class ActivityLog:
    """``outbox`` is set after it is created."""

    outbox: Outbox

    def __init__(
        self,
        rows: ActivityRows,
        surfaces: Mapping[str, Surface],
        live_cards: LiveCards,
        now: Callable[[], datetime],
        language: str = ENGLISH,
        within: timedelta = timedelta(0),
        has_replicas: bool = False,
    ) -> None:
        """``within``: how long the line of a done write may wait for others."""
        self._has_replicas = has_replicas
        self._rows = rows
        self._language = language
        self._surfaces = surfaces
        self._live_cards = live_cards
        self._now = now
        self._batches = LineBatches(within.total_seconds(), self._request)
        self._latest: dict[str, ActivityPost] = {}  # run -> its newest post
        self._counts: dict[str, int] = {}  # lines in the newest post of a run
        self._known_slots: dict[str, None] = {}  # with a row: their next line is an edit. More are in the store
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by run
        self._tasks: set[asyncio.Task[None]] = set()

    async def resume(self) -> None:
        """Shows the lines that the last process could not."""
        for post in await self._rows.posts_not_shown():
            if post.place.surface in self._surfaces:
                self._request(post)

    async def has_thread(self, run: str) -> bool:
        """Whether the run has a live card, so that its lines can be posted in the card's thread."""
        await self._live_cards.load(run)
        return bool(self._live_cards.cards_of(run))

    async def accepts(self, line: ActivityLine) -> bool:
        """A line that only corrects is accepted if its slot has a line."""
        if not line.corrects or line.slot in self._known_slots:
            return True
        return await self._rows.find_line(line.slot) is not None

    async def lines_of_message(self, key: str) -> Sequence[ActivityLine]:
        """The lines of the message ``key``, including those posted before a restart."""
        return await self._rows.lines_of_message(key)

    def post_soon(self, line: ActivityLine, cause: Message | None = None) -> None:
        """As soon as the store takes it."""
        task = asyncio.create_task(self._post_soon(line, cause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post_soon(self, line: ActivityLine, cause: Message | None) -> None:
        while True:
            try:
                await self.post(line, cause)
                return
            except StoreError as error:
                log.warning("activity line not stored", run=line.run, error=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)

    def send_waiting(self, run: str) -> None:
        """What waits for other lines of this run: there may be no more."""
        self._batches.send_waiting(run)

    async def stop(self) -> None:
        """What waits for other lines goes to the outbox."""
        self._batches.send_waiting()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def post(self, line: ActivityLine, cause: Message | None = None, *, is_new: bool = False) -> str:
        """The line is durable and posted soon. Returns the key of its delivery; "" if there is nothing to send
        yet.

        ``is_new``: nothing was stored in its slot by an earlier process. Such a line may be durable only together
        with what the caller stores next.
        """
        async with self._locks.setdefault(line.run, asyncio.Lock()):
            await self._live_cards.load(line.run)
            post, number = await self._position(line)
            if post is None:
                return ""
            is_known = line.slot in self._known_slots
            if is_new and not is_known and not self._has_replicas:
                self._rows.add_new_line(post, number, line)
            elif earlier := await self._rows.add_line(post, number, line):
                is_known, post = True, earlier
            is_correction = is_known and not self._batches.is_waiting(post)
            self._remember_slot(line.slot)
        can_wait = line.can_wait and not is_correction and number < MAX_LINES_PER_POST - 1
        return self._batches.add(post, cause, can_wait=can_wait)

    def _remember_slot(self, slot: str) -> None:
        if len(self._known_slots) >= MOST_KNOWN_SLOTS:
            self._known_slots.pop(next(iter(self._known_slots)))
        self._known_slots[slot] = None

    async def _position(self, line: ActivityLine) -> tuple[ActivityPost | None, int]:
        """The post that has the line's slot, or takes its line, and the line's number in it."""
        if line.slot in self._known_slots and (found := await self._position_of(line.slot)):
            return found
        latest, count = self._latest.get(line.run), self._counts.get(line.run, 0)
        if self._has_replicas:  # another one may have made the newest post
            latest, count = await self._rows.latest_post(line.run)
        if latest is not None and count < MAX_LINES_PER_POST:
            is_recent = self._now() - latest.at < timedelta(seconds=JOIN_SECONDS)
            if is_recent or not latest.post or self._batches.is_waiting(latest):
                self._counts[line.run] = count + 1
                return latest, count
        threads = self._live_cards.threads_of(line.run)
        if not threads:
            return await self._position_of(line.slot) or (None, 0)
        post = ActivityPost(secrets.token_hex(12), line.run, threads[0], self._now())
        if len(self._latest) >= MOST_LATEST:
            oldest = next(iter(self._latest))
            del self._latest[oldest], self._counts[oldest]
        self._latest[line.run], self._counts[line.run] = post, 1
        return post, 0

    async def _position_of(self, slot: str) -> tuple[ActivityPost, int] | None:
        post = await self._rows.find_post(slot)
        if post is None:
            return None
        slots = [stored.slot for stored in await self._rows.lines_in_post(post.nonce)]
        return post, slots.index(slot) if slot in slots else len(slots)

    def _request(self, post: ActivityPost, cause: Message | None = None) -> str:
        key, at = f"lines {post.nonce}", self._now()
        until = at + USEFUL_FOR
        self.outbox.request(
            Delivery(key, Kind.LINES, post.place, at, until, subject=post.nonce, target=post.run, cause=cause)
        )
        return key

    # Called by the outbox

    async def send(self, delivery: Delivery, may_exist: bool) -> None:
        """Edits the post, or makes it if it does not exist (any more). ``may_exist``: it may have been posted
        before a crash, or in a request whose answer was lost."""
        await self._live_cards.load(delivery.target)
        post = await self._rows.post(delivery.subject)
        lines = await self._rows.lines_in_post(delivery.subject)
        if post is None or not lines:
            return
        if self._has_replicas and post.post and not await self._rows.has_unshown(post.nonce):
            return  # another one has shown it
        surface = self._surfaces[post.place.surface]
        if not post.post and may_exist and (found := await surface.find_post(post.place, post.nonce)):
            post = replace(post, post=found.id)
        with in_language(self._language):
            post = await self._publish(surface, post, lines)
        await self._rows.mark_shown(post, lines)
        latest = self._latest.get(post.run)
        if latest is not None and latest.nonce == post.nonce:
            self._latest[post.run] = post

    async def _publish(self, surface: Surface, post: ActivityPost, lines: Sequence[ActivityLine]) -> ActivityPost:
        texts, buttons = [line.text for line in lines], distinct_buttons(list(lines))
        if post.post:
            try:
                await surface.edit_lines(PostRef(place=post.place, id=post.post), texts, buttons=buttons)
                return post
            except (PostGone, NotEditable):
                post = replace(post, post="")
        place = self._present_thread(post)
        try:
            ref = await surface.post_lines(place, texts, buttons=buttons, nonce=post.nonce)
        except SurfaceError as error:
            if error.refusal is Refusal.THREAD_GONE and self._live_cards.look_for_deleted(post.run, place.thread):
                raise ChatUnreachable(str(error), NEW_CARD_SECONDS) from error
            raise
        return replace(post, post=ref.id, place=place)

    def _present_thread(self, post: ActivityPost) -> Place:
        """That of the run's card in this place, which may have been posted again since."""
        for thread in self._live_cards.threads_of(post.run):
            if thread.key == post.place.key:
                return thread
        return post.place
