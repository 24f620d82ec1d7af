"""Reading runs again in the background."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from bot.services.background_refreshes import BackgroundRefreshes
from bot.storage.store import StoreError


async def test_a_run_that_could_not_be_stored_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.background_refreshes.REFRESH_INTERVAL_SECONDS", 0.01)
    reads: list[tuple[str, Collection[str] | None]] = []
    stored = asyncio.Event()

    async def read(handle: str, tasks: Collection[str] | None) -> None:
        reads.append((handle, tasks))
        if len(reads) == 1:
            raise StoreError("database or disk is full")
        stored.set()

    refreshes = BackgroundRefreshes(read, lambda run: "cutover", lambda run: False, lambda: datetime.now(UTC))
    refreshes.request("R1", {"7"})
    await asyncio.wait_for(stored.wait(), 20)
    await refreshes.stop()
    assert reads == [("R1", {"7"}), ("R1", {"7"})]
