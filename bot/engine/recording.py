"""Records each message once and in time, however often its delivery comes."""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from bot.storage.inbox import Inbox
from bot.storage.store import CommitUnknown, StoreError
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import Recorded
from commands.model.messages import Message

RECORD_TIMEOUT_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Recording:
    """``is_known``: whether an earlier delivery of the message is being processed."""

    def __init__(self, inbox: Inbox, is_known: Callable[[str], bool]) -> None:
        self._inbox = inbox
        self._is_known = is_known
        self._pending: Counter[str] = Counter()  # deliveries that are being recorded, by key
        self._late: set[str] = set()  # keys whose senders were told that they may not be recorded

    async def record(self, message: Message, answer: bytes) -> Recorded:
        """Raises ``NotRecorded``. A commit that comes too late is undone, unless another delivery needs it."""
        key = message.key
        self._pending[key] += 1
        try:
            return await self._record(message, answer)
        finally:
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]
                if key in self._late:
                    self._late.remove(key)
                    self._inbox.withdraw(key)

    async def _record(self, message: Message, answer: bytes) -> Recorded:
        key = message.key
        try:
            async with asyncio.timeout(RECORD_TIMEOUT_SECONDS):
                first_answer = await self._inbox.record(message, answer)
        except (TimeoutError, StoreError) as error:
            log.warning("message not recorded in time", delivery=key, error=str(error))
            if isinstance(error, TimeoutError | CommitUnknown) and not self._is_known(key):
                self._late.add(key)
            raise NotRecorded(str(error)) from error
        if first_answer is not None and key not in self._late:
            return Recorded(new=False, answer=first_answer)
        self._late.discard(key)
        return Recorded(new=True, answer=answer if first_answer is None else first_answer)
