"""Duties: what one replica does at a time, such as polling the platforms.

Each replica tries to claim what nobody does. Claims belong to a session of the database, so those of a dead
replica end with its connection, and those of one that was cut off or stopped end when the server has not heard
from it for a time. A replica that cannot confirm its claims stops its duties before that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from bot.storage.store import StoreError

LOOK_SECONDS = 1.0
"""Between attempts to claim what others do, and between confirmations."""

log = structlog.get_logger(__name__)


class Claims(Protocol):
    """Raises ``StoreError``. What was claimed is lost then."""

    async def take(self, name: str) -> bool:
        """Whether nobody else has it. What this replica has already must not be taken again."""
        ...

    async def release(self, name: str) -> None: ...

    async def confirm(self) -> None:
        """What was taken is still this replica's when it returns."""
        ...

    async def close(self) -> None: ...


class Duty:
    """One of ``names`` is claimed while ``work`` runs. Work that returns gives the claim away."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]],
        names: Sequence[str],
        give_up: Callable[["Duty"], Awaitable[None]],
    ) -> None:
        self.names = names
        self.claimed = ""
        self.left_to_others = False
        self._work = work
        self._give_up = give_up
        self._task: asyncio.Task[None] | None = None

    async def give_up(self) -> None:
        await self._give_up(self)

    @property
    def is_performed(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self, claimed: str = "") -> None:
        self.claimed, self.left_to_others = claimed, False
        self._task = asyncio.create_task(self._perform(), name=f"duty {claimed}")

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _perform(self) -> None:
        try:
            await self._work()
        except Exception:
            log.exception("duty failed", duty=self.names[0])


class Duties:
    """``claims``: None if there are no other replicas. Implements ``bot.surfaces.protocol.Duties``."""

    def __init__(self, claims: Claims | None = None) -> None:
        self._claims = claims
        self._duties: list[Duty] = []
        self._looking: asyncio.Task[None] | None = None

    @property
    def has_others(self) -> bool:
        return self._claims is not None

    def take_on(self, work: Callable[[], Awaitable[None]], *names: str) -> Duty:
        duty = Duty(work, names, self._give_up)
        self._duties.append(duty)
        if self._claims is None:
            duty.begin()
        elif self._looking is None:
            self._looking = asyncio.create_task(self._look_forever(self._claims), name="duties")
        return duty

    async def _give_up(self, duty: Duty) -> None:
        if duty in self._duties:
            self._duties.remove(duty)
        await self._end(duty)

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        for duty in list(self._duties):
            await duty.give_up()
        if self._claims is not None:
            await self._claims.close()

    async def _look_forever(self, claims: Claims) -> None:
        while True:
            try:
                await claims.confirm()
                for duty in list(self._duties):
                    await self._look_at(duty, claims)
            except StoreError as error:
                log.warning("duties cannot be claimed", error=str(error))
                for duty in self._duties:
                    duty.claimed, duty.left_to_others = "", False
                    await duty.end()
            await asyncio.sleep(LOOK_SECONDS)

    async def _look_at(self, duty: Duty, claims: Claims) -> None:
        if duty.is_performed:
            return
        if duty.claimed:  # given away: somebody else may be able to do it
            await self._end(duty)
            return
        for name in duty.names:
            if not any(other.claimed == name for other in self._duties) and await claims.take(name):
                log.info("took over", duty=name)
                duty.begin(name)
                return
        duty.left_to_others = True

    async def _end(self, duty: Duty) -> None:
        await duty.end()
        if duty.claimed and self._claims is not None:
            claimed, duty.claimed = duty.claimed, ""
            with suppress(StoreError):  # a lost session has released it
                await self._claims.release(claimed)
