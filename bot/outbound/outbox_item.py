"""A delivery that the chat has not taken yet, as the outbox keeps it in memory."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bot.observability import traces
from bot.storage.outbox import Delivery, Kind
from bot.surfaces.errors import FOR_THE_OPERATOR, Refusal
from commands.model.messages import Place

_PRIORITIES = {Kind.CARD: 1, Kind.POINTER: 1, Kind.LINES: 2}


@dataclass(eq=False)
class OutboxItem:
    delivery: Delivery
    may_exist: bool = False
    attempts: int = 0
    not_before: float = 0.0
    changes: int = 0  # counts requests: what is drawn when it is sent may be out of date when it was sent
    sending: bool = False
    waiters: list["asyncio.Future[bool]"] = field(default_factory=list)
    refused_to: "asyncio.Future[bool] | None" = None  # who wants the refusal instead of having it parked
    trace: Any = field(default_factory=traces.current)  # of the message that it is sent for

    @property
    def lane(self) -> str:
        delivery = self.delivery
        person = delivery.person or (delivery.cause.actor if delivery.cause else None)
        if delivery.kind in (Kind.ANSWER, Kind.NOTICE, Kind.DIRECT) and person:
            return f"{delivery.place.key} {person.id}"
        return delivery.place.key

    @property
    def urgency(self) -> int:
        return _PRIORITIES.get(self.delivery.kind, 0)

    @property
    def group(self) -> str:
        """What is parked together: it becomes possible together."""
        delivery = self.delivery
        if delivery.reason in FOR_THE_OPERATOR:
            return operators_group(delivery.place)
        if delivery.reason in (Refusal.NOT_IN_CHANNEL, Refusal.NO_CHANNEL, Refusal.ARCHIVED, Refusal.RESTRICTED):
            return delivery.place.key
        return delivery.key

    def end(self, *, taken: bool) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(taken)
        self.waiters.clear()


def operators_group(place: Place) -> str:
    """A token may be of one workspace."""
    return f"{place.surface}/{place.workspace}"
