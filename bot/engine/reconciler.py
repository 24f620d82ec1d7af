"""Checks writes with unknown outcomes in the background: every minute for an hour, also after a restart.

After that, and for writes that no check can find, a person has to decide: the activity line keeps its two buttons.
A late outcome corrects the line.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.writes import Op, Recovery, WriteResult
from bot.engine.effect_outcomes import EffectServices, finish, reconcile_once, send_again
from bot.storage.effects import Effect
from commands.model.messages import Actor
from commands.model.outcomes import Outcome, Unknown

CHECK_INTERVAL_SECONDS = 60.0
CHECK_PERIOD = timedelta(hours=1)

OutcomeListener = Callable[[Effect, Outcome, Actor | None], Awaitable[None]]
"""Gets each outcome that becomes known after its message was answered, and the person whose decision led to it.

The steps that follow are as recent as that decision.
"""


class Reconciler:
    def __init__(self, services: EffectServices, on_outcome: OutcomeListener) -> None:
        self._services = services
        self._on_outcome = on_outcome
        self._checks: dict[tuple[str, str], asyncio.Task[None]] = {}  # by (message key, step key)
        self._busy: set[tuple[str, str]] = set()  # being checked or sent again at this moment

    async def resume(self, unfinished: frozenset[str]) -> None:
        """Resumes the checks of the last process, except for messages that the engine will process anyway."""
        for effect in await self._services.effect_log.list_unknown():
            if effect.key not in unfinished:
                self.check_later(effect)

    def check_later(self, effect: Effect) -> None:
        id = (effect.key, effect.step.step_key)
        if id not in self._checks:
            task = asyncio.create_task(self._check_until_known(effect))
            self._checks[id] = task
            task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._checks = {id: other for id, other in self._checks.items() if other is not task}

    async def stop(self) -> None:
        for task in list(self._checks.values()):
            task.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    async def _check_until_known(self, effect: Effect) -> None:
        id = (effect.key, effect.step.step_key)
        if self._services.platforms[effect.platform].recovery(effect.step) is Recovery.MANUAL:
            return
        while self._services.now() < effect.baseline.sent_at + CHECK_PERIOD:
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)
            self._busy.add(id)
            try:
                outcome = await self._check(effect)
            finally:
                self._busy.discard(id)
            if not isinstance(outcome, Unknown):
                await self._on_outcome(effect, outcome, None)
                return

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
        outcome: Outcome
        if applied:
            outcome = await self._accept_as_applied(effect)
        elif effect.state == "sent":  # the process was killed while it sent this again on an earlier decision
            await self._services.effect_log.record_outcome(effect, "unknown", None)
            outcome = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
        else:
            outcome = await self._check(effect)
            if isinstance(outcome, Unknown):
                outcome = await send_again(self._services, effect)
        if isinstance(outcome, Unknown):
            self.check_later(effect)  # the line keeps its buttons
        else:
            await self._on_outcome(effect, outcome, by)
        return outcome

    async def _check(self, effect: Effect) -> Outcome:
        """Never sends anything: the write may have been applied late."""
        return await reconcile_once(self._services, effect, may_resend=False, last_attempt=False)

    async def _accept_as_applied(self, effect: Effect) -> Outcome:
        """A last check may find the id of what was created. A start stays unknown without the id of its run."""
        outcome = await self._check(effect)
        lacks_run_id = effect.step.op is Op.START and effect.step.run is None
        if isinstance(outcome, Unknown) and not lacks_run_id:
            return await finish(self._services, effect, WriteResult())
        return outcome
