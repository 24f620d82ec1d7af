"""The rules of the effect log. Handlers write to platforms only through ``Effects``.

What happens to each step of a message depends on what the log has about it:

- nothing: preconditions are checked, *sent* is committed, the adapter sends the request, the outcome is committed;
- *sent* or *unknown*: the platform is checked first, and the step is never sent again blindly;
- an outcome: it is returned, and nothing is sent.

Whatever is raised once *sent* is committed, the step ends as done, refused or unknown, and the reconciler has it.

An unreachable platform is retried until the write timeout. An unknown outcome is checked after each of
``RECONCILE_DELAYS``, and after that in the background by ``bot.engine.reconciler``.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import cast

import structlog

from adapters.errors import AdapterError, OutcomeUnknown, RateLimited, Unreachable
from adapters.unconfigured import adapter_named
from adapters.writes import Baseline, Op, Recovery, StartRun, Write, WriteMarker, WriteResult
from bot.engine.effect_outcomes import EffectServices, KnownOutcome, reconcile_once, record_unknown, settle
from bot.engine.port import Progress
from bot.observability import metrics
from bot.storage.effects import Effect
from bot.storage.store import StoreError
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.tracked_run import TrackedRun

RECONCILE_DELAYS = (0.0, 2.0, 10.0, 30.0)  # seconds after the answer was lost
NOTICE_AFTER_SECONDS = 3.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0
_RECEIPT_SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

log = structlog.get_logger(__name__)


class Effects:
    """Implements ``EffectsPort`` for one message."""

    def __init__(self, services: EffectServices, message: Message, progress: Progress) -> None:
        self._services = services
        self._message = message
        self._progress = progress
        # What the log has for this message, by step key; None until it is loaded.
        self._logged: Mapping[str, Effect] | None = None if progress.resumed else {}

    def marker(self, step: Write) -> WriteMarker:
        """Always the same for the same step of the same message, also after a restart."""
        digest = hashlib.sha256(f"{self._message.key}\n{step.step_key}".encode()).digest()
        code = "".join(_RECEIPT_SYMBOLS[byte % len(_RECEIPT_SYMBOLS)] for byte in digest[:4])
        actor = self._message.actor
        who = f"{actor.display_name} via {actor.surface.capitalize()}"
        return WriteMarker(code=code, who=who, at=self._message.at)

    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        if self._logged is None:
            self._logged = await self._services.effect_log.for_message(self._message.key)
        logged = self._logged.get(step.step_key)
        if logged is not None and logged.state in ("done", "refused"):
            return _logged_outcome(logged)
        if logged is not None and logged.state in ("sent", "unknown"):
            self._progress.sent = self._progress.has_news = True
            return await self._reconcile(logged)
        if check is not None:
            check()
        if self._progress.answered and not self._continues_write(step):
            return Refused(step, None, "stopped")
        outcome = await self._send_until_timeout(self._new_effect(step, run))
        if not (isinstance(outcome, Refused) and outcome.why == "stopped"):
            self._progress.has_news = True
        return outcome

    def _continues_write(self, step: Write) -> bool:
        """Whether the step is the next request of a write that has begun.

        The sender of an answered message was told that everything else is not done: it had to wait, was stopped,
        or came too late. So it stays undone.
        """
        logged = self._logged or {}
        target = (step.op, step.target)
        has_begun = any((effect.step.op, effect.step.target) == target for effect in logged.values())
        return has_begun and step.step_key not in logged

    def _new_effect(self, step: Write, run: TrackedRun | None) -> Effect:
        ids = frozenset(task.id for task in run.run.tasks) if run else frozenset()
        return Effect(
            key=self._message.key,
            step=step,
            run=run.handle if run else "",
            platform=step.run.platform if step.run else cast(StartRun, step).runbook.platform,
            marker=self.marker(step),
            baseline=Baseline(sent_at=self._services.now(), ids=ids),
            state="unsent",
            sends=0,
        )

    async def _send_until_timeout(self, effect: Effect) -> Outcome:
        """Retries while the platform is unreachable, until the write timeout."""
        services, began, notified = self._services, self._services.now(), False
        deadline = (self._progress.requested_at or self._message.at) + services.write_timeout
        delay = FIRST_RETRY_SECONDS
        last_error: AdapterError | None = None
        while True:
            if self._progress.stopped.is_set():
                return Refused(effect.step, last_error, "stopped")
            if services.now() >= deadline:
                return Refused(effect.step, last_error, "patience")
            effect = replace(
                effect,
                baseline=effect.baseline.model_copy(update={"sent_at": services.now()}),
                sends=effect.sends + 1,
            )
            try:
                return await self._send(effect)
            except RateLimited as error:
                last_error, delay = error, error.retry_after
            except Unreachable as error:
                last_error = error
            await self._record_unsent(effect)
            if not notified and (services.now() - began).total_seconds() + delay >= NOTICE_AFTER_SECONDS:
                notified = True
                await _notify(services.notices.notify_waiting(self._message, effect, last_error, deadline))
            await self._sleep(min(delay, (deadline - services.now()).total_seconds()))
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    async def _send(self, effect: Effect) -> Outcome:
        """Sends one request. Raises ``Unreachable``, ``RateLimited`` or ``StoreError`` if nothing was sent."""
        services, step = self._services, effect.step
        self._progress.sent = True
        try:
            await services.effect_log.record_sent(effect)
        except StoreError:
            self._progress.sent = False
            raise
        try:
            known: KnownOutcome = await self._call_platform(effect)
        except (Unreachable, RateLimited):
            self._progress.sent = False
            raise
        except OutcomeUnknown as error:
            log.warning("outcome unknown", step=step.step_key, platform=effect.platform, error=error.said)
            return await self._reconcile(replace(effect, state="unknown"))
        except AdapterError as error:
            known = error
        except Exception:
            # A bug in our code, possibly while reading the answer: the platform may have applied the write.
            log.exception("unexpected error during a write", step=step.step_key, platform=effect.platform)
            return await self._reconcile(replace(effect, state="unknown"))
        outcome = await settle(services, effect, known)
        if isinstance(outcome, Unknown):
            return await self._reconcile(replace(effect, state="unknown"))
        return outcome

    async def _record_unsent(self, effect: Effect) -> None:
        try:
            await self._services.effect_log.record_state(effect, "unsent")
        except StoreError as error:  # the log has it as sent: the next start finds out that it was not
            log.warning("write not noted as unsent", step=effect.step.step_key, error=str(error))

    async def _call_platform(self, effect: Effect) -> WriteResult:
        slow_notice = asyncio.create_task(self._notify_when_slow(effect))
        try:
            adapter = adapter_named(self._services.platforms, effect.platform)
            return await adapter.execute(effect.step, effect.marker)
        finally:
            slow_notice.cancel()

    async def _notify_when_slow(self, effect: Effect) -> None:
        if effect.step.op is not Op.START:  # the card of a start already shows that it is starting
            await asyncio.sleep(NOTICE_AFTER_SECONDS)
            await _notify(self._services.notices.notify_slow(self._message, effect))

    async def _reconcile(self, effect: Effect) -> Outcome:
        """Checks the platform after each of ``RECONCILE_DELAYS``; then hands over to the background.

        After a downtime longer than the write timeout it is checked once and never sent again: what was right to
        do then may be wrong now.
        """
        loop, services = asyncio.get_running_loop(), self._services
        is_recent = services.now() < effect.baseline.sent_at + services.write_timeout
        delays = RECONCILE_DELAYS if is_recent else RECONCILE_DELAYS[:1]
        began = loop.time()
        if effect.state != "unknown":
            effect = replace(effect, state="unknown")
        for attempt, delay in enumerate(delays):
            await self._sleep(began + delay - loop.time(), until_stopped=False)
            outcome = await reconcile_once(
                services,
                effect,
                may_resend=is_recent and not self._progress.stopped.is_set(),
                last_attempt=attempt == len(RECONCILE_DELAYS) - 1,
            )
            if not isinstance(outcome, Unknown):
                return outcome
            if attempt == 0:
                await record_unknown(services, effect)
                await _notify(services.notices.notify_checking(self._message, effect))
            if services.recovery(effect) is Recovery.MANUAL and effect.id not in services.unstored:
                break  # no check can ever find it: ask a person at once
        metrics.count_effect(effect.platform, effect.step.op, "unknown")
        services.reconcile_later(effect)
        return Unknown(effect.step, effect.marker, effect.baseline.sent_at)

    async def _sleep(self, seconds: float, *, until_stopped: bool = True) -> None:
        """Ends early on [Stop] with ``until_stopped``. Raises ``CancelledError`` when the process shuts down."""
        shutting_down = self._services.shutting_down
        events = [shutting_down, self._progress.stopped] if until_stopped else [shutting_down]
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if shutting_down.is_set():
            raise asyncio.CancelledError("shutting down")


async def _notify(notice: Awaitable[None]) -> None:
    """A notice that fails must not change what becomes of the write."""
    try:
        await notice
    except Exception:
        log.exception("notice about a write failed")


def _logged_outcome(effect: Effect) -> Outcome:
    if isinstance(effect.outcome, WriteResult):
        return Done(effect.step, effect.marker, effect.outcome)
    error = effect.outcome if isinstance(effect.outcome, AdapterError) else None
    return Refused(effect.step, error)
