"""One environment per chat, shared by the whole session: the chat, every platform and the real Liaison process.

A test gets a ``Scene``: a new room in that environment. After each test, faults are cleared and a process that was
stopped is started again.
"""

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
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
from tests.e2e.platforms import FakePlatform, Platform, serve_platforms
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

CHATS: Mapping[str, Callable[[], Chat]] = {"slack": SlackChat, "mattermost": MattermostChat}
MATTERMOST_11 = "mattermost11"
"""Only for tests of what newer servers do differently."""
RUNBOOK = "Database failover"
FIRST_TASK = "Confirm the primary is down"
HOOK_SECRET = "a-hook-secret-of-many-words"
SLOWEST_ANSWER = "5s"  # after that, what is missing is sent again: ten seconds after its answer was lost
FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Environments and their tests share the session's event loop."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


on_slack = pytest.mark.parametrize("scene", ["slack"], indirect=True)
on_mattermost = pytest.mark.parametrize("scene", ["mattermost"], indirect=True)
SOON = {"activity_within": "0s"}
"""Tests that share a process post many activity lines."""
on_one_chat = on_slack
"""For slow tests whose result does not depend on the chat."""


@dataclass
class Environment:
    """``ignored_runs``: runs whose writes may still finish after their test; their effects are not counted."""

    chat: Chat
    platforms: Mapping[str, Platform]
    liaison: Liaison
    ignored_runs: list[FakeRunbook] = field(default_factory=list)

    @property
    def cutover(self) -> CutoverFake:
        platform = self.platforms["cutover"]
        assert isinstance(platform, FakePlatform)
        fake: CutoverFake = platform.fake
        return fake

    @property
    def xurrent(self) -> XurrentFake:
        platform = self.platforms["xurrent"]
        assert isinstance(platform, FakePlatform)
        fake: XurrentFake = platform.fake
        return fake


def _create_chat(name: str) -> Chat:
    if name != MATTERMOST_11:
        return CHATS[name]()
    chat = MattermostChat()
    chat.fake.version, chat.fake.draws_blocks = "11.10.0", True
    return chat


@dataclass
class Environments:
    """Starts each environment when it is first requested."""

    stack: AsyncExitStack
    folder: Callable[[str], Path]
    running: dict[str, Environment] = field(default_factory=dict)
    bot: Mapping[str, Any] = field(default_factory=dict)  # settings

    async def get(self, name: str) -> Environment:
        if name not in self.running:
            folder, chat = self.folder(name), _create_chat(name)
            await self.stack.enter_async_context(chat)
            platforms = await serve_platforms(self.stack, chat, folder)
            common = {"hook_secret": HOOK_SECRET, "slowest_answer": SLOWEST_ANSWER}
            tables = {
                f"platforms.{name}": {**platform.settings(), **common} for name, platform in platforms.items()
            }
            liaison = Liaison(folder, {"bot": {**SOON, **self.bot}, **chat.settings(), **tables})
            chat.set_liaison_url(liaison.url)
            await self.stack.enter_async_context(liaison)
            self.running[name] = Environment(chat, platforms, liaison)
        return self.running[name]


class Scene:
    """A test's own room in an environment. Effects are counted from its creation."""

    def __init__(self, environment: Environment, room: Room) -> None:
        self.environment = environment
        self.room = room
        self._before = {
            (name, op): len(platform.effects(op))
            for name, platform in environment.platforms.items()
            if name != "local"
            for op in Op
        }

    @property
    def chat_name(self) -> str:
        return self.environment.chat.name

    @property
    def cutover(self) -> CutoverFake:
        return self.environment.cutover

    @property
    def liaison(self) -> Liaison:
        return self.environment.liaison

    async def wait_for_text(self, pattern: str, **options: Any) -> str:
        return await self.room.wait_for_text(pattern, **options)

    @asynccontextmanager
    async def without_cutover(self) -> AsyncIterator[None]:
        """Cutover refuses connections in this block."""
        await self.cutover.stop()
        try:
            yield
        finally:
            await self.cutover.start()

    def count_effects(self, op: str, on: str = "cutover") -> int:
        """How often the platform executed the operation ``op``."""
        effects = self.environment.platforms[on].effects(Op(op))[self._before[on, Op(op)] :]
        ignored = {
            id
            for run in self.environment.ignored_runs
            for id in (run.id, *run.tasks, *(comment.id for comment in run.comments))
        }
        return len(effects) if on != "cutover" else sum(id not in ignored for id in effects)

    async def wait_for_effects(
        self, op: str, times: int = 1, *, on: str = "cutover", within: float = 20.0
    ) -> None:
        """Waits until the platform executed ``op`` that often, and fails if it did so more often."""
        try:
            await until(lambda: self.count_effects(op, on) >= times, within=within)
        except TimeoutError:
            count = self.count_effects(op, on)
            raise AssertionError(f"{op}: {count} of {times}; the room shows:\n{self.room.text()}") from None
        assert self.count_effects(op, on) == times

    async def start_run(self, on: str = "cutover", *, room: Room | None = None) -> str:
        """Starts ``RUNBOOK`` and returns the handle ("R7") once its card and both answers are in ``room``."""
        room, before = room or self.room, set(self.card_handles(room))
        await room.command(f'start "{RUNBOOK}" --on {on}')
        handle = await self.wait_for_card(room, before)
        await room.wait_for_text(rf"{handle} {RUNBOOK}: started\. Receipt")
        await room.wait_for_text(rf"started {handle} {RUNBOOK}")
        return handle

    async def wait_for_card(self, room: Room | None = None, before: Collection[str] = ()) -> str:
        """The handle of the first run whose complete card is posted in the room, other than those ``before``."""
        room = room or self.room
        try:
            new = await until(lambda: sorted(set(self.card_handles(room)) - set(before)), within=30)
        except TimeoutError:
            raise AssertionError(f"no card of a new run; the room shows:\n{room.text()}") from None
        return str(new[0])

    def card_handles(self, room: Room | None = None) -> list[str]:
        """Handles of the runs whose complete cards are posted in the room."""
        texts = [message.text for message in (room or self.room).bot_messages()]
        return [
            found[1] for text in texts if (found := re.search(rf"(R\d+) {RUNBOOK}(?s:.*)T1 {FIRST_TASK}", text))
        ]

    def cutover_run(self, handle: str) -> FakeRunbook:
        """The run as the fake Cutover holds it."""
        return next(run for run in self.cutover.runbooks.values() if run.name.startswith(f"{handle} "))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def environments(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environments]:
    async with AsyncExitStack() as stack:
        yield Environments(stack, tmp_path_factory.mktemp)


@pytest_asyncio.fixture(loop_scope="session", params=sorted(CHATS))
async def scene(request: pytest.FixtureRequest, environments: Environments) -> AsyncIterator[Scene]:
    environment = await environments.get(request.param)
    yield Scene(environment, environment.chat.create_room())
    if isinstance(environment.chat, SlackChat):
        environment.chat.fake.modals.clear()  # people close what they have read
    for fault in environment.cutover.faults:
        fault.release.set()
    environment.cutover.faults.clear()
    environment.cutover.latency = 0.0
    await environment.liaison.start()


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=sorted(CHATS))
async def shared_scene(request: pytest.FixtureRequest, environments: Environments) -> AsyncIterator[Scene]:
    """A room with one run, shared by the tests of a module. They must not depend on each other."""
    environment = await environments.get(request.param)
    scene = Scene(environment, environment.chat.create_room())
    await scene.start_run()
    yield scene
