"""What other replicas have changed: each transaction adds the rows that it changed to the table ``changes``.

A replica keeps rows in memory, and reads again those that are in the feed. ``seq`` is the order of the commits,
because a transaction takes a lock before it adds to the feed, and keeps it until it is committed. So whoever has
read up to a number has missed nothing before it.

A notification says that there is something new, over a connection that only listens. If one is missed, nothing is
lost: ``catch_up`` reads what came after the last row that was applied. Old rows are deleted; whoever has not read
up to them, and whoever could not listen for a time, reads everything again.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import structlog

from bot.storage.postgres_connection import AsyncDriver, Driver, connect_async, cut, cut_after, first_line
from bot.storage.schema import SchemaError, require_compatible
from bot.storage.sql import ChangeFeed, Database, Reload, Row, stored_values

KEPT = timedelta(minutes=10)
TICK_SECONDS = 5.0  # how long a missed notification stays unnoticed
_ANSWER_SECONDS = 3.0
_RECONNECT_SECONDS = 0.5
_LISTEN = "listen liaison_changes"
_NOTIFY = "select pg_notify('liaison_changes', %(replica)s)"
_LOCK = "select pg_advisory_xact_lock(hashtext('liaison changes'))"
_INSERT = """
insert into changes (topic, key, replica, at)
select topic, key, %(replica)s, %(at)s from unnest(%(topics)s::text[], %(keys)s::text[]) as changed (topic, key)"""
_LAST = "select coalesce(max(seq), 0) as last from changes"
_NEXT = """
select seq, topic, key, replica, (select min(seq) from changes) as first from changes
where seq > :applied order by seq"""
_BEHIND = "select count(*) as count from changes where seq > :applied and replica != :replica"
_PRUNE = "delete from changes where at < %(before)s and seq < (select max(seq) from changes)"

log = structlog.get_logger(__name__)


def add_changes(driver: Driver, replica: str, changes: Collection[tuple[str, str]]) -> None:
    """The last step of a transaction, because others wait for the lock."""
    topics, keys = [topic for topic, _ in changes], [key for _, key in changes]
    values = {"replica": replica, "at": datetime.now(UTC), "topics": topics, "keys": keys}
    with driver.pipeline():
        driver.execute(_LOCK)
        driver.execute(_INSERT, stored_values(values))
        driver.execute(_NOTIFY, {"replica": replica})


class PostgresChangeFeed(ChangeFeed):
    def __init__(self, url: str, replica: str, database: Database) -> None:
        self._url = url
        self._replica = replica
        self._database = database
        self._reloads: dict[str, list[Reload]] = {}
        self._applied = 0  # the last row of the feed that is in memory
        self._missed_some = False
        self._applying = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._connection: AsyncDriver | None = None  # which listens
        self.listening = True  # until it is known that it cannot
        self.unusable = ""  # why a newer version's database cannot be used any more

    def subscribe(self, topic: str, reload: Reload) -> None:
        self._reloads.setdefault(topic, []).append(reload)

    async def open(self) -> None:
        (row,) = await self._database.rows(_LAST)
        self._applied = row["last"]
        self._listener = asyncio.create_task(self._listen_forever(), name="change feed")

    async def close(self) -> None:
        for task in (self._listener, self._waiting):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, psycopg.Error):
                    await task

    def miss(self) -> None:
        self._missed_some = True

    def doubt(self) -> None:
        """Another connection was lost, and could not be opened again. May be called in any thread."""
        self.listening = False
        if (connection := self._connection) is not None:
            cut(connection)

    async def catch_up(self) -> None:
        """Several who ask while one reads share the next one."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._catch_up())
        await asyncio.shield(self._waiting)

    async def behind(self) -> int:
        (row,) = await self._database.rows(_BEHIND, applied=self._applied, replica=self._replica)
        return int(row["count"])

    async def _catch_up(self) -> None:
        async with self._applying:
            self._waiting = None
            rows = await self._database.rows(_NEXT, applied=self._applied)
            was_pruned = bool(rows) and rows[0]["first"] > self._applied > 0
            if self._missed_some or was_pruned:
                await self._reload_all()
            else:
                await self._reload([row for row in rows if row["replica"] != self._replica])
            if rows:
                self._applied = rows[-1]["seq"]

    async def _reload_all(self) -> None:
        log.info("changes of other replicas were missed; reading everything again")
        self._missed_some = True  # until it has succeeded
        for reloads in self._reloads.values():
            for reload in reloads:
                await reload(None)
        self._missed_some = False

    async def _reload(self, rows: Sequence[Row]) -> None:
        changed: dict[str, dict[str, None]] = {}
        for row in rows:
            changed.setdefault(row["topic"], {})[row["key"]] = None
        for topic, keys in changed.items():
            for reload in self._reloads.get(topic, ()):
                await reload(list(keys))

    async def _listen_forever(self) -> None:
        while True:
            try:
                async with await connect_async(self._url) as connection:
                    with cut_after(_ANSWER_SECONDS, connection):
                        await connection.execute(_LISTEN)
                    await require_compatible(self._database)
                    self._connection, self.listening = connection, True
                    await self._listen(connection)
            except SchemaError as error:
                self.listening, self.unusable = False, str(error)
                log.error("the database cannot be used any more", error=str(error))  # noqa: TRY400
                return self.on_unusable(str(error))
            except (psycopg.Error, OSError) as error:
                log.warning("not listening for changes of other replicas", error=first_line(error))
            self.listening = False
            self.miss()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self, connection: AsyncDriver) -> None:
        """Until the connection is lost."""
        loop = asyncio.get_running_loop()
        next_tick = loop.time() + TICK_SECONDS
        replicas: list[str] = [""]  # which have committed something
        while True:
            if any(replica != self._replica for replica in replicas):
                await self._catch_up_or_later()
            if loop.time() >= next_tick:
                next_tick = loop.time() + TICK_SECONDS
                await self._tick(connection)
                replicas = [""]  # in case a notification was missed
            else:
                found = connection.notifies(timeout=next_tick - loop.time(), stop_after=1)
                replicas = [notification.payload async for notification in found]

    async def _tick(self, connection: AsyncDriver) -> None:
        """Notices also that the connection is lost, and that a newer version has migrated the database."""
        with cut_after(_ANSWER_SECONDS, connection):
            await connection.execute(_PRUNE, stored_values({"before": datetime.now(UTC) - KEPT}))
        await require_compatible(self._database)

    async def _catch_up_or_later(self) -> None:
        """A reload that fails is repeated by the next catch-up."""
        try:
            await self.catch_up()
        except Exception as error:  # noqa: BLE001  of any subscriber
            log.warning("changes of other replicas not read yet", error=str(error))
