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
from adapters.http import Http
from adapters.protocol import Adapter, Confirming, Hinting, Problem, Resources
from bot.board import Board
from bot.desk import Desk
from bot.engine.effects import EffectRules
from bot.engine.embedded import EmbeddedEngine
from bot.engine.settling import Settler
from bot.intake import AppIntake
from bot.past import Past
from bot.people import People
from bot.runs import Runs
from bot.settings import Settings
from bot.storage.effects import Effect, EffectLog
from bot.storage.facts import LaterRows, LocalRunRows, NoteRows, PeopleRows
from bot.storage.inbox import Inbox
from bot.storage.posts import PostRows
from bot.storage.runs import RunRows
from bot.storage.store import Store
from bot.surfaces.protocol import Surface
from bot.traces import Traces
from bot.watching import Watch
from bot.work import LiveWork
from commands.cards import Result
from commands.messages import Actor, Message
from commands.ports import Outcome, Rules, World
from commands.runcards import live_card
from commands.tracelines import halted_line

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
    http: Http
    rows: RunRows
    ledger: EffectLog
    runs: Runs
    watch: Watch
    people: People
    board: Board
    traces: Traces
    desk: Desk
    engine: EmbeddedEngine
    settler: Settler
    intake: AppIntake
    inbox: Inbox
    world: World
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
        self.runs.hint(name, adapter.about(said) if isinstance(adapter, Hinting) else None)

    async def confirm(self, name: str, said: bytes) -> None:
        """Where the platform asks whether its new webhook is really ours."""
        adapter = self.platforms.get(name)
        if not isinstance(adapter, Confirming):
            return
        try:
            opened = await adapter.confirm(said)
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
        self.intake.carry(message.key)
        return await result

    async def check(self) -> Mapping[str, Sequence[Problem]]:
        """By part: each chat, each platform."""
        found: dict[str, Sequence[Problem]] = {}
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
    http = Http()
    platforms = _platforms(settings, http, now, LocalRunRows(store))
    chats = {surface.name: surface for surface in (*_chats(settings, store, now), *surfaces)}
    inbox, rows, posts, ledger = Inbox(store), RunRows(store, now), PostRows(store), EffectLog(store)
    past = Past(inbox, now)

    board = Board(posts, chats, rows.get, lambda known: live_card(known, world, now()), now)
    traces = Traces(posts, chats, board, now)
    desk = Desk(chats, board, traces, rows, past.message, now)
    runs = Runs(
        rows,
        ledger,
        platforms,
        now,
        board.changed,
        lambda known: traces.say(halted_line(known, world)),
        lambda handle: engine.waiting(handle),
    )
    people = People(PeopleRows(store, now), chats, settings.people, now)
    world = World(
        platforms=platforms,
        kinds={name: known.platform for name, known in settings.platforms.items()},
        runs=runs,
        people=people,
        messages=past,
        desk=desk,
        rules=Rules(**settings.access.model_dump()),
        root=settings.bot.command,
        aliases=settings.aliases,
        zone=settings.bot.zone,
    )
    rules = EffectRules(
        log=ledger,
        platforms=platforms,
        runs=runs,
        notices=desk,
        now=now,
        patience=settings.bot.patience,
        hurry=asyncio.Event(),
        later_looks=lambda effect: settler.look_later(effect),
    )

    async def found(effect: Effect, outcome: Outcome, by: Actor | None) -> None:
        if not await engine.take_up(effect.key, by=by):
            await desk.found(effect, outcome)

    settler = Settler(rules, found)
    work = LiveWork(world, rules, people, desk, board, inbox, now)
    engine = EmbeddedEngine(inbox, LaterRows(store), work, now)
    intake = AppIntake(engine, desk, inbox, world, now)
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
        watch=Watch(platforms, runs, now),
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
    settings: Settings, http: Http, now: Callable[[], datetime], local_runs: LocalRunRows
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

        chats.append(SlackSurface(settings.slack, command=command, notes=NoteRows(store, "slack:"), now=now))
    if settings.mattermost is not None:
        from bot.surfaces.mattermost.surface import MattermostSurface

        chats.append(
            MattermostSurface(
                settings.mattermost,
                command=command,
                public_url=settings.bot.address,
                secret_key=settings.secret_key().encode(),
                notes=NoteRows(store, "mattermost:"),
                now=now,
            )
        )
    return chats
