"""What people have chosen for themselves (implements ``PreferencesPort``)."""

from typing import cast, get_args

from bot.storage.store import Commit, Store
from commands.model.messages import Actor
from commands.model.ports import NotifyMode


class PreferenceRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def notify_mode(self, actor: Actor) -> NotifyMode:
        row = await self._store.row("select notify from preferences where actor = :actor", actor=actor.key)
        stored = None if row is None else row["notify"]
        return cast(NotifyMode, stored) if stored in get_args(NotifyMode) else "auto"

    async def set_notify_mode(self, actor: Actor, mode: NotifyMode) -> None:
        key = {"actor": actor.key}
        if mode == "auto":
            await self._store.execute("delete from preferences where actor = :actor", Commit.PREFERENCE, **key)
        else:
            await self._store.put("preferences", key, {"notify": mode}, Commit.PREFERENCE)
