"""What a platform's fake is built on: a real HTTP server on a free loopback port, with a log, faults and a lag.

A fake subclasses ``Fake`` and answers in ``handle``, as strictly as the real platform: what its documents do not
allow is refused. A test sets faults by method and path. They happen on the wire: the client sees a real refused,
cut off or slow connection.
"""

import asyncio
import copy
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

FaultKind = Literal["cut_before", "cut_after", "slow", "answer", "hold", "late"]
_READS = ("GET", "HEAD", "OPTIONS")
_SHARED = ("seen", "faults", "_runner", "_stale", "_catching_up", "_late", "_before_write")


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
    """What happens to the requests that match ``method`` (several with "|" between) and ``path`` (a pattern).

    ``cut_before``: closed without being handled. ``cut_after``: handled, then closed without a response. ``slow``:
    handled after ``seconds``. ``answer``: not handled; answered with ``status``, ``body`` and ``headers``.
    ``hold``: handled; the response waits until ``release`` is set. ``late``: closed without a response, and
    handled once ``release`` is set; ``handled`` is set then. ``after`` matching requests pass first, and
    ``times`` are hit. ``reached`` is set by the first of them.
    """

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
    handled: asyncio.Event = field(default_factory=asyncio.Event)
    after: int = 0

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
    """Serves itself in ``async with``. ``latency`` seconds are added to every response.

    ``tls``, if set before ``start``, makes it an https server.

    With ``lag``, reads show a write only so many seconds later, as platforms with a search index or a replica do:
    they are answered by a copy of the fake from before the write. ``catch_up`` ends a lag early.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.latency = 0.0
        self.lag = 0.0
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._stale: Fake | None = None
        self._catching_up: asyncio.TimerHandle | None = None
        self._late: list[asyncio.Task[None]] = []
        self._before_write: tuple[str, str, Callable[[], None]] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        raise NotImplementedError

    def fault(self, kind: FaultKind, **options: Any) -> Fault:
        """``options``: the fields of ``Fault``."""
        fault = Fault(kind, **options)
        self.faults.append(fault)
        return fault

    def calls(self, method: str, path: str) -> list[Seen]:
        """The requests with this method (several with "|" between) whose path matches the pattern ``path``."""
        return [seen for seen in self.seen if seen.method in method.split("|") and re.search(path, seen.path)]

    def before_write(self, method: str, path: str, edit: Callable[[], None]) -> None:
        """Runs ``edit`` once, just before the next request that matches is handled: somebody else was faster."""
        self._before_write = (method, path, edit)

    def catch_up(self) -> None:
        """Reads show everything from now on."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._stale = self._catching_up = None

    async def start(self) -> None:
        """Uses the same port again after ``stop``; in between, connections are refused."""
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self.faults:
            fault.release.set()
        self.catch_up()
        for task in self._late:
            task.cancel()
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.seen.append(seen)
        fault = next((fault for fault in self.faults if fault.takes(seen)), None)
        if fault is None:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self._dispatch(request, seen)
        fault.reached.set()
        match fault.kind:
            case "cut_before":
                return _cut(request)
            case "answer":
                return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
            case "late":
                self._late.append(asyncio.create_task(self._handle_late(fault, request, seen)))
                return _cut(request)
            case "slow":
                await asyncio.sleep(fault.seconds)
                return await self._dispatch(request, seen)
        response = await self._dispatch(request, seen)
        if fault.kind == "hold":
            await fault.release.wait()
            return response
        return _cut(request)

    async def _handle_late(self, fault: Fault, request: web.Request, seen: Seen) -> None:
        await fault.release.wait()
        try:
            await self._dispatch(request, seen)
        finally:
            fault.handled.set()

    async def _dispatch(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        if seen.method in _READS:
            return await (self._stale or self).handle(request, seen)
        if self._before_write is not None:
            method, path, edit = self._before_write
            if seen.method in method.split("|") and re.search(path, seen.path):
                self._before_write = None
                edit()
        if self.lag:
            self._fall_behind()
        return await self.handle(request, seen)

    def _fall_behind(self) -> None:
        if self._stale is None:
            kept = {id(getattr(self, name)): getattr(self, name) for name in _SHARED}
            self._stale = copy.deepcopy(self, kept)
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = asyncio.get_running_loop().call_later(self.lag, self.catch_up)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
