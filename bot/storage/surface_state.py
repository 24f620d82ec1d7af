"""Small values that chat surfaces keep between restarts, such as the last post seen in a channel."""

import json
from typing import Any

from sqlalchemy import Row, select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import surface_state


class SurfaceStateRows:
    """Implements ``bot.surfaces.protocol.SurfaceState``. Each surface has its own ``prefix``."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def get(self, name: str) -> str | None:
        """None also for what cannot be read: the surface then starts without it."""
        query = select(surface_state).where(surface_state.c.name == self._prefix + name)
        async with self._store.read() as connection:
            rows = await connection.execute(query)
            found = self._store.parse_rows(surface_state, rows, _value, key=["name"])
        return found[0] if found else None

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(surface_state))
            self._store.parse_rows(surface_state, rows, _value, key=["name"])

    async def put(self, name: str, value: str) -> None:
        change = put(surface_state, {"name": self._prefix + name}, {"value": value})
        await self._store.transaction(change, Commit.SURFACE_STATE)


def _value(row: Row[Any]) -> str:
    value: str = row.value
    if not isinstance(json.loads(value), dict):
        raise TypeError("not a JSON object")
    return value
