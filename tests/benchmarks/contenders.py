"""The bots that are compared. Each is a real process that gets what Slack delivers."""

import asyncio
import os
import re
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.adapters.cutover.world import FakeRunbook
from tests.benchmarks.world import LATENCY, BenchmarkWorld, is_ready
from tests.e2e.process import free_port, to_toml, until
from tests.fakes.slack_deliveries import Delivered

ACTIVITY_SECONDS = 20.0  # the default of ``[bot] activity_within``

_DONE = re.compile(r"(\d+) of \d+ done")


class DidNotStartError(Exception):
    pass


class Contender(ABC):
    """``ready_after``: seconds from start to ready. ``wrapper``: a program that runs the process."""

    program = sys.executable
    ready_within = 300.0  # seconds; under valgrind
    quiet_seconds = 1.5
    """Without a request to the chat, it has done all that commands caused."""
    one_update_each = False
    """Each command edits the card once. Otherwise an edit can show the results of several."""

    def __init__(self, name: str, world: BenchmarkWorld, wrapper: Sequence[str] = ()) -> None:
        self.name = name
        self.world = world
        self.ready_after = 0.0
        self._wrapper = wrapper
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self.runbooks: list[FakeRunbook] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def pids(self) -> Sequence[int]:
        """Of all of its processes."""
        return (self.pid,)

    async def start(self) -> None:
        self.runbooks = self.world.new_runbooks()
        await self.launch()
        self.world.set_latency(0.0)
        await self.prepare()
        self.world.set_latency(LATENCY)

    async def launch(self) -> None:
        """Its process is ready when this returns."""
        environment = {**os.environ, **self.world.environment, **self.variables()}
        started_at = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            *(*self._wrapper, self.program, *self.arguments()),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(self.ready_within):
            while not await self.is_ready():
                if self._process.returncode is not None:
                    raise DidNotStartError(f"{self.name} ended with {self._process.returncode} at its start")
                await asyncio.sleep(0.02)
        self.ready_after = time.perf_counter() - started_at

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()

    async def is_ready(self) -> bool:
        return await is_ready(self.url)

    async def type(self, run: int, number: int) -> Delivered:
        """Types the line into the channel of the run, as a slash command."""
        return await self.world.say(self.url, self.line(run, number), run)

    @abstractmethod
    def variables(self) -> Mapping[str, str]: ...

    @abstractmethod
    def arguments(self) -> Sequence[str]: ...

    @abstractmethod
    async def prepare(self) -> None:
        """Each channel gets the card of its run."""

    @abstractmethod
    def line(self, run: int, number: int) -> str:
        """What is typed to finish a task; ``number`` counts from 0 in each run."""

    @abstractmethod
    def shows(self, number: int) -> Callable[[str], bool]:
        """Whether a card's text shows the result of that command."""


class BoltBot(Contender):
    """``bare`` or ``tuned``. Their card is their only answer."""

    one_update_each = True

    def variables(self) -> Mapping[str, str]:
        return {
            "BASELINE_TOKEN": self.world.slack.token,
            "BASELINE_SECRET": self.world.slack.signing_secret,
            "BASELINE_SLACK": self.world.slack.api_url,
            "BASELINE_CUTOVER": self.world.cutover.url,
            "BASELINE_CUTOVER_TOKEN": self.world.cutover.token,
            "BASELINE_PORT": str(self._port),
        }

    def arguments(self) -> Sequence[str]:
        return "-m", f"tests.benchmarks.{self.name}"

    async def prepare(self) -> None:
        slack = self.world.slack
        self._cards = [slack.say("card", slack.bot_user, channel).ts for channel in self.world.channels]

    def line(self, run: int, number: int) -> str:
        return f"finish {self.runbooks[run].id} {list(self.runbooks[run].tasks)[number]} {self._cards[run]}"

    def shows(self, number: int) -> Callable[[str], bool]:
        return lambda text: True


class LiaisonBot(Contender):
    """``folder``: for its settings and, unless ``database_url`` names another, its database."""

    quiet_seconds = ACTIVITY_SECONDS + 1.5

    def __init__(
        self,
        name: str,
        world: BenchmarkWorld,
        folder: Path,
        wrapper: Sequence[str] = (),
        *,
        database_url: str = "",
    ) -> None:
        super().__init__(name, world, wrapper)
        slack, cutover = world.slack, world.cutover
        bot = {"host": "127.0.0.1", "port": self._port, "public_url": self.url, "secret_key": "k" * 32}
        self._config = folder / "liaison.toml"
        self._config.write_text(
            to_toml(
                {
                    "bot": {**bot, "database_url": database_url or f"sqlite:///{folder}/liaison.db"},
                    "slack": {
                        "bot_token": slack.token,
                        "signing_secret": slack.signing_secret,
                        "api_url": slack.api_url,
                    },
                    "platforms.cutover": cutover.settings(),
                }
            )
        )

    def variables(self) -> Mapping[str, str]:
        return {}

    def arguments(self) -> Sequence[str]:
        return "-m", "bot", "serve", "--config", str(self._config)

    async def prepare(self) -> None:
        await asyncio.gather(*map(self._prepare_run, range(len(self.runbooks))))
        await self.world.quiet()

    async def _prepare_run(self, run: int) -> None:
        messages = self.world.slack.channels[self.world.channels[run]].messages
        # The card, and what everybody is told once the run is that of the channel; then the card again.
        for line, posts in ((f"use cutover:{self.runbooks[run].id}", 2), ("show", 3)):
            await self.world.say(self.url, line, run)
            await until(lambda posts=posts: len(messages) >= posts, within=300)

    def line(self, run: int, number: int) -> str:
        return f"finish T{number + 1}"

    def shows(self, number: int) -> Callable[[str], bool]:
        return lambda text: (found := _DONE.search(text)) is not None and int(found[1]) > number
