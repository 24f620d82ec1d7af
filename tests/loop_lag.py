"""How long the event loop was held up while something ran, in CPU time: other processes do not count."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

MAX_LAG_SECONDS = 0.2 if sys.gettrace() else 0.05  # coverage's tracing slows Python down several times
_TICK_SECONDS = 0.001
ATTEMPTS = 4


async def measure_lag(work: Callable[[], Awaitable[object]]) -> float:
    """The most CPU seconds that the loop's thread used between two ticks. The best of a few attempts."""
    return min([await _measure_once(work) for _ in range(ATTEMPTS)])


async def _measure_once(work: Callable[[], Awaitable[object]]) -> float:
    longest = 0.0
    running = asyncio.ensure_future(work())
    while not running.done():
        began = time.thread_time()
        await asyncio.sleep(_TICK_SECONDS)
        longest = max(longest, time.thread_time() - began)
    await running
    return longest
