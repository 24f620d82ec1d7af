"""What platforms' rate limits have left, for all processes and the next one (implements ``RateLimitStore``).

A row is one lease: it counts from the moment at which it is given until its end has left the period of the limit.
A row without calls only says until when no call may go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from adapters.http.leases import LEASED_CALLS, LEASED_SECONDS, Budget, Lease, RateLimitNotStored
from bot.storage.sql import Change, Connection, Row, insert_query, read_time
from bot.storage.store import Commit, Store, StoreError

ON_ITS_WAY_SECONDS = 1.0  # how much later a call may arrive than it was allowed to; less if the period is short
LONGEST_WAIT = timedelta(hours=1)  # after a 429: the clock may have been set back since

T = TypeVar("T")

log = structlog.get_logger(__name__)

_COLUMNS = ("scope", "window_end", "used", "background", "blocked_until")
_OF_SCOPE = "select * from budgets where scope = :scope"
_ADD = f"""{insert_query("budgets", _COLUMNS)} on conflict (scope, window_end) do update set
used = budgets.used + excluded.used, background = budgets.background + excluded.background"""
_BLOCK = f"""{insert_query("budgets", _COLUMNS)} on conflict (scope, window_end) do update set
blocked_until = excluded.blocked_until"""
_GIVE_BACK = """
update budgets set used = used - :unused, background = background - :of_background
where scope = :scope and window_end = :window_end"""
_DELETE = "delete from budgets where scope = :scope and window_end = :window_end"


@dataclass(frozen=True, slots=True)
class _Window:
    end: datetime
    used: int
    background: int
    blocked_until: datetime | None


class BudgetRows:
    """With ``read_only``, nothing is stored."""

    def __init__(self, store: Store, *, read_only: bool = False) -> None:
        self._store = store
        self._read_only = read_only

    @property
    def is_shared(self) -> bool:
        return self._store.replica is not None

    async def blocked(self) -> Mapping[str, float]:
        rows = await self._store.rows("select * from budgets")
        windows = self._store.parse_rows("budgets", rows, _scope_and_window, key=["scope", "window_end"])
        now = datetime.now(UTC)
        blocked: dict[str, float] = {}
        for scope, window in windows:
            blocked[scope] = max(blocked.get(scope, 0.0), _blocked_for(window, now))
        return blocked

    async def block(self, key: str, seconds: float) -> None:
        if self._read_only:
            return

        def change(connection: Connection) -> None:
            until = connection.now() + timedelta(seconds=seconds)
            values = {"scope": key, "window_end": until, "used": 0, "background": 0, "blocked_until": until}
            connection.execute(_BLOCK, **values)
            connection.changed("rate_limits", key)

        await self._transaction(change)

    async def lease(self, budget: Budget, wanted: int, *, background: bool) -> Lease:
        if self._read_only:
            windows = self._windows(await self._store.rows(_OF_SCOPE, scope=budget.key))
            return _grant(budget, windows, datetime.now(UTC), wanted, background=background)

        def change(connection: Connection) -> Lease:
            connection.lock(f"budget {budget.key}")
            now = connection.now()
            windows = self._windows(connection.rows(_OF_SCOPE, scope=budget.key))
            windows = _tidied(connection, budget, windows, now)
            lease = _grant(budget, windows, now, wanted, background=background)
            if lease.calls:
                _add(connection, budget, now, lease.calls, lease.calls if background else 0)
            return lease

        return await self._transaction(change)

    def give_back(self, budget: Budget, lease: Lease, unused: int, *, background: bool) -> None:
        if self._read_only:
            return
        values = {"scope": budget.key, "window_end": lease.id, "unused": unused}

        def change(connection: Connection) -> None:
            connection.execute(_GIVE_BACK, **values, of_background=unused if background else 0)

        self._store.later(change, Commit.RATE_LIMIT)

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        await self.blocked()

    def _windows(self, rows: Sequence[Row]) -> Sequence[_Window]:
        found = self._store.parse_rows("budgets", rows, _scope_and_window, key=["scope", "window_end"])
        return [window for _, window in found]

    async def _transaction(self, change: Change[T]) -> T:
        try:
            return await self._store.transaction(change, Commit.RATE_LIMIT)
        except StoreError as error:
            log.warning("rate limit not stored", error=str(error))
            raise RateLimitNotStored(f"the database did not store the rate limit ({error})") from error


def _grant(budget: Budget, windows: Sequence[_Window], now: datetime, wanted: int, *, background: bool) -> Lease:
    blocked = max((_blocked_for(window, now) for window in windows), default=0.0)
    if blocked:
        return Lease(0, blocked)
    period = timedelta(seconds=budget.per)
    counted = sorted((window for window in windows if window.used), key=lambda window: window.end)
    if budget.calls <= sum(window.used for window in counted):
        return Lease(0, _until_free(counted, period, now))
    free = budget.calls - sum(window.used for window in counted)
    if background:
        own = [window for window in counted if window.background]
        free = min(free, budget.background_calls - sum(window.background for window in own))
        if free <= 0:
            return Lease(0, _until_free(own, period, now))
    return Lease(min(wanted, free, LEASED_CALLS), budget.lease_seconds, _stored(_end(budget, now)))


def _end(budget: Budget, now: datetime) -> datetime:
    return now + timedelta(seconds=budget.lease_seconds + min(ON_ITS_WAY_SECONDS, budget.per / 10))


def _until_free(windows: Sequence[_Window], period: timedelta, now: datetime) -> float:
    """At the end of a lease, something may be given back."""
    ends = [window.end for window in windows if window.end > now]
    return max(0.01, (min([windows[0].end + period, *ends]) - now).total_seconds())


def _tidied(
    connection: Connection, budget: Budget, windows: Sequence[_Window], now: datetime
) -> Sequence[_Window]:
    """Without those that are over. If the clock was set back, it looks as if calls were made in the future: they
    may as well have been made now."""
    period, latest = timedelta(seconds=budget.per), now + timedelta(seconds=LEASED_SECONDS + ON_ITS_WAY_SECONDS)
    kept: list[_Window] = []
    for window in windows:
        blocks = _blocked_for(window, now) > 0
        if not blocks and (window.end <= now - period or window.end > latest):
            connection.execute(_DELETE, scope=budget.key, window_end=window.end)
        if not blocks and window.end > latest:
            _add(connection, budget, now, window.used, window.background)
            kept.append(_Window(now, window.used, window.background, None))
        elif blocks or window.end > now - period:
            kept.append(window)
    return kept


def _add(connection: Connection, budget: Budget, now: datetime, used: int, background: int) -> None:
    values = {"scope": budget.key, "window_end": _end(budget, now), "used": used, "background": background}
    connection.execute(_ADD, **values, blocked_until=None)


def _blocked_for(window: _Window, now: datetime) -> float:
    if window.blocked_until is None:
        return 0.0
    return max(0.0, min(window.blocked_until - now, LONGEST_WAIT).total_seconds())


def _stored(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _scope_and_window(row: Row) -> tuple[str, _Window]:
    window = _Window(read_time(row["window_end"]), row["used"], row["background"], read_time(row["blocked_until"]))
    return row["scope"], window
