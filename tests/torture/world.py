"""Both chats and every platform on one real Liaison process, and the rooms whose people type."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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

PLATFORMS = ("cutover", "playbooks", "tines", "xurrent", "runrunit", "local")
LANES = tuple((platform, chat) for platform in PLATFORMS for chat in ("slack", "mattermost"))
SLOWEST_ANSWER = 5.0  # seconds; what a platform does later than this may be done twice


@dataclass
class Lane:
    """A room with one run in it. ``handle`` is empty until the run has started."""

    chat: str
    platform: str
    room: Room
    handle: str = ""


@dataclass
class World:
    chats: Mapping[str, Chat]
    platforms: Mapping[str, Platform]
    liaison: MortalLiaison
    lanes: list[Lane]

    @property
    def fakes(self) -> Mapping[str, Fake]:
        """Every server that Liaison talks to, by name. Playbooks is part of Mattermost."""
        servers = {name: chat.fake for name, chat in self.chats.items()}
        for name, platform in self.platforms.items():
            if isinstance(platform, FakePlatform):
                servers[name] = platform.fake
        return servers

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
async def create_world(folder: Path, liaison_main: Callable[[], None] = faulty.main) -> AsyncIterator[World]:
    """Everything is served, and Liaison is not started yet."""
    async with AsyncExitStack() as stack:
        slack, mattermost = SlackChat(), MattermostChat()
        chats: Mapping[str, Chat] = {chat.name: chat for chat in (slack, mattermost)}
        for chat in chats.values():
            await stack.enter_async_context(chat)
        platforms = await serve_platforms(stack, mattermost, folder)
        common = {"slowest_answer": f"{SLOWEST_ANSWER:g}s"}
        tables = {f"platforms.{name}": {**one.settings(), **common} for name, one in platforms.items()}
        liaison = MortalLiaison(folder, {**slack.settings(), **mattermost.settings(), **tables})
        for chat in chats.values():
            chat.set_liaison_url(liaison.url)
        liaison.main = liaison_main
        stack.push_async_exit(liaison)
        world = World(chats, platforms, liaison, [])
        for platform, chat_name in LANES:
            world.add_lane(platform, chat_name)
        yield world
