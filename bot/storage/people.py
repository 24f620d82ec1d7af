"""Profiles of chat users, as their chats described them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import people
from commands.model.messages import Actor


class PeopleRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> Sequence[tuple[Actor, datetime]]:
        """Every stored profile, with the time it was fetched."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(people))
            return self._store.parse_rows(people, rows, _profile, key=["surface", "workspace", "id"])

    async def put(self, actors: Sequence[Actor], at: datetime) -> None:
        """Stores the profiles in one transaction. ``at``: when they were fetched."""

        def change(connection: Connection) -> None:
            for actor in actors:
                values: dict[str, object] = {"actor": actor.model_dump_json(), "at": at}
                key: dict[str, object] = {"surface": actor.surface, "workspace": actor.workspace, "id": actor.id}
                put(people, key, values)(connection)

        await self._store.transaction(change, Commit.PERSON)

    async def delete(self, surface: str, person: str = "") -> None:
        """Without ``person``, everybody's."""
        query = delete(people).where(people.c.surface == surface)
        if person:
            query = query.where(people.c.id == person)

        def change(connection: Connection) -> None:
            connection.execute(query)

        await self._store.transaction(change, Commit.PERSON)


def _profile(row: Row[Any]) -> tuple[Actor, datetime]:
    return Actor.model_validate_json(row.actor), row.at
