"""The activity log: one line per write, in the thread of the run's live card, edited while it can still change.

Lines of one run that come within ``JOIN_SECONDS`` share a post. Each line has a slot; a later line of the same
slot replaces it. Rows are committed, with the post's nonce, before anything is posted, and are marked as shown
once the chat has them: after a restart, the others are shown.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from adapters.toolkit.messages import ENGLISH, in_language
from bot.outbound.live_cards import LiveCards
from bot.storage.activity import ActivityPost, ActivityRows
from bot.storage.store import StoreError
from bot.surfaces.protocol import ChatUnreachable, PostGone, PostRef, Surface, SurfaceError
from commands.cards.activity_line import distinct_buttons
from commands.model.card import ActivityLine
from commands.model.messages import Place

JOIN_SECONDS = 5.0
POST_INTERVAL_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 30.0
MAX_LINES_PER_POST = 12

log = structlog.get_logger(__name__)


class ActivityLog:
    def __init__(
        self,
        rows: ActivityRows,
        surfaces: Mapping[str, Surface],
        live_cards: LiveCards,
        now: Callable[[], datetime],
        language: str = ENGLISH,
    ) -> None:
        self._rows = rows
        self._language = language
        self._surfaces = surfaces
        self._live_cards = live_cards
        self._now = now
        self._waiting: dict[str, dict[str, ActivityLine]] = {}  # run -> slot -> newest line
        self._workers: dict[str, asyncio.Task[None]] = {}  # by run
        self._latest: dict[str, tuple[ActivityPost, dict[str, ActivityLine]]] = {}  # run -> its newest post
        self._posting: dict[str, asyncio.Future[None]] = {}  # by slot
        self._known_slots: set[str] = set()  # slots with a row: their next line is an edit
        self._not_shown: dict[str, ActivityLine] = {}  # by slot: what the chat may not have yet

    async def load(self) -> None:
        self._known_slots = set(await self._rows.slots())
        self._not_shown = {line.slot: line for line in await self._rows.lines_not_shown()}

    def resume(self) -> None:
        """Shows the lines that the last process could not."""
        for line in list(self._not_shown.values()):
            if self.has_thread(line.run):
                self.post(line)

    def has_thread(self, run: str) -> bool:
        """Whether the run has a live card, so that its lines can be posted in the card's thread."""
        return bool(self._live_cards.cards_of(run))

    def accepts(self, line: ActivityLine) -> bool:
        """A line that only corrects is accepted if its slot has a line, posted or waiting."""
        return not line.corrects or line.slot in self._known_slots or line.slot in self._waiting.get(line.run, {})

    async def lines_of_message(self, key: str) -> Sequence[ActivityLine]:
        """The lines of the message ``key``, including those posted before a restart."""
        found: list[ActivityLine] = []
        for slot in [slot for slot in self._known_slots if slot.startswith(f"{key}:")]:
            line = await self._rows.find_line(slot)
            found += [line] if line else []
        return found

    def post(self, line: ActivityLine) -> "asyncio.Future[None]":
        """Posts the line soon, in order. A newer line of the same slot replaces one that still waits.

        The future is done when the line is visible, or when the chat has refused it.
        """
        self._waiting.setdefault(line.run, {})[line.slot] = line
        posted = self._posting.setdefault(line.slot, asyncio.get_running_loop().create_future())
        if line.run not in self._workers:
            with in_language(self._language):  # not the language of the person who caused the line
                self._workers[line.run] = asyncio.create_task(self._post_waiting(line.run))
        return posted

    async def stop(self) -> None:
        """Posts what still waits, within a few seconds."""
        pending = [posted for posted in self._posting.values() if not posted.done()]
        if pending:
            await asyncio.wait(pending, timeout=POST_INTERVAL_SECONDS + 1.0)
        for worker in list(self._workers.values()):
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def _post_waiting(self, run: str) -> None:
        pause = POST_INTERVAL_SECONDS
        try:
            while lines := self._waiting.pop(run, None):
                try:
                    await self._post_lines(run, lines)
                    pause = POST_INTERVAL_SECONDS
                except ChatUnreachable as error:
                    self._waiting[run] = lines | self._waiting.get(run, {})
                    pause = min(max(pause * 2, error.retry_after), LONGEST_RETRY_SECONDS)
                except StoreError as error:
                    log.warning("activity lines not stored", run=run, error=str(error))
                    self._waiting[run] = lines | self._waiting.get(run, {})
                    pause = min(pause * 2, LONGEST_RETRY_SECONDS)
                except SurfaceError as error:
                    log.warning("activity lines not posted", run=run, error=str(error))
                except Exception:
                    log.exception("activity lines not drawn", run=run)
                for slot in lines.keys() - self._waiting.get(run, {}).keys():
                    self._posting.pop(slot).set_result(None)
                await asyncio.sleep(pause)
        finally:
            del self._workers[run]

    async def _post_lines(self, run: str, lines: Mapping[str, ActivityLine]) -> None:
        new: dict[str, ActivityLine] = {}
        for slot, line in lines.items():
            post = await self._find_post(run, slot)
            if post is None:
                new[slot] = line
            else:
                await self._edit_line(post, slot, line)
        if new:
            await self._append(run, new)

    async def _find_post(self, run: str, slot: str) -> ActivityPost | None:
        latest = self._latest.get(run)
        if latest is not None and slot in latest[1]:
            return latest[0]
        return await self._rows.find_post(slot) if slot in self._known_slots else None

    async def _edit_line(self, post: ActivityPost, slot: str, line: ActivityLine) -> None:
        lines = {stored.slot: stored for stored in await self._rows.lines_in_post(post.nonce)}
        number = list(lines).index(slot) if slot in lines else len(lines)
        if lines.get(slot) == line and post.post and slot not in self._not_shown:
            return
        lines[slot] = line
        await self._publish(post, lines, {number: line}, find_first=True)

    async def _append(self, run: str, new: Mapping[str, ActivityLine]) -> None:
        latest = self._latest.get(run)
        joins = (
            latest is not None
            and self._now() - latest[0].at < timedelta(seconds=JOIN_SECONDS)
            and len(latest[1]) + len(new) <= MAX_LINES_PER_POST
        )
        if joins and latest is not None:
            post, lines = latest
        else:
            thread = self._thread(run)
            if thread is None:
                return
            post, lines = ActivityPost(secrets.token_hex(12), run, thread, self._now()), {}
        first_number = len(lines)
        lines = {**lines, **new}
        await self._publish(post, lines, dict(enumerate(new.values(), first_number)), find_first=False)

    async def _publish(
        self,
        post: ActivityPost,
        lines: dict[str, ActivityLine],
        changed: Mapping[int, ActivityLine],
        *,
        find_first: bool,
    ) -> None:
        """Edits the post, or makes it if it does not exist (any more).

        ``changed``: those of ``lines`` that are new, by their position. ``find_first``: a post without an id may
        have been posted before a crash, or in a request whose answer was lost.
        """
        surface = self._surfaces[post.place.surface]
        await self._rows.save(post, changed)
        for line in changed.values():
            self._known_slots.add(line.slot)
            self._not_shown[line.slot] = line
        if not post.post and find_first and (found := await surface.find_post(post.place, post.nonce)):
            post = replace(post, post=found.id)
        texts = [line.text for line in lines.values()]
        buttons = distinct_buttons(list(lines.values()))
        if post.post:
            try:
                await surface.edit_lines(PostRef(place=post.place, id=post.post), texts, buttons=buttons)
            except PostGone:
                post = replace(post, post="")
        if not post.post:
            ref = await surface.post_lines(post.place, texts, buttons=buttons, nonce=post.nonce)
            post = replace(post, post=ref.id)
        await self._rows.save(post, changed, shown=True)
        for line in changed.values():
            del self._not_shown[line.slot]
        latest = self._latest.get(post.run)
        if latest is None or latest[0].at <= post.at:
            self._latest[post.run] = (post, lines)

    def _thread(self, run: str) -> Place | None:
        cards = self._live_cards.cards_of(run)
        if not cards:
            return None
        card = cards[0]
        return card.place.model_copy(update={"thread": card.place.thread or card.post})
