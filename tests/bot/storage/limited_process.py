"""A process that makes as many calls as it may: ``limited_process DATABASE PLATFORM CALLS SECONDS``."""

import asyncio
import sys
from contextlib import suppress

from adapters.errors import AdapterError
from adapters.http.client import HttpClient, HttpClients
from adapters.http.rate_limits import RateLimit
from bot.storage.rate_limits import BudgetRows
from bot.storage.store import Store

WORKERS = 4


async def _call_forever(client: HttpClient) -> None:
    while True:
        with suppress(AdapterError):
            await client.read("tasks", operation="show")


async def main(database: str, platform: str, calls: int, per: float) -> None:
    store, clients = Store(database), HttpClients()
    limit = RateLimit(calls=calls, per=per)
    client = clients.client("vendor", platform, credential="shared-credential", headers={}, rate_limit=limit)
    await store.open()
    await clients.use_rate_limits(BudgetRows(store))
    await asyncio.gather(*(_call_forever(client) for _ in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
