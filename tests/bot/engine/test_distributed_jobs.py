"""What a replica asks about the jobs while the database is away."""

import psycopg
import pytest

from bot.engine.distributed_jobs import DistributedJobs
from bot.storage.store import Store, StoreError
from tests.torture.wire import Wire


async def test_while_the_database_is_away_nobody_gives_up_for_another_reason(postgres_url: str) -> None:
    """A message whose job fails for want of the database is tried for longer than one that fails itself."""
    port = int(psycopg.conninfo.conninfo_to_dict(postgres_url)["port"] or 0)
    async with Wire(port) as wire:
        store = Store(postgres_url)
        await store.open()
        jobs = DistributedJobs(postgres_url.replace(f":{port}/", f":{wire.port}/"), store, {})
        await jobs.start()
        assert await jobs.with_lock("run:R1") == await jobs.waiting("execute") == []
        wire.refuse()
        with pytest.raises(StoreError, match="cannot be reached"):
            await jobs.with_lock("run:R1")
        with pytest.raises(StoreError, match="cannot be reached"):
            await jobs.waiting("execute")
        await wire.accept()
        await jobs.stop(0.0)
        await store.close()
