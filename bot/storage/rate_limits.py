"""What platforms' rate limits have left, for the next process (implements ``RateLimitStore``)."""

from collections.abc import Mapping

import structlog

from adapters.http.rate_limits import RateLimitNotStored, RateLimitState
from bot.storage.sql import Row
from bot.storage.store import Commit, Store, StoreError

log = structlog.get_logger(__name__)


class RateLimitRows:
    """With ``read_only``, nothing is saved."""

    def __init__(self, store: Store, *, read_only: bool = False) -> None:
        self._store = store
        self._read_only = read_only

    async def load(self) -> Mapping[str, RateLimitState]:
        rows = await self._store.rows("select * from rate_limits")
        return dict(self._store.parse_rows("rate_limits", rows, _state, key=["key"]))

    async def save(self, key: str, state: RateLimitState) -> None:
        if self._read_only:
            return
        try:
            await self._store.put(
                "rate_limits", {"key": key}, {"state": state.model_dump_json()}, Commit.RATE_LIMIT
            )
        except StoreError as error:
            log.warning("rate limit not stored", error=str(error))
            raise RateLimitNotStored(f"the database did not store the rate limit ({error})") from error


def _state(row: Row) -> tuple[str, RateLimitState]:
    return row["key"], RateLimitState.model_validate_json(row["state"])
