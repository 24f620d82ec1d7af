"""The bot's ear on Mattermost's websocket: connects, stays, resumes, and never misses a post without noticing.

Protocol (server 5.37, ``app/web_conn.go`` and ``web_hub.go``): every event carries ``seq``, counted up by one
per connection from ``hello`` (0). Coming back with ``connection_id`` and the next expected ``sequence_number``,
the server sends what was missed, and no ``hello``; a ``hello`` with another id means that it could not. Then,
and whenever a number is missing, ``lost`` is called and whoever listens reads the channels' history.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog

PING_SECONDS = 20.0  # the server pings at 60 s and gives up at 100 s; half of ours without a pong closes
HELLO_SECONDS = 15.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
_LARGEST_FRAME = 16 * 2**20

log = structlog.get_logger(__name__)
Event = Mapping[str, Any]


class SocketError(Exception):
    """This connection is of no use; another one may be."""


@dataclass
class Socket:
    """``run`` never returns by itself. ``heard`` gets each ``posted`` frame, ``lost`` a call per suspected gap:
    both in order, and quickly (they only queue), so that pings are answered meanwhile."""

    url: str
    token: str
    heard: Callable[[Event], None]
    lost: Callable[[], None]
    ping_seconds: float = PING_SECONDS
    _connection: str = ""
    _next: int = 0
    _live: bool = False
    _ws: aiohttp.ClientWebSocketResponse | None = field(default=None, repr=False)

    @property
    def live(self) -> bool:
        """Signed in, and the last ping was answered in time."""
        return self._live

    async def run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with aiohttp.ClientSession(trust_env=False) as session:
                    await self._stay(session)
                pause = FIRST_PAUSE_SECONDS
            except (aiohttp.ClientError, TimeoutError, OSError, SocketError) as error:
                was_live, self._live = self._live, False
                pause = FIRST_PAUSE_SECONDS if was_live else min(pause * 2, LONGEST_PAUSE_SECONDS)
                log.warning("mattermost websocket", why=f"{type(error).__name__} {error}".strip(), again_in=pause)
            finally:
                self._live = False
            await asyncio.sleep(pause)

    async def _stay(self, session: aiohttp.ClientSession) -> None:
        resuming = bool(self._connection)
        query = {"connection_id": self._connection, "sequence_number": str(self._next)} if resuming else {}
        headers = {"Authorization": f"Bearer {self.token}"}
        async with session.ws_connect(
            self.url, params=query, headers=headers, heartbeat=self.ping_seconds, max_msg_size=_LARGEST_FRAME
        ) as ws:
            self._ws = ws
            # The header signs us in and makes resuming possible; servers and proxies that ignore it want the
            # challenge, and those that took it ignore the challenge. "ping" is answered only to the signed in.
            await ws.send_json({"seq": 1, "action": "authentication_challenge", "data": {"token": self.token}})
            await ws.send_json({"seq": 2, "action": "ping"})
            try:
                await self._welcome(ws, resuming)
                self._live = True
                while True:
                    self._take(await _frame(ws, None))
            finally:
                self._ws = None

    async def _welcome(self, ws: aiohttp.ClientWebSocketResponse, resuming: bool) -> None:
        """Until the server has shown that we are signed in: by hello, or, when it resumes us (and where it knows
        no hello), by answering us or by going on counting."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while True:
                    frame = await _frame(ws, HELLO_SECONDS)
                    self._take(frame)
                    if frame.get("event") == "hello" or (resuming and "event" in frame):
                        return
                    if frame.get("status") == "OK":
                        if not resuming:
                            self.lost()
                        return
        except TimeoutError as error:
            self._connection = ""
            raise SocketError("no hello") from error

    def _take(self, frame: Event) -> None:
        if frame.get("status") == "FAIL" and frame.get("seq_reply") == 1:
            self._connection = ""
            raise SocketError(f"not signed in: {frame.get('error')}")
        event = frame.get("event")
        if event is None:
            return
        if event == "hello":
            self._hello(frame)
        else:
            self._count(frame)
        if event == "posted":
            self.heard(frame)

    def _hello(self, frame: Event) -> None:
        data = frame.get("data") or {}
        connection = str(data.get("connection_id") or "")
        if not connection or connection != self._connection:
            self.lost()
        self._connection = connection
        self._next = _number(frame) + 1

    def _count(self, frame: Event) -> None:
        number = _number(frame)
        if number > self._next:
            log.warning("mattermost websocket skipped", expected=self._next, got=number)
            self.lost()
        self._next = max(self._next, number + 1)

    async def hang_up(self) -> None:
        """Says goodbye properly; ``run`` is to be cancelled next."""
        if self._ws is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._ws.close()


def _number(frame: Event) -> int:
    try:
        return int(frame.get("seq") or 0)
    except (TypeError, ValueError):
        return 0


async def _frame(ws: aiohttp.ClientWebSocketResponse, within: float | None) -> Event:
    """The next frame that holds an object."""
    while True:
        message = await ws.receive(within)
        if message.type is aiohttp.WSMsgType.TEXT:
            try:
                frame = json.loads(message.data)
            except ValueError:
                continue
            if isinstance(frame, dict):
                return frame
        elif message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
            raise SocketError(f"closed ({ws.close_code})")
        elif message.type is aiohttp.WSMsgType.ERROR:
            raise SocketError(f"broken ({ws.exception()})")
