"""Messages that are due later, such as reminders of a promised status update."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store
from commands.model.messages import Message


class ScheduledRows:
    """A slot holds at most one message."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> AsyncIterator[tuple[str, tuple[datetime, Message]]]:
        """(slot, (due time, message)), read a few at a time."""
        last = ""
        while rows := await self._store.rows(_NEXT, after=last):
            for scheduled in self._store.parse_rows("scheduled", rows, _scheduled, key=["slot"]):
                yield scheduled
            last = rows[-1]["slot"]

    async def find(self, slot: str) -> tuple[datetime, Message] | None:
        rows = await self._store.rows("select * from scheduled where slot = :slot", slot=slot)
        found = self._store.parse_rows("scheduled", rows, _scheduled, key=["slot"])
        return found[0][1] if found else None

    async def put(
        self, slot: str, due_at: datetime, message: Message, also: Callable[[Connection], None] = lambda _: None
    ) -> None:
        """``also``: what is stored with it."""
        values = {"due_at": due_at, "message": message.model_dump_json()}

        def change(connection: Connection) -> None:
            connection.put("scheduled", {"slot": slot}, values)
            also(connection)

        await self._store.transaction(change, Commit.SCHEDULED)

    def delete(self, slot: str) -> None:
        """Soon: a message that is not wanted any more does nothing, and one that was recorded is known."""
        self._store.later(lambda connection: _delete(connection, slot), Commit.SCHEDULED)


def _delete(connection: Connection, slot: str) -> None:
    connection.execute("delete from scheduled where slot = :slot", slot=slot)


_NEXT = "select * from scheduled where slot > :after order by slot limit 100"


def _scheduled(row: Row) -> tuple[str, tuple[datetime, Message]]:
    return row["slot"], (read_time(row["due_at"]), Message.model_validate_json(row["message"]))
