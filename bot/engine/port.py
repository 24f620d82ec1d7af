"""The engine, as the application sees it, and the work it carries out.

Two homes: ``embedded`` (SQLite, one process) and, later, ``distributed`` (procrastinate on PostgreSQL).
Handlers and surfaces cannot tell which.

Lifetime: ``start`` puts unfinished messages back in their queues, in order, before any port opens; ``stop``
finishes what is *sent* within its grace and leaves the rest for the next start.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.surfaces.protocol import Recorded
from commands.dispatch import Route
from commands.model.card import Answer, Result
from commands.model.messages import Actor, Message
from commands.model.ports import StopResult


@dataclass
class Progress:
    """How far a message has got: shared by the engine, its effects, and whoever presses [Stop].

    ``resumed``: it was taken up after a restart. ``answered``: its person was told how it ended, but for a write
    that was unknown then. ``sent``: something of it is, or may be, on a platform. ``wanted``: when a person's word
    made it go on, if one did; its patience counts from there. ``pressed``: who stopped it, or said what became
    of a write: their press was answered. ``news``: something happened since that this answer did not tell.
    """

    resumed: bool = False
    answered: bool = False
    sent: bool = False
    wanted: datetime | None = None
    pressed: Actor | None = None
    news: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class Engine(Protocol):
    async def start(self) -> None: ...

    async def stop(self, grace: float) -> None: ...

    async def record(self, message: Message, answer: bytes) -> Recorded:
        """Durable when it returns. Raises ``NotRecorded``."""
        ...

    def process(self, key: str) -> None:
        """Puts a recorded message into its place queue. A second call for the same key does nothing."""
        ...

    async def resume(self, key: str, *, by: Actor | None) -> bool:
        """Carries a message out to its end that was answered while a write of its was unknown, now that it is not:
        what the effect log holds is not done again. False where there is no such message (any more). ``by``:
        whose word of just now makes it go on."""
        ...

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        """Ends the waiting of ``key``. What is on its way just now goes on, and is not sent a second time."""
        ...

    async def schedule(self, when: datetime, slot: str, message: Message | None) -> None:
        """Records and carries ``message`` at ``when`` (restarts included). A slot holds one; None empties it."""
        ...

    def waiting(self, run: str) -> int:
        """How many accepted writes stand in the queue of this run's handle."""
        ...

    def ready(self) -> bool: ...


class MessageWork(Protocol):
    """What the engine does with a message. None of these raise."""

    def lacks_run(self, message: Message) -> bool:
        """Pure: whether it needs this place's run and names none, so that a start here holds it back."""
        ...

    async def route(self, message: Message) -> Route | Answer:
        """From the local store only. An ``Answer`` means that it ends here."""
        ...

    def busy(self, message: Message, run: str) -> Answer:
        """It was held back for ``run``, which is still being started, for as long as may be."""
        ...

    async def queued(self, message: Message, ticket: Route, ahead: int) -> None:
        """It has stood in its run's queue for some seconds, behind ``ahead`` others: its person is told."""
        ...

    def stopped(self, message: Message, ticket: Route, by: Actor) -> Answer:
        """``by`` stopped it while it stood in its run's queue."""
        ...

    async def execute(self, message: Message, ticket: Route, progress: Progress) -> Answer: ...

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> Result: ...

    def shut_down(self) -> None:
        """Shutting down: whatever only waits for a platform gives up its place now, and is resumed later."""
        ...
