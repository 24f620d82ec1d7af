"""The workspaces that installed the Slack app (implements ``InstallationRows``). Tokens arrive encrypted."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, select

from bot.storage.store import Commit, Store, StoreError, put
from bot.storage.tables import installations
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import StoredInstallation


class InstallationTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Sequence[StoredInstallation]:
        query = select(installations).order_by(installations.c.workspace)
        async with self._store.read() as connection:
            rows = await connection.execute(query)
            return self._store.parse_rows(installations, rows, _stored, key=["workspace"])

    async def put(self, row: StoredInstallation) -> None:
        values = asdict(row)
        change = put(installations, {"workspace": values.pop("workspace")}, values)
        try:
            await self._store.transaction(change, Commit.INSTALLATION)
        except StoreError as error:
            raise NotRecorded(str(error)) from error


def _stored(row: Row[Any]) -> StoredInstallation:
    return StoredInstallation(**row._mapping)
