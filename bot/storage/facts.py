"""Small durable facts: who people are, surfaces' notes, what is to come, and local runs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.storage.store import Store, put
from bot.storage.tables import local_runs, people, scheduled, surface_state
from commands.model.messages import Actor, Message


class PeopleRows:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def load(self) -> Sequence[tuple[Actor, datetime]]:
        async with self._store.read() as connection:
            rows = await connection.execute(select(people))
            return [(Actor.model_validate_json(row.actor), row.at) for row in rows]

    def put(self, actor: Actor) -> None:
        values: dict[str, object] = {"actor": actor.model_dump_json(), "at": self._now()}
        key: dict[str, object] = {"surface": actor.surface, "workspace": actor.workspace, "id": actor.id}

        self._store.submit(put(people, key, values))


class SurfaceStateRows:
    """Implements the surfaces' ``Notes``; ``prefix`` keeps surfaces apart."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def get(self, name: str) -> str | None:
        async with self._store.read() as connection:
            found = await connection.execute(
                select(surface_state.c.value).where(surface_state.c.name == self._prefix + name)
            )
            return found.scalar()

    async def put(self, name: str, value: str) -> None:
        await self._store.write(put(surface_state, {"name": self._prefix + name}, {"value": value}))


class ScheduledRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Mapping[str, tuple[datetime, Message]]:
        async with self._store.read() as connection:
            rows = await connection.execute(select(scheduled))
            return {row.slot: (row.due_at, Message.model_validate_json(row.message)) for row in rows}

    async def put(self, slot: str, when: datetime, message: Message) -> None:
        values: dict[str, object] = {"due_at": when, "message": message.model_dump_json()}

        await self._store.write(put(scheduled, {"slot": slot}, values))

    async def drop(self, slot: str) -> None:
        def change(connection: Connection) -> None:
            connection.execute(delete(scheduled).where(scheduled.c.slot == slot))

        await self._store.write(change)


class LocalRunRows:
    """Implements ``adapters.protocol.LocalRuns``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, id: str) -> str | None:
        async with self._store.read() as connection:
            found = await connection.execute(select(local_runs.c.document).where(local_runs.c.id == id))
            document: Any = found.scalar()
            return None if document is None else str(document)

    async def save(self, id: str, document: str) -> None:
        await self._store.write(put(local_runs, {"id": id}, {"document": document}))

    async def all(self) -> Sequence[tuple[str, str]]:
        query = select(local_runs.c.id, local_runs.c.document).order_by(local_runs.c.seq.desc())
        async with self._store.read() as connection:
            return [(row.id, row.document) for row in await connection.execute(query)]
