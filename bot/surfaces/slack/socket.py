"""Socket Mode: deliveries over websockets that Liaison opens (Slack docs, "Using Socket Mode").

There are two connections, because Slack closes each of them every few hours; a payload arrives on one of them.
Slack allows ten for an app, so of many replicas five have connections, and the others wait to take over. An
envelope is acknowledged once the application has returned 200, which it does after the message is durable. Slack
sends an unacknowledged envelope again. aiohttp pings each connection and closes it when no pong comes back.

A connection can stay open, answer pings and deliver nothing (slackapi/bolt-python#1529). That looks the same as a
quiet workspace, so a connection that was silent for a while is replaced.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.surfaces.errors import ChatUnreachable, SurfaceError, TokenRejected
from bot.surfaces.protocol import Duties, Duty
from bot.surfaces.slack.client import SlackClient, cancel_all

log = logging.getLogger("liaison.slack.socket")
LINK_DISABLED = "link_disabled"  # the reason that Slack gives when Socket Mode is switched off
HEARTBEAT_SECONDS = 10.0  # between pings; a pong must come back within half of that
HELLO_SECONDS = 15.0
PROBE_SECONDS = 20.0  # between looks at the connections, and between calls of auth.test while nothing arrives
SILENCE_SECONDS = 120.0  # apps.connections.open allows one request a minute
MAX_RETRY_SECONDS = 30.0


class LinkDisabled(ChatUnreachable):
    code = LINK_DISABLED

    def __init__(self) -> None:
        super().__init__("Socket Mode is switched off for this app", MAX_RETRY_SECONDS)


@dataclass(eq=False)
class _Connection:
    """One of the connections, and the task that opens it again whenever it is closed. ``heard_at`` is when it was
    opened or brought an envelope, by the clock of the event loop."""

    connected: asyncio.Event = field(default_factory=asyncio.Event)
    opened_at: float = 0.0
    heard_at: float = 0.0
    task: "asyncio.Task[None] | None" = None


class SocketMode:
    """``problem`` is the code of the error if Slack lets us open no connection until an operator acts."""

    COUNT = 2
    MOST = 10  # of all replicas

    def __init__(
        self,
        client: SlackClient,
        app_token: str,
        dispatch: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
        probe_seconds: float,
        silence_seconds: float,
        duties: Duties,
    ) -> None:
        self._duties = duties
        self._duty: Duty | None = None
        self._client = client
        self._app_token = app_token
        self._dispatch = dispatch
        self._probe_seconds = probe_seconds
        self._silence_seconds = silence_seconds
        self._connections: list[_Connection] = []
        self._last_rotation = 0.0
        self.problem = ""

    def use_token(self, token: str) -> bool:
        """For connections that are opened from now on. Whether it is another one."""
        is_new = token not in ("", self._app_token)
        self._app_token = token or self._app_token
        return is_new

    @property
    def connected(self) -> int:
        """How many connections."""
        return sum(connection.connected.is_set() for connection in self._connections)

    @property
    def left_to_others(self) -> bool:
        return self._duty is not None and self._duty.left_to_others

    @property
    def ready(self) -> bool:
        return self.connected > 0 or self.left_to_others

    def start(self) -> None:
        names = [f"slack sockets {number}" for number in range(self.MOST // self.COUNT)]
        self._duty = self._duties.take_on(self._keep_connected, *names)

    async def stop(self) -> None:
        if self._duty is not None:
            await self._duty.give_up()
            self._duty = None

    async def _keep_connected(self) -> None:
        self._connections = [self._open() for _ in range(self.COUNT)]
        try:
            await self._watch()
        finally:
            await cancel_all({connection.task for connection in self._connections if connection.task is not None})
            self._connections = []

    def _open(self) -> _Connection:
        connection = _Connection()
        connection.task = asyncio.create_task(self._run(connection))
        return connection

    # Silence

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._probe_seconds)
            now = asyncio.get_running_loop().time()
            silent = [
                connection
                for connection in self._connections
                if connection.connected.is_set() and now - connection.heard_at >= self._silence_seconds
            ]
            if silent and now - self._last_rotation >= self._silence_seconds:
                self._last_rotation = now
                await self._replace(min(silent, key=lambda connection: connection.opened_at))

    async def _replace(self, old: _Connection) -> None:
        """Closes the old connection only after the new one is there: one that is silent may still work. With other
        replicas, it is closed before: they may have all the others that Slack allows."""
        if self._duties.has_others:
            await _close(old)
            self._connections = [
                self._open() if connection is old else connection for connection in self._connections
            ]
            return
        new = self._open()
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await new.connected.wait()
        except TimeoutError:
            log.warning("slack: a silent socket could not be replaced")
            old, new = new, old
        except asyncio.CancelledError:
            await _close(new)
            raise
        else:
            self._connections = [new if connection is old else connection for connection in self._connections]
            log.info("slack: replaced a socket that was silent for %.0f s", self._silence_seconds)
        await _close(old)

    # One connection

    async def _run(self, connection: _Connection) -> None:
        delay = 0.5
        while True:
            try:
                await self._connect_once(connection)
                delay = 0.5
            except (SurfaceError, aiohttp.ClientError, TimeoutError, OSError) as error:
                if isinstance(error, TokenRejected | LinkDisabled):
                    self.problem = error.code
                retry_after = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
                log.warning("slack: a socket is not connected: %s", error)
                await asyncio.sleep(max(delay, retry_after))
                delay = min(delay * 2, MAX_RETRY_SECONDS)

    async def _connect_once(self, connection: _Connection) -> None:
        """Opens the connection and handles its envelopes until it closes."""
        async with await _connect(self._client, self._app_token) as socket:
            handling: set[asyncio.Task[None]] = set()
            try:
                await _wait_for_hello(socket)
                self.problem = ""
                connection.opened_at = connection.heard_at = asyncio.get_running_loop().time()
                connection.connected.set()
                await self._receive(connection, socket, handling)
            finally:
                connection.connected.clear()
                if handling:  # envelopes are acknowledged on the connection they came from
                    await asyncio.wait(handling, timeout=3.0)

    async def _receive(
        self,
        connection: _Connection,
        socket: aiohttp.ClientWebSocketResponse,
        handling: set[asyncio.Task[None]],
    ) -> None:
        async for frame in socket:
            envelope = _parse_frame(frame)
            if envelope.get("type") == "disconnect":
                _check_disconnect(envelope)
                return
            if envelope.get("envelope_id"):
                connection.heard_at = asyncio.get_running_loop().time()
                task = asyncio.create_task(self._handle(socket, envelope))
                handling.add(task)
                task.add_done_callback(handling.discard)

    async def _handle(self, socket: aiohttp.ClientWebSocketResponse, envelope: dict[str, Any]) -> None:
        payload = envelope.get("payload")
        request = AsyncBoltRequest(mode="socket_mode", body=payload if isinstance(payload, dict) else {})
        bolt_response = await self._dispatch(request)
        if bolt_response.status not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):  # Slack sends others again
            return
        response: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
        if bolt_response.body.startswith("{") and envelope.get("accepts_response_payload", True):
            response["payload"] = json.loads(bolt_response.body)
        try:
            await socket.send_json(response)
        except (aiohttp.ClientError, OSError) as error:  # recorded already; a second delivery has the same key
            log.info("slack: could not acknowledge an envelope: %s", error)


async def check_socket(client: SlackClient, app_token: str, *, connect: bool) -> None:
    """Raises ``SurfaceError`` if no connection can be opened. ``connect``: also opens one and closes it."""
    if not connect:
        await _request_url(client, app_token)
        return
    try:
        async with await _connect(client, app_token) as socket:
            await _wait_for_hello(socket)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ChatUnreachable(f"Slack's websocket did not open: {type(error).__name__}") from error


async def _connect(client: SlackClient, app_token: str) -> aiohttp.ClientWebSocketResponse:
    url = await _request_url(client, app_token)
    timeout = aiohttp.ClientWSTimeout(ws_close=2.0)
    return await client.session.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, timeout=timeout)


async def _request_url(client: SlackClient, app_token: str) -> str:
    request = client.web.apps_connections_open(app_token=app_token)
    return str((await client.call("apps.connections.open", request)).get("url") or "")


async def _wait_for_hello(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(HELLO_SECONDS):
        async for frame in socket:
            envelope = _parse_frame(frame)
            if envelope.get("type") == "hello":
                return
            if envelope.get("type") == "disconnect":
                _check_disconnect(envelope)
                break
    raise ChatUnreachable("the connection was closed before Slack's hello")


def _check_disconnect(envelope: Mapping[str, Any]) -> None:
    if envelope.get("reason") == LINK_DISABLED:
        raise LinkDisabled


async def _close(connection: _Connection) -> None:
    if connection.task is not None:
        await cancel_all({connection.task})


def _parse_frame(frame: aiohttp.WSMessage) -> dict[str, Any]:
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        parsed = json.loads(frame.data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
