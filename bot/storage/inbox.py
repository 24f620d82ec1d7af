"""The inbox: one row per delivery key, with the message, our answer to the chat, and how far we got."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pydantic_core import to_json

from bot.storage.outbox import Delivery, delete_waiting_answers, insert_deliveries
from bot.storage.sql import Connection, Row, insert_query, read_time, update_query
from bot.storage.store import Commit, Store, StoreError
from commands.dispatch import Route
from commands.model.card import Result
from commands.model.messages import Actor, Message, Place, Via


@dataclass(frozen=True, slots=True)
class UnfinishedMessage:
    """A message to resume. ``route`` is None if it has not been through its place queue yet."""

    message: Message
    route: Route | None
    stopped: bool
    answered: bool = False  # answered once, while the outcome of one of its writes was unknown
    requested_at: datetime | None = None  # when a person's decision reopened it


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """An earlier message. ``intent`` is JSON, None if it was never parsed. ``result`` is None until it is done."""

    message: Message
    intent: str | None
    result: Result | None


class MessageJobs(Protocol):
    """Stores, in the same transaction as the message, what has to be done with it."""

    def recorded(self, connection: Connection, message: Message) -> None: ...

    def routed(self, connection: Connection, key: str, route: Route) -> None: ...

    def ending(self, connection: Connection, key: str) -> None:
        """Before it is marked as done. Raises if another process has it."""


class Inbox:
    """``jobs``: None if the engine finds what it has to do in the rows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.jobs: MessageJobs | None = None

    async def record(self, message: Message, answer: bytes) -> bytes | None:
        """None for a new message. For a repeated delivery, the answer that the first one got."""

        def change(connection: Connection) -> bytes | None:
            values = {
                "key": message.key,
                "message": message.model_dump_json(exclude_defaults=True),
                "answer": answer,
                "state": "new",
                "stopped": False,
                "at": message.at,
            }
            if connection.execute(_RECORD, **values):
                if self.jobs is not None:
                    self.jobs.recorded(connection, message)
                return None
            (row,) = connection.rows("select answer from inbox where key = :key", key=message.key)
            return bytes(row["answer"])

        return await self._store.transaction(change, Commit.RECORD)

    def withdraw(self, key: str) -> None:
        """Deletes a message whose recording timed out, in case it is recorded after all: as soon as the database
        can be reached.

        The sender was told that it may not have been recorded, so a retry of the same delivery must count as new.
        """
        self._store.later(lambda connection: _withdraw(connection, key), Commit.WITHDRAW)

    async def store_answer(self, key: str, answer: bytes) -> None:
        await self._update(key, Commit.CHAT_ANSWER, answer=answer)

    async def save_route(self, key: str, intent: str, route: Route, queue_order: int) -> None:
        """Durable before anything is sent: after a restart the message must not find another run."""
        await self._store.transaction(self._routing(key, intent, route, queue_order), Commit.ROUTE)

    def save_route_soon(self, key: str, intent: str, route: Route, queue_order: int) -> None:
        """Durable together with what is requested next. ``require_route`` must be part of what sends something."""
        self._store.later(self._routing(key, intent, route, queue_order), Commit.ROUTE)

    def _routing(self, key: str, intent: str, route: Route, queue_order: int) -> Callable[[Connection], None]:
        values = {"intent": intent, "route": route.model_dump_json(), "queue_order": queue_order}

        def change(connection: Connection) -> None:
            connection.execute(_SAVE_ROUTE, key=key, **values)
            self._route(connection, key, route)

        return change

    def require_route(self, key: str, connection: Connection) -> None:
        """Part of a transaction. Raises ``StoreError`` if the route could not be stored so far."""
        if connection.row("select 1 from inbox where key = :key and state != 'new'", key=key) is None:
            raise StoreError("the route of the message is not stored yet")

    def _route(self, connection: Connection, key: str, route: Route) -> None:
        if self.jobs is not None:
            self.jobs.routed(connection, key, route)

    async def save_read(self, message: Message) -> None:
        """What a message was found to be about. It is routed then."""

        def change(connection: Connection) -> None:
            _update(connection, message.key, message=message.model_dump_json(exclude_defaults=True))
            if self.jobs is not None:
                self.jobs.recorded(connection, message)

        await self._store.transaction(change, Commit.ROUTE)

    async def save_intent(self, key: str, intent: str) -> None:
        """Remembers how the message was understood, for the choice that its sender is about to get."""
        await self._update(key, Commit.ROUTE, intent=intent)

    async def mark_done(
        self, key: str, result: Result, deliveries: Sequence[Delivery] = (), *, is_awaited: bool = False
    ) -> set[str]:
        """Done, with everything that is to be sent because of it in the outbox. Returns the keys that are new.
        ``is_awaited``: by a request to another replica."""

        def change(connection: Connection) -> set[str]:
            if is_awaited:
                connection.changed("answers", key)
            return self._mark_done(connection, key, result, deliveries)

        return await self._store.transaction(change, Commit.DONE)

    def mark_done_later(self, key: str, result: Result, deliveries: Sequence[Delivery]) -> None:
        """As soon as the store takes it. What is noted of the deliveries afterwards is stored afterwards."""

        def change(connection: Connection) -> None:
            self._mark_done(connection, key, result, deliveries)

        self._store.later(change, Commit.DONE)

    def _mark_done(
        self, connection: Connection, key: str, result: Result, deliveries: Sequence[Delivery]
    ) -> set[str]:
        if self.jobs is not None:
            self.jobs.ending(connection, key)
        _update(connection, key, state="done", result=result)
        return insert_deliveries(connection, deliveries)

    async def mark_again(self, key: str, route: Route) -> None:
        """It goes on: an outcome became known while it was being answered."""

        def change(connection: Connection) -> None:
            _update(connection, key, state="again", result=None)
            self._route(connection, key, route)

        await self._store.transaction(change, Commit.DONE)

    async def mark_stopped(self, key: str, also: Callable[[Connection], None] = lambda _: None) -> None:
        """``also``: what is stored with it."""

        def change(connection: Connection) -> None:
            _update(connection, key, stopped=True)
            also(connection)

        await self._store.transaction(change, Commit.STOPPED)

    async def find_unfinished(self, key: str) -> UnfinishedMessage | None:
        """None if it is done, or if there is no such message (any more)."""
        rows = await self._store.rows("select * from inbox where key = :key and state != 'done'", key=key)
        found = self._store.parse_rows("inbox", rows, _unfinished, key=["key"])
        return found[0] if found else None

    async def find_pending_start(self, queue: str) -> str | None:
        """The handle of the run that is being started from this place queue; "" if it has none yet."""
        rows = await self._store.rows(_PENDING_STARTS, starting='%"starting":true%')
        for pending in self._store.parse_rows("inbox", rows, _unfinished, key=["key"]):
            if pending.message.place.queue == queue and pending.route is not None:
                return pending.route.queue
        return None

    async def oldest_unfinished(self) -> datetime | None:
        row = await self._store.row("select min(at) as at from inbox where state != 'done'")
        return read_time(row["at"]) if row is not None else None

    async def unfinished_keys(self) -> Sequence[str]:
        query = "select key from inbox where state in ('new', 'placed', 'again')"
        return [row["key"] for row in await self._store.rows(query)]

    async def unfinished(self) -> Sequence[UnfinishedMessage]:
        """In the order to resume them: by position in the run queues, then those that have none yet."""
        rows = await self._store.rows(_UNFINISHED)
        return self._store.parse_rows("inbox", rows, _unfinished, key=["key"])

    def reopen(self, connection: Connection, key: str, requested_at: datetime | None) -> UnfinishedMessage | None:
        """Part of a transaction: marks a finished message as unfinished again, so that it is resumed.

        None if there is no such message, or if it is not finished. An answer that still waits for the chat is not
        true any more.
        """
        delete_waiting_answers(connection, key)
        rows = connection.rows("select * from inbox where key = :key and state = 'done'", key=key)
        readable = self._store.parse_rows("inbox", rows, _unfinished, key=["key"])
        if not readable or readable[0].route is None:
            return None
        _update(connection, key, state="again", result=None, requested_at=requested_at)
        self._route(connection, key, readable[0].route)
        return replace(readable[0], answered=True, requested_at=requested_at)

    def sender(self, connection: Connection, key: str) -> Actor | None:
        """Part of a transaction. None if there is no such message, or if it cannot be read."""
        rows = connection.rows("select key, message from inbox where key = :key", key=key)
        readable = self._store.parse_rows("inbox", rows, _message, key=["key"])
        return readable[0].actor if readable else None

    async def visible_result(self, key: str, place: Place) -> Result | None:
        """None while it is not done, or its answer waits to be sent, as does something else in that place."""
        values = {"start": f"answer {key} ", "length": len(f"answer {key} "), "place": place.model_dump_json()}
        row = await self._store.row(_VISIBLE_RESULT, key=key, **values)
        result: Result | None = row["result"] if row is not None else None
        return result

    async def last_queue_order(self) -> int:
        (row,) = await self._store.rows("select max(queue_order) as last from inbox")
        return row["last"] or 0

    async def get(self, key: str) -> RecordedMessage | None:
        """None if there is no such message (any more), or if its row cannot be read."""
        rows = await self._store.rows("select * from inbox where key = :key", key=key)
        found = self._store.parse_rows("inbox", rows, _recorded, key=["key"])
        return found[0] if found else None

    async def has_message(self, actor: Actor, place: Place, since: datetime) -> bool:
        """Whether this person typed or pressed anything in this channel since then."""
        rows = await self._store.rows(_RECENT, since=since, part=f"%{to_json(actor.id).decode()}%")
        recent = self._store.parse_rows("inbox", rows, _recorded, key=["key"])
        return any(_is_from(found.message, actor, place) for found in recent)

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        rows = await self._store.rows("select * from inbox")
        self._store.parse_rows("inbox", rows, lambda row: (read_time(row["at"]), _recorded(row)), key=["key"])
        self._store.parse_rows("inbox", rows, _unfinished, key=["key"])
        rows = await self._store.rows("select * from choices")
        self._store.parse_rows("choices", rows, _choice, key=["key"])

    async def take_choice(self, key: str, by: Actor, message: str, now: datetime) -> tuple[Actor, datetime] | None:
        """None if ``message`` has the choice, now or already. Otherwise who took it, and when."""

        def change(connection: Connection) -> tuple[Actor, datetime] | None:
            connection.execute(_TAKE_CHOICE, key=key, message=message, by=by.model_dump_json(), at=now)
            (row,) = connection.rows("select * from choices where key = :key", key=key)
            return None if row["message"] == message else _choice(row)

        return await self._store.transaction(change, Commit.CHOICE)

    async def _update(self, key: str, kind: Commit, **values: object) -> None:
        await self._store.transaction(lambda connection: _update(connection, key, **values), kind)


