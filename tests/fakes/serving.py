"""What every fake server is made of: a real HTTP server on a free loopback port, with a log and faults.

A fake subclasses ``Fake`` and answers in ``handle``. Faults are set by the test, matched by method and path,
and happen on the wire: the client sees a real refused, cut or slow connection.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

FaultKind = Literal["cut_before", "cut_after", "slow", "answer", "hold"]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Fault:
    """``cut_before``: closed unread. ``cut_after``: the work is done, then closed without an answer.
    ``slow``: ``seconds`` before the work. ``answer``: ``status``/``body``/``headers`` and no work.
    ``hold``: the work is done, the answer waits until ``release`` is set (to be killed meanwhile).
    ``method``: one, or several with "|" between; empty for any. ``path``: a pattern."""

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 0.0
    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    after: int = 0  # let this many matching requests through first

    def takes(self, seen: Seen) -> bool:
        if self.times <= 0 or (self.method and seen.method not in self.method.split("|")):
            return False
        if self.path and not re.search(self.path, seen.path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Fake:
    """``async with fake:`` serves it. ``latency`` seconds are added to every answer."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.latency = 0.0
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        raise NotImplementedError

    def fault(self, kind: FaultKind, **how: Any) -> Fault:
        fault = Fault(kind, **how)
        self.faults.append(fault)
        return fault

    def calls(self, method: str, path: str) -> list[Seen]:
        """The requests whose method is ``method`` and whose path matches the pattern ``path``."""
        return [seen for seen in self.seen if seen.method == method and re.search(path, seen.path)]

    async def start(self) -> None:
        """On the same port again after a ``stop``: between the two, connections are refused."""
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> "Fake":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self.faults:
            fault.release.set()
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.seen.append(seen)
        fault = next((fault for fault in self.faults if fault.takes(seen)), None)
        if fault is not None:
            fault.reached.set()
        if fault is None:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self.handle(request, seen)
        match fault.kind:
            case "cut_before":
                return _cut(request)
            case "answer":
                return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
            case "slow":
                await asyncio.sleep(fault.seconds)
                return await self.handle(request, seen)
        response = await self.handle(request, seen)
        if fault.kind == "hold":
            await fault.release.wait()
            return response
        return _cut(request)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
