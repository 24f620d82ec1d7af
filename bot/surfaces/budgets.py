"""How often a chat may be called: one budget for each method and channel, and one for each method.

A call that its budget does not allow yet raises ``Throttled`` and is not sent: the outbox sends something else
meanwhile. After a 429 nothing is sent with that method until its Retry-After is over, and for a minute after that
it is called one at a time. If there is another 429 within that minute, the chat's limit for all channels was
reached: then the method is called at the pace that the chat documents. Before, it is not, because chats allow
bursts.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.surfaces.errors import Throttled

CAUTIOUS_SECONDS = 60.0
BUSY_SECONDS = 0.2  # until a method that is called one at a time may be free again
_RESERVED = 0.2  # of a server's limit


@dataclass
class _Method:
    blocked_until: float = 0.0
    one_at_a_time_until: float = 0.0
    paced_until: float = 0.0
    next_at: float = 0.0
    in_flight: int = 0
    channels: dict[str, float] = field(default_factory=dict)  # channel -> when the next call may be made

    def allowed_at(self, channel: str, now: float) -> float:
        times = [self.blocked_until, self.channels.get(channel, 0.0)]
        if now < self.one_at_a_time_until and self.in_flight:
            times.append(now + BUSY_SECONDS)
        if now < self.paced_until:
            times.append(self.next_at)
        return max(times)


@dataclass
class Budgets:
    """Seconds between two calls of a method: ``per_channel`` in one channel, ``documented`` in all of them."""

    per_channel: Mapping[str, float]
    documented: Mapping[str, float]
    _methods: dict[str, _Method] = field(default_factory=dict)

    @contextmanager
    def call(self, method: str, channel: str = "") -> Iterator[None]:
        """Around a call. Raises ``Throttled`` if it may not be made now."""
        state, clock = self._methods.setdefault(method, _Method()), asyncio.get_running_loop().time
        now = clock()
        wait = state.allowed_at(channel, now) - now
        if wait > 0:
            raise Throttled(f"{method}: the rate limit allows it in {wait:.1f} s", wait)
        state.next_at = now + self.documented.get(method, 0.0)
        state.in_flight += 1
        try:
            yield
        finally:
            state.in_flight -= 1
            if interval := self.per_channel.get(method, 0.0):  # counted from the response: a call may arrive late
                now = clock()
                state.channels = {name: at for name, at in state.channels.items() if at > now}
                state.channels[channel] = now + interval

    def block(self, method: str, retry_after: float) -> None:
        """The chat answered 429."""
        state, now = self._methods.setdefault(method, _Method()), asyncio.get_running_loop().time()
        until = max(state.blocked_until, now + retry_after) + CAUTIOUS_SECONDS
        if now >= state.blocked_until and now < state.one_at_a_time_until:
            state.paced_until = until
        state.blocked_until = until - CAUTIOUS_SECONDS
        state.one_at_a_time_until = until


@dataclass
class ServerBudget:
    """What a server says in its ``X-Ratelimit-*`` headers: how many calls are left, and in how many seconds all
    of them will be. The last fifth is for what people wait for."""

    _limit: float = 0.0
    _left: float = 0.0
    _per_second: float = 0.0
    _read_at: float = 0.0
    _blocked_until: float = 0.0

    def require(self, background: bool) -> None:
        """Raises ``Throttled`` if a call may not be made now."""
        now = asyncio.get_running_loop().time()
        wait = self._blocked_until - now
        if self._per_second:
            left = self._left + (now - self._read_at) * self._per_second
            needed = 1 + (self._limit * _RESERVED if background else 0.0)
            wait = max(wait, (needed - left) / self._per_second)
        if wait > 0:
            raise Throttled(f"the server's rate limit allows it in {wait:.1f} s", wait)
        self._left -= 1

    def read(self, headers: Mapping[str, str]) -> None:
        """Servers without a limit send no such headers."""
        try:
            limit, left, reset = (
                float(headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset")
            )
        except (KeyError, ValueError):
            return
        self._limit, self._left, self._read_at = limit, left, asyncio.get_running_loop().time()
        self._per_second = (limit - left) / reset if reset > 0 and limit > left else 0.0

    def block(self, retry_after: float) -> None:
        """The server answered 429."""
        self._blocked_until = max(self._blocked_until, asyncio.get_running_loop().time() + retry_after)
