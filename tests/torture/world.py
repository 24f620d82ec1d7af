"""Both chats and every platform on real Liaison processes, and the rooms whose people type.

A ``Wire`` is between Liaison and everything else: one before each fake, whose address it takes over, and one
before Liaison, which spreads deliveries over the processes.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from adapters.testing.fake_server import Fake
from tests.e2e import faulty
from tests.e2e.chats import Chat, Room
from tests.e2e.conftest import RUNBOOK
from tests.e2e.kills import MortalLiaison
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import FakePlatform, Platform, serve_platforms
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat
from tests.postgresql import PostgresServer
from tests.torture.database import Database
from tests.torture.wire import Wire

PLATFORMS = ("cutover", "playbooks", "tines", "xurrent", "runrunit", "local")
LANES = tuple((platform, chat) for platform in PLATFORMS for chat in ("slack", "mattermost"))
SLOWEST_ANSWER = 5.0  # seconds; what a platform does later than this may be done twice
SECRET_KEY = "the same key of every process of this test"
LIAISON = "liaison"
"""The name of the wire before it."""


@dataclass(frozen=True)
class Deployment:
    """``processes``: more than one needs PostgreSQL; ``main``: what each of them runs."""

    processes: int = 1
    postgresql: PostgresServer | None = None  # otherwise a new SQLite file
    main: Callable[[], None] = faulty.main


@dataclass
class Lane:
    """A room with one run in it. ``handle`` is empty until the run has started."""

    chat: str
    platform: str
    room: Room
    handle: str = ""


@dataclass
class World:
    """``wires``: by the name of the server behind them. Playbooks is part of Mattermost. ``database_wires``: one
    between each process and ``postgresql``."""

    chats: Mapping[str, Chat]
    platforms: Mapping[str, Platform]
    wires: Mapping[str, Wire]
    processes: Sequence[MortalLiaison]
    database: Database
    postgresql: PostgresServer | None = None
    database_wires: Sequence[Wire] = ()
    lanes: list[Lane] = field(default_factory=list)

    @property
    def fakes(self) -> Mapping[str, Fake]:
        """Every server that Liaison talks to, by name."""
        servers = {name: chat.fake for name, chat in self.chats.items()}
        return servers | {
            name: platform.fake for name, platform in self.platforms.items() if isinstance(platform, FakePlatform)
        }

    async def start(self) -> None:
        for process in self.processes:
            await process.start()

    async def start_runs(self) -> None:
        for lane in self.lanes:
            await lane.room.command(f'start "{RUNBOOK}" --on {lane.platform}')
        for lane in self.lanes:
            lane.handle = await until(partial(card_handle, lane.room), within=60)

    def add_lane(self, platform: str, chat: str) -> Lane:
        lane = Lane(chat, platform, self.chats[chat].create_room())
        self.lanes.append(lane)
        return lane


def card_handle(room: Room) -> str:
    """Of the newest run whose card is posted in the room; empty if there is none."""
    found = [
        text.partition(f" {RUNBOOK}")[0].split()[-1]
        for message in room.bot_messages()
        if not message.visible_to and f" {RUNBOOK}" in (text := message.text) and "T1 " in text
    ]
    return found[-1] if found else ""


@asynccontextmanager
async def create_world(folder: Path, deployment: Deployment) -> AsyncIterator[World]:
    """Everything is served, and Liaison is not started yet."""
    async with AsyncExitStack() as stack:

        async def put_wire(fake: Fake) -> Wire:
            """Before the fake, which then says that it is there."""
            wire = await stack.enter_async_context(Wire(fake.port))
            fake.port = wire.port
            return wire

        slack, mattermost = SlackChat(), MattermostChat()
        chats: Mapping[str, Chat] = {chat.name: chat for chat in (slack, mattermost)}
        wires = {}
        for name, chat in chats.items():
            await stack.enter_async_context(chat)
            wires[name] = await put_wire(chat.fake)
        platforms = await serve_platforms(stack, mattermost, folder)
        for name, platform in platforms.items():
            if isinstance(platform, FakePlatform):
                wires[name] = await put_wire(platform.fake)
        front = wires[LIAISON] = await stack.enter_async_context(Wire())
        server, database_wires = deployment.postgresql, list[Wire]()
        database_url = f"sqlite:///{folder}/liaison.db" if server is None else server.create_database()
        common = {"slowest_answer": f"{SLOWEST_ANSWER:g}s"}
        bot = {"database_url": database_url, "public_url": front.url, "secret_key": SECRET_KEY}
        settings = {
            **slack.settings(),
            **mattermost.settings(),
            **{f"platforms.{name}": {**one.settings(), **common} for name, one in platforms.items()},
        }
        processes = []
        for number in range(deployment.processes):
            if server is not None:
                wire = await stack.enter_async_context(Wire(server.port))
                database_wires.append(wire)
                bot["database_url"] = database_url.replace(f":{server.port}/", f":{wire.port}/")
            processes.append(_process(folder / f"liaison-{number}", {"bot": bot, **settings}, deployment.main))
        front.targets = [process.port for process in processes]
        for process in processes:
            stack.push_async_exit(process)
        for chat in chats.values():
            chat.set_liaison_url(front.url)
        database = Database(database_url)
        world = World(chats, platforms, wires, processes, database, server, database_wires)
        for platform_name, chat_name in LANES:
            world.add_lane(platform_name, chat_name)
        yield world


def _process(
    folder: Path, settings: Mapping[str, Mapping[str, object]], main: Callable[[], None]
) -> MortalLiaison:
    folder.mkdir()
    process = MortalLiaison(folder, settings)
    process.main = main
    return process
