"""Records the posts that the websocket delivers, in order, and reads missed posts from the channels' history.

Events of plugins are passed on as they come.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from bot.surfaces.errors import ChatUnreachable, NotRecorded, SurfaceError, TokenRejected
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.incoming_posts import (
    BotAccount,
    ChannelInfo,
    IncomingPost,
    from_event,
    person_of,
    place_of,
    written_at,
)
from bot.surfaces.mattermost.seen_posts import SeenPosts
from bot.surfaces.mattermost.transport import ApiError
from bot.surfaces.mattermost.websocket import WebSocketClient
from bot.surfaces.protocol import Intake

PAGE_SIZE = 200  # the maximum for a page of a channel's posts
FIRST_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 30.0
CHECK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Listener:
    """``account`` reads the bot's account. It is called again until it succeeds."""

    def __init__(
        self,
        api: MattermostApi,
        token: str,
        seen_posts: SeenPosts,
        account: Callable[[], Awaitable[BotAccount]],
        intake: Intake,
        now: Callable[[], datetime],
        probe_seconds: float,
    ) -> None:
        self._api = api
        self._seen_posts = seen_posts
        self._find_account = account
        self._account: BotAccount | None = None
        self._intake = intake
        self._now = now
        self._queue: asyncio.Queue[IncomingPost | None] = asyncio.Queue()
        self._socket = WebSocketClient(
            api.websocket_url,
            token,
            on_post=self._on_post,
            on_person=self._on_person,
            on_place=self._on_place,
            on_plugin_event=partial(intake.on_plugin_event, api.url),
            on_gap=self._on_gap,
            on_received=self._on_received,
            check_token=self._check_token,
            ping_seconds=probe_seconds,
        )
        self.last_received: datetime | None = None
        self._channel_infos: dict[str, ChannelInfo] = {}  # by channel, as last seen
        self._reports: set[asyncio.Task[None]] = set()  # of people who changed
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_live(self) -> bool:
        """Whether the websocket is connected and both tasks are running."""
        return self._socket.is_live and not any(task.done() for task in self._tasks)

    @property
    def rejection(self) -> str:
        """The server's error id, if it does not accept the bot's token or session."""
        return self._socket.rejection

    def use_token(self, token: str) -> None:
        """For the next connection."""
        self._socket.token = token

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._socket.run()), asyncio.create_task(self._process_queue())]

    async def wait_until_lost(self, seconds: float) -> None:
        """Until it could not connect for so long. A token that is not accepted is a matter for the operator."""
        lost = 0.0
        while lost < seconds:
            await asyncio.sleep(CHECK_SECONDS)
            lost = 0.0 if self.is_live or self.rejection else lost + CHECK_SECONDS

    async def stop(self) -> None:
        await self._socket.close()
        tasks = [*self._tasks, *self._reports]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._seen_posts.close()

    def _on_post(self, event: Mapping[str, Any]) -> None:
        incoming = from_event(event)
        if incoming is not None:
            self._queue.put_nowait(incoming)

    def _on_person(self, event: Mapping[str, Any]) -> None:
        """Not queued behind posts: rights that were taken away end at once."""
        report = asyncio.create_task(
            self._retry(partial(self._intake.person_changed, "mattermost", person_of(event)))
        )
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    def _on_place(self, event: Mapping[str, Any]) -> None:
        self._intake.place_changed("mattermost", *place_of(event))

    def _on_received(self) -> None:
        self.last_received = self._now()

    async def _check_token(self) -> str:
        try:
            await self._api.me()
        except TokenRejected as error:
            return error.code or "401"
        except SurfaceError:
            return ""
        return ""

    def _on_gap(self) -> None:
        self._queue.put_nowait(None)
        self._intake.place_changed("mattermost")  # what was missed may be that somebody left
        self._intake.on_plugin_gap(self._api.url)

    async def _process_queue(self) -> None:
        await self._seen_posts.load()
        while True:
            incoming = await self._queue.get()
            if incoming is None:
                await self._retry(self._catch_up)
            else:
                await self._retry(partial(self._record, incoming, self._now()))
                if not incoming.edited:
                    self._seen_posts.mark_all_seen(incoming.at)

    async def _retry(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Repeats until it works: going on would mark posts as seen that were not recorded."""
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                await attempt()
                return
            except (ChatUnreachable, NotRecorded) as error:
                log.warning("mattermost events delayed", error=str(error) or type(error).__name__, retry_in=delay)
            except SurfaceError as error:
                log.warning("mattermost history not readable", error=str(error))
                return
            except Exception:
                # A post that causes an error here must not stop the posts after it.
                log.exception("mattermost post failed")
                return
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_RETRY_SECONDS)

    async def _bot_account(self) -> BotAccount:
        if self._account is None:
            self._account = await self._find_account()
        return self._account

    async def _record(self, incoming: IncomingPost, at: datetime) -> None:
        account = await self._bot_account()
        if incoming.edited:
            incoming = await self._with_channel(incoming, account)
        elif incoming.channel_info.type:
            self._channel_infos[incoming.channel] = incoming.channel_info
        message = account.parse(incoming, at, self._intake.command_in)
        if message is not None and message.edits:
            message = await self._intake.accept_edit(message)
        if message is not None:
            recorded = await self._intake.record(message)
            if recorded.new:
                self._intake.process(message.key)
        if not incoming.edited:
            self._seen_posts.mark_seen(incoming)

    async def _with_channel(self, incoming: IncomingPost, account: BotAccount) -> IncomingPost:
        """The event of an edit does not say in what channel the post is."""
        if incoming.post.get("user_id") == account.me:
            return incoming
        if incoming.channel not in self._channel_infos:
            self._channel_infos |= {
                str(channel.get("id") or ""): _channel_info(channel) for channel in await self._channels(account)
            }
        info = self._channel_infos.get(incoming.channel)
        return incoming if info is None else replace(incoming, channel_info=info)

    async def _catch_up(self) -> None:
        """Records the posts in the bot's channels since the last one seen. On the very first start there are none:
        posts from before the bot was set up are not for it."""
        account = await self._bot_account()
        channels = await self._channels(account)
        if self._seen_posts.since is None:
            latest = max((int(channel.get("last_post_at") or 0) for channel in channels), default=0)
            self._seen_posts.mark_all_seen(latest or int(self._now().timestamp() * 1000))
            return
        for channel in channels:
            with contextlib.suppress(
                ApiError
            ):  # the bot has left the channel, or it was archived, in the meantime
                async for incoming in self._missed_posts(channel):
                    await self._record(incoming, written_at(incoming, self._now()))

    async def _channels(self, account: BotAccount) -> list[dict[str, Any]]:
        by_id: dict[str, dict[str, Any]] = {}
        for team in await self._api.teams(account.me):
            id = str(team.get("id") or "")
            if not account.team or id == account.team:
                by_id |= {str(channel.get("id")): channel for channel in await self._api.channels(account.me, id)}
        return list(by_id.values())

    async def _missed_posts(self, channel: Mapping[str, Any]) -> AsyncIterator[IncomingPost]:
        id = str(channel.get("id") or "")
        channel_info = _channel_info(channel)
        post, at = self._seen_posts.last_seen(id)
        if 0 < int(channel.get("last_post_at") or 0) <= at:
            return
        async for item in self._posts_after(id, post) if post else self._newest_posts(id, at):
            yield IncomingPost(item, channel_info)

    async def _posts_after(self, channel: str, post: str) -> AsyncIterator[dict[str, Any]]:
        """By post id rather than time (mattermost#13846), unless that post was deleted permanently."""
        at = self._seen_posts.last_seen(channel)[1]
        while True:
            try:
                page = await self._api.posts(channel, after=post, count=PAGE_SIZE)
            except ApiError as error:
                if error.status == 403:
                    raise
                async for item in self._newest_posts(channel, at):
                    yield item
                return
            for item in page:
                yield item
            if len(page) < PAGE_SIZE or str(page[-1].get("id")) == post:
                return
            post = str(page[-1].get("id"))
            at = int(page[-1].get("create_at") or at)

    async def _newest_posts(self, channel: str, since: int) -> AsyncIterator[dict[str, Any]]:
        """Reads pages backwards until ``since``, then yields the oldest post first."""
        pages: list[list[dict[str, Any]]] = []
        while True:
            page = await self._api.posts(channel, count=PAGE_SIZE, page=len(pages))
            pages.append([post for post in page if int(post.get("create_at") or 0) > since])
            if len(pages[-1]) < PAGE_SIZE:
                break
        for posts in reversed(pages):
            for post in posts:
                yield post


def _channel_info(channel: Mapping[str, Any]) -> ChannelInfo:
    return ChannelInfo(
        str(channel.get("type") or ""), str(channel.get("name") or ""), str(channel.get("team_id") or "")
    )
