"""Builds all parts of the application and connects them to each other.

Tests call the same ``bootstrap``, with fakes behind the addresses in their settings.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.http.client import HttpClients
from adapters.protocol import Adapter, Resources
from bot.app import Application, utc_now
from bot.config.settings import Settings
from bot.engine.command_log import log_late_outcome
from bot.engine.effect_outcomes import EffectServices
from bot.engine.embedded import EmbeddedEngine
from bot.engine.intake import AppIntake
from bot.engine.message_history import MessageHistory
from bot.engine.message_work import MessageProcessor
from bot.engine.reconciler import Reconciler
from bot.outbound.activity_log import ActivityLog
from bot.outbound.date_change import DateChange
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
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store
from bot.storage.surface_state import SurfaceStateRows
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
    store, http = Store(settings.bot.database_url), HttpClients()
    platforms = _connect_platforms(settings, http, store, now)
    chats = {surface.name: surface for surface in (*_create_chats(settings, store, now), *surfaces)}
    inbox, run_rows, effect_log = Inbox(store), RunRows(store, now), EffectLog(store)
    history = MessageHistory(inbox, now)
    language = settings.bot.language
    # Some parts depend on each other. The lambdas refer to ``services`` and ``engine``, which are created below.
    output = _create_output(
        store,
        chats,
        run_rows,
        lambda run: channel_card(run, services, now(), engine.delayed_writes(run.handle)),
        now,
        language,
    )
    outbox, live_cards, activity_log = output.outbox, output.live_cards, output.activity_log
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
    output.senders.services = notifications.services = services
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
    intake.on_recorded.append(lambda message: outbox.place_changed(message.place.surface, message.place.channel))
    intake.on_place_change.append(outbox.place_changed)
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
        date_change=DateChange(now, settings.bot.zone, live_cards.date_changed),
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


@dataclass(frozen=True, slots=True)
class _Output:
    """What is sent to chats goes through these."""

    senders: Senders
    live_cards: LiveCards
    activity_log: ActivityLog
    outbox: Outbox


def _create_output(
    store: Store,
    chats: Mapping[str, Surface],
    run_rows: RunRows,
    draw: Callable[[TrackedRun], Card],
    now: Callable[[], datetime],
    language: str,
) -> _Output:
    senders = Senders(chats, run_rows, now, language)
    live_cards = LiveCards(LiveCardRows(store), chats, run_rows.get, draw, run_rows.bind, now, language)
    activity_log = ActivityLog(ActivityRows(store), chats, live_cards, now, language)
    senders_by_kind = {
        **senders.by_kind(),
        Kind.CARD: live_cards.send,
        Kind.POINTER: live_cards.send_pointer,
        Kind.LINES: activity_log.send,
    }
    outbox = Outbox(OutboxRows(store), senders_by_kind, senders.notices_about, now)
    live_cards.outbox = activity_log.outbox = outbox
    return _Output(senders, live_cards, activity_log, outbox)


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
