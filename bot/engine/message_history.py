"""Earlier messages, which buttons refer to by key (implements ``MessagesPort``)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.engine.port import Engine
from bot.engine.reconciler import Reconciler
from bot.storage.inbox import Inbox
from commands.model.messages import Actor, Message
from commands.model.outcomes import Outcome
from commands.model.ports import EarlierMessage, StopResult

CHOICE_LIFETIME = timedelta(hours=24)


class MessageHistory:
    """``engine`` and ``reconciler`` depend on this object, so they are set after it is created."""

    def __init__(self, inbox: Inbox, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._now = now
        self.engine: Engine | None = None
        self.reconciler: Reconciler | None = None

    async def message(self, key: str) -> Message | None:
        recorded = await self._inbox.get(key)
        return recorded.message if recorded else None

    async def find(self, key: str) -> EarlierMessage | None:
        recorded = await self._inbox.get(key)
        if recorded is None:
            return None
        message = recorded.message
        return EarlierMessage(
            intent=json.loads(recorded.intent) if recorded.intent else message.intent,
            actor=message.actor,
            place=message.place,
            expired=self._now() - message.at > CHOICE_LIFETIME,
        )

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        return await self._inbox.take_choice(key, by, message, self._now())

    async def submit(self, message: Message) -> None:
        assert self.engine is not None
        if (await self.engine.record(message, b"")).new:
            self.engine.process(message.key)

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        assert self.engine is not None
        return await self.engine.stop_waiting(key, by)

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        assert self.reconciler is not None
        return await self.reconciler.decide(key, step, there, by)
