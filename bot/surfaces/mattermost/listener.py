"""From the websocket's frames to recorded messages, in order, gaps filled from the channels' history."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from bot.surfaces.mattermost.driver import ApiError, Site
from bot.surfaces.mattermost.incoming_posts import ChannelInfo, IncomingPost, PostReader, from_event, moment
from bot.surfaces.mattermost.seen_posts import SeenPosts
from bot.surfaces.mattermost.websocket import Socket
from bot.surfaces.protocol import ChatUnreachable, Intake, NotRecorded, SurfaceError

PAGE = 200  # the most that one page of a channel's posts holds
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Listener:
    """``ear`` finds out who we are, and is asked again until it can say so."""

    def __init__(
        self,
        site: Site,
        socket_url: str,
        token: str,
        memory: SeenPosts,
        ear: Callable[[], Awaitable[PostReader]],
        intake: Intake,
        now: Callable[[], datetime],
    ) -> None:
        self._site = site
        self._memory = memory
        self._find_ear = ear
        self._ear: PostReader | None = None
        self._intake = intake
        self._now = now
        self._queue: asyncio.Queue[IncomingPost | None] = asyncio.Queue()
        self._socket = Socket(socket_url, token, heard=self._heard, lost=self._lost)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def live(self) -> bool:
        """Connected, and still at work."""
        return self._socket.live and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._socket.run()), asyncio.create_task(self._work())]

    async def stop(self) -> None:
        await self._socket.hang_up()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._memory.close()

    def _heard(self, event: Mapping[str, Any]) -> None:
        heard = from_event(event)
        if heard is not None:
            self._queue.put_nowait(heard)

    def _lost(self) -> None:
        self._queue.put_nowait(None)

    async def _work(self) -> None:
        await self._memory.load()
        while True:
            heard = await self._queue.get()
            if heard is None:
                await self._insist(self._catch_up)
            else:
                await self._insist(partial(self._take, heard, self._now()))
                self._memory.all_heard(heard.at)

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Until it works: going on without would move the marks past what was not recorded."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await attempt()
                return
            except (ChatUnreachable, NotRecorded) as error:
                log.warning("mattermost posts wait", why=str(error) or type(error).__name__, again_in=pause)
            except SurfaceError as error:
                log.warning("mattermost history cannot be read", why=str(error))
                return
            except Exception:
                # A post that breaks us must not make us deaf for all that come after it.
                log.exception("mattermost post cannot be taken")
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _who(self) -> PostReader:
        if self._ear is None:
            self._ear = await self._find_ear()
        return self._ear

    async def _take(self, heard: IncomingPost, at: datetime) -> None:
        message = (await self._who()).message(heard, at)
        if message is not None:
            recorded = await self._intake.record(message)
            if recorded.new:
                self._intake.process(message.key)
        self._memory.heard(heard)

    async def _catch_up(self) -> None:
        """Reads what was said in our channels since their marks. The first time ever there is nothing to read:
        what was said before we came was not said to us."""
        ear = await self._who()
        channels = await self._channels(ear)
        if self._memory.since is None:
            newest = max((int(channel.get("last_post_at") or 0) for channel in channels), default=0)
            self._memory.all_heard(newest or int(self._now().timestamp() * 1000))
            return
        for channel in channels:
            with contextlib.suppress(ApiError):  # we left it, or it was archived, between the list and the look
                async for heard in self._missed(channel):
                    await self._take(heard, moment(heard, self._now()))

    async def _channels(self, ear: PostReader) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for team in await self._site.teams(ear.me):
            id = str(team.get("id") or "")
            if not ear.team or id == ear.team:
                found |= {str(channel.get("id")): channel for channel in await self._site.channels(ear.me, id)}
        return list(found.values())

    async def _missed(self, channel: Mapping[str, Any]) -> AsyncIterator[IncomingPost]:
        id = str(channel.get("id") or "")
        room = ChannelInfo(
            str(channel.get("type") or ""), str(channel.get("name") or ""), str(channel.get("team_id") or "")
        )
        post, at = self._memory.mark(id)
        if 0 < int(channel.get("last_post_at") or 0) <= at:
            return
        pages = self._after(id, post) if post else self._newest(id, at)
        async for found in pages:
            yield IncomingPost(found, room)

    async def _after(self, channel: str, post: str) -> AsyncIterator[dict[str, Any]]:
        """By post id, not by time (mattermost#13846); by time only where that post is gone for good."""
        at = self._memory.mark(channel)[1]
        while True:
            try:
                page = await self._site.posts(channel, after=post, count=PAGE)
            except ApiError as error:
                if error.status == 403:
                    raise
                async for found in self._newest(channel, at):
                    yield found
                return
            for found in page:
                yield found
            if len(page) < PAGE or str(page[-1].get("id")) == post:
                return
            post = str(page[-1].get("id"))
            at = int(page[-1].get("create_at") or at)

    async def _newest(self, channel: str, since: int) -> AsyncIterator[dict[str, Any]]:
        """Backwards to ``since``, then told oldest first."""
        pages: list[list[dict[str, Any]]] = []
        while True:
            page = await self._site.posts(channel, count=PAGE, page=len(pages))
            pages.append([post for post in page if int(post.get("create_at") or 0) > since])
            if len(pages[-1]) < PAGE:
                break
        for posts in reversed(pages):
            for post in posts:
                yield post
