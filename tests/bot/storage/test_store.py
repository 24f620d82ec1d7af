"""The store commits changes in order, in batches, and survives one that fails."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from bot.storage.migration import upgrade
from bot.storage.sql import Connection, read_time
from bot.storage.store import Commit, Store, StoreError
from bot.storage.surface_state import SurfaceStateRows
from bot.storage.tables import metadata

INSERT = "insert into surface_state (name, value) values (:name, :value)"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(database_url)
    await store.open()
    yield store
    await store.close()


async def test_migrations_and_metadata_lead_to_the_same_tables(tmp_path: Path) -> None:
    """A new database gets its tables from the metadata, an old one from the migrations."""
    with create_engine(f"sqlite:///{tmp_path}/migrated.db").begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        migrated = {row.name: row.sql for row in connection.execute(text("select name, sql from sqlite_master"))}
    assert "AUTOINCREMENT" in migrated["runs"], "a handle is never used twice"
    created = Store(f"sqlite:///{tmp_path}/created.db")
    await created.open()
    rows = {row["name"]: row["sql"] for row in await created.rows("select name, sql from sqlite_master")}
    await created.close()
    assert set(rows) == set(migrated)
    assert "AUTOINCREMENT" in rows["runs"]


async def test_a_change_that_fails_does_not_affect_the_others(store: Store) -> None:
    def bad(connection: Connection) -> None:
        connection.execute("insert into nowhere values (1)")

    def good(connection: Connection) -> None:
        connection.execute(INSERT, name="good", value="yes")

    def after(connection: Connection) -> None:
        connection.execute(INSERT, name="after", value="yes")

    results = await asyncio.gather(
        *(store.transaction(change, Commit.SURFACE_STATE) for change in (good, bad, after)), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), StoreError, type(None)]
    assert {row["name"] for row in await store.rows("select name from surface_state")} == {"good", "after"}
    await store.close()


async def test_close_waits_for_requested_changes(database_url: str) -> None:
    url = database_url
    first = Store(url)
    await first.open()

    def change(connection: Connection) -> None:
        connection.execute(INSERT, name="late", value='{"is": "stored"}')

    requested = asyncio.create_task(first.transaction(change, Commit.SURFACE_STATE))
    await asyncio.sleep(0)
    await first.close()
    await requested
    second = Store(url)
    await second.open()
    assert await SurfaceStateRows(second, "").get("late") == '{"is": "stored"}'
    await second.close()


async def test_what_may_wait_is_committed_with_the_next_change_and_read_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[list[Commit]] = []
    hook = lambda when, kinds: commits.append(list(kinds)) if when == "after" else None  # noqa: E731
    monkeypatch.setattr(Store, "commit_hook", staticmethod(hook))

    def insert(connection: Connection) -> None:
        connection.execute(INSERT, name="first", value="1")

    def update(connection: Connection) -> None:
        connection.execute("update surface_state set value = '2' where name = 'first'")

    store.later(insert, Commit.DELIVERED)
    await asyncio.sleep(0.01)
    assert commits == []
    await store.transaction(update, Commit.SURFACE_STATE)
    assert commits == [[Commit.DELIVERED, Commit.SURFACE_STATE]]
    store.later(lambda connection: connection.put("surface_state", {"name": "first"}, {"value": "3"}), Commit.RUN)
    assert [row["value"] for row in await store.rows("select value from surface_state")] == ["3"]
    await store.close()


async def test_what_may_wait_is_stored_in_order_once_the_disk_takes_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(when: str, kinds: object) -> None:
        raise OSError("no space left on device")

    def put(value: str) -> None:
        store.later(
            lambda connection: connection.put("surface_state", {"name": "one"}, {"value": value}), Commit.RUN
        )

    monkeypatch.setattr(Store, "commit_hook", staticmethod(fail))
    put("1")
    put("2")
    assert await store.rows("select value from surface_state") == []
    put("3")
    with pytest.raises(StoreError):
        await store.execute("delete from surface_state", Commit.SURFACE_STATE)
    monkeypatch.setattr(Store, "commit_hook", None)
    put("4")
    assert [row["value"] for row in await store.rows("select value from surface_state")] == ["4"]
    await store.close()


async def test_a_change_that_may_wait_is_tried_again_by_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.store.RETRY_SECONDS", 0.05)
    attempts: list[str] = []
    stored, loop = asyncio.Event(), asyncio.get_running_loop()

    def fail_twice(when: str, kinds: object) -> None:
        attempts.append(when)
        if len(attempts) <= 2:
            raise OSError("no space left on device")
        if when == "after":
            loop.call_soon_threadsafe(stored.set)

    monkeypatch.setattr(Store, "commit_hook", staticmethod(fail_twice))
    store.later(lambda connection: connection.put("surface_state", {"name": "a"}, {"value": "1"}), Commit.RUN)
    await asyncio.wait_for(stored.wait(), 20)
    assert attempts == ["before", "before", "before", "after"]
    await store.close()


async def test_a_database_that_cannot_be_opened_raises_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        await Store(f"sqlite:///{tmp_path}/missing/folder/liaison.db").open()


async def test_a_database_of_a_newer_version_is_not_opened(database_url: str) -> None:
    url = database_url
    first = Store(url)
    await first.open()

    def newer(connection: Connection) -> None:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.execute("update compatibility set oldest = '9998'")

    await first.transaction(newer, Commit.SURFACE_STATE)
    await first.close()
    with pytest.raises(StoreError, match="newer version of Liaison") as caught:
        await Store(url).open()
    assert "Downgrades are not supported: restore a backup" in str(caught.value)


async def test_a_database_of_a_newer_version_is_opened_if_it_only_has_more(database_url: str) -> None:
    """During an upgrade, replicas of the older version run beside those of the newer one."""
    first = Store(database_url)
    await first.open()

    def newer(connection: Connection) -> None:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.execute("alter table surface_state add column later varchar(8) not null default 'x'")

    await first.transaction(newer, Commit.SURFACE_STATE)
    await SurfaceStateRows(first, "").put("name", "{}")
    assert await SurfaceStateRows(first, "").get("name") == "{}"
    await first.close()
    second = Store(database_url)
    await second.open()
    assert await SurfaceStateRows(second, "").get("name") == "{}"
    await second.close()


async def test_a_text_that_cannot_be_stored_as_it_is_does_no_harm(store: Store) -> None:
    """PostgreSQL stores no NUL character, and nothing stores half of a surrogate pair."""
    texts = {"nul": "a\0b", "half": "c\ud83dd", "whole": "a\U0001f600b", "both": "\0\udfff"}

    def insert(name: str, text: str) -> Callable[[Connection], None]:
        return lambda connection: connection.put("surface_state", {"name": name}, {"value": text})

    def find(text: str) -> Callable[[Connection], list[str]]:
        query = "select name from surface_state where value = :value"
        return lambda connection: [row["name"] for row in connection.rows(query, value=text)]

    await asyncio.gather(*(store.transaction(insert(*item), Commit.SURFACE_STATE) for item in texts.items()))
    for name, given in texts.items():
        assert await store.transaction(find(given), Commit.SURFACE_STATE) == [name]
        row = await store.row("select value from surface_state where value = :value", value=given)
        assert row is not None
        assert row["value"] in (
            given,
            re.sub("[\0\ud800-\udfff]", "\ufffd", given),
            given.replace("\udfff", "\ufffd"),
        )


async def test_values_come_back_as_they_were(store: Store) -> None:
    answer, at = (
        bytes(range(256)),
        datetime(2026, 11, 30, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-3))),
    )
    values = {"message": "é%s :x ? 😀", "answer": answer, "state": "new", "stopped": True, "at": at}
    await store.put("inbox", {"key": "K" * 2000}, values, Commit.RECORD)
    row = await store.row("select * from inbox where at = :at and stopped = :stopped", at=at, stopped=True)
    assert row is not None
    assert (row["key"], row["message"], row["state"]) == ("K" * 2000, values["message"], "new")
    assert bytes(row["answer"]) == answer
    assert bool(row["stopped"]) is True
    assert (read_time(row["at"]), row["at"]) == (at, "2026-12-01T02:59:59.123456+00:00")
    assert (row["route"], row["queue_order"]) == (None, None)
