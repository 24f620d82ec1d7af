"""The running process: one store, one port, and one socket for ``liaison say``, until SIGTERM.

Startup order: the lock, the port is bound (a port that is in use is reported at once), the say socket, the
application, and last the port listens. Shutdown is in the opposite order.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace

import structlog
import uvicorn

from bot.app import Application, utc_now
from bot.bootstrap import bootstrap
from bot.config.checks import check_settings
from bot.config.settings import Settings
from bot.observability import traces
from bot.server import web
from bot.server.lock import CannotStart, hold_lock
from bot.server.reception_report import report_reception
from bot.server.request_limits import LimitedHttpProtocol
from bot.server.roundtrip_check import RoundtripCheck
from bot.server.runbook_sync import sync_runbooks_forever
from bot.server.say_socket import Reply, Request, SaySocket, execute_request
from bot.server.secret_renewal import renew_secrets_forever
from bot.storage.inbox import Inbox
from bot.storage.store import Store, StoreError
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.console.surface import Console
from bot.surfaces.errors import InvalidSetting

LOCK_TIMEOUT_SECONDS = 5.0  # a ``liaison say`` may hold the lock for a moment
GRACEFUL_SHUTDOWN_SECONDS = 5  # for requests that are being acknowledged when SIGTERM comes

log = structlog.get_logger("liaison")


async def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. ``settings`` must have their secret key. Raises ``CannotStart``."""
    stopping = asyncio.Event()
    # Waiting for the lock blocks the event loop, which serves nobody yet.
    with (
        hold_lock(settings.lock_path, LOCK_TIMEOUT_SECONDS),
        _bound_port(settings.bot.host, settings.bot.port) as port,
        _signals(stopping),
        _traces(settings),
    ):
        settings = _with_port(settings, port.getsockname()[1])
        console = Console()
        app = bootstrap(settings, surfaces=[console])
        unusable = _stop_if_unusable(app.store, stopping)
        async with open_say_socket(settings) as say_socket, running(app, stopping, resume=False) as started:
            if not started:
                return
            _log_warnings(settings)
            say_socket.serve(SayRequests(app, console))
            _tune_garbage_collector()
            upkeep = asyncio.gather(renew_secrets_forever(app), sync_runbooks_forever(app))
            try:
                await _serve_port(app, port, stopping)
            finally:
                upkeep.cancel()
                with suppress(asyncio.CancelledError):
                    await upkeep
        if unusable:
            raise CannotStart(f"bot.database_url: {unusable[0]}.")


def _stop_if_unusable(store: Store, stopping: asyncio.Event) -> Sequence[str]:
    """Gets the reason."""
    reasons: list[str] = []

    def stop(reason: str) -> None:
        reasons.append(reason)
        stopping.set()

    store.on_unusable(stop)
    return reasons


@asynccontextmanager
async def open_say_socket(settings: Settings) -> AsyncIterator[SaySocket]:
    say_socket = SaySocket(settings.socket_path)
    await say_socket.open()
    try:
        yield say_socket
    finally:
        await say_socket.close()


@asynccontextmanager
async def running(
    app: Application, stopping: asyncio.Event | None = None, *, resume: bool = True
) -> AsyncIterator[bool]:
    """Starts the application, and stops it at the end. Yields False if ``stopping`` was set before it started.

    Without ``resume`` the caller resumes what the last process left, when it is ready for others.
    """
    start = asyncio.create_task(app.start())
    stop = asyncio.create_task((stopping or asyncio.Event()).wait())
    try:
        await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            with _errors_as_cannot_start():
                start.result()
            if resume:
                app.resume()
        else:
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
        yield not start.cancelled()
    finally:
        stop.cancel()
        await app.stop()


async def execute_without_server(settings: Settings, request: Request) -> Reply:
    """Executes a ``liaison say`` in this process. The caller holds the lock.

    The chats are left out, unless an unfinished message needs one of them for its answer.
    """
    if settings.bot.has_replicas:
        return await _execute_with_replicas(settings, request)
    has_chats = settings.slack is not None or settings.mattermost is not None
    if has_chats and not await _has_unfinished_chat_messages(settings):
        settings = replace(settings, slack=None, mattermost=None)
    console = Console()
    app = bootstrap(settings.with_secret_key(), surfaces=[console])
    async with running(app):
        return await execute_request(app.submit, console, request)


