"""Earlier messages, as buttons speak of them (implements ``MessagesPort``)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.engine.port import Engine
from bot.engine.reconciler import Reconciler
from bot.storage.inbox import Inbox
from commands.model.messages import Actor, Message
from commands.model.outcomes import Outcome
from commands.model.ports import StopResult

CHOICE_LIVES = timedelta(hours=24)


class MessageHistory:
    """``engine`` and ``settler`` are set after it is made: they need it too."""

    def __init__(self, inbox: Inbox, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._now = now
        self.engine: Engine | None = None
        self.settler: Reconciler | None = None

    async def message(self, key: str) -> Message | None:
        found = await self._inbox.get(key)
        return found.message if found else None

    async def intent_of(self, key: str) -> dict[str, Any] | None:
        found = await self._inbox.get(key)
        if found is None or self._now() - found.message.at > CHOICE_LIVES:
            return None
        read: dict[str, Any] | None = json.loads(found.intent) if found.intent else found.message.intent
        return read

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        return await self._inbox.choose(key, by, message, self._now())

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        assert self.engine is not None
        return await self.engine.stop_waiting(key, by)

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        assert self.settler is not None
        return await self.settler.decide(key, step, there, by)
