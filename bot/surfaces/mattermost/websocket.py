"""A client for Mattermost's websocket that reconnects, resumes, and reports every possible gap.

Protocol (server 5.37, ``app/web_conn.go`` and ``web_hub.go``): every event has a ``seq`` that counts up by one per
connection, starting with ``hello`` (0). When a client reconnects with its ``connection_id`` and the next expected
``sequence_number``, the server sends the missed events and no ``hello``. A ``hello`` with another id means that it
couldn't. In that case, and whenever a number is missing, ``on_gap`` is called, and the caller must read the
channels' history.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog

PING_SECONDS = 20.0  # the connection is closed if no pong arrives within half of this
HELLO_SECONDS = 15.0
FIRST_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 30.0
# Server 5.37, model/websocket_message.go. The last one names nobody.
PERSON_EVENTS = (
    "user_updated",
    "user_removed",
    "user_role_updated",
    "leave_team",
    "user_activation_status_change",
)
PLUGIN_EVENTS = "custom_"  # then the id of the plugin (server 5.37, app/plugin_api.go, PublishWebSocketEvent)
_MAX_FRAME_BYTES = 16 * 2**20

log = structlog.get_logger(__name__)
Event = Mapping[str, Any]


class SocketError(Exception):
    """The connection failed. A new one may work."""


@dataclass
class WebSocketClient:
    """``run`` only ends when cancelled. ``on_post`` is called for each ``posted`` and ``post_edited`` frame,
    ``on_person`` for each of ``PERSON_EVENTS``, ``on_plugin_event`` for each event of a plugin and ``on_gap`` for
    each possible gap, in order. All must return quickly, so that pings are answered."""

    url: str
    token: str
    on_post: Callable[[Event], None]
    on_person: Callable[[Event], None]
    on_plugin_event: Callable[[str, str], None]  # (name of the event, its payload as JSON)
    on_gap: Callable[[], None]
    ping_seconds: float = PING_SECONDS
    _connection_id: str = ""
    _next_sequence_number: int = 0
    _is_live: bool = False
    _ws: aiohttp.ClientWebSocketResponse | None = field(default=None, repr=False)

    @property
    def is_live(self) -> bool:
        """Whether the connection is signed in and the last ping was answered in time."""
        return self._is_live

    async def run(self) -> None:
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                async with aiohttp.ClientSession(trust_env=False) as session:
                    await self._run_connection(session)
                delay = FIRST_RETRY_SECONDS
            except (aiohttp.ClientError, TimeoutError, OSError, SocketError) as error:
                was_live, self._is_live = self._is_live, False
                delay = FIRST_RETRY_SECONDS if was_live else min(delay * 2, MAX_RETRY_SECONDS)
                reason = f"{type(error).__name__} {error}".strip()
                log.warning("mattermost websocket not connected", error=reason, retry_in=delay)
            finally:
                self._is_live = False
            await asyncio.sleep(delay)

    async def _run_connection(self, session: aiohttp.ClientSession) -> None:
        resuming = bool(self._connection_id)
        resume_from = {"connection_id": self._connection_id, "sequence_number": str(self._next_sequence_number)}
        query = resume_from if resuming else {}
        headers = {"Authorization": f"Bearer {self.token}"}
        async with session.ws_connect(
            self.url, params=query, headers=headers, heartbeat=self.ping_seconds, max_msg_size=_MAX_FRAME_BYTES
        ) as ws:
            self._ws = ws
            # The header signs in and makes resuming possible. Servers and proxies that ignore it need the
            # challenge; others ignore the challenge. Only a signed-in client gets a response to "ping".
            await ws.send_json({"seq": 1, "action": "authentication_challenge", "data": {"token": self.token}})
            await ws.send_json({"seq": 2, "action": "ping"})
            try:
                await self._wait_until_signed_in(ws, resuming)
                self._is_live = True
                while True:
                    self._handle_frame(await _receive_frame(ws, None))
            finally:
                self._ws = None

    async def _wait_until_signed_in(self, ws: aiohttp.ClientWebSocketResponse, resuming: bool) -> None:
        """Returns once a frame shows that we are signed in: a hello, or, if the server resumes the connection
        (or has no hello), a response or any event."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while True:
                    frame = await _receive_frame(ws, HELLO_SECONDS)
                    self._handle_frame(frame)
                    if frame.get("event") == "hello" or (resuming and "event" in frame):
                        return
                    if frame.get("status") == "OK":
                        if not resuming:
                            self.on_gap()
                        return
        except TimeoutError as error:
            self._connection_id = ""
            raise SocketError("no hello") from error

    def _handle_frame(self, frame: Event) -> None:
        if frame.get("status") == "FAIL" and frame.get("seq_reply") == 1:
            self._connection_id = ""
            raise SocketError(f"not signed in: {frame.get('error')}")
        event = frame.get("event")
        if event is None:
            return
        if event == "hello":
            self._handle_hello(frame)
        else:
            self._check_sequence(frame)
        if event in ("posted", "post_edited"):
            self.on_post(frame)
        elif event in PERSON_EVENTS:
            self.on_person(frame)
        elif isinstance(event, str) and event.startswith(PLUGIN_EVENTS):
            payload = (frame.get("data") or {}).get("payload")
            self.on_plugin_event(event, payload if isinstance(payload, str) else json.dumps(payload))

    def _handle_hello(self, frame: Event) -> None:
        data = frame.get("data") or {}
        connection_id = str(data.get("connection_id") or "")
        if not connection_id or connection_id != self._connection_id:
            self.on_gap()
        self._connection_id = connection_id
        self._next_sequence_number = _sequence_number(frame) + 1

    def _check_sequence(self, frame: Event) -> None:
        sequence_number = _sequence_number(frame)
        if sequence_number > self._next_sequence_number:
            log.warning("mattermost websocket gap", expected=self._next_sequence_number, received=sequence_number)
            self.on_gap()
        self._next_sequence_number = max(self._next_sequence_number, sequence_number + 1)

    async def close(self) -> None:
        """Closes the connection. Cancel ``run`` afterwards."""
        if self._ws is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._ws.close()


def _sequence_number(frame: Event) -> int:
    try:
        return int(frame.get("seq") or 0)
    except (TypeError, ValueError):
        return 0


async def _receive_frame(ws: aiohttp.ClientWebSocketResponse, timeout: float | None) -> Event:
    """The next frame that is a JSON object. Raises ``SocketError`` when the connection is closed."""
    while True:
        message = await ws.receive(timeout)
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