async def _execute_with_replicas(settings: Settings, request: Request) -> Reply:
    """By a replica that is running elsewhere. If there is none, this process is one for as long as it takes."""
    from bot.storage.replicas import live_replicas

    console = Console()
    app = bootstrap(settings, surfaces=[console])
    with _errors_as_cannot_start():
        is_served = bool(await live_replicas(settings.bot.database_url, utc_now()))
    if not is_served:
        async with running(app):
            return await execute_request(app.submit, console, request)
    try:
        with _errors_as_cannot_start():
            await app.start_as_client()
        return await execute_request(app.submit, console, request)
    finally:
        await app.stop_as_client()


async def migrate(settings: Settings) -> None:
    """Raises ``CannotStart``."""
    with hold_lock(settings.lock_path):
        store = Store(settings.bot.database_url)
        try:
            with _errors_as_cannot_start():
                await store.open()
        finally:
            await store.close()


async def move(settings: Settings, url: str) -> Mapping[str, int]:
    """Everything to the PostgreSQL database ``url``. Returns the number of rows by table. Raises
    ``CannotStart``."""
    from bot.storage.moving import CannotMove
    from bot.storage.moving import move as move_rows

    with hold_lock(settings.lock_path):
        try:
            return await move_rows(settings.store_path, url)
        except CannotMove as error:
            raise CannotStart(f"{error}. Nothing was moved, and {settings.store_path} is as it was.") from error


@contextmanager
def _errors_as_cannot_start() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise CannotStart(f"bot.database_url: {error}.") from error
    except InvalidSetting as error:
        raise CannotStart(str(error)) from error


async def _has_unfinished_chat_messages(settings: Settings) -> bool:
    store = Store(settings.bot.database_url)
    try:
        with _errors_as_cannot_start():
            await store.open()
        unfinished = await Inbox(store).unfinished()
        return any(item.message.place.surface != CONSOLE for item in unfinished)
    finally:
        await store.close()


def _log_warnings(settings: Settings) -> None:
    """What ``liaison doctor`` finds in the settings, and Liaison can do without."""
    for result in check_settings(settings):
        log.warning(result.summary, fix=result.fix)


class SayRequests:
    """Handles the requests of the say socket."""

    def __init__(self, app: Application, console: Console) -> None:
        self._app = app
        self._console = console
        self._roundtrip = RoundtripCheck(app.surfaces)
        app.intake.on_recorded.append(self._roundtrip.on_recorded)

    async def __call__(self, request: Request) -> Reply:
        if request.about == "press":
            return await self._roundtrip.run(request.channel)
        if request.about == "chats":
            checks = report_reception(self._app.reception(), self._app.readiness(), utc_now())
            return Reply(result="done", checks=tuple(checks))
        return await execute_request(self._app.submit, self._console, request)


class _Server(uvicorn.Server):
    """Leaves signals to ``serve``: the application stops after the port is closed. ``on_ready``: it is open."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port, *_ = (sockets or [])[0].getsockname()
        log.info(f"ready on http://{host}:{port}")
        self.on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _tune_garbage_collector() -> None:
    """Loaded modules stay for good, so they are not scanned again and again while messages are processed."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _serve_port(app: Application, port: socket.socket, stopping: asyncio.Event) -> None:
    hook_secrets = {
        name: entry.hook_secret.get_secret_value()
        for name, entry in app.settings.platforms.items()
        if entry.hook_secret is not None
    }
    server = _Server(
        uvicorn.Config(
            web.build(app, hook_secrets),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=LimitedHttpProtocol,
            proxy_headers=False,  # client addresses are not used
            timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
        )
    )
    server.on_ready = app.resume
    serving = asyncio.create_task(server.serve(sockets=[port]))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopped.cancel()
    await serving


@contextmanager
def _bound_port(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket that does not listen yet: connections are refused until the application has started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
        except OSError as error:
            raise _cannot_listen(host, port, error) from None
        bound.setblocking(False)
        yield bound
    finally:
        bound.close()


def _cannot_listen(host: str, port: int, error: OSError) -> CannotStart:
    reason = error.strerror or str(error)
    return CannotStart(f"bot.port: cannot listen on {host}:{port} ({reason}). Choose another port.")


@contextmanager
def _traces(settings: Settings) -> Iterator[None]:
    try:
        if settings.bot.traces is not None:
            traces.start(settings.bot.traces)
    except traces.TracesUnavailable as error:
        raise CannotStart(f"bot.traces: {error}.") from error
    yield
    traces.stop()


def _with_port(settings: Settings, port: int) -> Settings:
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
