"""The engine, as the application sees it. Two homes: ``embedded`` (SQLite, one process) and, later,
``distributed`` (procrastinate on PostgreSQL). Handlers and surfaces cannot tell which.

Lifetime: ``start`` puts unfinished messages back in their queues, in order, before any port opens; ``stop``
finishes what is *sent* within its grace and leaves the rest for the next start.
"""

from datetime import datetime
from typing import Protocol

from bot.surfaces.protocol import Recorded
from commands.messages import Message


class Engine(Protocol):
    async def start(self) -> None: ...

    async def stop(self, grace: float) -> None: ...

    async def record(self, message: Message, answer: bytes) -> Recorded:
        """Durable when it returns. Raises ``NotRecorded``."""
        ...

    def carry(self, key: str) -> None:
        """Puts a recorded message into its place queue. A second call for the same key does nothing."""
        ...

    async def stop_waiting(self, key: str) -> bool:
        """Ends the waiting of ``key``; False once something of it was sent, or it is over."""
        ...

    async def later(self, when: datetime, key: str, message: Message) -> None:
        """Records and carries ``message`` at ``when`` (restarts included); the same ``key`` replaces it."""
        ...

    def ready(self) -> bool: ...
