"""Remembers the last post seen in each channel in ``SurfaceState``, so that a restart continues from there.

All channels are stored as one JSON value, at most every few seconds. An outdated value is harmless: posts that are
read again have the same delivery key and are not recorded twice.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

import structlog

from bot.surfaces.errors import NotRecorded
from bot.surfaces.mattermost.incoming_posts import IncomingPost
from bot.surfaces.protocol import SurfaceState

WRITE_EVERY_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass
class SeenPosts:
    """``since`` is in ms by the server's clock. All posts up to then were seen, so in a channel without an entry
    (a new direct channel, or one that the bot was added to) only newer posts are read."""

    state: SurfaceState
    name: str
    since: int | None = None
    _last_seen: dict[str, tuple[str, int]] = field(default_factory=dict)
    _changed: bool = False
    _writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        stored = await self.state.get(self.name)
        if stored is None:
            return
        try:
            values = json.loads(stored)
            last_seen = {channel: (str(id), int(at)) for channel, (id, at) in values["channels"].items()}
            since = int(values["since"])
        except (ValueError, TypeError, KeyError, AttributeError):
            log.exception("the last seen posts cannot be read: older posts are not read")
            return
        self.since, self._last_seen = since, last_seen

    def last_seen(self, channel: str) -> tuple[str, int]:
        """The id and time of the last post seen in the channel; ("", ``since``) if there is none."""
        return self._last_seen.get(channel, ("", self.since or 0))

    def mark_seen(self, post: IncomingPost) -> None:
        """Call only after all posts of the channel up to this one are recorded."""
        if post.at >= self.last_seen(post.channel)[1]:
            self._last_seen[post.channel] = (post.id, post.at)
            self._schedule_write()

    def mark_all_seen(self, at: int) -> None:
        """For a live post: the websocket delivers posts of all channels in order, so no older one can follow."""
        is_first = self.since is None
        self.since = max(self.since or 0, at)
        self._schedule_write(0.0 if is_first else WRITE_EVERY_SECONDS)

    def _schedule_write(self, seconds: float = WRITE_EVERY_SECONDS) -> None:
        """The very first write is immediate: without it, the next start would not read missed posts."""
        self._changed = True
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon(seconds))

    async def _write_soon(self, seconds: float) -> None:
        while self._changed:
            await asyncio.sleep(seconds)
            await self._write()
            seconds = WRITE_EVERY_SECONDS

    async def _write(self) -> None:
        self._changed = False
        stored = {"since": self.since or 0, "channels": self._last_seen}
        try:
            await self.state.put(self.name, json.dumps(stored, separators=(",", ":")))
        except NotRecorded as error:
            self._changed = True
            log.warning("the last seen posts are not stored", error=str(error))

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        if self._changed:
            await self._write()
