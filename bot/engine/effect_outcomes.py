"""What the outcome of a write leads to, while its message is processed or later in the background.

``settle`` stores a known outcome, ``look`` asks the platform about an unknown one, and ``send_again`` sends a
write that is known not to have been applied. Each ends in an ``Outcome``, whatever is raised: an outcome that
cannot be stored is kept in memory, and the write stays unknown until it can be.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.deadline import within
from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.protocol import Adapter
from adapters.results import Applied, Indeterminate, NotApplied, Recovery, WriteResult
from adapters.writes import Write
from bot.observability import metrics
from bot.services.outcome_recorder import OutcomeRecorder, Reopening
from bot.storage.effects import Effect, EffectLog, EffectState, NotClaimed
from bot.storage.runs import RunRows
from bot.storage.store import StoreError
from commands.model.messages import Message
from commands.model.outcomes import Done, Downtime, Outcome, Refused, Unknown

log = structlog.get_logger(__name__)


class EffectNotices(Protocol):
    """What the sender of a message is told while one of its writes is pending."""

    async def notify_waiting(self, message: Message, effect: Effect, error: AdapterError, until: datetime) -> None:
        """Nothing was sent; sending is retried until ``until``. Offers [Stop]."""
        ...

    async def notify_slow(self, message: Message, effect: Effect) -> None:
        """The write was sent, and the platform has not answered yet. Nothing has failed so far."""
        ...

    async def notify_behind(self, message: Message, wanted: Write, earlier: Effect) -> None:
        """Nothing was sent: an earlier write to the same task or run has to be confirmed first."""
        ...

    async def notify_checking(self, message: Message, effect: Effect) -> None:
        """The write was sent, the answer was lost, and the platform is being checked."""
        ...


KnownOutcome = WriteResult | AdapterError


async def no_other_replicas(_run: str, _key: str) -> Sequence[Effect]:
    """What this process does not look for, nobody does."""
    return ()


@dataclass(frozen=True)
class EffectServices:
    """Shared by the effects of all messages. ``unstored``: known outcomes that could not be stored yet.

    ``list_awaited``: the writes to a run that other messages than the given one wait for on any replica.
    ``shared_runs``: the rows that other replicas may have changed. None: there are no other replicas.
    """

    effect_log: EffectLog
    platforms: Mapping[str, Adapter]
    outcomes: OutcomeRecorder
    notices: EffectNotices
    now: Callable[[], datetime]
    write_timeout: timedelta
    shutting_down: asyncio.Event
    slowest_answer: Callable[[str], timedelta]  # of a platform: how long it may work on a request without answer
    downtime: Callable[[], Downtime | None] = lambda: None  # before this process
    list_awaited: Callable[[str, str], Awaitable[Sequence[Effect]]] = no_other_replicas
    shared_runs: RunRows | None = None
    unstored: dict[tuple[str, str], KnownOutcome] = field(default_factory=dict)

    def recovery(self, effect: Effect) -> Recovery:
        """``MANUAL`` if the platform is not configured any more."""
        adapter = self.platforms.get(effect.platform)
        if adapter is None:
            return Recovery.MANUAL
        try:
            return adapter.recovery(effect.step)
        except Exception:
            log.exception("recovery of a write is not known", step=effect.step.step_key, platform=effect.platform)
            return Recovery.MANUAL


def unknown_outcome(effect: Effect, finding: NotApplied | Indeterminate | None = None) -> Unknown:
    return Unknown(effect.step, effect.marker, effect.baseline.sent_at, finding)


async def look(services: EffectServices, effect: Effect, *, reopening: Reopening | None = None) -> Outcome:
    """Looks once whether the platform has done it, and sends nothing. ``Unknown`` says what was found."""
    known = services.unstored.get(effect.id)
    if known is not None:
        return await settle(services, effect, known, reopening=reopening)
    if effect.state in ("sent", "unknown") and (logged := await _find_known(services, effect)) is not None:
        return logged_outcome(logged)
    adapter = services.platforms.get(effect.platform)
    if adapter is None:
        return unknown_outcome(effect)
    try:
        finding = await adapter.reconcile(effect.step, effect.marker, effect.baseline)
    except AdapterError as error:
        log.info(
            "write cannot be checked yet", step=effect.step.step_key, platform=effect.platform, error=error.said
        )
        return unknown_outcome(effect)
    except Exception:
        log.exception(
            "unexpected error while checking a write", step=effect.step.step_key, platform=effect.platform
        )
        return unknown_outcome(effect)
    if isinstance(finding, Applied):
        return await settle(services, effect, finding.result, reopening=reopening)
    return unknown_outcome(effect, finding)


async def _find_known(services: EffectServices, effect: Effect) -> Effect | None:
    try:
        return await services.effect_log.find_known(effect)
    except StoreError as error:
        log.warning("outcomes of other replicas not read", step=effect.step.step_key, error=str(error))
        return None


def logged_outcome(effect: Effect) -> Outcome:
    if isinstance(effect.outcome, WriteResult):
        return Done(effect.step, effect.marker, effect.outcome)
    error = effect.outcome if isinstance(effect.outcome, AdapterError) else None
    return Refused(effect.step, error)


async def send_again(
    services: EffectServices, effect: Effect, *, reopening: Reopening | None = None
) -> tuple[Effect, Outcome]:
    """Sends an unknown write once more, after a look did not find it or on a person's decision.

    Returns the effect as it is logged then, too. "Already done" means that the first request did it after all,
    unless another look shows that somebody else did. So may a refusal: it counts only if that look does not find
    the write either. Raises ``NotClaimed`` if it can be sent later, when the request of another replica is over.
    """
    resent = replace(effect, sends=effect.sends + 1, attempt=effect.attempt + 1, state="unknown")
    adapter = services.platforms.get(effect.platform)
    if adapter is None:
        return effect, unknown_outcome(effect)
    deadline = services.effect_log.new_deadline()
    try:
        await services.effect_log.record_sent(resent, after_refusal=effect.state == "refused")
    except StoreError as error:
        if isinstance(error, NotClaimed) and error.wait:
            raise
        log.warning("write not sent again", step=effect.step.step_key, error=str(error))
        return effect, unknown_outcome(effect)
    try:
        with within(deadline):
            result = await adapter.execute(effect.step, effect.marker)
        return resent, await _settle_resend(services, resent, result, reopening)
    except (Unreachable, RateLimited, OutcomeUnknown):
        await record_unknown(services, resent)
        return resent, unknown_outcome(resent)
    except AdapterError as error:
        return resent, await _settle_refused_resend(services, resent, error, reopening)
    except Exception:
        log.exception("unexpected error during a write", step=effect.step.step_key, platform=effect.platform)
        await record_unknown(services, resent)
        return resent, unknown_outcome(resent)


async def _settle_resend(
    services: EffectServices, effect: Effect, result: WriteResult, reopening: Reopening | None
) -> Outcome:
    if result.already:
        outcome = await look(services, effect, reopening=reopening)
        if not isinstance(outcome, Unknown):
            return outcome
        is_theirs = isinstance(outcome.finding, NotApplied)
        result = result.model_copy(update={"already": is_theirs})
    return await settle(services, effect, result, reopening=reopening)


async def _settle_refused_resend(
    services: EffectServices, effect: Effect, refusal: AdapterError, reopening: Reopening | None
) -> Outcome:
    if isinstance(refusal, Conflict) and refusal.already:
        return await settle(services, effect, WriteResult(), reopening=reopening)
    outcome = await look(services, effect, reopening=reopening)
    if not isinstance(outcome, Unknown):
        return outcome
    if isinstance(outcome.finding, NotApplied) or services.recovery(effect) is Recovery.MANUAL:
        return await settle(services, effect, refusal, reopening=reopening)
    await record_unknown(services, effect)
    return outcome


async def record_unknown(services: EffectServices, effect: Effect) -> None:
    """If this fails, the log still has the write as sent, which means the same."""
    try:
        await services.effect_log.record_state(effect, "unknown")
    except StoreError as error:
        log.warning("write not noted as unknown", step=effect.step.step_key, error=str(error))


async def settle(
    services: EffectServices, effect: Effect, known: KnownOutcome, *, reopening: Reopening | None = None
) -> Outcome:
    """When this returns ``Done`` or ``Refused``, the outcome is durable and the run's snapshot is updated."""
    if isinstance(known, Conflict) and known.already:
        known = WriteResult(already=True)
    state: EffectState = "done" if isinstance(known, WriteResult) else "refused"
    try:
        is_news = await services.outcomes.record(effect, state, known, reopening=reopening)
    except StoreError as error:
        log.warning("outcome not stored", step=effect.step.step_key, platform=effect.platform, error=str(error))
        is_second_attempt = effect.id in services.unstored
        services.unstored[effect.id] = known
        if not (is_second_attempt and await _store_without_details(services, effect, known, reopening)):
            return unknown_outcome(effect)
        is_news = True
    services.unstored.pop(effect.id, None)
    if not is_news:
        logged = await _find_known(services, effect)
        return unknown_outcome(effect) if logged is None else logged_outcome(logged)
    metrics.count_effect(effect.platform, effect.step.op, state)
    if isinstance(known, WriteResult):
        return Done(effect.step, effect.marker, known)
    return Refused(effect.step, known)


async def _store_without_details(
    services: EffectServices, effect: Effect, known: KnownOutcome, reopening: Reopening | None
) -> bool:
    """In case the details are what cannot be stored. The run is read again afterwards."""
    try:
        if isinstance(known, WriteResult):
            details: dict[str, object] = {"snapshot": None, "tasks": (), "state": None, "health": None}
            details |= {"comment": None, "complete": False}
            await services.outcomes.record(effect, "done", known.model_copy(update=details), reopening=reopening)
        else:
            refusal = AdapterError(known.platform, known.operation, key=known.key, said=known.said)
            await services.outcomes.record(effect, "refused", refusal, reopening=reopening)
    except StoreError:
        return False
    return True
