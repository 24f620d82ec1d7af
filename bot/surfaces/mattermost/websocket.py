"""A client for Mattermost's websocket that reconnects, resumes, and reports every possible gap.

Protocol (server 5.37, ``app/web_conn.go`` and ``web_hub.go``): every event has a ``seq`` that counts up by one per
connection, starting with ``hello`` (0). When a client reconnects with its ``connection_id`` and the next expected
``sequence_number``, the server sends the missed events and no ``hello``. A ``hello`` with another id means that it
couldn't. In that case, and whenever a number is missing, ``on_gap`` is called, and the caller must read the
channels' history.

When the bot's account was disabled, even for seconds, or its session is gone, the server keeps the connection open
and answers pings of the protocol, but sends nothing any more. Only the action ``ping`` shows it: it is answered
FAIL. So it is sent again and again, and the connection is given up if it is not answered OK in time.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog

PING_SECONDS = 20.0  # between pings of the protocol and between probes; answers must come within half of this
HELLO_SECONDS = 15.0
CLOSE_SECONDS = 2.0  # for the server's part of closing, which a server that hangs never does
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
# After these, other people may see a channel than before, or the bot may do other things there.
PLACE_EVENTS = (
    "user_added",
    "user_removed",
    "added_to_team",
    "leave_team",
    "channel_converted",
    "channel_deleted",
    "channel_restored",
    "channel_scheme_updated",
    "role_updated",
)
PLUGIN_EVENTS = "custom_"  # then the id of the plugin (server 5.37, app/plugin_api.go, PublishWebSocketEvent)
_MAX_FRAME_BYTES = 16 * 2**20

log = structlog.get_logger(__name__)
Event = Mapping[str, Any]


class SocketError(Exception):
    """The connection failed. A new one may work."""


class SessionLost(SocketError):
    """The server does not know our session. ``code`` is its error's id; the message may quote the token."""

    def __init__(self, code: str) -> None:
        super().__init__(f"not signed in: {code}")
        self.code = code


@dataclass
class WebSocketClient:
    """``run`` only ends when cancelled. ``on_post`` is called for each ``posted`` and ``post_edited`` frame,
    ``on_person`` for each of ``PERSON_EVENTS``, ``on_place`` for each of ``PLACE_EVENTS``, ``on_plugin_event`` for
    each event of a plugin and ``on_gap`` for each possible gap, in order. ``on_received`` is called for each event
    and each answered probe. All must return quickly, so that pings are answered. ``check_token`` returns the
    error's id if the site does not accept the token, otherwise ""."""

    url: str
    token: str
    on_post: Callable[[Event], None]
    on_person: Callable[[Event], None]
    on_place: Callable[[Event], None]
    on_plugin_event: Callable[[str, str], None]  # (name of the event, its payload as JSON)
    on_gap: Callable[[], None]
    on_received: Callable[[], None]
    check_token: Callable[[], Awaitable[str]]
    ping_seconds: float = PING_SECONDS
    rejection: str = ""  # why the server does not accept our token or session, until it does again
    _last_action: int = 0
    _probe: "asyncio.Future[None] | None" = field(default=None, repr=False)
    _connection_id: str = ""
    _next_sequence_number: int = 0
    _is_live: bool = False
    _ws: aiohttp.ClientWebSocketResponse | None = field(default=None, repr=False)

    @property
    def is_live(self) -> bool:
        """Whether the connection is signed in and the last ping and probe were answered in time."""
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
                await self._find_rejection(error)
            finally:
                self._is_live = False
            await asyncio.sleep(delay)

    async def _find_rejection(self, error: Exception) -> None:
        """A lost session may only need a new connection. It is a problem if the token is rejected as well."""
        rejected = await self.check_token()
        if not rejected:
            self.rejection = ""
        elif isinstance(error, SessionLost):
            self.rejection = error.code
        else:
            self.rejection = self.rejection or rejected

    async def _run_connection(self, session: aiohttp.ClientSession) -> None:
        resuming = bool(self._connection_id)
        resume_from = {"connection_id": self._connection_id, "sequence_number": str(self._next_sequence_number)}
        query = resume_from if resuming else {}
        async with session.ws_connect(
            self.url,
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
            heartbeat=self.ping_seconds,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            max_msg_size=_MAX_FRAME_BYTES,
        ) as ws:
            self._ws = ws
            # The header signs in and makes resuming possible. Servers and proxies that ignore it need the
            # challenge; others ignore the challenge. Only a signed-in client gets a response to "ping".
            await ws.send_json({"seq": 1, "action": "authentication_challenge", "data": {"token": self.token}})
            await ws.send_json({"seq": 2, "action": "ping"})
            self._last_action = 2
            try:
                await self._wait_until_signed_in(ws, resuming)
                self._is_live, self.rejection = True, ""
                await _until_one_fails(self._receive(ws), self._probe_session(ws))
            finally:
                self._ws = None

    async def _receive(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            self._handle_frame(await _receive_frame(ws, None))

    async def _probe_session(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Asks now and then whether the server still knows our session. Afterwards only the history is sure to be
        complete, so the connection is not resumed: events were neither sent nor numbered."""
        while True:
            await asyncio.sleep(self.ping_seconds)
            self._last_action += 1
            self._probe = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self.ping_seconds / 2):
                    await ws.send_json({"seq": self._last_action, "action": "ping"})
                    await self._probe
            except TimeoutError as error:
                self._connection_id = ""
                raise SocketError("no answer to a ping") from error
            finally:
                self._probe = None

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
        event = frame.get("event")
        if event is None:
            self._handle_response(frame)
            return
        self.on_received()
        if event == "hello":
            self._handle_hello(frame)
        else:
            self._check_sequence(frame)
        if event in PLACE_EVENTS:
            self.on_place(frame)
        if event in ("posted", "post_edited"):
            self.on_post(frame)
        elif event in PERSON_EVENTS:
            self.on_person(frame)
        elif isinstance(event, str) and event.startswith(PLUGIN_EVENTS):
            payload = (frame.get("data") or {}).get("payload")
            self.on_plugin_event(event, payload if isinstance(payload, str) else json.dumps(payload))

    def _handle_response(self, frame: Event) -> None:
        """Of the first two actions only the challenge must not fail: the ping may have overtaken it."""
        probe = self._probe if frame.get("seq_reply") == self._last_action else None
        if frame.get("status") == "FAIL" and (probe is not None or frame.get("seq_reply") == 1):
            self._connection_id = ""
            error = frame.get("error")
            raise SessionLost(str(error.get("id") or "") if isinstance(error, Mapping) else "")
        if frame.get("status") == "OK" and probe is not None and not probe.done():
            self.on_received()
            probe.set_result(None)

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


async def _until_one_fails(*parts: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


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
