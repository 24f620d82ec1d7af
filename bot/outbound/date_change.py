"""Redraws live cards when a new day begins in the zone in which they show times."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, tzinfo

import structlog

from commands.text.phrases import in_zone, zone_name

CHECK_SECONDS = 30.0

log = structlog.get_logger(__name__)


class DateChange:
    """Looks at the clock instead of sleeping until midnight: a laptop sleeps too, and clocks are set."""

    def __init__(
        self, now: Callable[[], datetime], zone: tzinfo | None, on_change: Callable[[datetime], Awaitable[None]]
    ) -> None:
        self._now = now
        self._zone = zone_name(zone)
        self._on_change = on_change
        self._today: date | None = None  # the first look is at what was drawn before the last restart

    async def watch_forever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.check()
            except Exception:
                log.exception("live cards not redrawn for the new day")

    async def check(self) -> None:
        today = self._date()
        if today != self._today:
            self._today = today
            await self._on_change(
                in_zone(self._now(), self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
            )

    def _date(self) -> date:
        return in_zone(self._now(), self._zone).date()
