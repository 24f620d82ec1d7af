"""What every bot of the benchmark works with: a fake Slack, a fake Cutover, live runs, and what people see."""

import asyncio
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import trustme
from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook, FakeTask
from tests.fakes.slack import Slack
from tests.fakes.slack_blocks import visible_block_text
from tests.fakes.slack_deliveries import Delivered
from tests.fakes.slack_state import Posted

RUNS = 64
TASKS = 40
LATENCY = 0.05


@dataclass
class Command:
    """One command of a person. Times are in seconds since it was typed."""

    shows_result: Callable[[str], bool]
    one_update_each: bool = False
    typed_at: float = field(default_factory=time.perf_counter)
    ack: float = 0.0
    answer: float = 0.0
    card: float = 0.0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    drawn: asyncio.Event = field(default_factory=asyncio.Event)


class WatchedSlack(Slack):
    """Notes when the sender of a command saw its answer, and everybody else its card. As Slack does, it also takes
    forms, which clients other than Liaison's send."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: dict[str, list[Command]] = {}  # by channel, those whose card was not seen yet

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        if seen.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            fields: dict[str, Any] = dict(parse_qsl(seen.body.decode()))
            headers = {**seen.headers, "Content-Type": ""}
            if seen.path.startswith("/api/chat."):
                if "blocks" in fields:
                    fields["blocks"] = json.loads(fields["blocks"])
                headers["Content-Type"] = "application/json"
                seen = replace(seen, headers=headers, body=json.dumps(fields).encode())
            else:
                seen = replace(seen, headers=headers, query={**seen.query, **fields}, body=b"")
        return await super().handle(request, seen)

    def _apps_connections_open(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/socket"}

    def _conversations_info(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        empty = {"value": "", "creator": "", "last_set": 0}
        return {"channel": {**super()._conversations_info(arguments)["channel"], "topic": empty, "purpose": empty}}

    def _team_info(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"team": {"id": self.team, "name": "Acme", "domain": "acme"}}

    def _post_ephemeral(self, channel: str, user: str, said: Mapping[str, Any], route: str) -> Posted:
        waiting = (command for command in self.commands.get(channel, ()) if not command.answered.is_set())
        if (command := next(waiting, None)) is not None:
            command.answer = time.perf_counter() - command.typed_at
            command.answered.set()
        return super()._post_ephemeral(channel, user, said, route)

    def _chat_update(self, said: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(said["channel"])
        text = visible_block_text(said.get("blocks", ()))
        for command in list(self.commands.get(channel, ())):
            if command.shows_result(text):
                command.card = time.perf_counter() - command.typed_at
                command.drawn.set()
                self.commands[channel].remove(command)
                if command.one_update_each:
                    break
        return super()._chat_update(said)


class BenchmarkWorld:
    """``runs`` channels, and as many live runbooks of ``TASKS`` running tasks without dependencies."""

    def __init__(self, *, tls: bool = False, runs: int = RUNS) -> None:
        self.slack, self.cutover = WatchedSlack(), CutoverFake()
        self.slack.socket_timeout = 60.0  # Slack delivers again after 3 seconds; here the wait is measured
        self.cutover.page_size = 100
        self.user = self.slack.add_user("U0ANA", "ana", email="ana@example.com")
        self.channels = [f"C{number:04}" for number in range(runs)]
        for channel in self.channels:
            self.slack.add_channel(channel, channel.lower(), members=(self.user,))
        self.environment: Mapping[str, str] = {}
        self._folder = tempfile.TemporaryDirectory()
        if tls:
            self._use_tls(Path(self._folder.name))

    def _use_tls(self, folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.slack.tls = self.cutover.tls = context
        trusted = str(folder / "ca.pem")
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        self.environment = dict.fromkeys(names, trusted)

    async def __aenter__(self) -> "BenchmarkWorld":
        await self.slack.start()
        await self.cutover.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.slack.stop()
        await self.cutover.stop()
        self._folder.cleanup()

    def set_latency(self, seconds: float) -> None:
        self.slack.latency = self.cutover.latency = seconds

    def new_runbooks(self) -> list[FakeRunbook]:
        """A set of runs for one bot. Those of bots before it are gone."""
        self.cutover.world.runbooks.clear()
        for channel in self.channels:
            self.slack.channels[channel].messages.clear()
        self.slack.ephemerals.clear()
        runbooks = []
        for number in range(len(self.channels)):
            runbook = self.cutover.world.planned(f"Failover {number}")
            stream = runbook.streams[0][0]
            tasks = [
                FakeTask(self.cutover.world.id(), f"Step {n}", stream, stage="in_progress") for n in range(TASKS)
            ]
            runbook.tasks = {task.id: task for task in tasks}
            runbook.stage, runbook.run_type, runbook.start_actual = "active", "live", self.cutover.world.now()
            runbooks.append(runbook)
        return runbooks

    async def say(self, url: str, text: str, run: int) -> Delivered:
        return await self.slack.command(url, text, user=self.user, channel=self.channels[run])

    @property
    def requests(self) -> int:
        return len(self.slack.seen) + len(self.cutover.seen)

    async def quiet(self, seconds: float = 1.5) -> None:
        """Returns when nothing has been sent to the chat for so long. Polls of the platform, and checks of the
        chat's token, go on all the time. So does a card's "as of 14:02", so it returns after a while anyway."""
        sent, since = self._sent(), time.perf_counter()
        until = since + max(3 * seconds, 10.0)
        while time.perf_counter() < min(since + seconds, until):
            await asyncio.sleep(0.1)
            if self._sent() != sent:
                sent, since = self._sent(), time.perf_counter()

    def _sent(self) -> int:
        return sum(not request.path.endswith("/auth.test") for request in self.slack.seen)


async def is_ready(url: str) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{url}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False
