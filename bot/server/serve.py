"""The running process: one store, one port, one socket for ``liaison say``, until SIGTERM.

Order: lock, port bound (so that a taken one is known at once, but nobody is let in), the say socket, the
application, and only then the port listens. Backwards on the way down.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import structlog
import uvicorn

from bot.app import Application, bootstrap
from bot.config.settings import Settings
from bot.server import web
from bot.server.lock import CannotStart, hold_lock
from bot.server.request_limits import LimitedHttpProtocol
from bot.server.roundtrip_check import RoundtripCheck
from bot.server.say_socket import Reply, Request, SaySocket, carry
from bot.storage.inbox import Inbox
from bot.storage.store import Store, StoreError
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.console.surface import Console

LOCK_SECONDS = 5.0
LAST_ANSWERS_SECONDS = 5  # for deliveries that are being acknowledged when SIGTERM comes

log = structlog.get_logger("liaison")


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. ``settings`` have their secret key. Raises ``CannotStart``."""
    stopping = asyncio.Event()
    # A short ``liaison say`` may just have it; nobody is served yet, so the loop may wait.
    with (
        hold_lock(settings.lock_path, LOCK_SECONDS),
        _bound(settings.bot.host, settings.bot.port) as port,
        _signals(stopping),
    ):
        settings = _listening_on(settings, port.getsockname()[1])
        console = Console()
        app = bootstrap(settings, surfaces=[console])
        async with knocking(settings) as door, started(app, stopping) as up:
            if not up:
                return
            say_who_listens(settings)
            door.serve(Answers(app, console))
            _rest_from_collecting()
            await _web(app, port, stopping)


@asynccontextmanager
async def knocking(settings: Settings) -> AsyncIterator[SaySocket]:
    door = SaySocket(settings.socket_path)
    await door.open()
    try:
        yield door
    finally:
        await door.close()


@asynccontextmanager
async def started(app: Application, stopping: asyncio.Event | None = None) -> AsyncIterator[bool]:
    """The application between its ``start`` and its ``stop``; False when ``stopping`` came first."""
    start = asyncio.create_task(app.start())
    stop = asyncio.create_task((stopping or asyncio.Event()).wait())
    try:
        await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            with _explained():
                start.result()
        else:
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
        yield not start.cancelled()
    finally:
        stop.cancel()
        await app.stop()


async def say_alone(settings: Settings, request: Request) -> Reply:
    """Carries a say out in this process, whose lock the caller holds.

    The chats are left out, unless one of them has a message waiting whose answer would have no way out.
    """
    chats = settings.slack is not None or settings.mattermost is not None
    if chats and not await _owes_a_chat(settings):
        settings = replace(settings, slack=None, mattermost=None)
    console = Console()
    app = bootstrap(settings.with_secret_key(), surfaces=[console])
    async with started(app):
        return await carry(app.submit, console, request)


async def migrate(settings: Settings) -> None:
    """Raises ``CannotStart``."""
    with hold_lock(settings.lock_path):
        store = Store(settings.bot.database_url)
        try:
            with _explained():
                await store.open()
        finally:
            await store.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise CannotStart(f"bot.database_url: {error}. Nothing was started.") from error


async def _owes_a_chat(settings: Settings) -> bool:
    store = Store(settings.bot.database_url)
    try:
        with _explained():
            await store.open()
        return any(left.message.place.surface != CONSOLE for left in await Inbox(store).unfinished())
    finally:
        await store.close()


def say_who_listens(settings: Settings) -> None:
    chats = [name for name in ("slack", "mattermost") if getattr(settings, name) is not None]
    if not chats:
        log.warning("no chat is configured: add [slack] or [mattermost]; until then only liaison say works")


class Answers:
    """What the say socket can be asked."""

    def __init__(self, app: Application, console: Console) -> None:
        self._app = app
        self._console = console
        self._presses = RoundtripCheck(app.surfaces)
        app.intake.watchers.append(self._presses.see)

    async def __call__(self, request: Request) -> Reply:
        if request.about == "press":
            return await self._presses.ask(request.channel)
        return await carry(self._app.submit, self._console, request)


class _Server(uvicorn.Server):
    """Leaves signals to us: the application stops after the port does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port, *_ = (sockets or [])[0].getsockname()
        log.info(f"ready on http://{host}:{port}")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _rest_from_collecting() -> None:
    """What was loaded stays for good: it is not looked through again and again while messages are carried."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _web(app: Application, port: socket.socket, stopping: asyncio.Event) -> None:
    hooks = {
        name: known.hook_secret.get_secret_value()
        for name, known in app.settings.platforms.items()
        if known.hook_secret is not None
    }
    server = _Server(
        uvicorn.Config(
            web.build(app, hooks),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=LimitedHttpProtocol,
            proxy_headers=False,  # nobody's address is asked for
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[port]))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopped.cancel()
    await serving


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """Bound, and not listening yet: connections are refused until there is somebody to answer them."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _port_taken(host, port, error) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
        except OSError as error:
            raise _port_taken(host, port, error) from None
        bound.setblocking(False)
        yield bound
    finally:
        bound.close()


def _port_taken(host: str, port: int, error: OSError) -> CannotStart:
    why = error.strerror or str(error)
    return CannotStart(f"bot.port: cannot listen on {host}:{port} ({why}). Nothing was started. Set another one.")


def _listening_on(settings: Settings, port: int) -> Settings:
    return replace(settings, bot=settings.bot.model_copy(update={"port": port}))


@contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
