"""What people are still to be told about runs: a row is committed with the change of the run that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.storage.outbox import Delivery, insert_deliveries
from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store
from commands.model.run_news import RunNews


@dataclass(frozen=True, slots=True)
class StoredNews:
    """``number`` is never used again."""

    number: int
    run: str  # handle
    news: RunNews
    at: datetime


_INSERT = "insert into news (run, news, at) values (:run, :news, :at) returning seq"


def insert_news(connection: Connection, run: str, told: Sequence[RunNews], at: datetime) -> list[StoredNews]:
    """Part of a transaction."""
    found: list[StoredNews] = []
    for one in told:
        values = {"run": int(run[1:]), "news": one.model_dump_json(exclude_defaults=True), "at": at}
        (row,) = connection.rows(_INSERT, **values)
        found.append(StoredNews(row["seq"], run, one, at))
        connection.changed("news", run)
    return found


class NewsRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Sequence[StoredNews]:
        rows = await self._store.rows("select * from news order by seq")
        return self._store.parse_rows("news", rows, _stored_news, key=["seq"])

    async def finish(self, told: Sequence[StoredNews], deliveries: Sequence[Delivery]) -> set[str]:
        """Replaces them by the deliveries that tell people. Returns the keys that are new: none if another replica
        has told them."""

        def change(connection: Connection) -> set[str]:
            left = [connection.execute("delete from news where seq = :number", number=one.number) for one in told]
            return insert_deliveries(connection, deliveries) if any(left) else set()

        return await self._store.transaction(change, Commit.NEWS)


def _stored_news(row: Row) -> StoredNews:
    return StoredNews(row["seq"], f"R{row['run']}", RunNews.model_validate_json(row["news"]), read_time(row["at"]))
