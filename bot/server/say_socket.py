"""``liaison say``: one command from a shell, over ``<db>.sock`` to whoever holds the store.

On the socket, one JSON line each: the greeting ``{"alive": true}``, our request, and the reply when its outcome
is known. Nothing is handed over before the greeting, so a silent process cannot carry it out later. The
request's ``id`` makes the delivery key, and is kept when a cut connection is tried again.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

import structlog
from pydantic import Field, ValidationError

from adapters.models import Model
from bot.surfaces.console.chat import CARD_WAIT_SECONDS, Submit
from bot.surfaces.console.render import DEFAULT_WIDTH, draw, draw_lines
from bot.surfaces.console.surface import CHANNEL, Console, ConsoleEntry, person, room
from bot.surfaces.protocol import NotRecorded
from commands.model.card import Result
from commands.model.intents import Intent, OpenForm
from commands.model.messages import Message, ReplyRoute, Via

SILENCE_SECONDS = 2.0
MOST_QUESTIONS = 5  # answered by --yes
_LONGEST_LINE = 8 * 2**20  # bytes

log = structlog.get_logger(__name__)


class Request(Model):
    """``about``: a line to carry out, or (doctor) a button to post in ``channel`` and wait for."""

    about: Literal["say", "press"] = "say"
    id: str = Field(default_factory=lambda: uuid4().hex, max_length=100)
    text: str = ""
    user: str = "operator"
    channel: str = CHANNEL
    yes: bool = False
    width: int = DEFAULT_WIDTH


class Block(Model):
    """One thing that was shown: ``lines`` as drawn, ``buttons`` as labels."""

    kind: str
    summary: str
    lines: tuple[str, ...]
    buttons: tuple[str, ...] = ()


class Reply(Model):
    """``result`` is empty when it is not known: then ``says`` tells what is true and what to do."""

    result: Result | Literal[""] = ""
    shown: tuple[Block, ...] = ()
    says: str = ""


Answer = Callable[[Request], Awaitable[Reply]]


class SocketSilent(Exception):
    """Nobody answered on the socket within ``SILENCE_SECONDS``; nothing was handed over."""


class ConnectionCut(Exception):
    """The connection ended after the request was taken, and before its outcome came."""


async def carry(submit: Submit, console: Console, request: Request) -> Reply:
    """Carries a request out here, and tells what appeared in its room meanwhile."""
    key, place, actor = f"console//say-{request.id}", room(request.channel), person(request.user)
    seen: dict[str, ConsoleEntry] = {}
    news = asyncio.Event()

    def see(shown: ConsoleEntry) -> None:
        ours = shown.message is None or shown.message.key.startswith(key)
        if shown.place.key == place.key and ours and shown.kind != "pointer":
            seen[shown.id] = shown  # an edit stands where its post stood
            news.set()

    message = Message(key=key, actor=actor, place=place, via=Via.SAY, at=datetime.now(UTC), text=request.text)
    with console.listening(see):
        try:
            result = await submit(message)
            for turn in range(1, MOST_QUESTIONS + 1):
                choice = _first_choice(seen) if result == "question" and request.yes else None
                if choice is None:
                    break
                asked, intent = choice
                del seen[asked]  # it is answered
                press = {
                    "key": f"{key}:yes{turn}",
                    "via": Via.BUTTON,
                    "text": "",
                    "intent": intent.model_dump(mode="json"),
                    "reply": ReplyRoute(post=asked),
                    "at": datetime.now(UTC),
                }
                result = await submit(message.model_copy(update=press))
            await _card_after(seen, news)
        except NotRecorded:
            return Reply(says="Not surely recorded: the store did not answer. Look with: liaison say show")
    return Reply(result=result, shown=tuple(_block(shown, request.width) for shown in seen.values()))


async def _card_after(seen: Mapping[str, ConsoleEntry], news: asyncio.Event) -> None:
    """Where only a trace was said, the live card is about to be drawn; without any difference, it is not."""
    try:
        async with asyncio.timeout(CARD_WAIT_SECONDS):
            while seen and not any(shown.card for shown in seen.values()):
                news.clear()
                await news.wait()
    except TimeoutError:
        return


def _first_choice(seen: dict[str, ConsoleEntry]) -> tuple[str, Intent] | None:
    """(id of what asks, intent of its first button); a form cannot be answered by a yes.

    Questions are asked in private. A card that is drawn meanwhile has buttons too, and they answer nothing."""
    for shown in reversed(seen.values()):
        if shown.buttons and shown.kind == "private":
            intent = shown.buttons[0].intent
            return None if isinstance(intent, OpenForm) else (shown.id, intent)
    return None


def _block(shown: ConsoleEntry, width: int) -> Block:
    labels = tuple(button.label for button in shown.buttons)
    if shown.card is not None:
        return Block(
            kind=shown.kind, summary=shown.card.summary, lines=tuple(draw(shown.card, width)), buttons=labels
        )
    lines = tuple(draw_lines(shown.new_lines, shown.buttons, width))
    return Block(kind=shown.kind, summary=lines[0] if lines else "", lines=lines, buttons=labels)


class SaySocket:
    """The listening end. Open before the application has started: who knocks meanwhile waits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._talks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Replaces a socket left by a dead process: the lock says that it is dead."""
        self._path.unlink(missing_ok=True)
        knob = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _short(self._path) as path:
                knob.bind(path)
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._talk, sock=knob, limit=_LONGEST_LINE)

    def serve(self, answer: Answer) -> None:
        self._answer.set_result(answer)

    async def close(self, *, unlink: bool = True) -> None:
        """Talks that are still waiting are cut: what they asked is recorded, or was never taken."""
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        self._answer.cancel()
        if unlink:
            self._path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            await _send(writer, {"alive": True})
            request = Request.model_validate_json(await reader.readline())
            answer = await asyncio.shield(self._answer)
            reply = await answer(request)
            await _send(writer, reply.model_dump(mode="json"))
        except ValidationError:
            await _send(writer, Reply(says="This is not a request that I know.").model_dump(mode="json"))
        except (ConnectionError, asyncio.CancelledError, ValueError) as error:  # a line too long
            log.info("say ended early", why=type(error).__name__)
        finally:
            self._talks.discard(task)
            writer.close()


async def ask(path: Path, request: Request) -> Reply:
    """Over the socket. Raises ``SocketSilent`` or ``ConnectionCut``; a cut is tried again once, with the same id."""
    try:
        return await _ask(path, request)
    except ConnectionCut:
        with suppress(SocketSilent):
            return await _ask(path, request)
        raise


async def _ask(path: Path, request: Request) -> Reply:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            with _short(path) as short:
                reader, writer = await asyncio.open_unix_connection(short, limit=_LONGEST_LINE)
    except (OSError, TimeoutError):
        raise SocketSilent from None
    try:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                greeted = await reader.readline()
        except (ConnectionError, TimeoutError):
            raise SocketSilent from None
        if not greeted:
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
def _short(path: Path) -> Iterator[str]:
    """A name for the socket that fits the system's 107 bytes, however deep its folder is."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
