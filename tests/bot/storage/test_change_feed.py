"""Replicas on one PostgreSQL database tell each other which rows they changed."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from bot.storage.sql import Connection
from bot.storage.store import Commit, Store, StoreError
from tests.e2e.process import until

INSERT = "insert into changes (topic, key, replica, at) values ('names', %s, 'another', '')"


class Replica:
    """A store, and the keys that it was told to read again (None: all)."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        self.reloaded: list[str | None] = []
        self.store.subscribe("names", self._reload)

    async def _reload(self, keys: Collection[str] | None) -> None:
        self.reloaded += [None] if keys is None else list(keys)

    async def change(self, *names: str) -> None:
        def change(connection: Connection) -> None:
            for name in names:
                connection.put("surface_state", {"name": name}, {"value": "{}"})
                connection.changed("names", name)

        await self.store.transaction(change, Commit.SURFACE_STATE)


@asynccontextmanager
async def replicas(url: str, number: int = 2) -> AsyncIterator[list[Replica]]:
    async with AsyncExitStack() as stack:
        started = [Replica(url) for _ in range(number)]
        for replica in started:
            await replica.store.open()
            stack.push_async_callback(replica.store.close)
        yield started


async def test_a_replica_is_told_what_another_one_has_changed(postgres_url: str) -> None:
    async with replicas(postgres_url) as (first, second):
        await first.change("a", "b", "a")
        await second.store.catch_up()
        assert second.reloaded == ["a", "b"]
        await second.change("c")
        await until(lambda: first.reloaded == ["c"])  # by a notification
        await second.store.catch_up()
        assert second.reloaded == ["a", "b"], "its own changes are in memory already"


async def test_a_change_that_is_rolled_back_is_not_told(postgres_url: str) -> None:
    def fail(connection: Connection) -> None:
        connection.changed("names", "a")
        connection.execute("insert into nowhere values (1)")

    async with replicas(postgres_url) as (first, second):
        with pytest.raises(StoreError):
            await first.store.transaction(fail, Commit.SURFACE_STATE)
        await first.change("b")
        await second.store.catch_up()
        assert second.reloaded == ["b"]


async def test_the_order_of_the_feed_is_that_of_the_commits(postgres_url: str) -> None:
    """Whoever reads it while others write never passes a row that is committed later."""
    seen: list[int] = []

    async def read_on(store: Store) -> None:
        last = seen[-1] if seen else 0
        rows = await store.rows("select seq from changes where seq > :last order by seq", last=last)
        seen.extend(row["seq"] for row in rows)

    async with replicas(postgres_url, 4) as (reader, *writers):
        writing = asyncio.gather(*(writer.change(str(number)) for number in range(60) for writer in writers))
        while not writing.done():
            await read_on(reader.store)
        await writing
        await read_on(reader.store)
        assert seen == [row["seq"] for row in await reader.store.rows("select seq from changes order by seq")]
        assert len(seen) == 180
        await reader.store.catch_up()
        assert set(reader.reloaded) == {str(number) for number in range(60)}


async def test_a_change_without_a_notification_is_found_by_the_next_look(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.change_feed.TICK_SECONDS", 0.2)
    async with replicas(postgres_url, 1) as (replica,):
        add_silently(postgres_url, "a")
        await replica.store.catch_up()
        assert replica.reloaded == ["a"]
        add_silently(postgres_url, "b")
        await until(lambda: replica.reloaded == ["a", "b"])


async def test_a_replica_that_could_not_listen_reads_everything_again(postgres_url: str) -> None:
    async with replicas(postgres_url) as (first, second):
        await first.change("a")
        await second.store.catch_up()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname ="
                " current_database()"
            )
        await until(lambda: second.reloaded == ["a", None])
        assert second.store.ready()
        await first.change("b")
        await until(lambda: second.reloaded == ["a", None, "b"])


async def test_old_rows_of_the_feed_are_deleted_except_the_last(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.change_feed.TICK_SECONDS", 0.2)
    monkeypatch.setattr("bot.storage.change_feed.KEPT", timedelta())
    async with replicas(postgres_url) as (first, second):
        await first.change("a", "b", "c")
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            await until(lambda: connection.execute("select key from changes").fetchall() == [("c",)])
        await until(lambda: second.reloaded == ["a", "b", "c"])


async def test_a_replica_that_is_further_behind_than_the_feed_reads_everything_again(postgres_url: str) -> None:
    async with replicas(postgres_url, 1) as (replica,):
        add_silently(postgres_url, "a")
        await replica.store.catch_up()
        with psycopg.connect(postgres_url) as connection:  # one transaction
            for key in ("b", "c"):
                connection.execute(INSERT, [key])
            connection.execute("delete from changes where key != 'c'")
        await replica.store.catch_up()
        assert replica.reloaded == ["a", None]


async def test_a_reload_that_fails_is_repeated(postgres_url: str) -> None:
    failures = 1

    async def fail_once(_: Collection[str] | None) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise StoreError("not now")

    async with replicas(postgres_url, 1) as (replica,):
        replica.store.subscribe("names", fail_once)
        add_silently(postgres_url, "a")
        with pytest.raises(StoreError):
            await replica.store.catch_up()
        await replica.store.catch_up()
        assert replica.reloaded == ["a", "a"]


async def test_a_replica_notices_that_a_newer_version_has_migrated_the_database(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.change_feed.TICK_SECONDS", 0.2)
    reasons: list[str] = []
    async with replicas(postgres_url, 1) as (replica,):
        replica.store.on_unusable(reasons.append)
        with psycopg.connect(postgres_url) as connection:
            connection.execute("update alembic_version set version_num = '9999'")
        await until(replica.store.ready)
        assert not reasons, "it only has more"
        with psycopg.connect(postgres_url) as connection:
            connection.execute("update compatibility set oldest = '9999'")
        await until(lambda: reasons)
        assert "newer version of Liaison (revision 9999" in reasons[0]
        assert not replica.store.ready()
        with pytest.raises(StoreError, match="newer version"):
            await replica.change("a")


def add_silently(url: str, key: str) -> None:
    """As another replica would, but without a notification."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(INSERT, [key])
