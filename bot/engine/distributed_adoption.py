"""Jobs for what has none: messages and reminders that were moved here from SQLite, where the engine needs none."""

from collections.abc import Callable
from datetime import datetime

import structlog

from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.scheduled import ScheduledRows
from bot.storage.sql import Connection
from bot.storage.store import Commit, Store

_LOCK = "select pg_advisory_xact_lock(hashtext('liaison jobs'))"
_HAS_JOB = "select 1 from procrastinate_jobs where status in ('todo', 'doing') and args ->> 'key'"
_MESSAGES = (
    f"select key from inbox where state in ('new', 'placed', 'again') and not exists ({_HAS_JOB} = inbox.key)"  # noqa: S608
)
_REMINDERS = f"select slot from scheduled where not exists ({_HAS_JOB} = scheduled.slot)"  # noqa: S608

log = structlog.get_logger(__name__)


async def adopt(
    store: Store,
    inbox: Inbox,
    scheduled: ScheduledRows,
    defer_message: Callable[[Connection, UnfinishedMessage], None],
    defer_reminder: Callable[[Connection, str, datetime], None],
) -> None:
    """In the order in which they would have been resumed. Of replicas that start at once, one does it."""
    messages = await inbox.unfinished()
    reminders = {slot: due_at async for slot, (due_at, _) in scheduled.all()}

    def change(connection: Connection) -> int:
        connection.rows(_LOCK)
        keys = {row["key"] for row in connection.rows(_MESSAGES)}
        slots = {row["slot"] for row in connection.rows(_REMINDERS)}
        for message in messages:
            if message.message.key in keys:
                defer_message(connection, message)
        for slot, due_at in reminders.items():
            if slot in slots:
                defer_reminder(connection, slot, due_at)
        return len(keys) + len(slots)

    if adopted := await store.transaction(change, Commit.JOB):
        log.info("messages and reminders got jobs", number=adopted)
