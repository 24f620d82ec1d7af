"""Input lines (from a keyboard, a pipe or a script) and the screen.

Reading blocks, so it runs in a thread. The thread is a daemon, because a blocking read can't be interrupted.
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

from bot.surfaces.console.render import DEFAULT_WIDTH, MIN_WIDTH
from bot.surfaces.console.terminal_text import strip_controls, wrap

PROMPT = "> "
_MAX_WIDTH = 100  # longer lines are hard to read
_ERASE_LINE = "\r\x1b[K"


class LineSource(Protocol):
    """``waits_for_result``: the next line is read only after the result of the previous one, as in a script."""

    @property
    def waits_for_result(self) -> bool: ...

    async def next(self, prompt: str) -> str | None:
        """The next line without its line break; None at the end."""
        ...


class Screen:
    """Standard output. Text that is shown while somebody types is printed above their line."""

    def __init__(self, out: TextIO | None = None, width: int = 0) -> None:
        self._out = out or sys.stdout
        reconfigure = getattr(self._out, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
        columns = width or shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
        self.width = max(MIN_WIDTH, min(columns, _MAX_WIDTH))
        self.prompt: str | None = None  # set while the keyboard is read

    def show(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        text = "".join(f"{strip_controls(line)}\n" for line in lines)
        if self.prompt is None:
            self._write(text)
        else:
            self._write(f"{_ERASE_LINE}{text}{self.prompt}{_typed_so_far()}")

    def show_text(self, *sentences: str) -> None:
        """Wrapped to the width of the screen."""
        self.show([line for sentence in sentences for line in wrap(sentence, self.width)])

    def show_blank_line(self) -> None:
        self._write("\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Keyboard:
    """Lines typed at a terminal, with history and editing where Python has readline."""

    waits_for_result = False

    def __init__(self, screen: Screen) -> None:
        with suppress(ImportError):
            importlib.import_module("readline")  # importing it is enough for input()
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
        """Restores the terminal's modes. The reading thread, which is still waiting, leaves it without echo."""
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._modes)


class Piped:
    """Lines from another program. They are echoed, so that the output is readable by itself."""

    waits_for_result = True

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
    """The lines of a file. Empty lines and comments are skipped, except as answers. ``number`` counts from 1."""

    waits_for_result = True

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
    """Runs one blocking read at a time in a thread, which the first read starts."""

    def __init__(self, blocking: "ReadLine") -> None:
        self._blocking = blocking
        self._requests: queue.SimpleQueue[tuple[str, asyncio.Future[str | None]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def read(self, prompt: str) -> str | None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str | None] = loop.create_future()
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, args=(loop,), daemon=True, name="lines")
            self._thread.start()
        self._requests.put((prompt, future))
        return await future

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            prompt, future = self._requests.get()
            try:
                line: str | None = self._blocking(prompt)
            except (EOFError, OSError, ValueError):  # closed
                line = None
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(_set_result, future, line)


class ReadLine(Protocol):
    def __call__(self, prompt: str, /) -> str: ...


def _set_result(future: "asyncio.Future[str | None]", line: str | None) -> None:
    if not future.done():
        future.set_result(line)


def _typed_so_far() -> str:
    readline = sys.modules.get("readline")
    return str(readline.get_line_buffer()) if readline is not None else ""
