"""What is to be sent to chats: one row for each delivery, committed before anything is sent.

What is drawn when it is sent (a live card, a post of activity lines) has a row only while the chat does not show
its newest state. The row of any other delivery stays for some days after it was sent: the same key is not sent
again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.storage.card_json import dump_card, load_card
from bot.storage.sql import Connection, Row, insert_query, read_time
from bot.storage.store import Commit, Store
from commands.model.card import Card
from commands.model.messages import Actor, Message, Place


class Kind(StrEnum):
    ANSWER = "answer"  # to the sender of ``cause``, and only to them
    NOTICE = "notice"  # to ``person`` in ``place``, and only to them
    DIRECT = "direct"  # to ``person``
    POST = "post"  # for everybody in ``place``
    REACTION = "reaction"  # the emoji ``target`` on the post ``subject``
    CARD = "card"  # the live card of the run ``subject``
    POINTER = "pointer"  # the old live card ``subject`` shows where the new one, ``target``, is
    LINES = "lines"  # the activity post with the nonce ``subject``


DRAWN_WHEN_SENT = frozenset({Kind.CARD, Kind.POINTER, Kind.LINES})


@dataclass(frozen=True, slots=True)
class Delivery:
    """``until`` is how long it is of use. ``reason`` and ``detail`` say why it is parked."""

    key: str
    kind: Kind
    place: Place
    at: datetime
    until: datetime
    subject: str = ""
    target: str = ""
    card: Card | None = None
    person: Actor | None = None
    cause: Message | None = None
    parked: bool = False
    reason: str = ""
    detail: str = ""

    @property
    def nonce(self) -> str:
        """By which a post is found again."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:24]


_COLUMNS = (
    *("key", "kind", "place", "subject", "target", "card", "person", "cause"),
    *("state", "reason", "detail", "at", "until"),
)
_INSERT = f"{insert_query('outbox', _COLUMNS)} on conflict do nothing"
_DELETE = "delete from outbox where key = :key"
_MARK_SENT = "update outbox set state = 'sent', card = null, cause = null where key = :key"
_PARK = "update outbox set state = 'parked', reason = :reason, detail = :detail where key = :key"
_WAITING_ANSWER = "select * from outbox where substr(key, 1, :length) = :start and state = 'waiting' order by seq"
_DELETE_WAITING_ANSWERS = "delete from outbox where substr(key, 1, :length) = :start and state != 'sent'"


def insert_deliveries(connection: Connection, deliveries: Sequence[Delivery]) -> set[str]:
    """Part of a transaction. Returns the keys that had no row yet."""
    return {delivery.key for delivery in deliveries if connection.execute(_INSERT, **_values(delivery))}


def delete_waiting_answers(connection: Connection, message: str) -> None:
    """Part of a transaction."""
    start = f"answer {message} "
    connection.execute(_DELETE_WAITING_ANSWERS, start=start, length=len(start))


class OutboxRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def insert(self, deliveries: Sequence[Delivery]) -> set[str]:
        return await self._store.transaction(
            lambda connection: insert_deliveries(connection, deliveries), Commit.OUTBOX
        )

    def insert_soon(self, delivery: Delivery) -> None:
        """Durable soon. For what is drawn when it is sent: its own rows say that it is out of date."""

        def change(connection: Connection) -> None:
            insert_deliveries(connection, [delivery])

        self._store.later(change, Commit.OUTBOX)

    async def unsent(self) -> Sequence[Delivery]:
        """In the order in which they were put."""
        rows = await self._store.rows("select * from outbox where state in ('waiting', 'parked') order by seq")
        return self._store.parse_rows("outbox", rows, _delivery, key=["key"])

    async def take_answer(self, message: str) -> Card | None:
        """The private answer to a message, which is not sent any more. None if there is none, or it was sent."""
        start = f"answer {message} "

        def change(connection: Connection) -> Sequence[Row]:
            rows = connection.rows(_WAITING_ANSWER, start=start, length=len(start))
            for row in rows:
                connection.execute(_MARK_SENT, key=row["key"])
            return rows

        rows = await self._store.transaction(change, Commit.DELIVERED)
        found = self._store.parse_rows("outbox", rows, _delivery, key=["key"])
        return found[-1].card if found else None

    async def is_unsent(self, key: str) -> bool:
        query = "select 1 from outbox where key = :key and state != 'sent'"
        return await self._store.row(query, key=key) is not None

    async def catch_up(self) -> None:
        await self._store.catch_up()

    async def flush(self) -> None:
        """Returns when what is durable soon is durable."""
        await self._store.flush()

    def sent(self, delivery: Delivery) -> None:
        """Durable soon: until then, a restart sends it again."""
        self._end(_DELETE if delivery.kind in DRAWN_WHEN_SENT else _MARK_SENT, delivery.key)

    def delete(self, key: str) -> None:
        """The delivery was given up."""
        self._end(_DELETE, key)

    def _end(self, query: str, key: str) -> None:
        def change(connection: Connection) -> None:
            connection.execute(query, key=key)

        self._store.later(change, Commit.DELIVERED)

    async def park(self, delivery: Delivery, notices: Sequence[Delivery]) -> set[str]:
        """Parked, with the notices about it in the outbox. Returns the keys of new notices."""

        def change(connection: Connection) -> set[str]:
            connection.execute(_PARK, key=delivery.key, reason=delivery.reason, detail=delivery.detail)
            return insert_deliveries(connection, notices)

        return await self._store.transaction(change, Commit.PARKED)


def _values(delivery: Delivery) -> dict[str, object]:
    card, person, cause = delivery.card, delivery.person, delivery.cause
    return {
        "key": delivery.key,
        "kind": delivery.kind.value,
        "place": delivery.place.model_dump_json(),
        "subject": delivery.subject,
        "target": delivery.target,
        "card": None if card is None else dump_card(card),
        "person": None if person is None else person.model_dump_json(),
        "cause": None if cause is None else cause.model_dump_json(exclude_defaults=True),
        "state": "parked" if delivery.parked else "waiting",
        "reason": delivery.reason,
        "detail": delivery.detail,
        "at": delivery.at,
        "until": delivery.until,
    }


def _delivery(row: Row) -> Delivery:
    card, person, cause = row["card"], row["person"], row["cause"]
    return Delivery(
        key=row["key"],
        kind=Kind(row["kind"]),
        place=Place.model_validate_json(row["place"]),
        at=read_time(row["at"]),
        until=read_time(row["until"]),
        subject=row["subject"],
        target=row["target"],
        card=None if card is None else load_card(card),
        person=None if person is None else Actor.model_validate_json(person),
        cause=None if cause is None else Message.model_validate_json(cause),
        parked=row["state"] == "parked",
        reason=row["reason"],
        detail=row["detail"],
    )


def unparked(delivery: Delivery) -> Delivery:
    return replace(delivery, parked=False, reason="", detail="")
