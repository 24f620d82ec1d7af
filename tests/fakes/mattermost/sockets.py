"""The websocket side: sign in, count, remember what was sent, resume (``app/web_conn.go``, ``web_hub.go``)."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import WSMsgType, web

from tests.fakes.mattermost.world import Json, User, new_id


@dataclass
class Connection:
    """``sent``: every event, its place in the list being its ``seq``."""

    user: User
    id: str = field(default_factory=new_id)
    sent: list[Json] = field(default_factory=list)
    ws: web.WebSocketResponse | None = None
    transport: asyncio.BaseTransport | None = None


@dataclass
class Sockets:
    """``deaf`` refuses connections with 503. ``heard`` is called whenever something changed."""

    user_of: Callable[[str], User | None]
    heard: Callable[[], None]
    known: dict[str, Connection] = field(default_factory=dict)
    resumed: int = 0
    greeted: int = 0
    deaf: bool = False
    silent: bool = False  # answers no ping: as a peer that is gone, or hangs
    challenge_only: bool = False  # a server (or proxy) that looks at no header
    queries: list[Json] = field(default_factory=list)

    @property
    def open(self) -> list[Connection]:
        return [one for one in self.known.values() if one.ws is not None and not one.ws.closed]

    async def cut(self) -> None:
        """Drops every connection without goodbye; what is published meanwhile waits for who comes back."""
        for connection in self.open:
            if connection.transport is not None:
                cast(asyncio.Transport, connection.transport).abort()
            connection.ws = None
        self.heard()

    def forget(self) -> None:
        """A restart: nobody can be resumed any more."""
        self.known = {id: one for id, one in self.known.items() if one in self.open}

    async def publish(self, event: Json, to: set[str], *, lose: bool = False) -> None:
        """``lose``: counted, and never sent."""
        for connection in list(self.known.values()):
            if connection.user.id in to:
                await self._send(connection, event, lose)

    async def _send(self, connection: Connection, event: Json, lose: bool = False) -> None:
        frame = event | {"seq": len(connection.sent)}
        connection.sent.append(frame)
        if connection.ws is not None and not lose:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await connection.ws.send_str(json.dumps(frame))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.deaf:
            return web.Response(status=503)
        ws = web.WebSocketResponse(autoping=not self.silent)
        await ws.prepare(request)
        self.queries.append(dict(request.query))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.user_of(token) if scheme.lower() == "bearer" and not self.challenge_only else None
        connection = await self._connect(ws, user, request) if user is not None else None
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    connection = await self._asked(ws, request, connection, json.loads(message.data))
        finally:
            if connection is not None and connection.ws is ws:
                connection.ws = None
            self.heard()
        return ws

    async def _connect(self, ws: web.WebSocketResponse, user: User, request: web.Request) -> Connection:
        """Only who is signed in by the header can be resumed: the server looks at the query before any frame."""
        before = self.known.get(request.query.get("connection_id", ""))
        if before is not None and before.user is user and not self.challenge_only:
            before.ws, before.transport = ws, request.transport
            self.resumed += 1
            for frame in before.sent[int(request.query.get("sequence_number") or 0) :]:
                await ws.send_str(json.dumps(frame))
            self.heard()
            return before
        connection = Connection(user, ws=ws, transport=request.transport)
        self.known[connection.id] = connection
        self.greeted += 1
        data = {"connection_id": connection.id, "server_version": "5.37.0..fake.false"}
        await self._send(connection, {"event": "hello", "data": data, "broadcast": broadcast(user=user.id)})
        self.heard()
        return connection

    async def _asked(
        self, ws: web.WebSocketResponse, request: web.Request, connection: Connection | None, asked: Any
    ) -> Connection | None:
        action, number = asked.get("action"), asked.get("seq")
        if action == "authentication_challenge":
            if connection is not None:
                return connection
            user = self.user_of(str(asked.get("data", {}).get("token")))
            if user is None:
                await ws.close()
                return None
            connection = await self._connect(ws, user, request)
            await ws.send_str(json.dumps({"status": "OK", "seq_reply": number}))
        elif connection is None:
            error = {"id": "api.web_socket_router.not_authenticated.app_error", "status_code": 401}
            await ws.send_str(json.dumps({"status": "FAIL", "error": error, "seq_reply": number}))
        elif action == "ping":
            await ws.send_str(json.dumps({"status": "OK", "data": {"text": "pong"}, "seq_reply": number}))
        return connection


def broadcast(*, user: str = "", channel: str = "") -> Json:
    return {"omit_users": None, "user_id": user, "channel_id": channel, "team_id": ""}
