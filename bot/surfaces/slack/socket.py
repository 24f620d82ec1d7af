"""Socket Mode: deliveries over websockets that Liaison opens (Slack docs, "Using Socket Mode").

There are two connections, because Slack closes each of them every few hours; a payload arrives on one of them. An
envelope is acknowledged once the application has returned 200, which it does after the message is durable. Slack
sends an unacknowledged envelope again. aiohttp pings each connection and closes it when no pong comes back.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.surfaces.protocol import ChatUnreachable, SurfaceError
from bot.surfaces.slack.client import SlackClient, cancel_all

log = logging.getLogger("liaison.slack.socket")
HEARTBEAT_SECONDS = 10.0  # between pings; a pong must come back within half of that
MAX_RETRY_SECONDS = 30.0


class SocketMode:
    COUNT = 2

    def __init__(
        self, client: SlackClient, app_token: str, dispatch: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
    ) -> None:
        self._client = client
        self._app_token = app_token
        self._dispatch = dispatch
        self._connected: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        return bool(self._connected)

    def start(self) -> None:
        self._tasks = {asyncio.create_task(self._run(number)) for number in range(self.COUNT)}

    async def stop(self) -> None:
        await cancel_all(self._tasks)
        self._connected.clear()

    async def _run(self, number: int) -> None:
        delay = 0.5
        while True:
            try:
                await self._connect_once(number)
                delay = 0.5
            except (SurfaceError, aiohttp.ClientError, TimeoutError, OSError) as error:
                retry_after = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
                log.warning("slack: socket %s is not connected: %s", number, error)
                await asyncio.sleep(max(delay, retry_after))
                delay = min(delay * 2, MAX_RETRY_SECONDS)

    async def _connect_once(self, number: int) -> None:
        """Opens one connection and handles its envelopes until it closes."""
        request = self._client.web.apps_connections_open(app_token=self._app_token)
        url = str((await self._client.call("apps.connections.open", request)).get("url") or "")
        timeout = aiohttp.ClientWSTimeout(ws_close=2.0)
        async with self._client.session.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, timeout=timeout) as socket:
            handling: set[asyncio.Task[None]] = set()
            try:
                await self._receive(number, socket, handling)
            finally:
                was_connected = number in self._connected
                self._connected.discard(number)
                if handling:  # envelopes are acknowledged on the connection they came from
                    await asyncio.wait(handling, timeout=3.0)
        if not was_connected:
            raise ChatUnreachable("the connection was closed before Slack's hello")

    async def _receive(
        self, number: int, socket: aiohttp.ClientWebSocketResponse, handling: set[asyncio.Task[None]]
    ) -> None:
        async for frame in socket:
            envelope = _parse_frame(frame)
            match envelope.get("type"):
                case "hello":
                    self._connected.add(number)
                case "disconnect":
                    if envelope.get("reason") == "link_disabled":
                        raise ChatUnreachable("Socket Mode is switched off for this app", MAX_RETRY_SECONDS)
                    return
                case _ if envelope.get("envelope_id"):
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


def _parse_frame(frame: aiohttp.WSMessage) -> dict[str, Any]:
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        parsed = json.loads(frame.data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
