"""Where lines come from (keyboard, pipe or script) and where text goes.

Reading blocks, so it has a thread of its own; that thread is a daemon, because nothing can wake it.
"""

import asyncio
import importlib
import queue
import shutil
import sys
import termios
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol, TextIO

from bot.surfaces.console.render import DEFAULT_WIDTH, NARROWEST
from bot.surfaces.console.terminal_text import tame, wrap

PROMPT = "> "
_WIDEST = 100  # longer lines are hard to read
_ERASE = "\r\x1b[K"


class Lines(Protocol):
    """``patient``: the next line waits until the last one's outcome is known, as in a script."""

    @property
    def patient(self) -> bool: ...

    async def next(self, prompt: str) -> str | None:
        """The next line without its end; None when there are no more."""
        ...


class Screen:
    """Standard output. What is shown while somebody types stands above their line."""

    def __init__(self, out: TextIO | None = None, width: int = 0) -> None:
        self._out = out or sys.stdout
        reconfigure = getattr(self._out, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
        columns = width or shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
        self.width = max(NARROWEST, min(columns, _WIDEST))
        self.prompt: str | None = None  # set while somebody is being asked

    def show(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        text = "".join(f"{tame(line)}\n" for line in lines)
        if self.prompt is None:
            self._write(text)
        else:
            self._write(f"{_ERASE}{text}{self.prompt}{_typed_so_far()}")

    def tell(self, *sentences: str) -> None:
        """Words of ours, wrapped."""
        self.show([line for sentence in sentences for line in wrap(sentence, self.width)])

    def gap(self) -> None:
        """An empty line between what was said and what is asked next."""
        self._write("\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Keyboard:
    """Somebody at a terminal, with history and editing where Python has readline."""

    patient = False

    def __init__(self, screen: Screen) -> None:
        with suppress(ImportError):
            importlib.import_module("readline")  # being there is enough for input()
        self._screen = screen
        self._reader = _Reader(lambda prompt: input(prompt))
        self._modes = termios.tcgetattr(sys.stdin)

    async def next(self, prompt: str) -> str | None:
        self._screen.prompt = prompt
        try:
            return await self._reader.read(prompt)
        finally:
            self._screen.prompt = None

    def restore(self) -> None:
        """The terminal as it was: a thread that still reads leaves it without echo."""
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._modes)


class Piped:
    """Lines from another program, echoed so that what comes out can be read alone."""

    patient = True

    def __init__(self, screen: Screen, source: TextIO | None = None) -> None:
        stream = source or sys.stdin
        self._screen = screen
        self._reader = _Reader(lambda _: stream.readline())

    async def next(self, prompt: str) -> str | None:
        line = await self._reader.read(prompt)
        if not line:
            return None
        line = line.rstrip("\r\n")
        self._screen.show([f"{prompt}{line}"])
        return line


class Script:
    """The lines of a file; empty ones and comments only count as answers. ``number`` is the last one, from 1."""

    patient = True

    def __init__(self, screen: Screen, lines: Iterable[str]) -> None:
        self._screen = screen
        self._lines = enumerate(lines, 1)
        self.number = 0

    async def next(self, prompt: str) -> str | None:
        for number, line in self._lines:
            text = line.strip()
            if prompt != PROMPT or (text and not text.startswith("#")):
                self.number = number
                self._screen.show([f"{prompt}{text}"])
                return text
        return None


class _Reader:
    """One blocking read at a time, in a thread made for the first."""

    def __init__(self, blocking: "ReadLine") -> None:
        self._blocking = blocking
        self._wanted: queue.SimpleQueue[tuple[str, asyncio.Future[str | None]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def read(self, prompt: str) -> str | None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str | None] = loop.create_future()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(loop,), daemon=True, name="lines")
            self._thread.start()
        self._wanted.put((prompt, future))
        return await future

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            prompt, future = self._wanted.get()
            try:
                line: str | None = self._blocking(prompt)
            except (EOFError, OSError, ValueError):  # closed, or closing
                line = None
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(_settle, future, line)


class ReadLine(Protocol):
    def __call__(self, prompt: str, /) -> str: ...


def _settle(future: "asyncio.Future[str | None]", line: str | None) -> None:
    if not future.done():
        future.set_result(line)


def _typed_so_far() -> str:
    readline = sys.modules.get("readline")
    return str(readline.get_line_buffer()) if readline is not None else ""
