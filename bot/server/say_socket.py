"""``liaison say``: one command from a shell, sent over ``<database>.sock`` to the process that has the store.

The protocol is one JSON line each: the greeting ``{"alive": true}``, the request, and the reply once the outcome
is known. Nothing is sent before the greeting, so a hung process cannot execute the command later. The request's
``id`` becomes the delivery key, and stays the same when a cut connection is retried.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

import structlog
from pydantic import Field, ValidationError

from adapters.models import Model
from adapters.protocol import CheckResult
from bot.surfaces.console.chat import CARD_WAIT_SECONDS, Submit
from bot.surfaces.console.render import DEFAULT_WIDTH, draw, draw_lines
from bot.surfaces.console.surface import CHANNEL, Console, ConsoleEntry, person, room
from bot.surfaces.errors import NotRecorded
from commands.model.card import Result
from commands.model.intents import Choose, Intent
from commands.model.messages import Message, ReplyRoute, Via

GREETING_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 10.0  # a client that has not read its reply by then is cut off
MAX_QUESTIONS = 5  # confirmed by --yes
_MAX_LINE_BYTES = 8 * 2**20
_MAX_PATH_BYTES = 100  # Linux allows 107 in the address of a socket

log = structlog.get_logger(__name__)


class Request(Model):
    """``about`` is "say" for a command, "press" for the button of ``liaison doctor --in``, or "chats" for how the
    chats are received."""

    about: Literal["say", "press", "chats"] = "say"
    id: str = Field(default_factory=lambda: uuid4().hex, max_length=100)
    text: str = ""
    user: str = "operator"
    channel: str = CHANNEL
    yes: bool = False
    width: int = DEFAULT_WIDTH


class Block(Model):
    """One card or post: ``lines`` as drawn for the terminal, ``buttons`` as labels."""

    kind: str
    summary: str
    lines: tuple[str, ...]
    buttons: tuple[str, ...] = ()


class Reply(Model):
    """``result`` is empty if the outcome is unknown; ``text`` then says what is known and what to do."""

    result: Result | Literal[""] = ""
    shown: tuple[Block, ...] = ()
    text: str = Field("", alias="says")
    checks: tuple[CheckResult, ...] = ()


RequestHandler = Callable[[Request], Awaitable[Reply]]


class SocketSilent(Exception):
    """There was no greeting within ``GREETING_TIMEOUT_SECONDS``. Nothing was sent."""


class ConnectionCut(Exception):
    """The connection ended after the request was sent and before its reply."""


async def execute_request(submit: Submit, console: Console, request: Request) -> Reply:
    """Executes a command in this process. The reply shows what appeared in its channel meanwhile."""
    key, place, actor = f"console//say-{request.id}", room(request.channel), person(request.user)
    seen: dict[str, ConsoleEntry] = {}
    changed = asyncio.Event()

    def see(entry: ConsoleEntry) -> None:
        is_ours = entry.message is None or entry.message.key.startswith(key)
        if entry.place.key == place.key and is_ours and entry.kind != "pointer":
            seen[entry.id] = entry  # an edit keeps the position of its post
            changed.set()

    message = Message(key=key, actor=actor, place=place, via=Via.SAY, at=datetime.now(UTC), text=request.text)
    with console.listening(see):
        try:
            result = await submit(message)
            for turn in range(1, MAX_QUESTIONS + 1):
                choice = _confirmation(seen) if result == "question" and request.yes else None
                if choice is None:
                    break
                question, intent = choice
                del seen[question]
                result = await submit(_press(message, f"{key}:yes{turn}", question, intent))
            await _wait_for_card(seen, changed)
        except NotRecorded:
            return Reply(
                text="The database did not respond, so the command may not have been recorded. "
                "Check with: liaison say show"
            )
    return Reply(result=result, shown=tuple(_block(entry, request.width) for entry in seen.values()))


def _press(message: Message, key: str, post: str, intent: Intent) -> Message:
    press = {
        "key": key,
        "via": Via.BUTTON,
        "text": "",
        "intent": intent.model_dump(mode="json"),
        "reply": ReplyRoute(post=post),
        "at": datetime.now(UTC),
    }
    return message.model_copy(update=press)


async def _wait_for_card(seen: Mapping[str, ConsoleEntry], changed: asyncio.Event) -> None:
    """If only an activity line has appeared, the live card usually follows. An unchanged card is not redrawn."""
    try:
        async with asyncio.timeout(CARD_WAIT_SECONDS):
            while seen and not any(entry.card for entry in seen.values()):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return


def _confirmation(seen: dict[str, ConsoleEntry]) -> tuple[str, Intent] | None:
    """(id of the newest question, intent of the button that confirms it). None if it asks which thing is meant.

    Questions are private. The buttons of a card that was drawn meanwhile are not answers.
    """
    for entry in reversed(seen.values()):
        if entry.buttons and entry.kind == "private":
            choices = [button.intent for button in entry.buttons if isinstance(button.intent, Choose)]
            return (entry.id, choices[0]) if _only_confirms(choices) else None
    return None


def _only_confirms(choices: Sequence[Choose]) -> bool:
    """Whether they confirm one thing. A live start and its rehearsal do; several options of a platform do not."""
    confirmed = [choice for choice in choices if choice.values.get("confirmed") is True]
    first = confirmed[0].values.get("options") if confirmed else None
    return (
        bool(confirmed)
        and confirmed == list(choices)
        and all(choice.values.get("options") == first for choice in confirmed)
    )


def _block(entry: ConsoleEntry, width: int) -> Block:
    labels = tuple(button.label for button in entry.buttons)
    if entry.card is not None:
        lines = tuple(draw(entry.card, width))
        return Block(kind=entry.kind, summary=entry.card.summary, lines=lines, buttons=labels)
    lines = tuple(draw_lines(entry.new_lines, entry.buttons, width))
    return Block(kind=entry.kind, summary=lines[0] if lines else "", lines=lines, buttons=labels)


class SaySocket:
    """The server side. Requests that arrive before ``serve`` is called wait for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._handler: asyncio.Future[RequestHandler] = asyncio.get_running_loop().create_future()
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Replaces the socket of a dead process. The caller must hold the store's lock."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        umask = os.umask(0o177)
        try:
            with _short_path(self._path) as path:
                listener.bind(path)
        finally:
            os.umask(umask)
        self._server = await asyncio.start_unix_server(self._handle, sock=listener, limit=_MAX_LINE_BYTES)

    @property
    def connections(self) -> int:
        """How many clients are being served."""
        return len(self._connections)

    def serve(self, handler: RequestHandler) -> None:
        self._handler.set_result(handler)

    async def close(self, *, unlink: bool = True) -> None:
        """Cuts open connections: their requests are either recorded or were never read."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._handler.cancel()
        if unlink:
            self._path.unlink(missing_ok=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await _send(writer, {"alive": True})
            request = Request.model_validate_json(await reader.readline())
            handler = await asyncio.shield(self._handler)
            reply = await handler(request)
            async with asyncio.timeout(READ_TIMEOUT_SECONDS):
                await _send(writer, reply.model_dump(mode="json"))
        except ValidationError:
            await _send(writer, Reply(text="Invalid request.").model_dump(mode="json"))
        except (ConnectionError, asyncio.CancelledError, ValueError) as error:  # ValueError: a line is too long
            log.info("say connection ended early", error=type(error).__name__)
        except TimeoutError:
            log.warning("a client of the say socket does not read its reply and was disconnected")
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()


async def send_request(path: Path, request: Request) -> Reply:
    """Retries a cut connection once, with the same id. Raises ``SocketSilent`` or ``ConnectionCut``."""
    try:
        return await _send_once(path, request)
    except ConnectionCut:
        with suppress(SocketSilent):
            return await _send_once(path, request)
        raise


async def _send_once(path: Path, request: Request) -> Reply:
    try:
        async with asyncio.timeout(GREETING_TIMEOUT_SECONDS):
            with _short_path(path) as short:
                reader, writer = await asyncio.open_unix_connection(short, limit=_MAX_LINE_BYTES)
    except (OSError, TimeoutError):
        raise SocketSilent from None
    try:
        try:
            async with asyncio.timeout(GREETING_TIMEOUT_SECONDS):
                greeting = await reader.readline()
        except (ConnectionError, TimeoutError):
            raise SocketSilent from None
        if not greeting:
            raise SocketSilent
        try:
            await _send(writer, request.model_dump(mode="json"))
            line = await reader.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise ConnectionCut
        return Reply.model_validate_json(line)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _send(writer: asyncio.StreamWriter, value: object) -> None:
    writer.write(json.dumps(value).encode() + b"\n")
    await writer.drain()


@contextmanager
def _short_path(path: Path) -> Iterator[str]:
    """A path to the socket that fits into a socket address, however deep its folder is."""
    if len(os.fsencode(path)) < _MAX_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
