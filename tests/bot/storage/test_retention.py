"""What is older than ``keep`` is deleted, but nothing that may still be needed."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.config.options import BotOptions
from bot.storage.retention import Retention
from tests.bot.app_scene import Scene, app_scene
from tests.databases import execute, rows
from tests.e2e.process import until

KEEP = timedelta(days=90)
TABLES = ("inbox", "effects", "activity_lines", "activity_posts", "outbox", "live_cards", "choices")
RUN = ("begin T1", "finish T1 all is well", "begin T2", "finish T2", "comment still looking")


def in_days(days: int) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(days=days)


def counts(url: str) -> dict[str, int]:
    return {name: rows(url, f"select count(*) from {name}")[0][0] for name in (*TABLES, "ledger", "runs")}


def database_size(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        database.execute("pragma wal_checkpoint(truncate)")
    return (folder / "demo.db").stat().st_size


async def everything_is_sent(scene: Scene) -> None:
    async def nothing_waits() -> bool:
        return not await scene.app.store.rows("select key from outbox where state != 'sent'")

    await until(nothing_waits)


async def apply(scene: Scene, days: int) -> int:
    await everything_is_sent(scene)
    return await Retention(scene.app.store, KEEP, in_days(days)).apply()


async def run_to_its_end(scene: Scene) -> None:
    assert await scene.say("start Database failover") == "done"
    for line in RUN:
        assert await scene.say(line) == "done"
    assert await scene.say("end --yes") == "done"


async def test_a_run_that_is_over_keeps_only_its_receipts(database_url: str, tmp_path: Path) -> None:
    async with app_scene(tmp_path, database_url=database_url) as scene:
        await run_to_its_end(scene)
        before = counts(database_url)
        assert await apply(scene, 89) == 0
        assert await apply(scene, 91) > 0
        after = counts(database_url)
        assert [after[table] for table in TABLES] == [0] * len(TABLES)
        assert (after["ledger"], after["runs"]) == (before["ledger"], before["runs"])
        assert await scene.say("show R1") == "done"


async def test_what_a_live_run_may_need_stays(database_url: str, tmp_path: Path) -> None:
    async with app_scene(tmp_path, database_url=database_url) as scene:
        assert await scene.say("start Database failover") == "done"
        for line in RUN:
            assert await scene.say(line) == "done"
        before = counts(database_url)
        await apply(scene, 91)
        after = counts(database_url)
        kept = ("inbox", "effects", "activity_lines", "activity_posts", "live_cards")
        assert [after[table] for table in kept] == [before[table] for table in kept]
        assert await scene.say("finish T3 T4") == "done"


@pytest.mark.parametrize("state", ["sent", "unknown"])
async def test_a_write_without_an_outcome_stays_with_its_message(
    database_url: str, tmp_path: Path, state: str
) -> None:
    async with app_scene(tmp_path, database_url=database_url) as scene:
        await run_to_its_end(scene)
        await everything_is_sent(scene)
        change = "update effects set state = ? where kind = 'FinishTask' and step like '%1%'"
        execute(database_url, change, state)
        await apply(scene, 91)
        after = counts(database_url)
        assert after["effects"] == after["inbox"] == 1


async def test_a_database_shrinks_to_less_than_800_bytes_a_command(tmp_path: Path) -> None:
    async with app_scene(tmp_path) as scene:
        assert await scene.say("start Database failover") == "done"
        size, lines = database_size(tmp_path), 400
        for first in range(0, lines, 50):
            await asyncio.gather(*(scene.say(f"comment line {first + number}") for number in range(50)))
        assert await scene.say("end --yes") == "done"
        await apply(scene, 91)
        assert (database_size(tmp_path) - size) / lines < 800


def test_nothing_can_be_kept_for_less_than_a_week() -> None:
    with pytest.raises(ValueError, match="keep"):
        BotOptions(keep=timedelta(days=6))


async def test_old_rows_among_many_others_are_found(database_url: str, tmp_path: Path) -> None:
    """Rows are looked at page by page, and an old one may be on any page."""
    insert = "insert into choices (key, message, by, at) values (?, 'm', '{}', ?)"
    async with app_scene(tmp_path, database_url=database_url) as scene:
        for number in range(1000):
            at = in_days(-100 if number % 3 == 0 else 0)().isoformat(timespec="microseconds")
            execute(database_url, insert, f"choice-{number}", at)
        await apply(scene, 0)
        assert counts(database_url)["choices"] == 666
