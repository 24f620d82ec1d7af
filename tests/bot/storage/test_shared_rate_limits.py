"""Replicas share a platform's rate limit: together they make no more calls than one may."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.errors import RateLimited
from adapters.http.client import HttpClient, HttpClients
from adapters.http.leases import LEASED_CALLS
from adapters.http.rate_limits import RateLimit, background
from adapters.testing.fake_server import Fake, Seen
from bot.storage.rate_limits import BudgetRows
from bot.storage.store import Commit, Store
from tests.databases import execute, rows
from tests.e2e.process import until

LIMIT = RateLimit(calls=20, per=60.0)


class Vendor(Fake):
    """``arrived``: when each call did."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[float] = []

    async def handle(self, request: web.Request, seen: Seen) -> web.Response:
        self.arrived.append(time.monotonic())
        return web.json_response({"ok": True})

    def most_in(self, seconds: float) -> int:
        """The largest number of calls in any time span of that length."""
        return max(
            sum(begin <= other < begin + seconds for other in self.arrived[number:])
            for number, begin in enumerate(self.arrived)
        )


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor() as vendor:
        yield vendor


@asynccontextmanager
async def replica(url: str, vendor: Vendor, limit: RateLimit = LIMIT) -> AsyncIterator[HttpClient]:
    store, clients = Store(url), HttpClients()
    client = clients.client("vendor", vendor.url, credential="shared-credential", headers={}, rate_limit=limit)
    await store.open()
    budgets = BudgetRows(store)
    store.subscribe("rate_limits", lambda _: clients.read_blocks(budgets))
    await clients.use_rate_limits(budgets)
    try:
        yield client
    finally:
        await clients.close()
        await store.close()


async def read(client: HttpClient, times: int = 1) -> None:
    await asyncio.gather(*(client.read("tasks", operation="show") for _ in range(times)))


def used(url: str) -> Sequence[tuple[int, int]]:
    """(calls, of which background work), of all leases."""
    return [(int(row[0]), int(row[1])) for row in rows(url, "select sum(used), sum(background) from budgets")]


async def test_three_processes_together_make_no_more_calls_than_one_may(postgres_url: str, vendor: Vendor) -> None:
    """Also when one of them is killed and started again."""
    calls, per = 12, 5.0

    async def start() -> asyncio.subprocess.Process:
        arguments = ("-m", "tests.bot.storage.limited_process", postgres_url, vendor.url, str(calls), str(per))
        return await asyncio.create_subprocess_exec(sys.executable, *arguments)

    processes = [await start() for _ in range(3)]
    try:
        await until(lambda: len(vendor.arrived) >= 2 * calls, within=60)
        processes[0].kill()
        await processes[0].wait()
        processes.append(await start())
        enough = len(vendor.arrived) + 3 * calls
        await until(lambda: len(vendor.arrived) >= enough, within=60)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
    assert vendor.most_in(per) <= calls


async def test_what_one_replica_has_used_the_others_cannot_use(postgres_url: str, vendor: Vendor) -> None:
    async with replica(postgres_url, vendor) as first, replica(postgres_url, vendor) as second:
        await read(first, 12)
        await read(second, 8)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await read(second)
    assert len(vendor.arrived) == 20


async def test_background_work_of_all_replicas_leaves_half_of_the_calls_to_people(
    postgres_url: str, vendor: Vendor
) -> None:
    async with replica(postgres_url, vendor) as first, replica(postgres_url, vendor) as second:
        with background():
            behind = [asyncio.create_task(read(client, 20)) for client in (first, second)]
        await until(lambda: len(vendor.arrived) == 10)
        await asyncio.wait_for(read(first, 10), 10)
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)
    assert len(vendor.arrived) == 20


async def test_what_was_leased_and_not_used_is_given_back(database_url: str, vendor: Vendor) -> None:
    async with replica(database_url, vendor) as client:
        await read(client, 2)
        await read(client)
        assert used(database_url)[0][0] >= 3
        await until(lambda: used(database_url)[0][0] == 3)


async def test_a_wait_that_one_replica_was_told_holds_for_the_others(postgres_url: str, vendor: Vendor) -> None:
    """Also if the platform says no limit beforehand."""
    limit = RateLimit()
    async with replica(postgres_url, vendor, limit) as first, replica(postgres_url, vendor, limit) as second:
        vendor.fault("answer", status=429, headers={"Retry-After": "600"})
        with pytest.raises(RateLimited):
            await read(first)
        await until(lambda: second.rate_limiter.blocked_for > 590)
        with pytest.raises(RateLimited):
            await second.write("POST", "tasks", operation="add")
    assert len(vendor.seen) == 1


async def test_calls_share_a_commit(database_url: str, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[Commit] = []

    def count(when: str, kinds: Sequence[Commit]) -> None:
        if when == "after":
            commits.extend(kinds)

    limit = RateLimit(concurrency=10, calls=100, per=60.0)
    async with replica(database_url, vendor, limit) as client:
        monkeypatch.setattr(Store, "commit_hook", staticmethod(count))
        await read(client, 10 * LEASED_CALLS)
        assert commits.count(Commit.RATE_LIMIT) <= 15
        monkeypatch.setattr(Store, "commit_hook", None)


async def test_a_clock_that_was_set_back_blocks_nothing_for_long(
    tmp_path_factory: pytest.TempPathFactory, vendor: Vendor
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('clock')}/liaison.db"
    async with replica(url, vendor) as client:
        await read(client, 5)
    execute(url, "update budgets set window_end = '2199' || substr(window_end, 5)")
    async with replica(url, vendor) as client:
        await read(client, 15)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await read(client)
    assert "2199" not in str(rows(url, "select window_end from budgets"))
