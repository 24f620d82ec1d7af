"""The websocket: signing in, numbering events, resuming connections (``app/web_conn.go``, ``web_hub.go``)."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import WSMsgType, web

from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import User, new_id

DISABLED = "api.web_socket_router.not_authenticated.app_error"
REVOKED = "api.context.invalid_token.error"


@dataclass
class Connection:
    """``sent`` has every event; its index is its ``seq``."""

    user: User
    id: str = field(default_factory=new_id)
    sent: list[Json] = field(default_factory=list)
    ws: web.WebSocketResponse | None = None
    lost: str = ""  # the error's id, once the server does not know the session any more
    transport: asyncio.BaseTransport | None = None


@dataclass
class Sockets:
    """``on_change`` is called whenever a connection changes."""

    user_of: Callable[[str], User | None]
    on_change: Callable[[], None]
    connections: dict[str, Connection] = field(default_factory=dict)
    resume_count: int = 0
    hello_count: int = 0
    refuses_connections: bool = False  # with 503
    ignores_pings: bool = False  # like a peer that hangs
    mute: bool = False  # answers pings of the protocol, but no actions, and sends no events
    reliable: bool = True  # EnableReliableWebSockets; off by default on 5.37: no ids, nothing can be resumed
    challenge_only: bool = False  # ignores the Authorization header, like some servers and proxies
    queries: list[Json] = field(default_factory=list)

    @property
    def open(self) -> list[Connection]:
        return [item for item in self.connections.values() if item.ws is not None and not item.ws.closed]

    async def cut(self) -> None:
        """Drops every connection without a close frame. Later events are sent when a connection is resumed."""
        for connection in self.open:
            if connection.transport is not None:
                cast(asyncio.Transport, connection.transport).abort()
            connection.ws = None
        self.on_change()

    def lose_sessions(self, user: User, error: str = DISABLED) -> None:
        """As when the bot is disabled (even for seconds) or its token is revoked: connections stay open, answer
        pings of the protocol, and get nothing more. Only the action "ping" shows it."""
        for connection in self.open:
            if connection.user is user:
                connection.lost = error

    def forget_connections(self) -> None:
        """Closed connections can't be resumed any more, as after a restart of the server."""
        self.connections = {id: item for id, item in self.connections.items() if item in self.open}

    async def publish(self, event: Json, to: set[str], *, lose: bool = False) -> None:
        """``lose``: the event gets a number but is not sent."""
        for connection in list(self.connections.values()):
            if connection.user.id in to and not connection.lost and not self.mute:
                await self._send(connection, event, lose)

    async def _send(self, connection: Connection, event: Json, lose: bool = False) -> None:
        frame = event | {"seq": len(connection.sent)}
        connection.sent.append(frame)
        if connection.ws is not None and not lose:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await connection.ws.send_str(json.dumps(frame))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_connections:
            return web.Response(status=503)
        ws = web.WebSocketResponse(autoping=not self.ignores_pings)
        await ws.prepare(request)
        self.queries.append(dict(request.query))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.user_of(token) if scheme.lower() == "bearer" and not self.challenge_only else None
        connection = await self._connect(ws, user, request) if user is not None else None
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    connection = await self._handle_action(ws, request, connection, json.loads(message.data))
        finally:
            if connection is not None and connection.ws is ws:
                connection.ws = None
            self.on_change()
        return ws

    async def _connect(self, ws: web.WebSocketResponse, user: User, request: web.Request) -> Connection:
        """Only a connection that is signed in by the header can be resumed, because the query is read first."""
        before = self.connections.get(request.query.get("connection_id", "")) if self.reliable else None
        if before is not None and before.user is user and not self.challenge_only:
            before.ws, before.transport = ws, request.transport
            self.resume_count += 1
            for frame in before.sent[int(request.query.get("sequence_number") or 0) :]:
                await ws.send_str(json.dumps(frame))
            self.on_change()
            return before
        connection = Connection(user, ws=ws, transport=request.transport)
        self.connections[connection.id] = connection
        self.hello_count += 1
        data = {"connection_id": connection.id if self.reliable else "", "server_version": "5.37.0..fake.false"}
        await self._send(connection, {"event": "hello", "data": data, "broadcast": broadcast(user=user.id)})
        self.on_change()
        return connection

    async def _handle_action(
        self, ws: web.WebSocketResponse, request: web.Request, connection: Connection | None, frame: Any
    ) -> Connection | None:
        action, number = frame.get("action"), frame.get("seq")
        if self.mute:
            return connection
        if action == "authentication_challenge":
            if connection is not None:
                return connection
            user = self.user_of(str(frame.get("data", {}).get("token")))
            if user is None:  # without a close frame
                if request.transport is not None:
                    request.transport.abort()
                return None
            connection = await self._connect(ws, user, request)
            await ws.send_str(json.dumps({"status": "OK", "seq_reply": number}))
        elif connection is None or connection.lost:
            token = connection.user.token if connection is not None else ""
            error = {
                "id": connection.lost if connection is not None else DISABLED,
                "message": f"Invalid session token={token}, err=",
                "detailed_error": "",
                "status_code": 401,
            }
            await ws.send_str(json.dumps({"status": "FAIL", "error": error, "seq_reply": number}))
        elif action == "ping":
            await ws.send_str(json.dumps({"status": "OK", "data": {"text": "pong"}, "seq_reply": number}))
        return connection


def broadcast(*, user: str = "", channel: str = "") -> Json:
    return {"omit_users": None, "user_id": user, "channel_id": channel, "team_id": ""}
