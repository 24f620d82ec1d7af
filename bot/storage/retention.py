"""Deletes what nobody needs any more, so that the database does not grow for ever.

Receipts are kept. So is everything that is not settled, and everything about a run that is not over: its card, its
buttons and its reminders may need it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.storage.store import Commit, Store, StoreError

_INTERVAL = 3600.0
_BATCH = 500  # rows of one transaction: what people write waits for it

log = structlog.get_logger(__name__)

_LIVE = "select number from runs where over = false"
_NEEDED = f"select key from effects where state in ('sent', 'unknown') or run in ({_LIVE})"  # noqa: S608
_OLD_POSTS = "select nonce from activity_posts where at < :before"
_OLD = {  # table -> (its key, which rows)
    "choices": ("key", "at < :before"),
    "outbox": ("key", "state = 'sent' and at < :before"),
    "activity_lines": (
        "slot",
        f"shown = true and run not in ({_LIVE}) and nonce in ({_OLD_POSTS})",
    ),
    "activity_posts": ("nonce", "at < :before and nonce not in (select nonce from activity_lines)"),
    "inbox": ("key", f"state = 'done' and at < :before and key not in ({_NEEDED})"),
    "effects": ("key", f"sent_at < :before and key not in ({_NEEDED})"),
    "live_cards": ("nonce", f"edited_at < :before and run not in ({_LIVE})"),
}


class Retention:
    def __init__(self, store: Store, keep: timedelta, now: Callable[[], datetime]) -> None:
        self._store = store
        self._keep = keep
        self._now = now

    async def apply_forever(self) -> None:
        """Every hour, until cancelled."""
        while True:
            try:
                await self.apply()
            except StoreError as error:
                log.warning("old rows not deleted", error=str(error))
            await asyncio.sleep(_INTERVAL)

    async def apply(self) -> int:
        """Returns the number of rows that were deleted. Raises ``StoreError``."""
        before, deleted = self._now() - self._keep, 0
        for table, (key, condition) in _OLD.items():
            rows = f"select {key} from {table} where {condition} limit {_BATCH}"  # noqa: S608  our own words
            query = f"delete from {table} where {key} in ({rows})"  # noqa: S608
            while found := await self._store.execute(query, Commit.CLEANUP, before=before):
                deleted += found
        await self._store.release_space()
        return deleted
