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
_PAGE = 200  # rows that one transaction looks at: what people write waits for it

log = structlog.get_logger(__name__)


def _is_live(run: str) -> str:
    return f"exists (select 1 from runs where number = {run} and over = false)"  # noqa: S608  our own words


def _is_needed(key: str) -> str:
    """The message or effect ``key`` has a write that is not settled, or one of a live run."""
    needed = f"other.state in ('sent', 'unknown') or {_is_live('other.run')}"
    return f"exists (select 1 from effects as other where other.key = {key} and ({needed}))"  # noqa: S608


_HAS_LINES = "exists (select 1 from activity_lines where activity_lines.nonce = activity_posts.nonce)"
_IS_IN_OLD_POST = (
    "exists (select 1 from activity_posts as post where post.nonce = activity_lines.nonce and post.at < :before)"
)
_OLD = {  # table -> (the column by which its rows are walked through, which are old)
    "choices": ("key", "at < :before"),
    "outbox": ("seq", "state = 'sent' and at < :before"),
    "activity_lines": ("slot", f"shown = true and {_IS_IN_OLD_POST} and not {_is_live('activity_lines.run')}"),
    "activity_posts": ("nonce", f"at < :before and not {_HAS_LINES}"),
    "inbox": ("seq", f"state = 'done' and at < :before and not {_is_needed('inbox.key')}"),
    "effects": ("key", f"sent_at < :before and not {_is_needed('effects.key')}"),
    "live_cards": ("nonce", f"edited_at < :before and not {_is_live('live_cards.run')}"),
}
_FIRST: dict[str, object] = {"seq": 0}  # what comes before all values of the column; of texts: ""


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
        for table, (column, is_old) in _OLD.items():
            deleted += await self._delete(table, column, is_old, before)
        await self._store.release_space()
        return deleted

    async def _delete(self, table: str, column: str, is_old: str, before: datetime) -> int:
        """Page by page, so that no transaction takes longer because the table is large."""
        page = f"select {column} from {table} where {column} > :after order by {column} limit {_PAGE}"  # noqa: S608
        end = f"select max({column}) as last from ({page}) as page"  # noqa: S608
        delete = f"delete from {table} where {column} > :after and {column} <= :last and {is_old}"  # noqa: S608
        deleted, after = 0, _FIRST.get(column, "")
        while (row := await self._store.row(end, after=after)) is not None and row["last"] is not None:
            deleted += await self._store.execute(
                delete, Commit.CLEANUP, after=after, last=row["last"], before=before
            )
            after = row["last"]
        return deleted
