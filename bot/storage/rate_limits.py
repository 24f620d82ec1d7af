"""What platforms' rate limits have left, for the next process (implements ``RateLimitStore``)."""

from collections.abc import Mapping

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from adapters.http.rate_limits import RateLimitNotStored, RateLimitState
from bot.storage.store import Store, StoreError, put
from bot.storage.tables import rate_limits

log = structlog.get_logger(__name__)


class RateLimitRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> Mapping[str, RateLimitState]:
        """Leaves out a row that cannot be read."""
        found: dict[str, RateLimitState] = {}
        async with self._store.read() as connection:
            rows = await connection.execute(select(rate_limits))
            for row in rows:
                try:
                    found[row.key] = RateLimitState.model_validate_json(row.state)
                except ValidationError:
                    log.warning("rate limit not readable", key=row.key)
        return found

    async def save(self, key: str, state: RateLimitState) -> None:
        try:
            await self._store.write(put(rate_limits, {"key": key}, {"state": state.model_dump_json()}))
        except StoreError as error:
            log.warning("rate limit not stored", error=str(error))
            raise RateLimitNotStored(f"the database did not store the rate limit ({error})") from error
