"""When a post of activity lines is sent: at once, or while many are being sent, together with the lines to come.

Only lines that can wait do, and only in memory: their rows are committed, so a restart shows them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.storage.activity import ActivityPost
from commands.model.messages import Message

MOST_AT_ONCE = 10


@dataclass
class _Batch:
    post: ActivityPost
    cause: Message | None
    timer: asyncio.TimerHandle


class LineBatches:
    """``within``: seconds that a line waits at most, once ``MOST_AT_ONCE`` posts were sent in as many.
    ``request`` sends a post, and returns the key of its delivery.
    """

    def __init__(self, within: float, request: Callable[[ActivityPost, Message | None], str]) -> None:
        self._within = within
        self._request = request
        self._waiting: dict[str, _Batch] = {}  # by nonce, the oldest first
        self._sent_at: deque[float] = deque(maxlen=MOST_AT_ONCE)

    def is_waiting(self, post: ActivityPost) -> bool:
        return post.nonce in self._waiting

    def add(self, post: ActivityPost, cause: Message | None, *, can_wait: bool) -> str:
        """After a line was added to ``post``. Returns the key of its delivery, or "" while it waits."""
        if can_wait and (self.is_waiting(post) or self._is_busy()):
            if not self.is_waiting(post):
                timer = asyncio.get_running_loop().call_later(self._within, self._send, post.nonce)
                self._waiting[post.nonce] = _Batch(post, cause, timer)
            return ""
        self.send_waiting(post.run, but=post)
        if (batch := self._waiting.pop(post.nonce, None)) is not None:
            batch.timer.cancel()
        return self._send_now(post, cause)

    def send_waiting(self, run: str = "", *, but: ActivityPost | None = None) -> None:
        """Those of one run, or all."""
        for nonce, batch in list(self._waiting.items()):
            if run in ("", batch.post.run) and (but is None or nonce != but.nonce):
                self._send(nonce)

    def _is_busy(self) -> bool:
        is_full = len(self._sent_at) == MOST_AT_ONCE
        return is_full and asyncio.get_running_loop().time() - self._sent_at[0] < self._within

    def _send(self, nonce: str) -> None:
        batch = self._waiting.pop(nonce)
        batch.timer.cancel()
        self._send_now(batch.post, batch.cause)

    def _send_now(self, post: ActivityPost, cause: Message | None) -> str:
        self._sent_at.append(asyncio.get_running_loop().time())
        return self._request(post, cause)
