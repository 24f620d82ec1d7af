"""One row per delivery key: what came in, what was answered, how far it got."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, delete, func, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.storage.store import Store
from bot.storage.tables import choices, inbox
from commands.dispatch import Route
from commands.model.card import Result
from commands.model.messages import Actor, Message

KEEP = timedelta(days=7)  # longer than any choice lives


@dataclass(frozen=True, slots=True)
class UnfinishedMessage:
    """A message to take up again. ``ticket`` None: it has not been through its place queue yet."""

    message: Message
    ticket: Route | None
    stopped: bool
    answered: bool = False  # once, but for a write that was unknown then


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """An earlier message. ``intent``: as it was read, as JSON. ``result`` None: not carried out yet."""

    message: Message
    intent: str | None
    result: Result | None


class Inbox:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, message: Message, answer: bytes) -> bytes | None:
        """None when it is new; else the answer that the first delivery got."""

        def change(connection: Connection) -> bytes | None:
            values = {
                "key": message.key,
                "message": message.model_dump_json(exclude_defaults=True),
                "answer": answer,
                "state": "new",
                "stopped": False,
                "at": message.at,
            }
            row = insert(inbox).values(values).on_conflict_do_nothing()
            done: CursorResult[Any] = connection.execute(row)
            if done.rowcount:
                return None
            found = connection.execute(select(inbox.c.answer).where(inbox.c.key == message.key))
            return bytes(found.scalar_one())

        return await self._store.write(change)

    def withdraw(self, key: str) -> None:
        """Its sender was told that it may not have been taken: if it still comes to be recorded, it goes again,
        and a retry of the same delivery is a new one."""

        def change(connection: Connection) -> None:
            connection.execute(delete(inbox).where(inbox.c.key == key, inbox.c.state == "new"))

        self._store.submit(change)

    async def answer(self, key: str, answer: bytes) -> None:
        await self._set(key, answer=answer)

    def placed(self, key: str, intent: str, ticket: Route, joined: int) -> None:
        """Not awaited: whatever is asked of the store later is not durable before this is."""
        self._submit(key, intent=intent, route=ticket.model_dump_json(), queue_order=joined, state="placed")

    def read_as(self, key: str, intent: str) -> None:
        """Remembers what the message meant, for the choice it is about to be asked."""
        self._submit(key, intent=intent)

    async def done(self, key: str, result: Result) -> None:
        await self._set(key, state="done", result=result)

    async def stop(self, key: str) -> None:
        await self._set(key, stopped=True)

    async def unfinished(self) -> Sequence[UnfinishedMessage]:
        """In the order to take them up: those with a place in a run queue first, by that place."""
        query = (
            select(inbox.c.message, inbox.c.route, inbox.c.stopped, inbox.c.state)
            .where(inbox.c.state != "done")
            .order_by(inbox.c.queue_order.is_(None), inbox.c.queue_order, inbox.c.seq)
        )
        async with self._store.read() as connection:
            return [_unfinished(row) for row in await connection.execute(query)]

    async def reopen(self, key: str) -> UnfinishedMessage | None:
        """A message that was over is to be taken up again, by the next process if not by this one."""

        def change(connection: Connection) -> UnfinishedMessage | None:
            query = select(inbox.c.message, inbox.c.route, inbox.c.stopped, literal("again").label("state"))
            row = connection.execute(query.where(inbox.c.key == key, inbox.c.state == "done")).first()
            if row is None or row.route is None:
                return None
            connection.execute(update(inbox).where(inbox.c.key == key).values(state="again", result=None))
            return _unfinished(row)

        return await self._store.write(change)

    async def last_joined(self) -> int:
        async with self._store.read() as connection:
            return (await connection.execute(select(func.max(inbox.c.queue_order)))).scalar() or 0

    async def get(self, key: str) -> "RecordedMessage | None":
        query = select(inbox.c.message, inbox.c.intent, inbox.c.result).where(inbox.c.key == key)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        return (
            None
            if row is None
            else RecordedMessage(Message.model_validate_json(row.message), row.intent, row.result)
        )

    async def choose(self, key: str, by: Actor, message: str, now: datetime) -> tuple[Actor, datetime] | None:
        """None when the choice is now (or was already) taken by ``message``; else who took it, and when."""

        def change(connection: Connection) -> tuple[Actor, datetime] | None:
            taking = insert(choices).values(key=key, message=message, by=by.model_dump_json(), at=now)
            connection.execute(taking.on_conflict_do_nothing())
            row = (connection.execute(select(choices).where(choices.c.key == key))).one()
            return None if row.message == message else (Actor.model_validate_json(row.by), row.at)

        return await self._store.write(change)

    async def forget_old(self, every: float) -> None:
        """Forgets what is older than a week, for as long as the process lives."""
        while True:
            await self.forget(datetime.now(UTC) - KEEP)
            await asyncio.sleep(every)

    async def forget(self, before: datetime) -> int:
        """Drops what is over and older than ``before``; returns how many messages."""

        def change(connection: Connection) -> int:
            connection.execute(delete(choices).where(choices.c.at < before))
            gone: CursorResult[Any] = connection.execute(
                delete(inbox).where(inbox.c.state == "done", inbox.c.at < before)
            )
            return gone.rowcount

        return await self._store.write(change)

    async def _set(self, key: str, **values: object) -> None:
        await self._submit(key, **values)

    def _submit(self, key: str, **values: object) -> Any:
        def change(connection: Connection) -> None:
            connection.execute(update(inbox).where(inbox.c.key == key).values(**values))

        return self._store.submit(change)


def _unfinished(row: Row[Any, Any, Any, Any]) -> UnfinishedMessage:
    ticket = None if row.route is None else Route.model_validate_json(row.route)
    return UnfinishedMessage(Message.model_validate_json(row.message), ticket, row.stopped, row.state == "again")
