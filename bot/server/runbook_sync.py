"""Keeps the copies of runbooks that live elsewhere fresh, as long as the process runs."""

import asyncio

import structlog

from adapters.runbook_sources import SyncedRunbooks
from bot.app import Application

log = structlog.get_logger("liaison")


async def sync_runbooks_forever(app: Application) -> None:
    """Every process does this, as each may have a cache folder of its own."""
    platforms = {name: adapter for name, adapter in app.platforms.items() if isinstance(adapter, SyncedRunbooks)}
    await asyncio.gather(*(_sync(name, adapter) for name, adapter in platforms.items()))


async def _sync(name: str, adapter: SyncedRunbooks) -> None:
    try:
        await adapter.sync_runbooks_forever()
    except Exception:
        log.exception("runbooks not refreshed any more", platform=name)
