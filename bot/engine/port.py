"""The engine as the application sees it, and the work it hands out.

There are two implementations: ``embedded`` (SQLite, one process) and ``distributed`` (PostgreSQL, any number of
replicas). Handlers and surfaces must not depend on which engine they run on.

``start`` puts unfinished messages back into their queues, in order, before any port opens. ``stop`` lets running
work finish within its grace period and leaves the rest for the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from adapters.models import RunKey
from bot.storage.inbox import UnfinishedMessage
from bot.storage.sql import Connection
from bot.storage.store import StoreError
from bot.surfaces.protocol import Recorded
from commands.dispatch import Route
from commands.model.card import Answer
from commands.model.messages import Actor, Message
from commands.model.ports import StopResult


class TakenOver(StoreError):
    """Another replica processes the message: this one was away for too long."""


class GaveWay(asyncio.CancelledError):
    """Ends the processing of a message for now, exactly as a shutdown does. The engine continues it later."""


def _no_queue() -> None:
    """For a message that is in no queue."""


def _may_wait(_: float) -> None:
    """For a message that may wait as long as it has to."""


def _nobody_else(_: Connection) -> None:
    """For a message that no other process can have taken over."""


async def _is_own() -> bool:
    """Likewise."""
    return True


async def _nothing_to_wait_for() -> None:
    """Likewise."""


HOLD_FOR_START_SECONDS = 10.0
QUEUED_NOTICE_SECONDS = 3.0
STORE_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses in which a database that fails is waited for."""


@dataclass
class Progress:
    """The state of one message, shared by the engine, its effects, and whoever presses [Stop].

    - ``resumed``: it continues after a restart or a late outcome.
    - ``answered``: it was answered before, while the outcome of one of its writes was unknown.
    - ``sent``: one of its requests has reached a platform, or may have.
    - ``requested_at``: when a person's decision made it continue. The write timeout counts from then.
    - ``decided_by``: who stopped it or decided an unknown outcome. Their click already got an answer.
    - ``has_news``: something happened that the answer to that click did not report.
    - ``runs``: how often it gave way before.
    - ``give_way``: called before a pause of so many seconds. Raises ``GaveWay`` if others need its place.
    - ``is_out_of_queue``: it left the queue of its run before, and looked for the outcome of a write then.
    - ``require_own``: part of a transaction. Raises ``TakenOver`` if another replica has the message now.
    - ``is_own``: the same before something is said that is not part of a transaction.
    - ``leave_queue``: lets the messages behind it in the queue of its run go on. ``rejoin_queue`` waits until it
      is its turn again. Both do nothing if it has left, or is in its turn, already.
    """

    resumed: bool = False
    answered: bool = False
    sent: bool = False
    requested_at: datetime | None = None
    decided_by: Actor | None = None
    has_news: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    runs: int = 0
    is_out_of_queue: bool = False
    give_way: Callable[[float], None] = _may_wait
    require_own: Callable[[Connection], None] = _nobody_else
    is_own: Callable[[], Awaitable[bool]] = _is_own
    leave_queue: Callable[[], None] = _no_queue
    rejoin_queue: Callable[[], Coroutine[Any, Any, None]] = _nothing_to_wait_for


class Engine(Protocol):
    on_delay_change: Callable[[str], None]
    """Gets the run whose number of ``delayed_writes`` may be another."""

    async def start(self) -> frozenset[str]:
        """Accepts messages, behind those that are not finished. Returns the keys of these."""
        ...

    async def process_unfinished(self) -> None:
        """Once, when the port is open."""
        ...

    def accept(self) -> None:
        """Messages are recorded from now on. Without ``start``, other replicas process them."""
        ...

    async def stop(self, grace: float) -> None: ...

    async def record(self, message: Message, answer: bytes) -> Recorded:
        """The message is durable when this returns. Raises ``NotRecorded``."""
        ...

    def process(self, key: str) -> None:
        """Puts a recorded message into its place queue. A second call for the same key does nothing."""
        ...

    def resume(self, key: str, reopened: UnfinishedMessage | None, *, by: Actor | None) -> bool:
        """Continues a message that was answered while a write was unknown, now that its outcome is known.

        ``reopened`` is the message if the commit of the outcome reopened it, so that a restart would continue it
        too. What the effect log already has is not done again. ``by`` is the person whose decision makes it
        continue. Returns False if there is no such message (any more).
        """
        ...

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        """Stops a message that waits. A request in progress is finished, but not sent again."""
        ...

    async def schedule(self, due_at: datetime, slot: str, message: Message | None) -> None:
        """Records and processes ``message`` at ``due_at``, also after a restart.

        A slot holds one message: a new one replaces it, None removes it.
        """
        ...

    def queued_writes(self, run: str) -> int:
        """The number of accepted writes that wait in the queue of the run with this handle."""
        ...

    def delayed_writes(self, run: str) -> int:
        """Of those accepted some seconds ago, the number of which nothing was sent yet."""
        ...

    def ready(self) -> bool: ...

    def oldest_message_at(self) -> datetime | None:
        """When the oldest unfinished message came."""
        ...


class MessageWork(Protocol):
    """What the engine does with a message. None of these methods raise."""

    def lacks_run(self, message: Message) -> bool:
        """Whether the message needs the run of its place and names none, so that a pending start holds it back."""
        ...

    async def route(self, message: Message) -> Route | Answer | RunKey:
        """Uses the local store only. An ``Answer`` ends the message here; a key goes to ``read_run`` first."""
        ...

    async def read_reaction(self, message: Message) -> Message | Answer | None:
        """Reads what the reaction is on. The message is routed then, unless an ``Answer`` ends it here. None if
        Liaison stops: the next start reads it."""
        ...

    async def read_run(self, message: Message, key: RunKey) -> Answer | None:
        """Reads on the platform what the message names. It is routed again unless an ``Answer`` ends it here."""
        ...

    def failed_answer(self, message: Message, error: Exception) -> Answer:
        """For a message that an unexpected error ended."""
        ...

    async def busy_answer(self, message: Message, run: str) -> Answer:
        """For a message that was held back as long as possible, while ``run`` is still being started."""
        ...

    async def notify_queued(self, message: Message, route: Route, ahead: int) -> None:
        """Tells the sender that ``ahead`` other writes to the run come first."""
        ...

    def stopped_answer(self, message: Message, route: Route, by: Actor) -> Answer:
        """For a message that ``by`` stopped while it waited in the queue of its run."""
        ...

    async def execute(self, message: Message, route: Route, progress: Progress) -> Answer | Route:
        """A ``Route`` means that the message goes on in that queue."""
        ...

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> None:
        """Puts the answer into the outbox and marks the message as done, in one transaction."""
        ...

    def shut_down(self) -> None:
        """Ends all waiting for platforms; the next start resumes it."""
        ...
