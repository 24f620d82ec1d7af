"""The run documents of the local platform, which has no server of its own to keep them."""

from collections.abc import Sequence

from adapters.deadline import DeadlinePassed, current_deadline
from bot.storage.sql import Connection, insert_query
from bot.storage.store import Commit, Store

_INSERT = f"{insert_query('local_runs', ('id', 'document', 'over'))} on conflict do nothing"
_REPLACE = "update local_runs set document = :document, over = :over where id = :id and document = :replaces"


class LocalRunRows:
    """Implements ``adapters.protocol.LocalRuns``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, id: str) -> str | None:
        row = await self._store.row("select document from local_runs where id = :id", id=id)
        return None if row is None else str(row["document"])

    async def save(self, id: str, document: str, *, over: bool, replaces: str | None) -> bool:
        deadline = current_deadline()
        query = _INSERT if replaces is None else _REPLACE

        def change(connection: Connection) -> int | None:
            if deadline is not None and deadline.remaining() <= 0:
                return None
            return connection.execute(query, id=id, document=document, over=over, replaces=replaces)

        saved = await self._store.transaction(change, Commit.LOCAL_RUN)
        if saved is None:
            raise DeadlinePassed("there was no time left to store it")
        return saved > 0

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
