"""How far each channel was heard, kept in ``SurfaceState`` so that a restart goes on from there.

One note of JSON for all channels, written at most every few seconds: what was recorded twice is recognised by
its delivery key, so an old note costs a little reading and loses nothing.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

from bot.surfaces.mattermost.incoming_posts import IncomingPost
from bot.surfaces.protocol import SurfaceState

WRITE_EVERY_SECONDS = 5.0


@dataclass
class SeenPosts:
    """``since`` (ms, the server's clock): up to then everything was heard, so that in a channel without a mark
    (one that we were added to, or a new direct one) only what is younger concerns us."""

    notes: SurfaceState
    name: str
    since: int | None = None
    _marks: dict[str, tuple[str, int]] = field(default_factory=dict)
    _changed: bool = False
    _writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        kept = await self.notes.get(self.name)
        if kept is None:
            return
        said = json.loads(kept)
        self.since = int(said["since"])
        self._marks = {channel: (str(id), int(at)) for channel, (id, at) in said["channels"].items()}

    def mark(self, channel: str) -> tuple[str, int]:
        """The last post heard there and its time; ("", ``since``) where none was."""
        return self._marks.get(channel, ("", self.since or 0))

    def heard(self, heard: IncomingPost) -> None:
        """Call only after everything up to this post of its channel is recorded."""
        if heard.at >= self.mark(heard.channel)[1]:
            self._marks[heard.channel] = (heard.id, heard.at)
            self._later()

    def all_heard(self, at: int) -> None:
        """A live post: the websocket brings those of all channels in order, so nothing older is to come."""
        first = self.since is None
        self.since = max(self.since or 0, at)
        self._later(0.0 if first else WRITE_EVERY_SECONDS)

    def _later(self, seconds: float = WRITE_EVERY_SECONDS) -> None:
        """The very first mark is kept at once: without one, the next start would take nothing for missed."""
        self._changed = True
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon(seconds))

    async def _write_soon(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._write()

    async def _write(self) -> None:
        self._changed = False
        kept = {"since": self.since or 0, "channels": self._marks}
        await self.notes.put(self.name, json.dumps(kept, separators=(",", ":")))

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        if self._changed:
            await self._write()
