"""The application: all of its parts, started and stopped in order.

``start``: the store (migrated), the stored state, the chats (so that answers can be delivered), then the engine
with its unfinished messages in their queues. Only after that may the port open. ``resume`` then goes on with what
the last process left. ``stop`` goes the other way.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from starlette.routing import BaseRoute

from adapters.change_sources import WebhookHints, WebhookVerification
from adapters.errors import AdapterError
from adapters.http.client import HttpClients
from adapters.protocol import Adapter, CheckResult
from bot.config.settings import Settings
from bot.engine.intake import AppIntake
from bot.engine.port import Engine
from bot.engine.reconciler import Reconciler
from bot.observability import metrics
from bot.outbound.activity_log import ActivityLog
from bot.outbound.date_change import DateChange
from bot.outbound.home_pages import HomePages
from bot.outbound.live_cards import LiveCards
from bot.outbound.notifier import Notifier
from bot.outbound.outbox import Outbox
from bot.outbound.responder import Responder
from bot.services.change_poller import ChangePoller
from bot.services.duties import Duties, Duty
from bot.services.heartbeat import Heartbeat
from bot.services.people_directory import PeopleDirectory
from bot.services.run_service import RunService
from bot.storage.effects import EffectLog
from bot.storage.inbox import Inbox
from bot.storage.rate_limits import BudgetRows
from bot.storage.retention import Retention
from bot.storage.runs import RunRows
from bot.storage.store import Store, StoreError
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.protocol import Reception, Surface
from commands.language import due_time
from commands.model.card import Result
from commands.model.messages import Message
from commands.model.ports import Services

SHUTDOWN_GRACE_SECONDS = 20.0
OUTBOX_GRACE_SECONDS = 3.0
LOOK_FOR_RESULT_SECONDS = 0.3
RESUME_RETRY_SECONDS = 1.0
SLOW_BODY = 16 * 1024  # bytes of a webhook; parsing more would hold up the event loop

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Application:
    """Nothing is connected before ``start``."""

    settings: Settings
    surfaces: Mapping[str, Surface]
    platforms: Mapping[str, Adapter]
    store: Store
    http: HttpClients
    inbox: Inbox
    retention: Retention
    run_rows: RunRows
    effect_log: EffectLog
    people: PeopleDirectory
    runs: RunService
    change_poller: ChangePoller
    outbox: Outbox
    live_cards: LiveCards
    date_change: DateChange
    home_pages: HomePages
    activity_log: ActivityLog
    notifier: Notifier
    responder: Responder
    services: Services
    engine: Engine
    duties: Duties
    reconciler: Reconciler
    heartbeat: Heartbeat
    intake: AppIntake
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _duties: list[Duty] = field(default_factory=list)
    _unfinished: frozenset[str] = frozenset()  # the keys of the messages that the last process left

    async def start(self) -> None:
        await self.store.open()
        await self.heartbeat.start()
        await self.load_rate_limits()
        await self.run_rows.load()
        await self.people.load()
        await self.outbox.load()
        for surface in self.surfaces.values():
            await surface.start(self.intake)
        self._unfinished = await self.engine.start()
        self._tasks.append(asyncio.create_task(asyncio.to_thread(due_time.warm_up)))
        self._tasks.append(asyncio.create_task(self.heartbeat.beat_forever()))
        work = {
            "retention": self.retention.apply_forever,
            "notifier": self.notifier.run_forever,
            "date change": self.date_change.watch_forever,
            "change poller": self.change_poller.poll_forever,
        }
        if self.duties.has_others:
            work["late looks"] = self.reconciler.take_over_forever
        self._duties = [self.duties.take_on(run, name) for name, run in work.items()]
        log.info(
            "started", surfaces=list(self.surfaces), platforms=list(self.platforms), resumed=len(self._unfinished)
        )

    def resume(self) -> None:
        """Once, after ``start``. Goes on with what the last process left, in the background."""
        self.outbox.start()
        self._tasks.append(asyncio.create_task(self._resume()))

    async def _resume(self) -> None:
        await _until_stored(self.reconciler.resume, self._unfinished)
        await _until_stored(self.engine.process_unfinished)
        await _until_stored(self.live_cards.resume)
        await _until_stored(self.activity_log.resume)
        await _until_stored(self.run_rows.make_heads)

    async def start_as_client(self) -> None:
        """Only to ``submit``: other replicas process it."""
        await self.store.open()
        self.engine.accept()

    async def stop_as_client(self) -> None:
        await self.duties.stop()
        await self.http.close()
        await self.store.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for duty in self._duties:
            await duty.give_up()
        await self.reconciler.stop()
        await self.engine.stop(SHUTDOWN_GRACE_SECONDS)
        await self.home_pages.stop()
        await self.activity_log.stop()
        await self.outbox.stop(OUTBOX_GRACE_SECONDS)
        await self.runs.stop()
        for surface in self.surfaces.values():
            await surface.stop()
        await self.duties.stop()
        await self.http.close()
        await self.store.close()

    def routes(self) -> Sequence[BaseRoute]:
        return [route for surface in self.surfaces.values() for route in surface.routes()]

    def readiness(self) -> Mapping[str, bool]:
        parts = {"engine": self.engine.ready(), "database": self.store.ready()}
        for name, surface in self.surfaces.items():
            parts |= {f"{name} {part}": is_ready for part, is_ready in surface.ready().items()}
            parts[f"{name} outbox"] = not self.outbox.needs_operator(name)
        return parts

    def reception(self) -> Mapping[str, Reception]:
        """By the name of the chat."""
        return {name: surface.reception() for name, surface in self.surfaces.items() if name != CONSOLE}

    async def update_gauges(self) -> None:
        """The metrics that are only measured when they are read."""
        metrics.set_ready(self.readiness())
        for name, reception in self.reception().items():
            if reception.last_received is not None:
                metrics.set_last_received(name, reception.last_received.timestamp())
            if reception.sockets is not None:
                metrics.set_sockets(name, reception.sockets)
        oldest = self.engine.oldest_message_at()
        metrics.set_queue_oldest(max(0.0, (utc_now() - oldest).total_seconds()) if oldest else 0.0)
        outbox = {(name, state): 0 for name in self.surfaces for state in ("waiting", "refused")}
        for delivery in self.outbox.unsent():
            outbox[delivery.place.surface, "refused" if delivery.parked else "waiting"] += 1
        metrics.set_outbox_depth(outbox)
        active = Counter(run.key.platform for run in await self.runs.active_heads())
        metrics.set_active_runs({name: active[name] for name in (*self.platforms, *active)})
        try:
            unknown = await self.effect_log.count_unknown(utc_now() - timedelta(seconds=self.http.total_timeout))
        except StoreError as error:  # the rest is worth reading all the more
            log.warning("unknown writes not counted", error=str(error))
        else:
            metrics.set_unknown_effects({name: unknown.get(name, 0) for name in (*self.platforms, *unknown)})

    async def hint(self, platform: str, body: bytes) -> None:
        """A webhook was called: refreshes the runs that its body names, or else all of the platform."""
        adapter, ids = self.platforms.get(platform), None
        if isinstance(adapter, WebhookHints):
            is_slow = len(body) > SLOW_BODY
            ids = await asyncio.to_thread(adapter.affected_ids, body) if is_slow else adapter.affected_ids(body)
        self.runs.hint(platform, ids)

    async def verify_webhook(self, platform: str, body: bytes) -> None:
        """Answers a platform that asks whether a new webhook is really ours."""
        adapter = self.platforms.get(platform)
        if not isinstance(adapter, WebhookVerification):
            return
        try:
            opened = await adapter.verify_webhook(body)
        except AdapterError as error:
            log.warning(
                "webhook not verified: open its verification link yourself", platform=platform, error=str(error)
            )
            return
        if opened:
            log.info("webhook verified", platform=platform, url=opened)

    async def submit(self, message: Message) -> Result:
        """Records and processes a message, and waits until its whole answer is visible."""
        result = self.responder.result_of(message.key)
        recorded = await self.intake.record(message)
        if not recorded.new:
            earlier = await self.inbox.get(message.key)
            if earlier is not None and earlier.result is not None:
                return earlier.result
        self.intake.process(message.key)
        return await (self._result_anywhere(message, result) if self.duties.has_others else result)

    async def _result_anywhere(self, message: Message, result: "asyncio.Future[Result]") -> Result:
        """Another replica may process it, and tells by its rows when its answer is visible."""
        while True:
            await asyncio.wait({result}, timeout=LOOK_FOR_RESULT_SECONDS)
            if result.done():
                return result.result()
            with suppress(StoreError):
                await self.store.catch_up()
                if (found := await self.inbox.visible_result(message.key, message.place)) is not None:
                    await self.store.catch_up()  # what was shown meanwhile
                    return found

    def checks(self, *, in_use: bool) -> Mapping[str, Callable[[], Awaitable[Sequence[CheckResult]]]]:
        """The checks of ``liaison doctor``, by the name of the chat or platform. ``in_use``: another process is
        connected to the chats."""
        chats = {name: partial(surface.check, in_use=in_use) for name, surface in self.surfaces.items()}
        return chats | {name: adapter.check for name, adapter in self.platforms.items()}

    async def load_rate_limits(self, *, read_only: bool = False) -> None:
        limits = BudgetRows(self.store, read_only=read_only)
        await self.http.use_rate_limits(limits)
        self.store.subscribe("rate_limits", lambda _: self.http.read_blocks(limits))


async def _until_stored(step: Callable[..., Awaitable[None]], *arguments: object) -> None:
    """Tries again while the database fails."""
    while True:
        try:
            return await step(*arguments)
        except StoreError as error:
            log.warning("not resumed yet", error=str(error))
        except Exception:
            log.exception("not resumed")
            return None
        await asyncio.sleep(RESUME_RETRY_SECONDS)
