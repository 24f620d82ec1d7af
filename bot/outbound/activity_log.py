"""The trace: one line a write, in the thread of the run's card, edited to the truth where it may still change.

Lines of one run within ``JOIN_SECONDS`` share a post. A line's slot is said once: said again it is edited. Rows
are committed, with the post's nonce, before the post is made.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from adapters.toolkit.messages import ENGLISH, in_language
from bot.outbound.live_cards import LiveCards
from bot.storage.posts import ActivityPost, PostRows
from bot.surfaces.protocol import ChatUnreachable, PostGone, PostRef, Surface, SurfaceError
from commands.model.card import ActivityLine, Button
from commands.model.messages import Place

JOIN_SECONDS = 5.0
PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
LINES_A_POST = 12

log = structlog.get_logger(__name__)


class ActivityLog:
    def __init__(
        self,
        rows: PostRows,
        surfaces: Mapping[str, Surface],
        board: LiveCards,
        now: Callable[[], datetime],
        language: str = ENGLISH,
    ) -> None:
        self._language = language
        self._rows = rows
        self._surfaces = surfaces
        self._board = board
        self._now = now
        self._waiting: dict[str, dict[str, ActivityLine]] = {}  # run -> slot -> newest line
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, tuple[ActivityPost, dict[str, ActivityLine]]] = {}  # run -> its newest post
        self._saying: dict[str, asyncio.Future[None]] = {}
        self._said: set[str] = set()  # slots that have a row: a line of theirs is an edit

    async def load(self) -> None:
        self._said = set(await self._rows.slots())

    def has_room(self, run: str) -> bool:
        """Whether a line about this run would be seen: it has a card somewhere."""
        return bool(self._board.of(run))

    def wants(self, line: ActivityLine) -> bool:
        """Whether it is to be said: one that only corrects needs a line of its slot, said or about to be."""
        return not line.corrects or line.slot in self._said or line.slot in self._waiting.get(line.run, {})

    async def said(self, key: str) -> Sequence[ActivityLine]:
        """The lines that the message ``key`` has in the chat, said before a restart perhaps."""
        found: list[ActivityLine] = []
        for slot in [slot for slot in self._said if slot.startswith(f"{key}:")]:
            post = await self._rows.where(slot)
            if post is not None:
                found += [line for line in await self._rows.lines_of(post.nonce) if line.slot == slot]
        return found

    def say(self, line: ActivityLine) -> "asyncio.Future[None]":
        """Said soon, in order; a newer line of the same slot replaces one that is still waiting.

        The future is done when the line is to be seen, or when the chat will not have it.
        """
        self._waiting.setdefault(line.run, {})[line.slot] = line
        said = self._saying.setdefault(line.slot, asyncio.get_running_loop().create_future())
        if line.run not in self._workers:
            with in_language(self._language):  # and not in that of the person who caused the line
                self._workers[line.run] = asyncio.create_task(self._work(line.run))
        return said

    async def stop(self) -> None:
        """Says what still waits, within a few seconds; a worker that only rests is not waited for."""
        saying = [said for said in self._saying.values() if not said.done()]
        if saying:
            await asyncio.wait(saying, timeout=PAUSE_SECONDS + 1.0)
        for worker in list(self._workers.values()):
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def _work(self, run: str) -> None:
        pause = PAUSE_SECONDS
        try:
            while lines := self._waiting.pop(run, None):
                try:
                    await self._say(run, lines)
                    pause = PAUSE_SECONDS
                except ChatUnreachable as error:
                    self._waiting[run] = lines | self._waiting.get(run, {})
                    pause = min(max(pause * 2, error.retry_after), LONGEST_PAUSE_SECONDS)
                except SurfaceError as error:
                    log.warning("trace not said", run=run, why=str(error))
                for slot in lines.keys() - self._waiting.get(run, {}).keys():
                    self._saying.pop(slot).set_result(None)
                await asyncio.sleep(pause)
        finally:
            del self._workers[run]

    async def _say(self, run: str, lines: Mapping[str, ActivityLine]) -> None:
        fresh: dict[str, ActivityLine] = {}
        for slot, line in lines.items():
            home = await self._home_of(run, slot)
            if home is None:
                fresh[slot] = line
            else:
                await self._correct(home, slot, line)
        if fresh:
            await self._append(run, fresh)

    async def _home_of(self, run: str, slot: str) -> ActivityPost | None:
        latest = self._latest.get(run)
        if latest is not None and slot in latest[1]:
            return latest[0]
        return await self._rows.where(slot) if slot in self._said else None

    async def _correct(self, post: ActivityPost, slot: str, line: ActivityLine) -> None:
        lines = {said.slot: said for said in await self._rows.lines_of(post.nonce)}
        number = list(lines).index(slot) if slot in lines else len(lines)
        if lines.get(slot) == line and post.post:
            return
        lines[slot] = line
        self._rows.put_line(line, post.nonce, number)
        await self._write(post, lines)

    async def _append(self, run: str, fresh: Mapping[str, ActivityLine]) -> None:
        latest = self._latest.get(run)
        joins = (
            latest is not None
            and self._now() - latest[0].at < timedelta(seconds=JOIN_SECONDS)
            and len(latest[1]) + len(fresh) <= LINES_A_POST
        )
        if joins and latest is not None:
            post, lines = latest
        else:
            place = self._thread(run)
            if place is None:
                return
            post, lines = ActivityPost(secrets.token_hex(12), run, place, self._now()), {}
        before = len(lines)
        lines = {**lines, **fresh}
        for number, line in enumerate(fresh.values(), before):
            self._rows.put_line(line, post.nonce, number)
            self._said.add(line.slot)
        await self._write(post, lines)

    async def _write(self, post: ActivityPost, lines: dict[str, ActivityLine]) -> None:
        surface = self._surfaces[post.place.surface]
        words = [line.text for line in lines.values()]
        buttons = _buttons(list(lines.values()))
        if post.post:
            try:
                await surface.edit_lines(PostRef(place=post.place, id=post.post), words, buttons=buttons)
            except PostGone:
                post = replace(post, post="")
        if not post.post:
            await self._rows.trace_post(post)
            ref = await surface.post_lines(post.place, words, buttons=buttons, nonce=post.nonce)
            post = replace(post, post=ref.id)
            await self._rows.trace_post(post)
        known = self._latest.get(post.run)
        if known is None or known[0].at <= post.at:
            self._latest[post.run] = (post, lines)

    def _thread(self, run: str) -> Place | None:
        cards = self._board.of(run)
        if not cards:
            return None
        card = cards[0]
        return card.place.model_copy(update={"thread": card.place.thread or card.post})


def _buttons(lines: Sequence[ActivityLine]) -> tuple[Button, ...]:
    return tuple(button for line in lines for button in line.buttons)[:5]
