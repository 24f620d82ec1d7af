"""What people have chosen for themselves (implements ``PreferencesPort``)."""

from typing import cast, get_args

from sqlalchemy import Connection, delete, select

from bot.storage.store import Commit, Store, put
from bot.storage.tables import preferences
from commands.model.messages import Actor
from commands.model.ports import NotifyMode


class PreferenceRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def notify_mode(self, actor: Actor) -> NotifyMode:
        query = select(preferences.c.notify).where(preferences.c.actor == actor.key)
        async with self._store.read() as connection:
            stored = (await connection.execute(query)).scalar()
        return cast(NotifyMode, stored) if stored in get_args(NotifyMode) else "auto"

    async def set_notify_mode(self, actor: Actor, mode: NotifyMode) -> None:
        def change(connection: Connection) -> None:
            if mode == "auto":
                connection.execute(delete(preferences).where(preferences.c.actor == actor.key))
            else:
                put(preferences, {"actor": actor.key}, {"notify": mode})(connection)

        await self._store.transaction(change, Commit.PREFERENCE)
