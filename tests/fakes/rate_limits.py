"""The rate limits of a chat, as its documents state them, for a fake that enforces them."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field


@dataclass
class MethodLimit:
    """``per_channel``: seconds between two calls in one channel; ``per_minute``: calls in all channels
    together."""

    per_channel: float = 0.0
    per_minute: int = 0


@dataclass
class RateLimits:
    """``violations``: calls that came before the Retry-After of their method was over. ``refused``: 429s by
    method."""

    limits: dict[str, MethodLimit] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    grace: float = 0.1  # for calls that were on their way when the 429 was sent
    _last: dict[tuple[str, str], float] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _blocked: dict[str, tuple[float, float]] = field(default_factory=dict)  # method -> when it began, when it ends

    def retry_after(self, method: str, channel: str) -> int:
        """0 if the call is allowed, and counted; otherwise the whole seconds to wait."""
        limit, now = self.limits.get(method), time.monotonic()
        if limit is None:
            return 0
        began, ends = self._blocked.get(method, (0.0, 0.0))
        if now < ends:
            if now - began > self.grace:
                self.violations.append(f"{method} in {channel}, {ends - now:.2f} s too early")
            return self._block(method, ends - now)
        calls = self._calls[method]
        while calls and now - calls[0] >= 60.0:
            calls.popleft()
        if limit.per_minute and len(calls) >= limit.per_minute:
            return self._block(method, 60.0 - (now - calls[0]))
        wait = self._last.get((method, channel), -60.0) + limit.per_channel - now
        if wait > 0.05:  # clocks differ a little
            return self._block(method, wait)
        calls.append(now)
        self._last[method, channel] = now
        return 0

    def _block(self, method: str, seconds: float) -> int:
        whole = int(seconds) + 1
        now = time.monotonic()
        began, ends = self._blocked.get(method, (now, 0.0))
        self._blocked[method] = (began if now < ends else now, max(ends, now + seconds))
        self.refused[method] += 1
        return whole


@dataclass
class ServerLimit:
    """Mattermost's limit for all calls together, with the headers that it sends: so many calls a second, and a
    burst. ``violations`` counts the calls before the Retry-After of a 429 was over."""

    per_second: float
    burst: int
    violations: list[str] = field(default_factory=list)
    refused: int = 0
    _left: float = -1.0
    _at: float = 0.0
    _blocked_until: float = 0.0

    def take(self, path: str) -> tuple[bool, dict[str, str]]:
        """Whether the call is allowed, and the headers of its response."""
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.per_second) if self._at else self.burst
        self._at = now
        if allowed := self._left >= 1:
            self._left -= 1
        headers = {
            "X-Ratelimit-Limit": str(self.burst),
            "X-Ratelimit-Remaining": str(int(self._left)),
            "X-Ratelimit-Reset": str(int((self.burst - self._left) / self.per_second) + 1),
        }
        if not allowed:
            self.refused += 1
            if now < self._blocked_until - 0.1:
                self.violations.append(path)
            self._blocked_until = max(self._blocked_until, now + 1.0)
            headers["Retry-After"] = "1"
        return allowed, headers
