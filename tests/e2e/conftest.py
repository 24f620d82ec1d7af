"""One house a chat: the chat, every platform, and the real process between them, kept for the whole session.

A test gets a ``Scene``: a room of its own in that house. It leaves no fault behind and lets no process die
without starting it again.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.writes import Op
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook
from tests.adapters.xurrent.fake import XurrentFake
from tests.e2e.chats import Chat, Room
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import Counted, Platform, serve_all
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

CHATS: Mapping[str, Callable[[], Chat]] = {"slack": SlackChat, "mattermost": MattermostChat}
RUNBOOK = "Database failover"
TITLE = "Confirm the primary is down"
HOOK_SECRET = "a-hook-secret-of-many-words"
FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The houses live in one event loop, so their tests do too."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


on_slack = pytest.mark.parametrize("scene", ["slack"], indirect=True)
on_mattermost = pytest.mark.parametrize("scene", ["mattermost"], indirect=True)
on_one_chat = on_slack
"""For what takes long and has nothing to do with the chat."""


@dataclass
class House:
    """``strays``: runs in which something is still on its way when their test is over; nobody counts them."""

    chat: Chat
    platforms: Mapping[str, Platform]
    liaison: Liaison
    strays: list[FakeRunbook] = field(default_factory=list)

    @property
    def cutover(self) -> CutoverFake:
        platform = self.platforms["cutover"]
        assert isinstance(platform, Counted)
        fake: CutoverFake = platform.fake
        return fake

    @property
    def xurrent(self) -> XurrentFake:
        platform = self.platforms["xurrent"]
        assert isinstance(platform, Counted)
        fake: XurrentFake = platform.fake
        return fake


@dataclass
class Houses:
    """Each is built when it is first asked for."""

    stack: AsyncExitStack
    folder: Callable[[str], Path]
    built: dict[str, House] = field(default_factory=dict)

    async def of(self, name: str) -> House:
        if name not in self.built:
            folder, chat = self.folder(name), CHATS[name]()
            await self.stack.enter_async_context(chat)
            platforms = await serve_all(self.stack, chat, folder)
            tables = {
                f"platforms.{name}": {**platform.settings(), "hook_secret": HOOK_SECRET}
                for name, platform in platforms.items()
            }
            liaison = Liaison(folder, {**chat.settings(), **tables})
            chat.at(liaison.url)
            await self.stack.enter_async_context(liaison)
            self.built[name] = House(chat, platforms, liaison)
        return self.built[name]


class Scene:
    """``room`` is the test's own channel. Effects are counted from when it was made."""

    def __init__(self, house: House, room: Room) -> None:
        self.house = house
        self.room = room
        self._before = {
            (name, op): len(platform.log(op))
            for name, platform in house.platforms.items()
            if name != "local"
            for op in Op
        }

    @property
    def chat(self) -> str:
        return self.house.chat.name

    @property
    def cutover(self) -> CutoverFake:
        return self.house.cutover

    @property
    def liaison(self) -> Liaison:
        return self.house.liaison

    async def sees(self, pattern: str, **how: Any) -> str:
        return await self.room.sees(pattern, **how)

    @asynccontextmanager
    async def without_cutover(self) -> AsyncIterator[None]:
        """Connections to it are refused meanwhile."""
        await self.cutover.stop()
        try:
            yield
        finally:
            await self.cutover.start()

    def effects(self, what: str, on: str = "cutover") -> int:
        """How often the platform really did it."""
        log = self.house.platforms[on].log(Op(what))[self._before[on, Op(what)] :]
        strays = {
            id
            for run in self.house.strays
            for id in (run.id, *run.tasks, *(comment.id for comment in run.comments))
        }
        return len(log) if on != "cutover" else sum(id not in strays for id in log)

    async def done(self, what: str, times: int = 1, *, on: str = "cutover", within: float = 20.0) -> None:
        """Waits until the platform did it that often, and finds that it did not do more."""
        try:
            await until(lambda: self.effects(what, on) >= times, within=within)
        except TimeoutError:
            said = f"{what}: {self.effects(what, on)} of {times}; said:\n{self.room.words()}"
            raise AssertionError(said) from None
        assert self.effects(what, on) == times

    async def started(self, on: str = "cutover", *, room: Room | None = None) -> str:
        """The handle ("R7") of a new live run of ``RUNBOOK`` in ``room``, whose card stands."""
        room, before = room or self.room, set(self.cards(room))
        await room.command(f'start "{RUNBOOK}" --on {on}')
        return str(await until(lambda: next(iter(set(self.cards(room)) - before), None), within=30))

    def cards(self, room: Room | None = None) -> list[str]:
        """Handles of the runs whose cards stand in the room, tasks and all."""
        texts = [one.words for one in (room or self.room).shown()]
        return [found[1] for text in texts if (found := re.search(rf"(R\d+) {RUNBOOK}(?s:.*)T1 {TITLE}", text))]

    def run(self, handle: str) -> FakeRunbook:
        """It, as Cutover has it."""
        return next(run for run in self.cutover.runbooks.values() if run.name.startswith(f"{handle} "))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def houses(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    async with AsyncExitStack() as stack:
        yield Houses(stack, tmp_path_factory.mktemp)


@pytest_asyncio.fixture(loop_scope="session", params=sorted(CHATS))
async def scene(request: pytest.FixtureRequest, houses: Houses) -> AsyncIterator[Scene]:
    house = await houses.of(request.param)
    yield Scene(house, house.chat.room())
    for fault in house.cutover.faults:
        fault.release.set()
    house.cutover.faults.clear()
    house.cutover.latency = 0.0
    await house.liaison.start()


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=sorted(CHATS))
async def busy(request: pytest.FixtureRequest, houses: Houses) -> AsyncIterator[Scene]:
    """A room with one run in it, shared by the tests that must not change it."""
    house = await houses.of(request.param)
    scene = Scene(house, house.chat.room())
    await scene.started()
    yield scene
