"""What people are still to be told about runs: a row is committed with the change of the run that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from bot.storage.outbox import Delivery, insert_deliveries
from bot.storage.store import Commit, Store
from bot.storage.tables import news
from commands.model.run_news import RunNews


@dataclass(frozen=True, slots=True)
class StoredNews:
    """``number`` is never used again."""

    number: int
    run: str  # handle
    news: RunNews
    at: datetime


def insert_news(connection: Connection, run: str, told: Sequence[RunNews], at: datetime) -> list[StoredNews]:
    """Part of a transaction."""
    found: list[StoredNews] = []
    for one in told:
        values = {"run": int(run[1:]), "news": one.model_dump_json(exclude_defaults=True), "at": at}
        number = connection.execute(insert(news).values(values).returning(news.c.seq)).scalar_one()
        found.append(StoredNews(number, run, one, at))
    return found


class NewsRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Sequence[StoredNews]:
        async with self._store.read() as connection:
            rows = await connection.execute(select(news).order_by(news.c.seq))
            return self._store.parse_rows(news, rows, _stored_news, key=["seq"])

    async def finish(self, told: Sequence[StoredNews], deliveries: Sequence[Delivery]) -> set[str]:
        """Replaces them by the deliveries that tell people. Returns the keys that are new."""

        def change(connection: Connection) -> set[str]:
            connection.execute(delete(news).where(news.c.seq.in_([one.number for one in told])))
            return insert_deliveries(connection, deliveries)

        return await self._store.transaction(change, Commit.NEWS)


def _stored_news(row: Row[Any]) -> StoredNews:
    return StoredNews(row.seq, f"R{row.run}", RunNews.model_validate_json(row.news), row.at)
