"""How deliveries get from the fake Slack to Liaison: signed requests, or envelopes on a socket."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack_server import SlackServer

SOCKET = "socket"
Kind = Literal["slash_commands", "events_api", "interactive"]


@dataclass(frozen=True)
class Delivered:
    """A delivery and its response. ``took`` is in seconds; ``payload`` is the delivery before encoding."""

    app_url: str
    kind: Kind
    payload: Mapping[str, Any]
    status: int
    body: str
    took: float

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class SlackDeliveries(SlackServer):
    """``socket_timeout``: seconds to wait for an envelope's acknowledgement before ``status`` is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.socket_timeout = 3.0
        self._http: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        if self._http is not None:
            await self._http.close()
            self._http = None
        await super().stop()

    async def redeliver(self, delivered: Delivered, reason: str = "http_timeout") -> Delivered:
        """Sends the same delivery again, with the headers of a retry."""
        headers = {"x-slack-retry-num": "1", "x-slack-retry-reason": reason}
        return await self.deliver(delivered.app_url, delivered.kind, delivered.payload, headers=headers)

    async def deliver(
        self,
        app_url: str,
        kind: Kind,
        payload: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        age: float = 0.0,
        secret: str | None = None,
    ) -> Delivered:
        """Signs and sends. ``age`` backdates the signature by seconds; ``secret`` replaces the signing secret."""
        started = time.monotonic()
        if app_url == SOCKET:
            status, body = await self._through_socket(kind, payload)
            return Delivered(app_url, kind, payload, status, body, time.monotonic() - started)
        content_type, raw = _encoded(kind, payload)
        status, body = await self.post_signed(app_url, content_type, raw, headers=headers, age=age, secret=secret)
        return Delivered(app_url, kind, payload, status, body, time.monotonic() - started)

    async def post_signed(
        self,
        app_url: str,
        content_type: str,
        raw: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        age: float = 0.0,
        secret: str | None = None,
    ) -> tuple[int, str]:
        """(status, body)"""
        timestamp = str(int(time.time() - age))
        base = f"v0:{timestamp}:".encode() + raw
        digest = hmac.new((secret or self.signing_secret).encode(), base, hashlib.sha256).hexdigest()
        signed = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
            **(headers or {}),
        }
        if self._http is None:
            # A server may close an idle connection just as it is used again.
            connector = aiohttp.TCPConnector(force_close=True)
            self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))
        async with self._http.post(f"{app_url}/slack/events", data=raw, headers=signed) as answer:
            return answer.status, await answer.text()

    async def _through_socket(self, kind: Kind, payload: Mapping[str, Any]) -> tuple[int, str]:
        await self.until(lambda: self.sockets)
        id = f"E{self.new_ts()}"
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.envelopes[id] = answered
        socket = self.sockets[len(self.seen) % len(self.sockets)]
        if socket not in self.deaf:
            await socket.send_json(
                {"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": True}
            )
        try:
            answer = await asyncio.wait_for(answered, self.socket_timeout)
        except TimeoutError:
            return 0, ""
        return 200, json.dumps(answer) if answer else ""


def _encoded(kind: Kind, payload: Mapping[str, Any]) -> tuple[str, bytes]:
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(fields).encode()
