"""Small values that chat surfaces keep between restarts, such as the last post seen in a channel."""

from sqlalchemy import select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import surface_state


class SurfaceStateRows:
    """Implements ``bot.surfaces.protocol.SurfaceState``. Each surface has its own ``prefix``."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def get(self, name: str) -> str | None:
        query = select(surface_state.c.value).where(surface_state.c.name == self._prefix + name)
        async with self._store.read() as connection:
            return (await connection.execute(query)).scalar()

    async def put(self, name: str, value: str) -> None:
        change = put(surface_state, {"name": self._prefix + name}, {"value": value})
        await self._store.transaction(change, Commit.SURFACE_STATE)
