"""Builds all parts of the application, and starts and stops them in order.

``start``: the store (migrated), the stored state, the chats (so that answers can be delivered), then the engine
with its unfinished messages. Only after that may the port open. ``stop`` goes the other way. Tests call the same
``bootstrap``, with fakes behind the addresses in their settings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import structlog
from starlette.routing import BaseRoute

from adapters.errors import AdapterError
from adapters.http.client import HttpClients
from adapters.protocol import Adapter, CheckResult, Resources, WebhookHints, WebhookVerification
from bot.config.settings import Settings
from bot.engine.command_log import log_late_outcome
from bot.engine.effect_outcomes import EffectServices
from bot.engine.embedded import EmbeddedEngine
from bot.engine.intake import AppIntake
from bot.engine.message_history import MessageHistory
from bot.engine.message_work import MessageProcessor
from bot.engine.reconciler import Reconciler
from bot.outbound.activity_log import ActivityLog
from bot.outbound.home_pages import HomePages
from bot.outbound.live_cards import LiveCards
from bot.outbound.notifications import Notifications
from bot.outbound.notifier import Notifier
from bot.outbound.outbox import Outbox
from bot.outbound.postings import Senders
from bot.outbound.responder import Responder
from bot.services.change_poller import ChangePoller
from bot.services.heartbeat import Heartbeat
from bot.services.memberships import Memberships
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.people_directory import PeopleDirectory
from bot.services.platform_events import PlatformEvents
from bot.services.run_service import RunService
from bot.storage.activity import ActivityRows
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.installations import InstallationTable
from bot.storage.live_cards import LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.news import NewsRows
from bot.storage.outbox import Kind, OutboxRows
from bot.storage.people import PeopleRows
from bot.storage.preferences import PreferenceRows
from bot.storage.rate_limits import RateLimitRows
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store
from bot.storage.surface_state import SurfaceStateRows
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.protocol import Reception, Surface
from commands.cards.activity_line import halted_line
from commands.cards.run_card import channel_card
from commands.language import due_time
from commands.model.card import Result
from commands.model.messages import Actor, Message
from commands.model.outcomes import Outcome
from commands.model.ports import Services
from commands.registry import COMMANDS

SHUTDOWN_GRACE_SECONDS = 20.0
OUTBOX_GRACE_SECONDS = 3.0
INBOX_CLEANUP_SECONDS = 3600.0
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
    run_rows: RunRows
    effect_log: EffectLog
    people: PeopleDirectory
    runs: RunService
    change_poller: ChangePoller
    outbox: Outbox
    live_cards: LiveCards
    home_pages: HomePages
    activity_log: ActivityLog
    notifier: Notifier
    responder: Responder
    services: Services
    engine: EmbeddedEngine
    reconciler: Reconciler
    heartbeat: Heartbeat
    intake: AppIntake
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self) -> None:
        await self.store.open()
        self.heartbeat.start()
        await self.load_rate_limits()
        await self.run_rows.load()
        await self.effect_log.load()
        await self.people.load()
        await self.live_cards.load()
        await self.activity_log.load()
        await self.outbox.load()
        await self.notifier.load()
        processed = [item.message.key for item in await self.inbox.unfinished()]
        for surface in self.surfaces.values():
            await surface.start(self.intake)
        await self.engine.start()
        self.outbox.start()
        self.live_cards.resume()
        await self.activity_log.resume()
        await self.reconciler.resume(frozenset(processed))
        self._tasks.append(asyncio.create_task(asyncio.to_thread(due_time.warm_up)))
        self._tasks.append(asyncio.create_task(self.inbox.delete_old_forever(INBOX_CLEANUP_SECONDS)))
        self._tasks.append(asyncio.create_task(self.notifier.run_forever()))
        self._tasks.append(asyncio.create_task(self.heartbeat.beat_forever()))
        self._tasks.append(asyncio.create_task(self.change_poller.poll_forever()))
        log.info("started", surfaces=list(self.surfaces), platforms=list(self.platforms), resumed=len(processed))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.reconciler.stop()
        await self.engine.stop(SHUTDOWN_GRACE_SECONDS)
        await self.home_pages.stop()
        await self.activity_log.stop()
        await self.outbox.stop(OUTBOX_GRACE_SECONDS)
        await self.runs.stop()
        for surface in self.surfaces.values():
            await surface.stop()
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
        return await result

    def checks(self, *, in_use: bool) -> Mapping[str, Callable[[], Awaitable[Sequence[CheckResult]]]]:
        """The checks of ``liaison doctor``, by the name of the chat or platform. ``in_use``: another process is
        connected to the chats."""
        chats = {name: partial(surface.check, in_use=in_use) for name, surface in self.surfaces.items()}
        return chats | {name: adapter.check for name, adapter in self.platforms.items()}

    async def load_rate_limits(self, *, read_only: bool = False) -> None:
        await self.http.load_rate_limits(RateLimitRows(self.store, read_only=read_only))


def bootstrap(
    settings: Settings, *, surfaces: Sequence[Surface] = (), now: Callable[[], datetime] = utc_now
) -> Application:
    """``surfaces`` are added to those in the settings, such as the console."""
    store, http = Store(settings.bot.database_url), HttpClients()
    platforms = _connect_platforms(settings, http, store, now)
    chats = {surface.name: surface for surface in (*_create_chats(settings, store, now), *surfaces)}
    inbox, run_rows, effect_log = Inbox(store), RunRows(store, now), EffectLog(store)
    history = MessageHistory(inbox, now)
    language = settings.bot.language
    # Some parts depend on each other. The lambdas refer to ``services`` and ``engine``, which are created below.
    senders = Senders(chats, run_rows, now, language)
    live_cards = LiveCards(
        LiveCardRows(store),
        chats,
        run_rows.get,
        lambda run: channel_card(run, services, now(), engine.delayed_writes(run.handle)),
        run_rows.bind,
        now,
        language,
    )
    activity_log = ActivityLog(ActivityRows(store), chats, live_cards, now, language)
    outbox = Outbox(
        OutboxRows(store),
        {
            **senders.by_kind(),
            Kind.CARD: live_cards.send,
            Kind.POINTER: live_cards.send_pointer,
            Kind.LINES: activity_log.send,
        },
        senders.notices_about,
        now,
    )
    live_cards.outbox = activity_log.outbox = outbox
    responder = Responder(
        chats,
        outbox,
        live_cards,
        activity_log,
        inbox,
        run_rows,
        history.message,
        now,
        reaction=settings.bot.reaction_emoji,
        escalate_after=settings.bot.escalate_after,
    )
    runs = RunService(
        run_rows,
        effect_log,
        platforms,
        now,
        on_change=lambda handle: on_run_change(handle),
        on_halt=lambda run: activity_log.post_soon(halted_line(run, services)),
        count_queued_writes=lambda handle: engine.queued_writes(handle),
        language=language,
    )
    notifications = Notifications(run_rows, effect_log, inbox, live_cards, now)
    notifier = Notifier(NewsRows(store), notifications, outbox, now, settings.bot.assignments_within)
    run_rows.on_news = notifier.add
    outcomes = OutcomeRecorder(run_rows, effect_log, inbox, runs)
    people = PeopleDirectory(PeopleRows(store), chats, settings.people, now)
    memberships = Memberships(chats, now)
    services = _create_services(settings, store, platforms, runs, people, memberships, history, responder, now)
    home_pages = HomePages(chats, services, people.profile, now)

    def on_run_change(handle: str) -> None:
        live_cards.mark_changed(handle)
        home_pages.mark_changed()

    heartbeat = Heartbeat(settings.heartbeat_path, now)
    scheduled = ScheduledRows(store)
    engine, reconciler = _create_engine(
        settings,
        inbox,
        scheduled,
        services,
        effect_log,
        outcomes,
        responder,
        live_cards,
        people,
        memberships,
        heartbeat,
        now,
    )
    engine.on_delay_change = live_cards.mark_changed
    responder.scheduler, responder.services = engine, services
    senders.services = notifications.services = services
    history.engine, history.reconciler = engine, reconciler
    intake = AppIntake(
        engine,
        responder,
        inbox,
        services,
        people,
        memberships,
        now,
        PlatformEvents(platforms, runs, now),
        home_pages,
    )
    # Whoever writes in a place may just have invited us.
    intake.on_recorded.append(lambda message: outbox.place_changed(message.place.key))
    return Application(
        settings=settings,
        surfaces=chats,
        platforms=platforms,
        store=store,
        http=http,
        inbox=inbox,
        run_rows=run_rows,
        effect_log=effect_log,
        people=people,
        runs=runs,
        change_poller=ChangePoller(platforms, runs, now),
        outbox=outbox,
        live_cards=live_cards,
        home_pages=home_pages,
        activity_log=activity_log,
        notifier=notifier,
        responder=responder,
        services=services,
        engine=engine,
        reconciler=reconciler,
        heartbeat=heartbeat,
        intake=intake,
    )


def _create_services(
    settings: Settings,
    store: Store,
    platforms: Mapping[str, Adapter],
    runs: RunService,
    people: PeopleDirectory,
    memberships: Memberships,
    history: MessageHistory,
    responder: Responder,
    now: Callable[[], datetime],
) -> Services:
    return Services(
        commands=COMMANDS,
        platforms=platforms,
        platform_types={name: entry.platform for name, entry in settings.platforms.items()},
        runs=runs,
        people=people,
        memberships=memberships,
        messages=history,
        responder=responder,
        preferences=PreferenceRows(store),
        access_rules=settings.access.rules,
        platform_workspaces={name: entry.workspaces for name, entry in settings.platforms.items()},
        root_command=settings.bot.command,
        aliases=settings.aliases,
        now=now,
        zone=settings.bot.zone,
        language=settings.bot.language,
    )


def _create_engine(
    settings: Settings,
    inbox: Inbox,
    scheduled: ScheduledRows,
    services: Services,
    effect_log: EffectLog,
    outcomes: OutcomeRecorder,
    responder: Responder,
    live_cards: LiveCards,
    people: PeopleDirectory,
    memberships: Memberships,
    heartbeat: Heartbeat,
    now: Callable[[], datetime],
) -> tuple[EmbeddedEngine, Reconciler]:
    effect_services = EffectServices(
        effect_log=effect_log,
        platforms=services.platforms,
        outcomes=outcomes,
        notices=responder,
        now=now,
        write_timeout=settings.bot.write_timeout,
        shutting_down=asyncio.Event(),
        slowest_answer=settings.slowest_answer,
        downtime=lambda: heartbeat.downtime,
    )

    async def on_late_outcome(
        effect: Effect, outcome: Outcome, reopened: UnfinishedMessage | None, by: Actor | None
    ) -> None:
        log_late_outcome(effect, outcome)
        if not engine.resume(effect.key, reopened, by=by):
            await responder.post_late_outcome(effect, outcome)

    reconciler = Reconciler(effect_services, on_late_outcome)
    work = MessageProcessor(
        services, effect_services, reconciler, people, memberships, responder, live_cards, inbox, now
    )
    engine = EmbeddedEngine(inbox, scheduled, work, now)
    return engine, reconciler


def _connect_platforms(
    settings: Settings, http: HttpClients, store: Store, now: Callable[[], datetime]
) -> dict[str, Adapter]:
    resources = Resources(http=http, now=now, local_runs=LocalRunRows(store))
    return {
        name: entry.platform.connect(name, entry.options, resources) for name, entry in settings.platforms.items()
    }


def _create_chats(settings: Settings, store: Store, now: Callable[[], datetime]) -> list[Surface]:
    """Imports a chat's libraries only if it is configured, because they take most of the startup time."""
    chats: list[Surface] = []
    command = settings.bot.command
    if settings.slack is not None:
        from bot.surfaces.slack.surface import SlackSurface

        chats.append(
            SlackSurface(
                settings.slack,
                command=command,
                state=SurfaceStateRows(store, "slack:"),
                now=now,
                bots=settings.access.listed,
                installations=InstallationTable(store),
                public_url=settings.bot.address,
            )
        )
    if settings.mattermost is not None:
        from bot.surfaces.mattermost.surface import MattermostSurface

        chats.append(
            MattermostSurface(
                settings.mattermost,
                command=command,
                public_url=settings.bot.address,
                secret_key=settings.secret_key().encode(),
                state=SurfaceStateRows(store, "mattermost:"),
                now=now,
                bots=settings.access.listed,
            )
        )
    return chats
