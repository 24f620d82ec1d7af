"""Claims of what one replica may do at a time: advisory locks of PostgreSQL, held by a connection of their own.

A replica that dies loses its connection, and with it all of its claims.
"""

import asyncio
from contextlib import suppress

import psycopg

from bot.storage.postgres_connection import AsyncDriver, connect_async, cut_after
from bot.storage.store import StoreError

LOST_SECONDS = 6
"""A session that was silent for so long has lost its claims."""
CONFIRM_SECONDS = 2.0

_TAKE = "select pg_try_advisory_lock(hashtextextended(%(name)s, 0)) as taken"
_RELEASE = "select pg_advisory_unlock(hashtextextended(%(name)s, 0))"


class AdvisoryLocks:
    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AsyncDriver | None = None
        self._opening = asyncio.Lock()

    async def take(self, name: str) -> bool:
        """Whether nobody else has it. A claim that this replica has already must not be taken again. Raises
        ``StoreError``."""
        try:
            connection = await self._connected()
            (row,) = await (await connection.execute(_TAKE, {"name": name})).fetchall()
        except psycopg.Error as error:
            await self.close()
            raise StoreError(f"nothing can be claimed: {error}") from error
        return bool(row["taken"])

    async def release(self, name: str) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):  # a lost connection has released it
                await self._connection.execute(_RELEASE, {"name": name})

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> AsyncDriver:
        async with self._opening:
            if self._connection is None:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> AsyncDriver:
        return await connect_async(self._url)


class ConfirmedLocks(AdvisoryLocks):
    """For claims that are kept for long. The server ends a session that does not confirm them."""

    async def confirm(self) -> None:
        """Raises ``StoreError`` if all of them may be lost."""
        try:
            connection = await self._connected()
            with cut_after(CONFIRM_SECONDS, connection):
                await connection.execute("select 1")
        except psycopg.Error as error:
            await self.close()
            raise StoreError(f"claims are lost: {error}") from error

    async def _connect(self) -> AsyncDriver:
        connection = await super()._connect()
        with cut_after(CONFIRM_SECONDS, connection):
            await connection.execute(f"set idle_session_timeout = '{LOST_SECONDS}s'")
        return connection
