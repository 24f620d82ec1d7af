"""Goes on looking for writes whose outcome is still unknown: each minute for an hour, restarts included.

After that, and for writes that leave nothing to find, only a person can tell: the trace line keeps its two
buttons. What is found corrects that line.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.writes import Op, Recovery, WriteResult
from bot.engine.effects import EffectServices, finish, reconcile_once, send_again
from bot.storage.effects import Effect
from commands.model.messages import Actor
from commands.model.outcomes import Outcome, Unknown

EACH_SECONDS = 60.0
FOR = timedelta(hours=1)


class Reconciler:
    """``found`` is told each outcome that came after its message was answered, and on whose word of now, if
    anybody's (what is still to come of the write is as fresh as that)."""

    def __init__(
        self, rules: EffectServices, found: Callable[[Effect, Outcome, Actor | None], Awaitable[None]]
    ) -> None:
        self._rules = rules
        self._found = found
        self._looking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._busy: set[tuple[str, str]] = set()  # being looked at, or written again on a person's word

    async def resume(self, unfinished: frozenset[str]) -> None:
        """Takes up what was unknown at the last stop, except for messages that the engine carries out anew."""
        for effect in await self._rules.log.unknown():
            if effect.key not in unfinished:
                self.look_later(effect)

    def look_later(self, effect: Effect) -> None:
        name = (effect.key, effect.step.step_key)
        if name not in self._looking:
            task = asyncio.create_task(self._look(effect))
            self._looking[name] = task
            task.add_done_callback(self._looked)

    def _looked(self, task: "asyncio.Task[None]") -> None:
        self._looking = {name: other for name, other in self._looking.items() if other is not task}

    async def stop(self) -> None:
        for task in list(self._looking.values()):
            task.cancel()
        await asyncio.gather(*self._looking.values(), return_exceptions=True)

    async def _look(self, effect: Effect) -> None:
        name = (effect.key, effect.step.step_key)
        if self._rules.platforms[effect.platform].recovery(effect.step) is Recovery.MANUAL:
            return
        while self._rules.now() < effect.baseline.sent_at + FOR:
            await asyncio.sleep(EACH_SECONDS)
            self._busy.add(name)
            try:
                outcome = await self._seen(effect)
            finally:
                self._busy.discard(name)
            if not isinstance(outcome, Unknown):
                await self._found(effect, outcome, None)
                return

    async def decide(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        """A person's word. None when nothing is unknown there (any more), or it is being found out just now: of
        two who press [Write it again] at once, one writes."""
        name = (key, step)
        if name in self._busy:
            return None
        self._busy.add(name)
        try:
            return await self._decided(name, there, by)
        finally:
            self._busy.discard(name)

    async def _decided(self, name: tuple[str, str], there: bool, by: Actor) -> Outcome | None:
        if (looking := self._looking.pop(name, None)) is not None:
            looking.cancel()  # it sleeps: nobody is busy with this one
        effect = await self._rules.log.get(*name)
        if effect is None or effect.state not in ("unknown", "sent"):
            return None
        outcome: Outcome
        if there:
            outcome = await self._believed(effect)
        elif effect.state == "sent":  # sent again on somebody's word, and then we were killed
            await self._rules.log.outcome(effect, "unknown", None)
            outcome = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
        else:
            outcome = await self._seen(effect)
            if isinstance(outcome, Unknown):
                outcome = await send_again(self._rules, effect)
        if isinstance(outcome, Unknown):
            self.look_later(effect)  # and the line keeps its buttons
        else:
            await self._found(effect, outcome, by)
        return outcome

    async def _seen(self, effect: Effect) -> Outcome:
        """One more look, which writes nothing: it may have come late."""
        return await reconcile_once(self._rules, effect, may_repeat=False, last_look=False)

    async def _believed(self, effect: Effect) -> Outcome:
        """It is there, somebody says. One more look may tell its id; a start cannot go on without its run's."""
        outcome = await self._seen(effect)
        nameless = effect.step.op is Op.START and effect.step.run is None
        if isinstance(outcome, Unknown) and not nameless:
            return await finish(self._rules, effect, WriteResult())
        return outcome
