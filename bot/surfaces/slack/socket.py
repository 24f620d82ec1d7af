"""Socket Mode: deliveries over websockets that we open (docs.slack.dev/apis/events-api/using-socket-mode).

Two connections, because Slack closes each every few hours; a payload goes to any one of them. An envelope is
acknowledged only when the application answered 200, that is after the durable record; without an answer Slack
sends it again. aiohttp pings each connection and closes it when the pong stays out, so "connected" is by pings.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.surfaces.protocol import ChatUnreachable, SurfaceError
from bot.surfaces.slack.client import Client, settle

log = logging.getLogger("liaison.slack.socket")
HEARTBEAT = 10.0  # seconds between pings; half of it is the pong's limit
LONGEST_PAUSE = 30.0


class Sockets:
    COUNT = 2

    def __init__(
        self, client: Client, app_token: str, dispatch: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
    ) -> None:
        self._client = client
        self._app_token = app_token
        self._dispatch = dispatch
        self._greeted: set[int] = set()
        self._loops: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        return bool(self._greeted)

    def start(self) -> None:
        self._loops = {asyncio.create_task(self._keep(number)) for number in range(self.COUNT)}

    async def stop(self) -> None:
        await settle(self._loops)
        self._greeted.clear()

    async def _keep(self, number: int) -> None:
        pause = 0.5
        while True:
            try:
                await self._connection(number)
                pause = 0.5
            except (SurfaceError, aiohttp.ClientError, TimeoutError, OSError) as error:
                wanted = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
                log.warning("slack: socket %s is not connected: %s", number, error)
                await asyncio.sleep(max(pause, wanted))
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _connection(self, number: int) -> None:
        """One connection, from its URL until it closes."""
        request = self._client.web.apps_connections_open(app_token=self._app_token)
        url = str((await self._client.call("apps.connections.open", request)).get("url") or "")
        timeout = aiohttp.ClientWSTimeout(ws_close=2.0)
        async with self._client.session.ws_connect(url, heartbeat=HEARTBEAT, timeout=timeout) as socket:
            handling: set[asyncio.Task[None]] = set()
            try:
                await self._listen(number, socket, handling)
            finally:
                greeted = number in self._greeted
                self._greeted.discard(number)
                if handling:  # what was taken is acknowledged on the connection that it came by
                    await asyncio.wait(handling, timeout=3.0)
        if not greeted:
            raise ChatUnreachable("the connection was closed without a greeting")

    async def _listen(
        self, number: int, socket: aiohttp.ClientWebSocketResponse, handling: set[asyncio.Task[None]]
    ) -> None:
        async for frame in socket:
            envelope = _read(frame)
            match envelope.get("type"):
                case "hello":
                    self._greeted.add(number)
                case "disconnect":
                    if envelope.get("reason") == "link_disabled":
                        raise ChatUnreachable("Socket Mode is switched off for this app", LONGEST_PAUSE)
                    return
                case _ if envelope.get("envelope_id"):
                    task = asyncio.create_task(self._handle(socket, envelope))
                    handling.add(task)
                    task.add_done_callback(handling.discard)

    async def _handle(self, socket: aiohttp.ClientWebSocketResponse, envelope: dict[str, Any]) -> None:
        payload = envelope.get("payload")
        request = AsyncBoltRequest(mode="socket_mode", body=payload if isinstance(payload, dict) else {})
        response = await self._dispatch(request)
        if response.status != 200:
            return
        answer: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
        if response.body.startswith("{") and envelope.get("accepts_response_payload", True):
            answer["payload"] = json.loads(response.body)
        try:
            await socket.send_json(answer)
        except (aiohttp.ClientError, OSError) as error:  # recorded; sent again, it is known by its key
            log.info("slack: an envelope was answered too late: %s", error)


def _read(frame: aiohttp.WSMessage) -> dict[str, Any]:
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        read = json.loads(frame.data)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
