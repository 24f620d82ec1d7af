"""The workspaces that installed the Slack app (implements ``InstallationRows``). Tokens arrive encrypted."""

from collections.abc import Sequence
from dataclasses import asdict

from bot.storage.sql import Row, read_time
from bot.storage.store import Commit, Store, StoreError
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import StoredInstallation


class InstallationTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Sequence[StoredInstallation]:
        rows = await self._store.rows("select * from installations order by workspace")
        return self._store.parse_rows("installations", rows, _stored, key=["workspace"])

    async def put(self, row: StoredInstallation) -> None:
        values = asdict(row)
        key = {"workspace": values.pop("workspace")}
        try:
            await self._store.put("installations", key, values, Commit.INSTALLATION)
        except StoreError as error:
            raise NotRecorded(str(error)) from error


def _stored(row: Row) -> StoredInstallation:
    texts = {name: row[name] for name in ("workspace", "name", "identity", "token", "by", "ended")}
    return StoredInstallation(**texts, at=read_time(row["at"]))
