"""Profiles of chat users, as their chats described them."""

import json
from collections.abc import Sequence
from datetime import datetime

from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store
from commands.model.messages import Actor


class PeopleRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> Sequence[tuple[Actor, datetime]]:
        """Every stored profile, with the time it was fetched."""
        rows = await self._store.rows("select * from people")
        return self._store.parse_rows("people", rows, _profile, key=["surface", "workspace", "id"])

    async def find(self, surface: str, person: str) -> Sequence[tuple[Actor, datetime]]:
        """Of this person in all workspaces; without ``person``, everybody's."""
        rows = await self._store.rows(_FIND, surface=surface, person=person)
        return self._store.parse_rows("people", rows, _profile, key=["surface", "workspace", "id"])

    async def put(self, actors: Sequence[Actor], at: datetime) -> None:
        """Stores the profiles in one transaction. ``at``: when they were fetched."""

        def change(connection: Connection) -> None:
            for actor in actors:
                key = {"surface": actor.surface, "workspace": actor.workspace, "id": actor.id}
                connection.put("people", key, {"actor": actor.model_dump_json(), "at": at})
                connection.changed("people", json.dumps([actor.surface, actor.id]))

        await self._store.transaction(change, Commit.PERSON)

    async def delete(self, surface: str, person: str = "") -> None:
        """Without ``person``, everybody's."""

        def change(connection: Connection) -> None:
            connection.execute(_DELETE, surface=surface, person=person)
            connection.changed("people", json.dumps([surface, person]))

        await self._store.transaction(change, Commit.PERSON)


_FIND = "select * from people where surface = :surface and (id = :person or :person = '')"
_DELETE = "delete from people where surface = :surface and (id = :person or :person = '')"


def _profile(row: Row) -> tuple[Actor, datetime]:
    return Actor.model_validate_json(row["actor"]), read_time(row["at"])
