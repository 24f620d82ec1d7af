"""Profiles of chat users, as their chats described them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from bot.storage.store import Store, put
from bot.storage.tables import people
from commands.model.messages import Actor


class PeopleRows:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def load(self) -> Sequence[tuple[Actor, datetime]]:
        """Every stored profile, with the time it was fetched."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(people))
            return [(Actor.model_validate_json(row.actor), row.at) for row in rows]

    def put(self, actor: Actor) -> None:
        values: dict[str, object] = {"actor": actor.model_dump_json(), "at": self._now()}
        key: dict[str, object] = {"surface": actor.surface, "workspace": actor.workspace, "id": actor.id}
        self._store.submit(put(people, key, values))
