"""Limits on the time and the size of a request's head, before we know who sends it.

uvicorn waits forever for a request's head, and buffers a head of any size: a few slow clients could take every
connection. Here a head may have ``MAX_HEAD_BYTES`` and must be complete within ``head_seconds``.
``bot.server.web`` limits the body.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024


class LimitedHttpProtocol(HttpToolsProtocol):
    """Closes a connection on which no request was completed, or no response was read, for ``head_seconds``."""

    head_seconds = 10.0

    _buffered = 0  # bytes of responses that the client had not read at the last look
    _head_bytes: int | None = None  # received so far of a head that is not complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._last_cycle: Any = None
        self._timer = self.loop.call_later(self.head_seconds, self._close_if_idle)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of this request is too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        unread = self.transport.get_write_buffer_size()
        if self.transport.is_closing() or (unread and unread >= self._buffered > 0):
            self.transport.abort()  # it reads nothing: closing would wait for it
            return
        self._buffered = unread
        if self.cycle is self._last_cycle and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()  # it sends nothing, or the rest of a body that was already answered
        self._last_cycle = self.cycle
        self._timer = self.loop.call_later(self.head_seconds, self._close_if_idle)
