"""Private answers that a chat's own request waits for: a click or a form gets them in its response."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

import structlog

from bot.outbound.outbox import Outbox
from bot.storage.inbox import Inbox
from commands.model.card import Card
from commands.model.messages import Message, Via

TAKEN_WITHIN_SECONDS = 0.7
RESPONSE_SECONDS = 3.0

log = structlog.get_logger(__name__)


class PrivateAnswers:
    """``has_replicas``: the request may wait in another process."""

    def __init__(self, inbox: Inbox, outbox: Outbox, now: Callable[[], datetime], *, has_replicas: bool) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._now = now
        self._has_replicas = has_replicas
        self._waiting: dict[str, asyncio.Future[Card | None]] = {}  # by message key
        self._responses: dict[str, asyncio.Event] = {}  # of forms, by message key, until they are stored

    async def wait_for(self, key: str, within: float) -> Card | None:
        """The private card of a message, if it is ready in time: then the caller shows it."""
        waiter = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(waiter)
        except TimeoutError:
            self._waiting.pop(key, None)
            return None

    def give(self, message: Message, card: Card | None) -> bool:
        """Whether a request waits for it here."""
        waiter = self._waiting.pop(message.key, None)
        if waiter is None or waiter.done():
            return False
        if message.via is Via.FORM and card is not None and (card.has_controls or not card.shown_elsewhere):
            self._responses[message.key] = asyncio.Event()
        waiter.set_result(card)
        return True

    def awaited_elsewhere(self, message: Message) -> float:
        """For how many seconds the chat's request to another replica may still wait for the private answer."""
        if not (self._has_replicas and message.reply.waits) or message.key in self._waiting:
            return 0.0
        most = message.reply.waits + TAKEN_WITHIN_SECONDS
        return min(most, max(0.0, most - (self._now() - message.at).total_seconds()))

    async def answered_elsewhere(
        self, keys: Collection[str] | None, send: Callable[[Message, Card], Awaitable[object]]
    ) -> None:
        """Another replica has answered these messages, or any. ``send`` gets what nobody waits for any more."""
        for key in list(self._waiting) if keys is None else keys:
            recorded = await self._inbox.get(key) if key in self._waiting else None
            if recorded is None or recorded.result is None:
                continue
            card = await self._outbox.take_answer(key)
            waiter = self._waiting.pop(key, None)
            if waiter is not None and not waiter.done():
                waiter.set_result(card)
            elif card is not None:
                await send(recorded.message, card)

    def response_stored(self, key: str) -> None:
        """A repeated delivery of the form ``key`` would get the response that says what became of it."""
        if (stored := self._responses.get(key)) is not None:
            stored.set()

    async def until_response_stored(self, key: str) -> None:
        """Only then is the message done: otherwise, after a crash, the form would close as if it had worked."""
        if (stored := self._responses.get(key)) is None:
            return
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                await stored.wait()
        except TimeoutError:
            log.warning("response of a form not stored in time", delivery=key)
        finally:
            del self._responses[key]
