"""What only a database on another machine can do: be away, be restarted, or be lost in the middle of a commit."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from adapters.models import Run, RunKey, RunState
from bot.storage.run_transaction import RunTransaction
from bot.storage.runs import RunRows
from bot.storage.sql import Connection
from bot.storage.store import Commit, CommitUnknown, Store, StoreError
from commands.model.tracked_run import TrackedRun
from tests.e2e.process import until
from tests.postgresql import PostgresServer, own_server
from tests.torture.wire import Wire


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
async def wire(postgres_url: str) -> AsyncIterator[Wire]:
    async with Wire(int(psycopg.conninfo.conninfo_to_dict(postgres_url)["port"] or 0)) as wire:
        yield wire


def through(wire: Wire, url: str) -> str:
    return f"postgresql://liaison@127.0.0.1:{wire.port}/{url.rpartition('/')[2]}"


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
        assert time.monotonic() - began < 10
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


async def test_a_server_that_does_not_answer_counts_as_away(postgres_url: str, wire: Wire) -> None:
    async with opened(through(wire, postgres_url)) as store:
        await insert(store, "before")
        wire.hold()
        began = time.monotonic()
        with pytest.raises(StoreError):
            await insert(store, "during")
        assert time.monotonic() - began < 10
        await until(lambda: not store.ready())
        with pytest.raises(StoreError):
            await insert(store, "during too")
        wire.heal()
        await until(store.ready)
        await insert(store, "after")
        assert await names(store) == ["after", "before"]


async def test_a_batch_may_take_long_while_the_server_answers(postgres_url: str) -> None:
    runs = 0

    def slow(connection: Connection) -> None:
        nonlocal runs
        runs += 1
        for _ in range(18):
            connection.rows("select pg_sleep(0.2)")

    async with opened(postgres_url) as store:
        await store.transaction(slow, Commit.SURFACE_STATE)
        assert runs == 1


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
    postgres_url: str, wire: Wire
) -> None:
    async with opened(through(wire, postgres_url)) as store:
        await insert(store, "before")
        wire.lose_answer_to(is_commit)
        await asyncio.gather(insert(store, "one"), insert(store, "two"))
        assert wire.hit
        assert await names(store) == ["before", "one", "two"]
        assert store.ready()


async def test_a_commit_that_never_arrived_runs_again(postgres_url: str, wire: Wire) -> None:
    async with opened(through(wire, postgres_url)) as store:
        await insert(store, "before")
        wire.lose(is_commit)
        await insert(store, "one")
        assert await names(store) == ["before", "one"]


async def test_if_nobody_knows_what_became_of_a_commit_it_is_reported_as_unknown(
    postgres_url: str, wire: Wire
) -> None:
    reloaded: list[object] = []

    async def reload(keys: object) -> None:
        reloaded.append(keys)

    async with opened(through(wire, postgres_url)) as store:
        store.subscribe("names", reload)
        await insert(store, "before")
        wire.lose_answer_to(is_commit)
        wire.refuse_new()
        with pytest.raises(CommitUnknown):
            await insert(store, "one")
        assert not store.ready()
        await wire.accept()
        await until(store.ready)
        await store.catch_up()
        assert None in reloaded, "memory may lack what was committed"
        assert await names(store) == ["before", "one"]


async def test_two_replicas_that_change_one_run_lose_no_change(postgres_url: str) -> None:
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        stores, changes = (first, second), 40
        replicas = [RunRows(store, lambda: datetime.now(UTC)) for store in stores]
        key = RunKey(platform="p", id="1")
        run = Run(key=key, title="Failover", state=RunState.ACTIVE)
        inserted = await replicas[0].transaction(lambda rows: rows.insert(run), Commit.START)

        def add_a_letter(tracked: TrackedRun) -> TrackedRun:
            return tracked.model_copy(
                update={"run": tracked.run.model_copy(update={"title": tracked.run.title + "x"})}
            )

        both = [rows.change(inserted.handle, add_a_letter) for _ in range(changes) for rows in replicas]
        await asyncio.gather(*both)
        row = await first.row("select snapshot, version from runs")
        assert row is not None
        assert Run.model_validate_json(row["snapshot"]).title == "Failover" + "x" * changes * 2
        assert row["version"] == 1 + changes * 2


async def test_a_run_that_two_replicas_find_at_once_gets_one_handle(postgres_url: str) -> None:
    run = Run(key=RunKey(platform="p", id="1"), title="Failover", state=RunState.ACTIVE)

    def find_or_insert(rows: RunTransaction) -> str:
        found = rows.find(run.key)
        return (found or rows.insert(run)).handle

    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(postgres_url)) for _ in range(4)]
        replicas = [RunRows(store, lambda: datetime.now(UTC)) for store in stores]
        handles = await asyncio.gather(*(rows.transaction(find_or_insert, Commit.RUN) for rows in replicas))
        assert len(set(handles)) == 1


async def test_transactions_that_wait_for_each_other_both_succeed(postgres_url: str) -> None:
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        for name in ("a", "b"):
            await insert(first, name)
        met, runs = threading.Barrier(2, timeout=10), list[str]()
        query = "update surface_state set value = value || 'x' where name = :name"

        def both(one: str, other: str) -> Callable[[Connection], None]:
            def change(connection: Connection) -> None:
                runs.append(one)
                connection.execute(query, name=one)
                if runs.count(one) == 1:
                    met.wait()  # until each has a lock that the other one needs
                connection.execute(query, name=other)

            return change

        work = [first.transaction(both("a", "b"), Commit.RUN), second.transaction(both("b", "a"), Commit.RUN)]
        await asyncio.gather(*work)
        assert {row["value"] for row in await first.rows("select value from surface_state")} == {"{}xx"}
        assert len(runs) > 2


async def test_a_column_that_another_replica_adds_breaks_no_query(postgres_url: str) -> None:
    """During an upgrade, tables get columns while older replicas work on."""
    async with opened(postgres_url) as older:
        for number in range(10):  # so often that the queries are prepared
            await insert(older, f"before {number}")
            await older.rows("select * from surface_state")
            await older.transaction(read_all, Commit.SURFACE_STATE)
        with psycopg.connect(postgres_url, autocommit=True) as newer:
            newer.execute("alter table surface_state add column later text not null default 'x'")
        assert len(await older.rows("select * from surface_state")) == 10
        assert await older.transaction(read_all, Commit.SURFACE_STATE) == 10
        await insert(older, "after")
        assert older.ready()


def read_all(connection: Connection) -> int:
    return len(connection.rows("select * from surface_state"))


def is_commit(data: bytes) -> bool:
    return b"commit" in data


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid != pg_backend_pid()"
        )
