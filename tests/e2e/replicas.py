"""Several real Liaison processes on one PostgreSQL database, with the same settings but for their ports."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.chats import Chat
from tests.e2e.conftest import SOON, Environment, Scene
from tests.e2e.kills import MortalLiaison
from tests.e2e.platforms import serve_platforms
from tests.e2e.slack_chat import SlackChat
from tests.postgresql import PostgresServer, own_server
from tests.torture.wire import Wire

SECRET_KEY = "the-same-key-for-all-replicas"
NOTHING: Mapping[str, Any] = {}


class Replicas:
    """``wires``: between each replica and the database, if they were asked for.

    ``chaos`` decides which replica gets a delivery. Its seed is printed.
    """

    def __init__(
        self,
        environment: Environment,
        liaisons: Sequence[MortalLiaison],
        server: PostgresServer,
        settings: Mapping[str, Mapping[str, Any]],
        wires: Sequence[Wire] = (),
    ) -> None:
        self.settings = settings
        self.environment = environment
        self.all = liaisons
        self.server = server
        self.wires = wires
        seed = random.randrange(10_000)
        print(f"seed {seed}")
        self.chaos = random.Random(seed)

    @property
    def slack(self) -> SlackChat:
        chat = self.environment.chat
        assert isinstance(chat, SlackChat)
        return chat

    @property
    def chat(self) -> Chat:
        return self.environment.chat

    @property
    def running(self) -> Sequence[MortalLiaison]:
        return [liaison for liaison in self.all if liaison.is_running]

    def new_scene(self) -> Scene:
        return Scene(self.environment, self.chat.create_room())

    def deliver_to(self, number: int) -> None:
        """From now on."""
        self.chat.set_liaison_url(self.all[number].url)

    def deliver_anywhere(self) -> None:
        """The next delivery."""
        self.chat.set_liaison_url(self.chaos.choice(self.running).url)

    async def start(self) -> None:
        await asyncio.gather(*(liaison.start() for liaison in self.all))


@asynccontextmanager
async def replicas(
    folder: Path,
    count: int,
    platforms: Sequence[str] = ("cutover", "xurrent"),
    *,
    bot: Mapping[str, Any] = NOTHING,
    chat: Chat | None = None,
    with_wires: bool = False,
) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(own_server())
        url, chat = server.create_database(), chat or SlackChat()
        await stack.enter_async_context(chat)
        served = await serve_platforms(stack, chat, folder)
        used = {name: served[name] for name in platforms}
        tables = {
            f"platforms.{name}": {**platform.settings(), "slowest_answer": "5s"} for name, platform in used.items()
        }
        common = {**SOON, "database_url": url, "secret_key": SECRET_KEY, **bot}
        settings = {"bot": common, **chat.settings(), **tables}
        liaisons, wires = [], []
        for number in range(count):
            own_folder = folder / f"replica-{number}"
            own_folder.mkdir()
            own = dict(common)
            if with_wires:
                wires.append(await stack.enter_async_context(Wire(server.port)))
                own["database_url"] = url.replace(f":{server.port}/", f":{wires[-1].port}/")
            liaisons.append(MortalLiaison(own_folder, {**settings, "bot": own}))
        for liaison in liaisons:
            stack.push_async_exit(liaison.__aexit__)
        found = Replicas(Environment(chat, used, liaisons[0]), liaisons, server, settings, wires)
        found.deliver_to(0)
        await found.start()
        yield found
