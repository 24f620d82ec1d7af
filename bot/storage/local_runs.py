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

    async def save(self, id: str, document: str, *, over: bool) -> None:
        values = {"document": document, "over": over}
        await self._store.put("local_runs", {"id": id}, values, Commit.LOCAL_RUN)

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        return await self._documents("select id, document from local_runs order by seq desc")

    async def active(self) -> Sequence[tuple[str, str]]:
        return await self._documents(_ACTIVE)

    async def _documents(self, query: str) -> Sequence[tuple[str, str]]:
        return [(row["id"], row["document"]) for row in await self._store.rows(query)]


# Not "over is not true": an index finds these.
_ACTIVE = """
select id, document, seq from local_runs where over = false
union all select id, document, seq from local_runs where over is null
order by seq desc"""
