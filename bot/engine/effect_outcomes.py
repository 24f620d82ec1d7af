"""What the outcome of a write leads to, while its message is processed or later in the background.

``finish`` stores a known outcome, ``reconcile_once`` asks the platform about an unknown one, and ``send_again``
sends a write that is known not to have been applied.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.protocol import Adapter
from adapters.writes import Applied, Indeterminate, NotApplied, Op, Recovery, WriteResult
from bot.observability import metrics
from bot.storage.effects import Effect, EffectLog
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import RunsPort

log = structlog.get_logger(__name__)


class EffectNotices(Protocol):
    """What the sender of a message is told while one of its writes is pending."""

    async def notify_waiting(self, message: Message, effect: Effect, error: AdapterError, until: datetime) -> None:
        """Nothing was sent; sending is retried until ``until``. Offers [Stop]."""
        ...

    async def notify_slow(self, message: Message, effect: Effect) -> None:
        """The write was sent, and the platform has not answered yet. Nothing has failed so far."""
        ...

    async def notify_checking(self, message: Message, effect: Effect) -> None:
        """The write was sent, the answer was lost, and the platform is being checked."""
        ...


@dataclass(frozen=True)
class EffectServices:
    """Shared by the effects of all messages."""

    effect_log: EffectLog
    platforms: Mapping[str, Adapter]
    runs: RunsPort
    notices: EffectNotices
    now: Callable[[], datetime]
    write_timeout: timedelta
    shutting_down: asyncio.Event
    reconcile_later: Callable[[Effect], None]  # in the background


async def reconcile_once(
    services: EffectServices, effect: Effect, *, may_resend: bool, last_attempt: bool
) -> Outcome:
    """Asks the platform once. ``Unknown`` if it could not tell, or if the write is not applied (yet).

    With ``may_resend``, a write that was not applied is sent again: an idempotent one at any attempt, one that can
    be looked up only at the last attempt, and a start never.
    """
    adapter = services.platforms[effect.platform]
    unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
    try:
        reconciliation = await adapter.reconcile(effect.step, effect.marker, effect.baseline)
    except AdapterError as error:
        log.info(
            "write cannot be checked yet", step=effect.step.step_key, platform=effect.platform, error=error.said
        )
        return unknown
    match reconciliation:
        case Applied(result=result):
            return await finish(services, effect, result)
        case Indeterminate():
            return unknown
        case NotApplied():
            recovery = adapter.recovery(effect.step)
            is_safe = recovery is Recovery.IDEMPOTENT or (
                recovery is Recovery.LOOKUP and last_attempt and effect.step.op is not Op.START
            )
            return await send_again(services, effect) if may_resend and is_safe else unknown
    return unknown


async def send_again(services: EffectServices, effect: Effect) -> Outcome:
    """Sends an unknown write once more, after a check did not find it or on a person's decision."""
    resent = replace(effect, sends=effect.sends + 1)
    await services.effect_log.record_sent(resent)
    try:
        result = await services.platforms[effect.platform].execute(effect.step, effect.marker)
    except (Unreachable, RateLimited, OutcomeUnknown):
        await services.effect_log.record_outcome(resent, "unknown", None)
        return Unknown(effect.step, effect.marker, effect.baseline.sent_at)
    except AdapterError as error:
        if isinstance(error, Conflict) and error.already:
            return await finish(services, resent, WriteResult(already=True))
        await services.effect_log.record_outcome(resent, "refused", error)
        return Refused(effect.step, error)
    return await finish(services, resent, result)


async def finish(services: EffectServices, effect: Effect, result: WriteResult) -> Outcome:
    """When this returns, the outcome is durable and the run's snapshot is updated."""
    await services.effect_log.record_outcome(effect, "done", result)
    metrics.count_effect(effect.platform, effect.step.op, "done")
    if effect.run:
        await services.runs.apply_result(effect.run, result)
    return Done(effect.step, effect.marker, result)
