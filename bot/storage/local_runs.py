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

    async def save(self, id: str, document: str, *, over: bool, replaces: str | None) -> bool:
        query = _INSERT if replaces is None else _UPDATE
        values = {} if replaces is None else {"replaces": replaces}
        changed = await self._store.execute(query, Commit.LOCAL_RUN, id=id, document=document, over=over, **values)
        return changed > 0

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        return await self._documents("select id, document from local_runs order by seq desc")

    async def active(self) -> Sequence[tuple[str, str]]:
        return await self._documents(_ACTIVE)

    async def _documents(self, query: str) -> Sequence[tuple[str, str]]:
        return [(row["id"], row["document"]) for row in await self._store.rows(query)]


_INSERT = "insert into local_runs (id, document, over) values (:id, :document, :over) on conflict (id) do nothing"
_UPDATE = "update local_runs set document = :document, over = :over where id = :id and document = :replaces"
# Not "over is not true": an index finds these.
_ACTIVE = """
select id, document, seq from local_runs where over = false
union all select id, document, seq from local_runs where over is null
order by seq desc"""
