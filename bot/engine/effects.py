"""The effect log's rules: the only road from a handler to a platform write (DESIGN section 6, points 3 and 4).

For each step of a message: nothing logged -> checks run, *sent* is committed, the adapter carries it, the
outcome is committed. *Sent* or *unknown* in the log -> it is settled by looking, never sent again blindly. An
outcome in the log -> returned, nothing sent. Waiting for an unreachable platform ends with the message's
patience; settling inline ends after the last of ``RECONCILE_DELAYS``, then ``settling.Settler`` goes on in the background.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.protocol import Adapter
from adapters.writes import (
    Applied,
    Baseline,
    Indeterminate,
    NotApplied,
    Op,
    Recovery,
    Write,
    WriteMarker,
    WriteResult,
)
from bot.engine.port import Progress
from bot.observability import metrics
from bot.storage.effects import Effect, EffectLog
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import RunsPort
from commands.model.tracked_run import TrackedRun

RECONCILE_DELAYS = (0.0, 2.0, 10.0, 30.0)  # seconds after the answer was lost
NOTICE_AFTER_SECONDS = 3.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0
_SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

log = structlog.get_logger(__name__)


class EffectNotices(Protocol):
    """What effects say while a message is not through yet."""

    async def waiting(self, message: Message, effect: Effect, why: AdapterError, until: datetime) -> None:
        """Nothing was sent; tried until then. Offers [Stop]."""
        ...

    async def slow(self, message: Message, effect: Effect) -> None:
        """Sent, and no answer yet; nothing is wrong so far."""
        ...

    async def checking(self, message: Message, effect: Effect) -> None:
        """Sent, no answer; being looked for."""
        ...


@dataclass(frozen=True)
class EffectServices:
    """What all messages' effects share."""

    log: EffectLog
    platforms: Mapping[str, Adapter]
    runs: RunsPort
    notices: EffectNotices
    now: Callable[[], datetime]
    write_timeout: timedelta
    hurry: asyncio.Event
    later_looks: Callable[[Effect], None]  # hands an unknown effect to the background


class Effects:
    """Implements ``EffectsPort`` for one message."""

    def __init__(self, rules: EffectServices, message: Message, progress: Progress) -> None:
        self._rules = rules
        self._message = message
        self._progress = progress
        self._logged: Mapping[str, Effect] | None = None if progress.resumed else {}

    def marker(self, step: Write) -> WriteMarker:
        """The same for the same step of the same message, whatever happens in between."""
        digest = hashlib.sha256(f"{self._message.key}\n{step.step_key}".encode()).digest()
        code = "".join(_SYMBOLS[byte % len(_SYMBOLS)] for byte in digest[:4])
        actor = self._message.actor
        who = f"{actor.shown} via {actor.surface.capitalize()}"
        return WriteMarker(code=code, who=who, at=self._message.at)

    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        if self._logged is None:
            self._logged = await self._rules.log.of(self._message.key)
        effect = self._logged.get(step.step_key)
        if effect is not None and effect.state in ("done", "refused"):
            return _logged_outcome(effect)
        if effect is not None and effect.state in ("sent", "unknown"):
            self._progress.sent = self._progress.news = True
            return await self._settle(effect)
        if check is not None:
            check()
        if self._progress.answered and not self._continues(step):
            return Refused(step, None, "stopped")
        platform = step.run.platform if step.run else getattr(step, "runbook").platform  # noqa: B009
        ids = frozenset(task.id for task in run.run.tasks) if run else frozenset()
        fresh = Effect(
            key=self._message.key,
            step=step,
            run=run.handle if run else "",
            platform=platform,
            marker=self.marker(step),
            baseline=Baseline(sent_at=self._rules.now(), ids=ids),
            state="unsent",
            sends=0,
        )
        outcome = await self._send(fresh)
        if not (isinstance(outcome, Refused) and outcome.why == "stopped"):
            self._progress.news = True
        return outcome

    def _continues(self, step: Write) -> bool:
        """Whether it is the next request of a write that was begun. All else of an answered message its person was
        told about: that it waits for something, was stopped, or came too late. It stays undone."""
        logged = self._logged or {}
        same = [one.step for one in logged.values() if (one.step.op, one.step.target) == (step.op, step.target)]
        return bool(same) and step.step_key not in logged

    async def _send(self, effect: Effect) -> Outcome:
        """Sends until it was sent, within patience."""
        rules, began, told = self._rules, self._rules.now(), False
        deadline = (self._progress.wanted or self._message.at) + rules.write_timeout
        pause = FIRST_RETRY_SECONDS
        last: AdapterError | None = None
        while True:
            if self._progress.stopped.is_set():
                return Refused(effect.step, last, "stopped")
            if rules.now() >= deadline:
                return Refused(effect.step, last, "patience")
            effect = replace(
                effect,
                baseline=effect.baseline.model_copy(update={"sent_at": rules.now()}),
                sends=effect.sends + 1,
            )
            try:
                return await self._carry(effect)
            except RateLimited as error:
                last, pause = error, error.retry_after
            except Unreachable as error:
                last = error
            await rules.log.outcome(effect, "unsent", None)
            if not told and (rules.now() - began).total_seconds() + pause >= NOTICE_AFTER_SECONDS:
                told = True
                await rules.notices.waiting(self._message, effect, last, deadline)
            await self._pause(min(pause, (deadline - rules.now()).total_seconds()))
            pause = min(pause * 2, LONGEST_RETRY_SECONDS)

    async def _carry(self, effect: Effect) -> Outcome:
        """One request. Raises only what says that nothing was sent."""
        rules = self._rules
        self._progress.sent = True
        await rules.log.sent(effect)
        try:
            told = await self._asked(effect)
        except (Unreachable, RateLimited):
            self._progress.sent = False
            raise
        except OutcomeUnknown as error:
            log.warning("outcome unknown", step=effect.step.step_key, platform=effect.platform, said=error.said)
            return await self._settle(replace(effect, state="unknown"))
        except AdapterError as error:
            if isinstance(error, Conflict) and error.already:
                return await finish(rules, effect, WriteResult(already=True))
            await rules.log.outcome(effect, "refused", error)
            metrics.effect(effect.platform, effect.step.op, "refused")
            return Refused(effect.step, error)
        except Exception:
            # A bug of ours, perhaps on the answer: the platform may have done it, so it is looked for.
            log.exception("fault while carrying", step=effect.step.step_key, platform=effect.platform)
            return await self._settle(replace(effect, state="unknown"))
        return await finish(rules, effect, told)

    async def _asked(self, effect: Effect) -> WriteResult:
        slow = asyncio.create_task(self._tell_when_slow(effect))
        try:
            return await self._rules.platforms[effect.platform].execute(effect.step, effect.marker)
        finally:
            slow.cancel()

    async def _tell_when_slow(self, effect: Effect) -> None:
        """A start is told by its card already."""
        if effect.step.op is not Op.START:
            await asyncio.sleep(NOTICE_AFTER_SECONDS)
            await self._rules.notices.slow(self._message, effect)

    async def _settle(self, effect: Effect) -> Outcome:
        """Looks at each of ``RECONCILE_DELAYS``; then leaves it unknown, to be looked at in the background.

        After a stop of longer than patience it is looked for and never sent again: what was set then may be wrong
        by now.
        """
        loop, rules = asyncio.get_running_loop(), self._rules
        wanted = rules.now() < effect.baseline.sent_at + rules.write_timeout
        looks = RECONCILE_DELAYS if wanted else RECONCILE_DELAYS[:1]
        lost = loop.time()
        if effect.state != "unknown":
            effect = replace(effect, state="unknown")
        for number, look in enumerate(looks):
            await self._pause(lost + look - loop.time(), wake=False)
            settled = await reconcile_once(
                rules,
                effect,
                may_repeat=wanted and not self._progress.stopped.is_set(),
                last_look=number == len(RECONCILE_DELAYS) - 1,
            )
            if not isinstance(settled, Unknown):
                return settled
            if number == 0:
                await rules.log.outcome(effect, "unknown", None)
                await rules.notices.checking(self._message, effect)
            if rules.platforms[effect.platform].recovery(effect.step) is Recovery.MANUAL:
                break  # it leaves nothing to find: a person is asked at once
        metrics.effect(effect.platform, effect.step.op, "unknown")
        rules.later_looks(effect)
        return Unknown(effect.step, effect.marker, effect.baseline.sent_at)

    async def _pause(self, seconds: float, *, wake: bool = True) -> None:
        """Waits; ends early on [Stop] (if ``wake``), and gives the message up on shutdown."""
        events = [self._rules.hurry, self._progress.stopped] if wake else [self._rules.hurry]
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._rules.hurry.is_set():
            raise asyncio.CancelledError("shutting down")


