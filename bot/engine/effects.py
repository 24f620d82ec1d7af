"""The rules of the effect log. Handlers write to platforms only through ``Effects``.

What happens to each step of a message depends on what the log has about it:

- nothing: preconditions and the sender's rights are checked, *sent* is committed, the adapter sends the request,
  the outcome is committed;
- *sent* or *unknown*: the platform is checked first, and the step is never sent again blindly;
- an outcome: it is returned, and nothing is sent.

Whatever is raised once *sent* is committed, the step ends as done, refused or unknown, and the reconciler has it.

An unreachable platform is retried until the write timeout; the rights are checked before each attempt. An
unknown outcome is looked for by ``bot.engine.reconciler``: the message waits for the last look, but not in the
queue of its run.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, cast

import structlog

from adapters.deadline import Deadline, within
from adapters.errors import AdapterError, OutcomeUnknown, RateLimited, Unreachable
from adapters.results import Baseline, WriteResult
from adapters.unconfigured import adapter_named
from adapters.writes import Op, StartRun, Write, WriteMarker
from bot.engine.effect_outcomes import (
    EffectServices,
    KnownOutcome,
    logged_outcome,
    look,
    record_unknown,
    settle,
    unknown_outcome,
)
from bot.engine.port import Progress, TakenOver
from bot.engine.reconciler import Reconciler, concern_the_same
from bot.observability import metrics
from bot.storage.effects import Effect
from bot.storage.store import StoreError
from commands.model.messages import Message
from commands.model.outcomes import Downtime, Outcome, Refused, Unknown
from commands.model.ports import RunChanged
from commands.model.tracked_run import TrackedRun

NOTICE_AFTER_SECONDS = 3.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0
OTHERS_LOOK_SECONDS = 1.0  # until it is seen again whether another replica knows the outcome of a write
_RECEIPT_SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

T = TypeVar("T")
P = ParamSpec("P")

log = structlog.get_logger(__name__)


async def _always_allowed() -> None:
    """For a sender whose rights are not limited."""


class Effects:
    """Implements ``EffectsPort`` for one message.

    ``require_rights`` raises ``NotAllowed`` if the sender may not do it (any more). It may ask the chat.
    """

    def __init__(
        self,
        services: EffectServices,
        reconciler: Reconciler,
        message: Message,
        progress: Progress,
        require_rights: Callable[[], Awaitable[None]] = _always_allowed,
    ) -> None:
        self._services = services
        self._reconciler = reconciler
        self._message = message
        self._progress = progress
        self._require_rights = require_rights
        self._begun: set[tuple[Op, str]] = set()  # (op, target) of the writes that have left, in this process
        self._executed: set[str] = set()  # step keys
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
        outcome = await self._execute(step, run, check)
        if isinstance(outcome, Refused) and step.continues_start:
            return await self._find_missing(self._new_effect(step, run), outcome)
        return outcome

    async def _find_missing(self, effect: Effect, refused: Refused) -> Outcome:
        """So that whoever started the run learns what it lacks."""
        found = await look(self._services, effect)
        return replace(refused, finding=found.finding) if isinstance(found, Unknown) else found

    async def _execute(self, step: Write, run: TrackedRun | None, check: Callable[[], None] | None) -> Outcome:
        self._executed.add(step.step_key)
        logged = (await self._load()).get(step.step_key)
        if logged is not None and logged.state in ("done", "refused"):
            return logged_outcome(logged)
        if logged is not None and logged.state in ("sent", "unknown"):
            self._progress.sent = self._progress.has_news = True
            return await self._reconcile(logged)
        await self._progress.rejoin_queue()
        if check is not None:
            check()
        if self._progress.answered and not self._continues_write(step):
            return Refused(step, None, "stopped")
        last_error = logged.outcome if logged is not None and self._progress.runs else None
        outcome = await self._send_until_timeout(
            self._new_effect(step, run),
            last_error if isinstance(last_error, AdapterError) else None,
            checked=run if check is not None else None,
        )
        if not (isinstance(outcome, Refused) and outcome.why == "stopped"):
            self._progress.has_news = True
        if not isinstance(outcome, Refused):
            self._begun.add((step.op, step.target))
        return outcome

    async def settle_unplanned(self) -> None:
        """Looks once for steps that were sent before a restart and are not planned any more.

        What they did is there already ("begin" of a finish), so that nobody else would ask what became of them.
        """
        for key, logged in (await self._load()).items():
            if key not in self._executed and logged.state in ("sent", "unknown"):
                await look(self._services, logged)

    async def _load(self) -> Mapping[str, Effect]:
        if self._logged is None:
            self._logged = await self._services.effect_log.for_message(self._message.key)
        return self._logged

    def _is_part_of(self, wanted: Write, step_key: str) -> bool:
        effect = (self._logged or {})[step_key]
        return (effect.step.op, effect.step.target) == (wanted.op, wanted.target)

    def _continues_write(self, step: Write) -> bool:
        """Whether the step is the next request of a write that has begun.

        The sender of an answered message was told that everything else is not done: it had to wait, was stopped,
        or came too late. So it stays undone.
        """
        logged = self._logged or {}
        return step.step_key not in logged and any(self._is_part_of(step, key) for key in logged)

    def _has_begun(self, step: Write) -> bool:
        """Whether an earlier request of the same write has left."""
        logged = [effect.step for effect in (self._logged or {}).values() if effect.state != "unsent"]
        return (step.op, step.target) in self._begun | {(earlier.op, earlier.target) for earlier in logged}

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
            attempt=0 if (logged := (self._logged or {}).get(step.step_key)) is None else logged.attempt,
        )

    async def _send_until_timeout(
        self, effect: Effect, last_error: AdapterError | None, checked: TrackedRun | None
    ) -> Outcome:
        """Retries while the platform is unreachable, until the write timeout. ``last_error``: of earlier tries,
        whose sender was told. ``checked``: the run as it must still be stored, at the first try."""
        services, began, notified = self._services, self._services.now(), last_error is not None
        requested_at = self._progress.requested_at or self._message.at
        deadline = requested_at + services.write_timeout
        tries_before = self._progress.runs + 2 if last_error is not None else 0
        delay = min(FIRST_RETRY_SECONDS * 2 ** min(tries_before, 10), LONGEST_RETRY_SECONDS)
        while True:
            if self._progress.stopped.is_set():
                return Refused(effect.step, last_error, "stopped")
            if services.now() >= deadline:
                return self._too_late(effect.step, last_error, requested_at)
            if not self._has_begun(effect.step):  # half of a write would be worse
                await self._require_rights()
            effect = replace(
                effect,
                baseline=effect.baseline.model_copy(update={"sent_at": services.now()}),
                sends=effect.sends + 1,
                attempt=effect.attempt + 1,
            )
            try:
                return await self._send(effect, checked)
            except RateLimited as error:
                last_error, delay = error, error.retry_after
                if services.now() + timedelta(seconds=delay) >= deadline:
                    await self._record_unsent(effect, error)
                    return Refused(effect.step, error, "patience")
            except Unreachable as error:
                last_error = error
            checked = None
            await self._record_unsent(effect, last_error)
            if not notified and (services.now() - began).total_seconds() + delay >= NOTICE_AFTER_SECONDS:
                notified = True
                await self._notify(services.notices.notify_waiting, self._message, effect, last_error, deadline)
            pause = min(delay, (deadline - services.now()).total_seconds())
            self._progress.give_way(pause)
            await self._sleep(pause)
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    def _too_late(self, step: Write, error: AdapterError | None, requested_at: datetime) -> Refused:
        """Says whose fault it is: the platform's, ours, or that of the writes before it."""
        if error is not None:
            return Refused(step, error, "patience")
        downtime = self._services.downtime()
        if downtime is None or requested_at >= downtime.until:
            return Refused(step, None, "late")
        since = max(downtime.since, requested_at)
        return Refused(step, None, "down", Downtime(since, downtime.until))

    async def _send(self, effect: Effect, checked: TrackedRun | None) -> Outcome:
        """Sends one request. If nothing was sent, raises ``Unreachable``, ``RateLimited``, ``RunChanged`` or
        ``StoreError``."""
        services, step = self._services, effect.step
        self._progress.sent = True
        deadline = services.effect_log.new_deadline()
        try:
            await self._claim(effect, checked)
        except (StoreError, RunChanged):
            self._progress.sent = False
            raise
        try:
            known: KnownOutcome = await self._call_platform(effect, deadline)
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

    async def _claim(self, effect: Effect, checked: TrackedRun | None) -> None:
        runs, log = self._services.shared_runs, self._services.effect_log
        if runs is None or checked is None:
            await log.record_sent(effect, self._progress.require_own)
            return
        handle = checked.handle
        if await runs.read(handle) != checked:
            raise RunChanged
        version = runs.version(handle)
        is_valid = await log.record_sent(
            effect,
            self._progress.require_own,
            is_valid=lambda connection: runs.has_version(connection, handle, version),
        )
        if not is_valid:
            await runs.reload(handle)
            raise RunChanged

    async def _record_unsent(self, effect: Effect, error: AdapterError) -> None:
        try:
            await self._services.effect_log.record_state(effect, "unsent", error, self._progress.require_own)
        except TakenOver:
            raise
        except StoreError as error:  # the log has it as sent: the next start finds out that it was not
            log.warning("write not noted as unsent", step=effect.step.step_key, error=str(error))

    async def _call_platform(self, effect: Effect, deadline: Deadline | None) -> WriteResult:
        slow_notice = asyncio.create_task(self._notify_when_slow(effect))
        try:
            adapter = adapter_named(self._services.platforms, effect.platform)
            with within(deadline):
                return await adapter.execute(effect.step, effect.marker)
        finally:
            slow_notice.cancel()

    async def _notify_when_slow(self, effect: Effect) -> None:
        if effect.step.op is not Op.START or effect.step.run is not None:  # until then its card says "Starting …"
            await asyncio.sleep(NOTICE_AFTER_SECONDS)
            await self._notify(self._services.notices.notify_slow, self._message, effect)

    async def _reconcile(self, effect: Effect) -> Outcome:
        """Looks once, and leaves it to the reconciler: other messages to the run go on meanwhile.

        Only the creation of a run keeps its place in the queue, as nothing can be done with that run before. After
        a downtime longer than the write timeout nothing is sent again: what was right then may be wrong now.
        """
        services, step = self._services, effect.step
        has_looked = self._progress.is_out_of_queue and effect.state == "unknown"
        effect = replace(effect, state="unknown")
        if step.only_adds_text:
            self._progress.leave_queue()
        outcome = unknown_outcome(effect) if has_looked else await look(services, effect)
        if not isinstance(outcome, Unknown):
            return outcome
        if not has_looked:
            await record_unknown(services, effect)
        is_recent = services.now() < effect.baseline.sent_at + services.write_timeout
        if is_recent and not self._progress.answered:
            if step.op is not Op.START or step.run is not None:
                self._progress.leave_queue()
            # At once: who has its turn next must find what is being looked for.
            check = self._reconciler.check(effect, lambda: not self._progress.stopped.is_set())
            await self._notify(services.notices.notify_checking, self._message, effect)
            assert check.result is not None
            outcome = await self._or_shutdown(check.result)
        else:
            self._reconciler.check_later(effect)
        if isinstance(outcome, Unknown):
            metrics.count_effect(effect.platform, step.op, "unknown")
        return outcome

    async def wait_for_earlier(self, wanted: Write, run: TrackedRun) -> None:
        progress, notice = self._progress, None
        if progress.resumed and any(self._is_part_of(wanted, logged) for logged in await self._load()):
            return  # it has begun itself
        while not progress.stopped.is_set():
            check = self._reconciler.unconfirmed(wanted, run.handle, self._message.key)
            if check is None:
                break
            notice = notice or asyncio.create_task(self._notify_when_behind(wanted, check.effect))
            progress.leave_queue()
            await self._or_stopped(check.over.wait())
        if notice is not None:
            notice.cancel()
        await self._wait_for_replicas(wanted, run)
        await progress.rejoin_queue()

    async def _wait_for_replicas(self, wanted: Write, run: TrackedRun) -> None:
        """The same for what other replicas are looking for."""
        while not self._progress.stopped.is_set():
            awaited = await self._services.list_awaited(run.handle, self._message.key)
            earlier = next((effect for effect in awaited if concern_the_same(effect.step, wanted)), None)
            if earlier is None:
                return
            self._progress.leave_queue()
            if self._progress.runs * OTHERS_LOOK_SECONDS >= NOTICE_AFTER_SECONDS:
                await self._notify(self._services.notices.notify_behind, self._message, wanted, earlier)
            self._progress.give_way(OTHERS_LOOK_SECONDS)
            await self._sleep(OTHERS_LOOK_SECONDS)

    async def _notify_when_behind(self, wanted: Write, earlier: Effect) -> None:
        await asyncio.sleep(NOTICE_AFTER_SECONDS)
        await self._notify(self._services.notices.notify_behind, self._message, wanted, earlier)

    async def _notify(self, notice: Callable[P, Awaitable[None]], *facts: P.args, **_: P.kwargs) -> None:
        """A notice that fails must not change what becomes of the write. A replica that was away says nothing of
        what another one does now."""
        try:
            if await self._progress.is_own():
                await notice(*facts, **_)
        except Exception:
            log.exception("notice about a write failed")

    async def _sleep(self, seconds: float) -> None:
        await self._or_stopped(asyncio.sleep(max(0.0, seconds)))

    async def _or_stopped(self, waiting: Coroutine[Any, Any, Any]) -> None:
        """Ends early on [Stop]."""
        await self._or_shutdown(waiting, self._progress.stopped.wait())

    async def _or_shutdown(self, *waiting: Awaitable[T]) -> T:
        """The result of the first that is done. Raises ``CancelledError`` when the process shuts down."""
        shutting_down = asyncio.ensure_future(self._services.shutting_down.wait())
        waits = [asyncio.ensure_future(one) for one in waiting]
        try:
            done, _ = await asyncio.wait([*waits, shutting_down], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in (*waits, shutting_down):
                wait.cancel()
        if self._services.shutting_down.is_set():
            raise asyncio.CancelledError("shutting down")
        return next(wait.result() for wait in waits if wait in done)
