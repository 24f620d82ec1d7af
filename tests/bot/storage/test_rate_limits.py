"""A platform's rate limit holds across restarts: calls made, and the wait after a 429."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.errors import RateLimited, Unreachable
from adapters.http.client import HttpClient, HttpClients
from adapters.http.rate_limits import RateLimit
from adapters.testing.fake_server import Fake, Seen
from bot.storage.rate_limits import BudgetRows
from bot.storage.store import Store
from tests.databases import execute, rows

LIMIT = RateLimit(concurrency=4, calls=5, per=60.0)
SECRET = "a-very-secret-credential"


class Vendor(Fake):
    async def handle(self, request: web.Request, seen: Seen) -> web.Response:
        return web.json_response({"ok": True})


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    async with vendor:
        yield vendor


@asynccontextmanager
async def process(url: str, vendor: Vendor, credential: str = SECRET) -> AsyncIterator[HttpClient]:
    """What one process has: its own connections, and the store of all of them."""
    store, clients = Store(url), HttpClients()
    client = clients.client("runrunit", vendor.url, credential=credential, headers={}, rate_limit=LIMIT)
    await store.open()
    await clients.use_rate_limits(BudgetRows(store))
    try:
        yield client
    finally:
        await clients.close()
        await store.close()


async def read(client: HttpClient, times: int = 1) -> Sequence[object]:
    return [await client.read("tasks", operation="show") for _ in range(times)]


async def test_calls_made_before_a_restart_count(database_url: str, vendor: Vendor) -> None:
    async with process(database_url, vendor) as client:
        await read(client, 3)
    async with process(database_url, vendor) as client:
        await read(client, 2)
        with pytest.raises(TimeoutError):
            await within(0.3, client)
    async with process(database_url, vendor) as client:
        with pytest.raises(TimeoutError):
            await within(0.3, client)
    assert len(vendor.seen) == 5


async def within(seconds: float, client: HttpClient) -> None:
    async with asyncio.timeout(seconds):
        await read(client)


async def test_a_call_counts_although_the_process_was_killed_during_it(database_url: str, vendor: Vendor) -> None:
    async with (
        process(database_url, vendor) as killed,
        killed.rate_limiter.slot(),
        process(database_url, vendor) as client,
    ):
        await read(client, 4)
        with pytest.raises(TimeoutError):
            await within(0.3, client)


async def test_the_wait_after_a_429_holds_after_a_restart(database_url: str, vendor: Vendor) -> None:
    vendor.fault("answer", status=429, headers={"Retry-After": "600"})
    async with process(database_url, vendor) as client:
        with pytest.raises(RateLimited):
            await read(client)
    async with process(database_url, vendor) as client:
        with pytest.raises(RateLimited) as caught:
            await client.write("POST", "tasks", operation="add")
    assert 590 < caught.value.retry_after <= 600
    assert len(vendor.seen) == 1


async def test_another_credential_has_its_own_limit(database_url: str, vendor: Vendor) -> None:
    async with process(database_url, vendor) as client:
        await read(client, 5)
    async with process(database_url, vendor, credential="another-credential") as client:
        await read(client)


async def test_the_credential_is_not_stored(database_url: str, vendor: Vendor) -> None:
    async with process(database_url, vendor) as client:
        await read(client)
    [stored] = rows(database_url, "select scope from budgets")
    assert SECRET not in "".join(stored)


async def test_nothing_is_sent_if_the_call_cannot_be_stored(database_url: str, vendor: Vendor) -> None:
    async with process(database_url, vendor) as client:
        await read(client)
        execute(database_url, "drop table budgets")
        with pytest.raises(Unreachable):
            await client.write("POST", "tasks", operation="add")
    assert len(vendor.seen) == 1
