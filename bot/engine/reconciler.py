"""Checks writes with unknown outcomes in the background: every minute for an hour, also after a restart.

After that, and for writes that no check can find, a person has to decide: the activity line keeps its two buttons.
A late outcome corrects the line.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from adapters.writes import Op, Recovery, WriteResult
from bot.engine.effect_outcomes import (
    EffectServices,
    reconcile_once,
    record_unknown,
    send_again,
    settle,
    unknown_outcome,
)
from bot.services.outcome_recorder import Reopening
from bot.storage.effects import Effect
from bot.storage.inbox import UnfinishedMessage
from commands.model.messages import Actor
from commands.model.outcomes import Outcome, Unknown

CHECK_INTERVAL_SECONDS = 60.0
CHECK_PERIOD = timedelta(hours=1)

OutcomeListener = Callable[[Effect, Outcome, UnfinishedMessage | None, Actor | None], Awaitable[None]]
"""Gets each outcome that becomes known after its message was answered, the message that was reopened with it, and
the person whose decision led to it.
"""

log = structlog.get_logger(__name__)


class Reconciler:
    def __init__(self, services: EffectServices, on_outcome: OutcomeListener) -> None:
        self._services = services
        self._on_outcome = on_outcome
        self._checks: dict[tuple[str, str], asyncio.Task[None]] = {}  # by (message key, step key)
        self._busy: set[tuple[str, str]] = set()  # being checked or sent again at this moment
        self._stopping = False

    async def resume(self, unfinished: frozenset[str]) -> None:
        """Resumes the checks of the last process, except for messages that the engine will process anyway."""
        for effect in await self._services.effect_log.list_open():
            if effect.key not in unfinished:
                self.check_later(effect)

    def check_later(self, effect: Effect) -> None:
        """The next start takes up what comes after ``stop``."""
        id = effect.id
        if id not in self._checks and not self._stopping:
            task = asyncio.create_task(self._check_until_known(effect))
            self._checks[id] = task
            task.add_done_callback(self._forget)

    @property
    def is_checking(self) -> bool:
        return bool(self._checks)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("check of a write failed", exc_info=error)
        self._checks = {id: other for id, other in self._checks.items() if other is not task}

    async def stop(self) -> None:
        """Call it before the engine stops: what is found afterwards could not go on."""
        self._stopping = True
        for task in list(self._checks.values()):
            task.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    async def _check_until_known(self, effect: Effect) -> None:
        while self._may_find(effect):
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)
            self._busy.add(effect.id)
            reopening = Reopening()
            try:
                outcome = await self._check(effect, reopening)
            finally:
                self._busy.discard(effect.id)
            if not isinstance(outcome, Unknown):
                await self._on_outcome(effect, outcome, reopening.message, None)
                return

    def _may_find(self, effect: Effect) -> bool:
        if effect.id in self._services.unstored:
            return True  # the outcome is known, and is stored as soon as that is possible
        is_recent = self._services.now() < effect.baseline.sent_at + CHECK_PERIOD
        return is_recent and self._services.recovery(effect) is not Recovery.MANUAL

    async def decide(self, key: str, step_key: str, applied: bool, by: Actor) -> Outcome | None:
        """A person decides an unknown outcome; without ``applied`` the write is sent again.

        None if the outcome is not unknown (any more), or is being checked at this moment: if two people press
        [Send it again] at once, it is sent once.
        """
        id = (key, step_key)
        if id in self._busy:
            return None
        self._busy.add(id)
        try:
            return await self._decide(id, applied, by)
        finally:
            self._busy.discard(id)

    async def _decide(self, id: tuple[str, str], applied: bool, by: Actor) -> Outcome | None:
        if (check := self._checks.pop(id, None)) is not None:
            check.cancel()  # it is asleep, or the effect would be busy
        effect = await self._services.effect_log.get(*id)
        if effect is None or effect.state not in ("unknown", "sent"):
            return None
        reopening = Reopening(requested_at=self._services.now())
        outcome: Outcome
        if applied:
            outcome = await self._accept_as_applied(effect, reopening)
        elif effect.state == "sent":  # the process was killed while it sent this again on an earlier decision
            await record_unknown(self._services, effect)
            outcome = unknown_outcome(effect)
        else:
            outcome = await self._check(effect, reopening)
            if isinstance(outcome, Unknown):
                outcome = await send_again(self._services, effect, reopening=reopening)
        if isinstance(outcome, Unknown):
            self.check_later(effect)  # the line keeps its buttons
        else:
            await self._on_outcome(effect, outcome, reopening.message, by)
        return outcome

    async def _check(self, effect: Effect, reopening: Reopening) -> Outcome:
        """Never sends anything: the write may have been applied late."""
        return await reconcile_once(
            self._services, effect, may_resend=False, last_attempt=False, reopening=reopening
        )

    async def _accept_as_applied(self, effect: Effect, reopening: Reopening) -> Outcome:
        """A last check may find the id of what was created. A start stays unknown without the id of its run."""
        outcome = await self._check(effect, reopening)
        lacks_run_id = effect.step.op is Op.START and effect.step.run is None
        if isinstance(outcome, Unknown) and not lacks_run_id:
            return await settle(self._services, effect, WriteResult(), reopening=reopening)
        return outcome
