"""Builds all parts of the application and connects them to each other.

Tests call the same ``bootstrap``, with fakes behind the addresses in their settings.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from socket import gethostname

from adapters.http.client import HttpClients
from adapters.protocol import Adapter, Resources
from bot.app import Application, utc_now
from bot.chats import create_chats
from bot.config.settings import Settings
from bot.engine.command_log import log_late_outcome
from bot.engine.effect_outcomes import EffectServices, no_other_replicas
from bot.engine.embedded import EmbeddedEngine
from bot.engine.intake import AppIntake
from bot.engine.message_history import MessageHistory
from bot.engine.message_work import MessageProcessor
from bot.engine.port import Engine
from bot.engine.reconciler import Reconciler
from bot.observability import metrics, traces
from bot.outbound.activity_log import ActivityLog
from bot.outbound.date_change import DateChange
from bot.outbound.drawings import Drawings
from bot.outbound.home_pages import HomePages
from bot.outbound.live_cards import LiveCards
from bot.outbound.notifications import Notifications
from bot.outbound.notifier import Notifier
from bot.outbound.outbox import Claims, Outbox
from bot.outbound.postings import Senders
from bot.outbound.responder import Responder
from bot.services.change_poller import ChangePoller
from bot.services.console_relay import ConsoleRelay
from bot.services.duties import Duties
from bot.services.heartbeat import BeatFile, Beats, Heartbeat
from bot.services.memberships import Memberships
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.people_directory import PeopleDirectory
from bot.services.platform_events import PlatformEvents
from bot.services.reaction_reader import ReactionReader
from bot.services.run_service import RunService
from bot.storage.activity import ActivityRows
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.live_cards import LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.news import NewsRows
from bot.storage.outbox import Kind, OutboxRows
from bot.storage.people import PeopleRows
from bot.storage.preferences import PreferenceRows
from bot.storage.replicas import ReplicaRows
from bot.storage.retention import Retention
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.console.surface import Console
from bot.surfaces.protocol import Surface
from commands.cards.activity_line import halted_line
from commands.cards.run_card import channel_card
from commands.model.card import Card
from commands.model.messages import Actor
from commands.model.outcomes import Outcome
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.registry import COMMANDS


def bootstrap(
    settings: Settings, *, surfaces: Sequence[Surface] = (), now: Callable[[], datetime] = utc_now
) -> Application:
    """``surfaces`` are added to those in the settings, such as the console."""
    parts = _Parts(settings, surfaces, now)
    parts.connect()
    return Application(
        settings=settings,
        surfaces=parts.chats,
        platforms=parts.platforms,
        store=parts.store,
        http=parts.http,
        inbox=parts.inbox,
        retention=Retention(parts.store, settings.bot.keep, now),
        run_rows=parts.run_rows,
        effect_log=parts.effect_log,
        people=parts.people,
        runs=parts.runs,
        change_poller=ChangePoller(parts.platforms, parts.runs, now),
        outbox=parts.outbox,
        live_cards=parts.live_cards,
        date_change=DateChange(now, settings.bot.zone, parts.live_cards.date_changed),
        home_pages=parts.home_pages,
        activity_log=parts.activity_log,
        notifier=parts.notifier,
        responder=parts.responder,
        services=parts.services,
        engine=parts.engine,
        duties=parts.duties,
        reconciler=parts.reconciler,
        heartbeat=parts.heartbeat,
        intake=parts.intake,
    )


class _Parts:
    """Each part is created when another one first needs it.

    Parts that need each other refer to each other in lambdas, or are set in ``connect``.
    """

    def __init__(self, settings: Settings, surfaces: Sequence[Surface], now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.now = now
        self.store, self.http = (
            Store(settings.bot.database_url),
            HttpClients(on_request=_observe_request),
        )
        self.duties = _duties(settings)
        self.platforms = _connect_platforms(settings, self.http, self.store, now)
        chats = create_chats(settings, self.store, now, self.duties)
        self.chats = {chat.name: chat for chat in (*chats, *surfaces)}
        self.inbox = Inbox(self.store)
        self.run_rows = RunRows(self.store, now)
        self.effect_log = EffectLog(self.store)
        self.history = MessageHistory(self.inbox, now)
        self.people = PeopleDirectory(PeopleRows(self.store), self.chats, settings.people, now)
        self.memberships = Memberships(self.chats, now)
        self.heartbeat = Heartbeat(self._beats(), now)
        self.senders = Senders(self.chats, self.run_rows, now, settings.bot.language)

    def _beats(self) -> Beats:
        if not self.settings.bot.has_replicas:
            return BeatFile(self.settings.heartbeat_path)
        return ReplicaRows(self.store, f"{gethostname()}:{self.settings.bot.port}", version("liaison"))

    def connect(self) -> None:
        self.run_rows.on_news = self.notifier.add
        self.live_cards.outbox = self.activity_log.outbox = self.outbox
        self.responder.scheduler = self.engine
        self.responder.services = self.senders.services = self.notifications.services = self.services
        self.history.engine, self.history.reconciler = self.engine, self.reconciler
        self.engine.on_delay_change = self.live_cards.mark_changed
        # Whoever writes in a place may just have invited us.
        self.intake.on_recorded.append(
            lambda message: self.outbox.place_changed(message.place.surface, message.place.channel)
        )
        self.intake.on_place_change.append(self.outbox.place_changed)
        self._follow_replicas()

    def _follow_replicas(self) -> None:
        """What others change is read again."""
        subscribe = self.store.subscribe
        subscribe("runs", self.run_rows.reload_all)
        subscribe("last_used", self.run_rows.reload_last_used)
        subscribe("people", self.people.reload)
        subscribe("receipts", self.effect_log.reload)
        subscribe("live_cards", self.live_cards.reload)
        subscribe("home_pages", self.home_pages.opened_elsewhere)
        subscribe("news", self.notifier.read_again)
        subscribe("uses", self.runs.used_elsewhere)
        subscribe("answers", self.responder.answered_elsewhere)
        if isinstance(console := self.chats.get(CONSOLE), Console) and self.settings.bot.has_replicas:
            subscribe("console", ConsoleRelay(console, self._tell_others).show)
        subscribe("places", self.intake.places_changed_elsewhere)

    def _tell_others(self, topic: str, key: str) -> None:
        if self.settings.bot.has_replicas:
            self.store.tell_others(topic, key)

    # What is sent to chats

    @cached_property
    def live_cards(self) -> LiveCards:
        rows, language = LiveCardRows(self.store), self.settings.bot.language
        drawings = Drawings(self._channel_card, lambda run: self.engine.delayed_writes(run), self.now, language)
        return LiveCards(rows, self.chats, self.run_rows, drawings, self.now, language)

    def _channel_card(self, run: TrackedRun, delayed_writes: int, at: datetime) -> Card:
        return channel_card(run, self.services, at, delayed_writes)

    @cached_property
    def activity_log(self) -> ActivityLog:
        rows, language = ActivityRows(self.store), self.settings.bot.language
        within = self.settings.bot.activity_within
        has_replicas = self.settings.bot.has_replicas
        return ActivityLog(rows, self.chats, self.live_cards, self.now, language, within, has_replicas)

    @cached_property
    def outbox(self) -> Outbox:
        senders = {
            **self.senders.by_kind(),
            Kind.CARD: self.live_cards.send,
            Kind.POINTER: self.live_cards.send_pointer,
            Kind.LINES: self.activity_log.send,
        }
        return Outbox(OutboxRows(self.store), senders, self.senders.notices_about, self.now, self._claims())

    def _claims(self) -> Claims | None:
        if not self.settings.bot.has_replicas:
            return None
        from bot.storage.claims import AdvisoryLocks  # and the driver

        return AdvisoryLocks(self.settings.bot.database_url)

    @cached_property
    def responder(self) -> Responder:
        return Responder(
            self.chats,
            self.outbox,
            self.live_cards,
            self.activity_log,
            self.inbox,
            self.run_rows,
            self.history.message,
            self.now,
            reaction=self.settings.bot.reaction_emoji,
            escalate_after=self.settings.bot.escalate_after,
            has_replicas=self.settings.bot.has_replicas,
        )

    @cached_property
    def notifications(self) -> Notifications:
        return Notifications(self.run_rows, self.effect_log, self.inbox, self.live_cards, self.now)

    @cached_property
    def notifier(self) -> Notifier:
        within = self.settings.bot.assignments_within
        return Notifier(NewsRows(self.store), self.notifications, self.outbox, self.now, within)

    @cached_property
    def home_pages(self) -> HomePages:
        return HomePages(self.chats, self.services, self.people.profile, self.now, self._tell_others)

    # What handlers use

    @cached_property
    def runs(self) -> RunService:
        return RunService(
            self.run_rows,
            self.effect_log,
            self.platforms,
            self.now,
            on_change=self._on_run_change,
            on_halt=lambda run: self.activity_log.post_soon(halted_line(run, self.services)),
            count_queued_writes=lambda handle: self.engine.queued_writes(handle),
            person=self.people.person,
            language=self.settings.bot.language,
            tell_others=self._tell_others,
        )

    def _on_run_change(self, handle: str) -> None:
        self.live_cards.mark_changed(handle)
        self.home_pages.mark_changed()
        run = self.run_rows.get(handle)
        if run is not None and run.run.state.is_over:
            self.activity_log.send_waiting(handle)

    @cached_property
    def services(self) -> Services:
        settings = self.settings
        return Services(
            commands=COMMANDS,
            platforms=self.platforms,
            platform_types={name: entry.platform for name, entry in settings.platforms.items()},
            runs=self.runs,
            people=self.people,
            memberships=self.memberships,
            messages=self.history,
            responder=self.responder,
            preferences=PreferenceRows(self.store),
            access_rules=settings.access.rules,
            platform_workspaces={name: entry.workspaces for name, entry in settings.platforms.items()},
            root_command=settings.bot.command,
            aliases=settings.aliases,
            now=self.now,
            zone=settings.bot.zone,
            language=settings.bot.language,
        )

    # What processes messages

    @cached_property
    def outcome_recorder(self) -> OutcomeRecorder:
        return OutcomeRecorder(
            self.run_rows,
            self.effect_log,
            self.inbox,
            self.runs,
            self.platforms,
            self.now,
            cached_profile=self.people.cached_profile,
        )

    @cached_property
    def effect_services(self) -> EffectServices:
        return EffectServices(
            effect_log=self.effect_log,
            platforms=self.platforms,
            outcomes=self.outcome_recorder,
            notices=self.responder,
            now=self.now,
            write_timeout=self.settings.bot.write_timeout,
            shutting_down=asyncio.Event(),
            slowest_answer=self.settings.slowest_answer,
            downtime=lambda: self.heartbeat.downtime,
            list_awaited=self.effect_log.awaited if self.settings.bot.has_replicas else no_other_replicas,
            shared_runs=self.run_rows if self.settings.bot.has_replicas else None,
        )

    @cached_property
    def reconciler(self) -> Reconciler:
        has_replicas = self.settings.bot.has_replicas
        return Reconciler(self.effect_services, self._on_late_outcome, leaves_late_looks=has_replicas)

    async def _on_late_outcome(
        self, effect: Effect, outcome: Outcome, reopened: UnfinishedMessage | None, by: Actor | None
    ) -> None:
        log_late_outcome(effect, outcome)
        if not self.engine.resume(effect.key, reopened, by=by):
            await self.responder.post_late_outcome(effect, outcome)

    @cached_property
    def engine(self) -> Engine:
        settings, scheduled = self.settings.bot, ScheduledRows(self.store)
        if not settings.has_replicas:
            return EmbeddedEngine(self.inbox, scheduled, self.processor, self.now)
        from bot.engine.distributed import DistributedEngine  # and procrastinate

        return DistributedEngine(
            settings.database_url, self.store, self.inbox, scheduled, self.processor, self.now
        )

    @cached_property
    def processor(self) -> MessageProcessor:
        timeout, shutting_down = self.effect_services.write_timeout, self.effect_services.shutting_down
        reactions = ReactionReader(self.chats, self.now, timeout, shutting_down)
        return MessageProcessor(
            self.services,
            self.effect_services,
            self.reconciler,
            self.people,
            self.memberships,
            self.responder,
            self.live_cards,
            reactions,
            self.inbox,
            self.now,
            raises_store_errors=self.settings.bot.has_replicas,
        )

    @cached_property
    def intake(self) -> AppIntake:
        return AppIntake(
            self.engine,
            self.responder,
            self.inbox,
            self.services,
            self.people,
            self.memberships,
            self.now,
            PlatformEvents(self.platforms, self.runs, self.now),
            self.home_pages,
            self._tell_others,
        )


def _duties(settings: Settings) -> Duties:
    if not settings.bot.has_replicas:
        return Duties()
    from bot.storage.claims import ConfirmedLocks  # and the driver

    return Duties(ConfirmedLocks(settings.bot.database_url))


def _observe_request(platform: str, write: bool, seconds: float, status: int | None) -> None:
    metrics.observe_platform_request(platform, write, seconds, status)
    traces.add_request(platform, write, seconds, status)


def _connect_platforms(
    settings: Settings, http: HttpClients, store: Store, now: Callable[[], datetime]
) -> dict[str, Adapter]:
    resources = Resources(http=http, now=now, local_runs=LocalRunRows(store), cache=settings.cache_path)
    return {
        name: entry.platform.connect(name, entry.options, resources) for name, entry in settings.platforms.items()
    }
