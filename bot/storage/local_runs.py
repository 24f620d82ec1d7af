"""The run documents of the local platform, which has no server of its own to keep them."""

from collections.abc import Sequence

from bot.storage.store import Commit, Store


class LocalRunRows:
    """Implements ``adapters.protocol.LocalRuns``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, id: str) -> str | None:
        row = await self._store.row("select document from local_runs where id = :id", id=id)
        return None if row is None else str(row["document"])

    async def save(self, id: str, document: str) -> None:
        await self._store.put("local_runs", {"id": id}, {"document": document}, Commit.LOCAL_RUN)

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        rows = await self._store.rows("select id, document from local_runs order by seq desc")
        return [(row["id"], row["document"]) for row in rows]