_VISIBLE_RESULT = """
select result from inbox where key = :key and state = 'done' and not exists (
    select 1 from outbox
    where (substr(outbox.key, 1, :length) = :start or outbox.place = :place) and outbox.state = 'waiting')"""
_UNFINISHED = """
select * from inbox where state in ('new', 'placed', 'again')
order by queue_order is null, queue_order, seq"""
_PENDING_STARTS = "select * from inbox where state in ('placed', 'again') and route like :starting order by seq"
_COLUMNS = ("key", "message", "answer", "state", "stopped", "at")
_SAVE_ROUTE = """
update inbox set intent = :intent, route = :route, queue_order = :queue_order, state = 'placed'
where key = :key and state != 'done'"""
_RECORD = f"{insert_query('inbox', _COLUMNS)} on conflict do nothing"
_TAKE_CHOICE = f"{insert_query('choices', ('key', 'message', 'by', 'at'))} on conflict do nothing"
_RECENT = "select * from inbox where at >= :since and message like :part"


def _is_from(message: Message, actor: Actor, place: Place) -> bool:
    is_there = (message.place.surface, message.place.channel) == (place.surface, place.channel)
    return message.actor.id == actor.id and is_there and message.via is not Via.SAY  # which reminders have


def _withdraw(connection: Connection, key: str) -> None:
    connection.execute("delete from inbox where key = :key and state = 'new'", key=key)


def _update(connection: Connection, key: str, **values: object) -> None:
    connection.execute(update_query("inbox", tuple(values), "key = :key"), key=key, **values)


def _message(row: Row) -> Message:
    return Message.model_validate_json(row["message"])


def _unfinished(row: Row) -> UnfinishedMessage:
    return UnfinishedMessage(
        message=_message(row),
        route=None if row["route"] is None else Route.model_validate_json(row["route"]),
        stopped=bool(row["stopped"]),
        answered=row["state"] == "again",
        requested_at=read_time(row["requested_at"]),
    )


def _recorded(row: Row) -> RecordedMessage:
    return RecordedMessage(_message(row), row["intent"], row["result"])


def _choice(row: Row) -> tuple[Actor, datetime]:
    return Actor.model_validate_json(row["by"]), read_time(row["at"])
