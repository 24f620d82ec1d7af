"""Builds everything once, and starts and stops it in order. Tests call the same ``bootstrap``, with fakes behind
the addresses in their settings.

Order of ``start``: store (migrated), what it remembers, chats (so that answers have a way out), the engine with
unfinished messages; only then may the port open. ``stop`` goes the other way.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from starlette.routing import BaseRoute

from adapters.errors import AdapterError
from adapters.http.client import HttpClients
from adapters.protocol import Adapter, CheckResult, Resources, WebhookHints, WebhookVerification
from bot.config.settings import Settings
from bot.engine.effects import EffectServices
from bot.engine.embedded import EmbeddedEngine
from bot.engine.intake import AppIntake
from bot.engine.message_history import MessageHistory
from bot.engine.message_work import MessageProcessor
from bot.engine.reconciler import Reconciler
from bot.outbound.activity_log import ActivityLog
from bot.outbound.live_cards import LiveCards
from bot.outbound.responder import Responder
from bot.services.change_poller import ChangePoller
from bot.services.people_directory import PeopleDirectory
from bot.services.run_service import RunService
from bot.storage.effects import Effect, EffectLog
from bot.storage.facts import LocalRunRows, PeopleRows, ScheduledRows, SurfaceStateRows
from bot.storage.inbox import Inbox
from bot.storage.posts import PostRows
from bot.storage.runs import RunRows
from bot.storage.store import Store
from bot.surfaces.protocol import Surface
from commands.cards.activity_line import halted_line
from commands.cards.run_card import live_card
from commands.model.card import Result
from commands.model.messages import Actor, Message
from commands.model.outcomes import Outcome
from commands.model.ports import AccessRules, Services
from commands.registry import COMMANDS

GRACE_SECONDS = 20.0
FORGET_EVERY_SECONDS = 3600.0

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Application:
    """What ``bootstrap`` made. Nothing is connected before ``start``."""

    settings: Settings
    surfaces: Mapping[str, Surface]
    platforms: Mapping[str, Adapter]
    store: Store
    http: HttpClients
    rows: RunRows
    ledger: EffectLog
    runs: RunService
    watch: ChangePoller
    people: PeopleDirectory
    board: LiveCards
    traces: ActivityLog
    desk: Responder
    engine: EmbeddedEngine
    settler: Reconciler
    intake: AppIntake
    inbox: Inbox
    world: Services
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self) -> None:
        await self.store.open()
        await self.rows.load()
        await self.ledger.load()
        await self.people.load()
        await self.board.load()
        await self.traces.load()
        unfinished = frozenset(left.message.key for left in await self.inbox.unfinished())
        for surface in self.surfaces.values():
            await surface.start(self.intake)
        await self.engine.start()
        self.board.resume()
        await self.settler.resume(unfinished)
        self._tasks.append(asyncio.create_task(self.inbox.forget_old(FORGET_EVERY_SECONDS)))
        self._tasks.append(asyncio.create_task(self.watch.watch()))
        log.info("started", surfaces=list(self.surfaces), platforms=list(self.platforms), resumed=len(unfinished))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.engine.stop(GRACE_SECONDS)
        await self.settler.stop()
        await self.traces.stop()
        await self.board.stop()
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
            parts |= {f"{name} {part}": ok for part, ok in surface.ready().items()}
        return parts

    async def hint(self, name: str, said: bytes) -> None:
        adapter = self.platforms.get(name)
        self.runs.hint(name, adapter.affected_ids(said) if isinstance(adapter, WebhookHints) else None)

    async def confirm(self, name: str, said: bytes) -> None:
        """Where the platform asks whether its new webhook is really ours."""
        adapter = self.platforms.get(name)
        if not isinstance(adapter, WebhookVerification):
            return
        try:
            opened = await adapter.verify_webhook(said)
        except AdapterError as error:
            log.warning("webhook not confirmed: open its address yourself", platform=name, why=str(error))
            return
        if opened:
            log.info("webhook confirmed", platform=name, address=opened)

    async def submit(self, message: Message) -> Result:
        """Records and carries a message, and waits until all of its answer is to be seen."""
        result = self.desk.listen(message.key)
        recorded = await self.intake.record(message)
        if not recorded.new:
            known = await self.inbox.get(message.key)
            if known is not None and known.result is not None:
                return known.result
        self.intake.process(message.key)
        return await result

    async def check(self) -> Mapping[str, Sequence[CheckResult]]:
        """By part: each chat, each platform."""
        found: dict[str, Sequence[CheckResult]] = {}
        for name, surface in self.surfaces.items():
            found[name] = await surface.check()
        for name, adapter in self.platforms.items():
            found[name] = await adapter.check()
        return found


def bootstrap(
    settings: Settings, *, surfaces: Sequence[Surface] = (), now: Callable[[], datetime] = utc_now
) -> Application:
    """``surfaces`` join those that the settings name (the console does)."""
    store = Store(settings.bot.database_url)
    http = HttpClients()
    platforms = _platforms(settings, http, now, LocalRunRows(store))
    chats = {surface.name: surface for surface in (*_chats(settings, store, now), *surfaces)}
    inbox, rows, posts, ledger = Inbox(store), RunRows(store, now), PostRows(store), EffectLog(store)
    past = MessageHistory(inbox, now)

    board = LiveCards(posts, chats, rows.get, lambda known: live_card(known, world, now()), now)
    traces = ActivityLog(posts, chats, board, now)
    desk = Responder(chats, board, traces, rows, past.message, now)
    runs = RunService(
        rows,
        ledger,
        platforms,
        now,
        board.changed,
        lambda known: traces.say(halted_line(known, world)),
        lambda handle: engine.waiting(handle),
    )
    people = PeopleDirectory(PeopleRows(store, now), chats, settings.people, now)
    world = Services(
        commands=COMMANDS,
        platforms=platforms,
        platform_types={name: known.platform for name, known in settings.platforms.items()},
        runs=runs,
        people=people,
        messages=past,
        responder=desk,
        access_rules=AccessRules(**settings.access.model_dump()),
        root_command=settings.bot.command,
        aliases=settings.aliases,
        zone=settings.bot.zone,
    )
    rules = EffectServices(
        log=ledger,
        platforms=platforms,
        runs=runs,
        notices=desk,
        now=now,
        write_timeout=settings.bot.patience,
        hurry=asyncio.Event(),
        later_looks=lambda effect: settler.look_later(effect),
    )

    async def found(effect: Effect, outcome: Outcome, by: Actor | None) -> None:
        if not await engine.resume(effect.key, by=by):
            await desk.found(effect, outcome)

    settler = Reconciler(rules, found)
    work = MessageProcessor(world, rules, people, desk, board, inbox, now)
    engine = EmbeddedEngine(inbox, ScheduledRows(store), work, now)
    intake = AppIntake(engine, desk, inbox, world, people, now)
    desk.engine, desk.world = engine, world
    past.engine, past.settler = engine, settler
    return Application(
        settings=settings,
        surfaces=chats,
        platforms=platforms,
        store=store,
        http=http,
        rows=rows,
        ledger=ledger,
        runs=runs,
        watch=ChangePoller(platforms, runs, now),
        people=people,
        board=board,
        traces=traces,
        desk=desk,
        engine=engine,
        settler=settler,
        intake=intake,
        inbox=inbox,
        world=world,
    )


def _platforms(
    settings: Settings, http: HttpClients, now: Callable[[], datetime], local_runs: LocalRunRows
) -> dict[str, Adapter]:
    resources = Resources(http=http, now=now, local_runs=local_runs)
    return {
        name: known.platform.connect(name, known.options, resources) for name, known in settings.platforms.items()
    }


def _chats(settings: Settings, store: Store, now: Callable[[], datetime]) -> list[Surface]:
    """Each chat's libraries are loaded only where it is configured: they are most of the time to start."""
    chats: list[Surface] = []
    command = settings.bot.command
    if settings.slack is not None:
        from bot.surfaces.slack.surface import SlackSurface

        chats.append(
            SlackSurface(settings.slack, command=command, state=SurfaceStateRows(store, "slack:"), now=now)
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
            )
        )
    return chats
