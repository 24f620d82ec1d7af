"""Which replicas there are: each says again and again that it is alive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store

LIVE_WITHIN = timedelta(seconds=15)
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Replica:
    """``behind``: how many changes of others it had not read yet when it was ``seen_at``."""

    name: str
    version: str
    started_at: datetime
    seen_at: datetime
    behind: int


class ReplicaRows:
    def __init__(self, store: Store, name: str, version: str) -> None:
        self._store = store
        self._name = name
        self._version = version
        self._started_at: datetime | None = None

    async def beat(self, now: datetime) -> None:
        self._started_at = self._started_at or now
        values = {
            "name": self._name,
            "version": self._version,
            "started_at": self._started_at,
            "seen_at": now,
            "behind": await self._store.changes_behind(),
        }

        def change(connection: Connection) -> None:
            connection.put("replicas", {"id": self._store.replica}, values)
            connection.execute("delete from replicas where seen_at < :before", before=now - _KEPT)

        await self._store.transaction(change, Commit.REPLICA)

    async def last_beat(self) -> datetime | None:
        """Of any replica."""
        row = await self._store.row("select max(seen_at) as at from replicas")
        return read_time(row["at"]) if row is not None else None


async def live_replicas(url: str, now: datetime) -> Sequence[Replica]:
    """Of a database that was not opened, the oldest first."""
    store = Store(url)
    try:
        query = "select * from replicas where seen_at >= :since order by started_at"
        rows = await store.rows(query, since=now - LIVE_WITHIN)
        return store.parse_rows("replicas", rows, _replica, key=["id"])
    finally:
        await store.close()


def _replica(row: Row) -> Replica:
    started_at, seen_at = read_time(row["started_at"]), read_time(row["seen_at"])
    return Replica(row["name"], row["version"], started_at, seen_at, row["behind"])
