"""Messages that are due later, such as reminders of a promised status update."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import scheduled
from commands.model.messages import Message


class ScheduledRows:
    """A slot holds at most one message."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Mapping[str, tuple[datetime, Message]]:
        """Slot -> (due time, message)."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(scheduled))
            return dict(self._store.parse_rows(scheduled, rows, _scheduled, key=["slot"]))

    async def put(self, slot: str, due_at: datetime, message: Message) -> None:
        values: dict[str, object] = {"due_at": due_at, "message": message.model_dump_json()}
        await self._store.transaction(put(scheduled, {"slot": slot}, values), Commit.SCHEDULED)

    async def delete(self, slot: str) -> None:
        def change(connection: Connection) -> None:
            connection.execute(delete(scheduled).where(scheduled.c.slot == slot))

        await self._store.transaction(change, Commit.SCHEDULED)


def _scheduled(row: Row[Any]) -> tuple[str, tuple[datetime, Message]]:
    return row.slot, (row.due_at, Message.model_validate_json(row.message))
