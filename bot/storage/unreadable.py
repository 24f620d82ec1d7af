"""Finds the rows that cannot be read, for ``liaison doctor``. Works on the database of a running process too."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.storage.activity import ActivityRows
from bot.storage.effects import EffectLog
from bot.storage.inbox import Inbox
from bot.storage.installations import InstallationTable
from bot.storage.live_cards import LiveCardRows
from bot.storage.outbox import OutboxRows
from bot.storage.people import PeopleRows
from bot.storage.rate_limits import BudgetRows
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store, UnreadableRow
from bot.storage.surface_state import SurfaceStateRows


async def find_unreadable_rows(url: str) -> Sequence[UnreadableRow]:
    """Reads every row and changes nothing. Raises ``StoreError``, also if another version made the tables."""
    store = Store(url)
    try:
        await RunRows(store, _now).read_all()
        await Inbox(store).read_all()
        await EffectLog(store).read_all()
        await ActivityRows(store).read_all()
        await LiveCardRows(store).read_all()
        await OutboxRows(store).unsent()
        async for _ in ScheduledRows(store).all():
            pass
        await PeopleRows(store).load()
        await BudgetRows(store, read_only=True).read_all()
        await SurfaceStateRows(store, "").read_all()
        await InstallationTable(store).all()
        return store.unreadable
    finally:
        await store.close()


def _now() -> datetime:
    return datetime.now(UTC)
