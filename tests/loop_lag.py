"""How long the event loop was held up while something ran."""

import asyncio
import time
from collections.abc import Awaitable, Callable

MAX_LAG_SECONDS = 0.05
_TICK_SECONDS = 0.001
ATTEMPTS = 4


async def measure_lag(work: Callable[[], Awaitable[object]]) -> float:
    """The longest time in seconds by which a timer came too late. The best of a few attempts: only the work
    itself holds up the loop each time, other processes do not."""
    return min([await _measure_once(work) for _ in range(ATTEMPTS)])


async def _measure_once(work: Callable[[], Awaitable[object]]) -> float:
    longest = 0.0
    running = asyncio.ensure_future(work())
    while not running.done():
        began = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        longest = max(longest, time.perf_counter() - began - _TICK_SECONDS)
    await running
    return longest
