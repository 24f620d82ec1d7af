"""What only a database on another machine can do: be away, be restarted, or be lost in the middle of a commit."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest

from bot.storage.sql import Connection
from bot.storage.store import Commit, CommitUnknown, Store, StoreError
from tests.e2e.process import until
from tests.postgresql import PostgresServer, own_server
from tests.tcp_proxy import TcpProxy, tcp_proxy


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with own_server() as server:
        yield server


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(int(psycopg.conninfo.conninfo_to_dict(postgres_url)["port"] or 0)) as proxy:
        yield proxy


def through(proxy: TcpProxy, url: str) -> str:
    return f"postgresql://liaison@127.0.0.1:{proxy.port}/{url.rpartition('/')[2]}"


async def insert(store: Store, name: str) -> None:
    await store.execute(
        "insert into surface_state (name, value) values (:name, '{}')", Commit.SURFACE_STATE, name=name
    )


async def names(store: Store) -> list[str]:
    return [row["name"] for row in await store.rows("select name from surface_state order by name")]


async def test_while_the_server_is_away_nothing_is_stored_and_the_store_is_not_ready(
    server: PostgresServer,
) -> None:
    async with opened(server.create_database()) as store:
        await insert(store, "before")
        server.stop()
        began = time.monotonic()
        results = await asyncio.gather(*(insert(store, f"during {n}") for n in range(20)), return_exceptions=True)
        assert {type(result) for result in results} == {StoreError}
        with pytest.raises(StoreError):
            await names(store)
        assert time.monotonic() - began < 5
        assert not store.ready()
        server.start()
        await until(store.ready)
        await insert(store, "after")
        assert await names(store) == ["after", "before"]


async def test_a_restart_of_the_server_between_transactions_is_not_noticed(server: PostgresServer) -> None:
    async with opened(server.create_database()) as store:
        await insert(store, "before")
        assert await names(store) == ["before"]
        server.stop("fast")
        server.start()
        await insert(store, "after")
        assert await names(store) == ["after", "before"]
        await until(store.ready)


async def test_a_server_that_does_not_answer_counts_as_away(postgres_url: str, proxy: TcpProxy) -> None:
    async with opened(through(proxy, postgres_url)) as store:
        await insert(store, "before")
        proxy.stall()
        began = time.monotonic()
        with pytest.raises(StoreError):
            await insert(store, "during")
        assert time.monotonic() - began < 7
        await until(lambda: not store.ready())
        with pytest.raises(StoreError):
            await insert(store, "during too")
        proxy.restore()
        await until(store.ready)
        await insert(store, "after")
        assert await names(store) == ["after", "before"]


async def test_a_transaction_whose_connection_is_lost_runs_once_more(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(postgres_url) as store:
        await insert(store, "before")
        runs = 0

        def change(connection: Connection) -> None:
            nonlocal runs
            runs += 1
            connection.execute("insert into surface_state (name, value) values ('once', '{}')")
            if runs == 1:
                end_connections(postgres_url)
                connection.execute("select 1")

        await store.transaction(change, Commit.SURFACE_STATE)
        assert runs == 2
        assert await names(store) == ["before", "once"]


async def test_a_connection_lost_right_before_the_commit_stores_it_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []

    def lose_the_connection(when: str, _: Sequence[Commit]) -> None:
        if when == "before" and not lost:
            lost.append(when)
            end_connections(postgres_url)

    async with opened(postgres_url) as store:
        monkeypatch.setattr(Store, "commit_hook", staticmethod(lose_the_connection))
        await asyncio.gather(insert(store, "one"), insert(store, "two"))
        assert await names(store) == ["one", "two"]


async def test_a_commit_whose_answer_is_lost_is_reported_as_stored_and_runs_once(
    postgres_url: str, proxy: TcpProxy
) -> None:
    async with opened(through(proxy, postgres_url)) as store:
        await insert(store, "before")
        proxy.lose_answer_to = is_commit
        await asyncio.gather(insert(store, "one"), insert(store, "two"))
        assert proxy.lost.is_set()
        assert await names(store) == ["before", "one", "two"]
        assert store.ready()


async def test_a_commit_that_never_arrived_runs_again(postgres_url: str, proxy: TcpProxy) -> None:
    async with opened(through(proxy, postgres_url)) as store:
        await insert(store, "before")
        proxy.lose = is_commit
        await insert(store, "one")
        assert await names(store) == ["before", "one"]


async def test_if_nobody_knows_what_became_of_a_commit_it_is_reported_as_unknown(
    postgres_url: str, proxy: TcpProxy
) -> None:
    reloaded: list[object] = []

    async def reload(keys: object) -> None:
        reloaded.append(keys)

    async with opened(through(proxy, postgres_url)) as store:
        store.subscribe("names", reload)
        await insert(store, "before")
        proxy.lose_answer_to, proxy.refuses = is_commit, True
        with pytest.raises(CommitUnknown):
            await insert(store, "one")
        assert not store.ready()
        proxy.restore()
        await until(store.ready)
        await store.catch_up()
        assert None in reloaded, "memory may lack what was committed"
        assert await names(store) == ["before", "one"]


def is_commit(data: bytes) -> bool:
    return b"commit" in data


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid != pg_backend_pid()"
        )
