"""A store of local runs in memory, which can lose a save or be killed right after one."""

import asyncio
from collections.abc import Sequence


class Killed(Exception):
    """The process died here."""


class MemoryRuns:
    """While ``die_before_save`` or ``die_after_save`` is set, a save is the last thing that happens."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.saves = 0
        self.die_before_save = False
        self.die_after_save = False

    async def load(self, id: str) -> str | None:
        await asyncio.sleep(0)
        return self.documents.get(id)

    async def save(self, id: str, document: str, *, over: bool, replaces: str | None) -> bool:
        await asyncio.sleep(0)
        if self.die_before_save:
            raise Killed
        if self.documents.get(id) != replaces:
            return False
        self.documents = {id: document} | {other: kept for other, kept in self.documents.items() if other != id}
        self.saves += 1
        if self.die_after_save:
            raise Killed
        return True

    async def all(self) -> Sequence[tuple[str, str]]:
        return list(self.documents.items())

    async def active(self) -> Sequence[tuple[str, str]]:
        return await self.all()
