"""Records messages for both engines, within the time that a chat waits."""

import asyncio

import structlog

from bot.storage.inbox import Inbox
from bot.storage.store import StoreError
from bot.surfaces.errors import NotRecorded
from commands.model.messages import Message

RECORD_TIMEOUT_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Recorder:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._late: set[asyncio.Task[None]] = set()

    async def record(self, message: Message, answer: bytes) -> bytes | None:
        """None for a new message, else the answer that the first delivery got. Raises ``NotRecorded``."""
        recording = asyncio.create_task(self._inbox.record(message, answer))
        try:
            async with asyncio.timeout(RECORD_TIMEOUT_SECONDS):
                return await asyncio.shield(recording)
        except (TimeoutError, StoreError) as error:
            log.warning("message not recorded in time", delivery=message.key, error=str(error))
            if isinstance(error, TimeoutError):
                late = asyncio.create_task(self._withdraw(message.key, recording))
                self._late.add(late)
                late.add_done_callback(self._late.discard)
            raise NotRecorded(str(error)) from error

    async def _withdraw(self, key: str, recording: "asyncio.Task[bytes | None]") -> None:
        """A late commit may still record it, but not a message that an earlier delivery brought."""
        try:
            if await recording is None:
                await self._inbox.withdraw(key)
        except StoreError as error:
            log.info("message not recorded", delivery=key, error=str(error))
