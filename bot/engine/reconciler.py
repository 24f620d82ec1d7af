"""Finds out what became of writes whose answer was lost. There is one schedule for all of them.

The platform is looked at after each of ``LOOKS``, and after its slowest answer: how long it may still be executing
a request that it has not answered. Until then "it is not there" proves nothing, so only then is a write that is
still missing sent again, once. That is the last look. If the outcome is not known by then, a person is asked, and
the looks go on every minute for an hour, also after a restart. A late outcome corrects the activity line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from adapters.results import Indeterminate, NotApplied, Recovery, WriteResult
from adapters.writes import Op, Write
from bot.engine.effect_outcomes import (
    EffectServices,
    look,
    record_unknown,
    send_again,
    settle,
    unknown_outcome,
)
from bot.services.outcome_recorder import Reopening
from bot.storage.effects import Effect, NotClaimed
from bot.storage.inbox import UnfinishedMessage
from bot.storage.store import StoreError
from commands.model.messages import Actor
from commands.model.outcomes import Outcome, Unknown

LOOKS = (0.0, 2.0, 10.0, 30.0)  # seconds after the answer was lost
LATER_LOOKS_SECONDS = 60.0
ADOPT_SECONDS = 5.0
LATER_LOOKS_PERIOD = timedelta(hours=1)
_OPEN = ("unknown", "sent")

OutcomeListener = Callable[[Effect, Outcome, UnfinishedMessage | None, Actor | None], Awaitable[None]]
"""Gets each outcome that becomes known after its message was answered, the message that was reopened with it, and
the person whose decision led to it.
"""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Check:
    """One write that is being looked for.

    ``may_send_again`` is asked when the write is found missing at the last look; False once that look is over.
    ``result`` is for the message that waits for it: the outcome, or ``Unknown`` after the last look. None if the
    message was answered before. ``is_adopted``: that may have been on another replica.
    """

    effect: Effect
    may_send_again: Callable[[], bool] = lambda: False
    result: "asyncio.Future[Outcome] | None" = None
    is_adopted: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)  # the last look is
    task: "asyncio.Task[None] | None" = None
    lost_sends: int = field(init=False)  # up to the one whose answer was lost; earlier ones never left

    def __post_init__(self) -> None:
        self.lost_sends = self.effect.sends

    @property
    def was_sent_again(self) -> bool:
        return self.effect.sends > self.lost_sends

    @property
    def is_awaited(self) -> bool:
        return self.result is not None and not self.result.done()

    def end_looks(self, outcome: Outcome) -> bool:
        """Whether a message was waiting for it."""
        is_awaited = self.is_awaited
        if is_awaited and self.result is not None:
            self.result.set_result(outcome)
        self.over.set()
        return is_awaited


class Reconciler:
    """``leaves_late_looks``: what a message does not wait for is left to the replica that ``take_over_forever``
    runs on."""

    def __init__(
        self, services: EffectServices, on_outcome: OutcomeListener, *, leaves_late_looks: bool = False
    ) -> None:
        self._leaves_late_looks = leaves_late_looks
        self._services = services
        self._on_outcome = on_outcome
        self._checks: dict[tuple[str, str], Check] = {}  # by (message key, step key)
        self._busy: set[tuple[str, str]] = set()  # being looked for or sent again at this moment
        self._stopping = False

    async def resume(self, unfinished: frozenset[str]) -> None:
        """Resumes the checks of the last process, except for messages that the engine will process anyway."""
        if self._leaves_late_looks:
            return
        for effect in await self._services.effect_log.list_open():
            if effect.key not in unfinished:
                self.check_later(effect)

    async def take_over_forever(self) -> None:
        """Looks for the writes of all replicas whose message was answered."""
        checks: list[Check] = []
        try:
            while True:
                try:
                    left = await self._services.effect_log.list_left()
                except StoreError as error:
                    log.warning("unknown writes not looked through", error=str(error))
                else:
                    checks = [check for check in checks if self._checks.get(check.effect.id) is check]
                    checks += self._adopt(left)
                await asyncio.sleep(ADOPT_SECONDS)
        finally:
            for check in checks:
                if check.task is not None:
                    check.task.cancel()

    def _adopt(self, left: Sequence[Effect]) -> Sequence[Check]:
        found = [
            Check(effect, is_adopted=True)
            for effect in left
            if effect.id not in self._checks and effect.id not in self._busy and self._may_find(effect)
        ]
        for check in found:
            self._begin(check)
        return found

    def check(self, effect: Effect, may_send_again: Callable[[], bool]) -> Check:
        """Begins to look, for a message that waits for the result. Its first look is over already.

        An earlier check of the same write goes on; if that had its last look, the result is ``Unknown`` at once.
        """
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        earlier = self._checks.get(effect.id)
        if earlier is not None and earlier.over.is_set():
            result.set_result(unknown_outcome(effect))
            return Check(effect, result=result)
        check = earlier or Check(effect)
        if effect.attempt > check.effect.attempt:
            check.effect = effect
        check.result, check.may_send_again = result, may_send_again
        if earlier is None:
            self._begin(check)
        return check

    def check_later(self, effect: Effect) -> None:
        """For a message that was answered. The next start takes up what comes after ``stop``."""
        if not self._leaves_late_looks and effect.id not in self._checks:
            self._begin(Check(effect))

    def _begin(self, check: Check) -> None:
        if self._stopping:
            return
        self._checks[check.effect.id] = check
        check.task = asyncio.create_task(self._look_until_known(check))
        check.task.add_done_callback(lambda task: self._forget(check, task))

    def unconfirmed(self, wanted: Write, run: str, key: str) -> Check | None:
        """A write of another message to the same thing that may still be sent again, so that ``wanted`` must wait.

        Otherwise the older one could undo the newer one.
        """
        return next(
            (
                check
                for check in self._checks.values()
                if check.effect.run == run
                and check.effect.key != key
                and check.is_awaited
                and concern_the_same(check.effect.step, wanted)
            ),
            None,
        )

    @property
    def is_checking(self) -> bool:
        return bool(self._checks)

    def _forget(self, check: Check, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("check of a write failed", exc_info=error)
            check.end_looks(unknown_outcome(check.effect))
        if self._checks.get(check.effect.id) is check:
            del self._checks[check.effect.id]

    async def stop(self) -> None:
        """Call it before the engine stops: what is found afterwards could not go on."""
        self._stopping = True
        tasks = [check.task for check in self._checks.values() if check.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_until_known(self, check: Check) -> None:
        outcome = await self._look_until_last(check)
        if self._leaves_late_looks and not check.is_adopted:
            return
        while isinstance(outcome, Unknown) and self._may_find(check.effect):
            await asyncio.sleep(LATER_LOOKS_SECONDS)
            outcome = await self._look(check, may_send_again=False)

    async def _look_until_last(self, check: Check) -> Outcome:
        """Up to the last look. What was sent again and lost again is looked for as long once more."""
        loop = asyncio.get_running_loop()
        slowest_answer = self._services.slowest_answer(check.effect.platform).total_seconds()
        outcome: Outcome = unknown_outcome(check.effect)
        sends = 0
        while sends != check.effect.sends:
            sends, began = check.effect.sends, loop.time()
            for delay in sorted({*LOOKS[1:], max(slowest_answer, LOOKS[-1])}):
                await asyncio.sleep(began + delay - loop.time())
                outcome = await self._look(check, may_send_again=delay >= slowest_answer)
                if not isinstance(outcome, Unknown) or sends != check.effect.sends:
                    break
            if not isinstance(outcome, Unknown):
                return outcome
        check.end_looks(outcome)
        return outcome

    async def _look(self, check: Check, *, may_send_again: bool) -> Outcome:
        effect = check.effect
        self._busy.add(effect.id)
        reopening = None if check.is_awaited else Reopening()
        try:
            while True:
                outcome = await look(self._services, effect, reopening=reopening)
                is_resend = may_send_again and not check.was_sent_again and check.may_send_again()
                if not (isinstance(outcome, Unknown) and is_resend and self._is_safe_to_repeat(effect, outcome)):
                    break
                try:
                    check.effect, outcome = await send_again(self._services, effect, reopening=reopening)
                except NotClaimed as error:
                    await asyncio.sleep(error.wait)  # the request of another replica may be under way until then
                else:
                    log.info("write sent again", step=effect.step.step_key, platform=effect.platform)
                    break
        finally:
            self._busy.discard(effect.id)
        if not isinstance(outcome, Unknown) and not check.end_looks(outcome):
            await self._on_outcome(effect, outcome, reopening.message if reopening else None, None)
        return outcome

    def _is_safe_to_repeat(self, effect: Effect, outcome: Unknown) -> bool:
        """A run that would exist twice needs a person, unless the platform refuses a second one."""
        if not isinstance(outcome.finding, NotApplied):
            return False
        recovery = self._services.recovery(effect)
        creates_run = effect.step.op is Op.START and effect.step.run is None
        return recovery is Recovery.IDEMPOTENT or (recovery is Recovery.LOOKUP and not creates_run)

    def _may_find(self, effect: Effect) -> bool:
        if effect.id in self._services.unstored:
            return True  # the outcome is known, and is stored as soon as that is possible
        is_recent = self._services.now() < effect.baseline.sent_at + LATER_LOOKS_PERIOD
        return is_recent and self._services.recovery(effect) is not Recovery.MANUAL

    async def decide(self, key: str, step_key: str, applied: bool, by: Actor) -> Outcome | None:
        """A person decides an unknown outcome; without ``applied`` the write is sent again.

        So is a step that a start went on with and that was refused.

        None if the outcome is not unknown (any more), or is being looked for at this moment: if two people press
        [Send it again] at once, it is sent once.
        """
        id = (key, step_key)
        check = self._checks.get(id)
        if id in self._busy or (check is not None and check.is_awaited):
            return None
        self._busy.add(id)
        try:
            return await self._decide(id, applied, by)
        finally:
            self._busy.discard(id)

    async def _decide(self, id: tuple[str, str], applied: bool, by: Actor) -> Outcome | None:
        check = self._checks.pop(id, None)
        if check is not None and check.task is not None:
            check.task.cancel()  # it is asleep, or the effect would be busy
        effect = await self._services.effect_log.get(*id)
        if effect is None or not (effect.state in _OPEN or (_is_repeatable(effect) and not applied)):
            return None
        reopening = Reopening(requested_at=self._services.now())
        outcome: Outcome
        if applied:
            outcome = await self._accept_as_applied(effect, reopening)
        elif effect.state == "sent":  # the process was killed while it sent this again on an earlier decision
            await record_unknown(self._services, effect)
            outcome = unknown_outcome(effect)
        else:
            outcome = await look(self._services, effect, reopening=reopening)
            if isinstance(outcome, Unknown):
                with suppress(NotClaimed):  # the request of another replica may be under way
                    effect, outcome = await send_again(self._services, effect, reopening=reopening)
        if isinstance(outcome, Unknown):
            self.check_later(effect)  # the line keeps its buttons
        else:
            await self._on_outcome(effect, outcome, reopening.message, by)
        return outcome

    async def _accept_as_applied(self, effect: Effect, reopening: Reopening) -> Outcome:
        """Not if the platform shows that it is missing, at least in part.

        A last look may find the id of what was created. A start stays unknown without the id of its run.
        """
        outcome = await look(self._services, effect, reopening=reopening)
        lacks_run_id = effect.step.op is Op.START and effect.step.run is None
        if not isinstance(outcome, Unknown) or lacks_run_id or _is_contradicted(outcome):
            return outcome
        return await settle(self._services, effect, WriteResult(), reopening=reopening)


def _is_repeatable(effect: Effect) -> bool:
    """Whether a person may have it sent again though it is known that it was not done."""
    return effect.state in ("refused", "unsent") and effect.step.continues_start


def _is_contradicted(outcome: Unknown) -> bool:
    match outcome.finding:
        case NotApplied():
            return True
        case Indeterminate(missing=missing):
            return bool(missing)
    return False


def concern_the_same(earlier: Write, later: Write) -> bool:
    """Whether the order of two writes to one run matters. That of texts and added tasks does not."""
    if earlier.only_adds_text or later.only_adds_text:
        return False
    if earlier.target or later.target:
        return earlier.target == later.target
    return earlier.op is later.op and later.op not in (Op.ADD, Op.START)