async def reconcile_once(rules: EffectServices, effect: Effect, *, may_repeat: bool, last_look: bool) -> Outcome:
    """One look at the platform. ``Unknown`` again when it could not tell, or it is not there (yet).

    Set-state steps may be sent again at any look; a ``find`` step once, at the last look, but never a start.
    """
    adapter = rules.platforms[effect.platform]
    unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
    try:
        settled = await adapter.reconcile(effect.step, effect.marker, effect.baseline)
    except AdapterError as error:
        log.info("cannot look yet", step=effect.step.step_key, platform=effect.platform, why=error.said)
        return unknown
    match settled:
        case Applied(result=told):
            return await finish(rules, effect, told)
        case Indeterminate():
            return unknown
        case NotApplied():
            how = adapter.recovery(effect.step)
            again = how is Recovery.IDEMPOTENT or (
                how is Recovery.LOOKUP and last_look and effect.step.op is not Op.START
            )
            return await send_again(rules, effect) if again and may_repeat else unknown
    return unknown


async def send_again(rules: EffectServices, effect: Effect) -> Outcome:
    """Sends an unknown step once more: it was looked for and is not there, or a person said so."""
    again = replace(effect, sends=effect.sends + 1)
    unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
    await rules.log.sent(again)
    try:
        told = await rules.platforms[effect.platform].execute(effect.step, effect.marker)
    except (Unreachable, RateLimited, OutcomeUnknown):
        await rules.log.outcome(again, "unknown", None)
        return unknown
    except AdapterError as error:
        if isinstance(error, Conflict) and error.already:
            return await finish(rules, again, WriteResult(already=True))
        await rules.log.outcome(again, "refused", error)
        return Refused(effect.step, error)
    return await finish(rules, again, told)


async def finish(rules: EffectServices, effect: Effect, told: WriteResult) -> Outcome:
    """The outcome is durable, and the snapshot has its news, when this returns."""
    await rules.log.outcome(effect, "done", told)
    metrics.effect(effect.platform, effect.step.op, "done")
    if effect.run:
        await rules.runs.apply_result(effect.run, told)
    return Done(effect.step, effect.marker, told)


def _logged_outcome(effect: Effect) -> Outcome:
    if isinstance(effect.outcome, WriteResult):
        return Done(effect.step, effect.marker, effect.outcome)
    error = effect.outcome if isinstance(effect.outcome, AdapterError) else None
    return Refused(effect.step, error)
