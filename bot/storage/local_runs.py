"""The run documents of the local platform, which has no server of its own to keep them."""

from collections.abc import Sequence

from sqlalchemy import select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import local_runs


class LocalRunRows:
    """Implements ``adapters.protocol.LocalRuns``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, id: str) -> str | None:
        query = select(local_runs.c.document).where(local_runs.c.id == id)
        async with self._store.read() as connection:
            document: str | None = (await connection.execute(query)).scalar()
        return document

    async def save(self, id: str, document: str) -> None:
        await self._store.transaction(put(local_runs, {"id": id}, {"document": document}), Commit.LOCAL_RUN)

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        query = select(local_runs.c.id, local_runs.c.document).order_by(local_runs.c.seq.desc())
        async with self._store.read() as connection:
            return [(row.id, row.document) for row in await connection.execute(query)]
