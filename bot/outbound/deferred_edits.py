"""Runs whose cards are not edited for a moment: a write to them goes on with its next request at once.

Otherwise a card would be edited for each request of one command.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commands.model.messages import Message

LONGEST_SECONDS = 1.0
"""Then the card shows how far the write has come."""


class DeferredEdits:
    """``edit`` gets each run that has changed meanwhile, with the message that is told if the chat refuses it."""

    def __init__(self, edit: Callable[[str, Message | None], None]) -> None:
        self._edit = edit
        self._writes: dict[str, set[object]] = {}  # by run
        self._changed: dict[str, Message | None] = {}  # by run

    @contextmanager
    def during_write(self, run: str) -> Iterator[None]:
        write = object()
        self._writes.setdefault(run, set()).add(write)
        timer = asyncio.get_running_loop().call_later(LONGEST_SECONDS, self._end, run, write)
        try:
            yield
        finally:
            timer.cancel()
            self._end(run, write)

    def defers(self, run: str, cause: Message | None) -> bool:
        """Whether the run is edited later."""
        if run not in self._writes:
            return False
        self._changed[run] = cause or self._changed.get(run)
        return True

    def _end(self, run: str, write: object) -> None:
        writes = self._writes.get(run, set())
        writes.discard(write)
        if not writes:
            self._writes.pop(run, None)
            if run in self._changed:
                self._edit(run, self._changed.pop(run))
