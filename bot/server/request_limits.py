"""How long and how much a caller may talk before we know who it is.

uvicorn waits forever for a request's head and takes one of any size (its faster parser keeps all of it): a few
callers that dribble would hold every connection there is. Here a head is at most 64 KB (h11's own limit) and comes
within ``head_seconds``; ``bot.web`` bounds the body.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class LimitedHttpProtocol(H11Protocol):
    """A connection that is hung up when no request came on it for a while."""

    head_seconds = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._answered: Any = None
        self._timer = self.loop.call_later(self.head_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.cycle is self._answered and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()  # says nothing, or goes on with a body that nobody wanted
            return
        self._answered = self.cycle
        self._timer = self.loop.call_later(self.head_seconds, self._look)
