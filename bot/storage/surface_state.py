"""Small values that chat surfaces keep between restarts, such as the last post seen in a channel."""

import json

from bot.storage.sql import Row
from bot.storage.store import Commit, Store, StoreError
from bot.surfaces.errors import NotRecorded


class SurfaceStateRows:
    """Implements ``bot.surfaces.protocol.SurfaceState``. Each surface has its own ``prefix``."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def get(self, name: str) -> str | None:
        """None also for what cannot be read: the surface then starts without it."""
        rows = await self._store.rows("select * from surface_state where name = :name", name=self._prefix + name)
        found = self._store.parse_rows("surface_state", rows, _value, key=["name"])
        return found[0] if found else None

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        rows = await self._store.rows("select * from surface_state")
        self._store.parse_rows("surface_state", rows, _value, key=["name"])

    async def put(self, name: str, value: str) -> None:
        key = {"name": self._prefix + name}
        try:
            await self._store.put("surface_state", key, {"value": value}, Commit.SURFACE_STATE)
        except StoreError as error:
            raise NotRecorded(str(error)) from error


def _value(row: Row) -> str:
    value: str = row["value"]
    if not isinstance(json.loads(value), dict):
        raise TypeError("not a JSON object")
    return value
