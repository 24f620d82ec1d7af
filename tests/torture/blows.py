"""Does to the world what the plan says, and starts Liaison again whenever it has died."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from dataclasses import dataclass, field

from adapters.testing.fake_server import Fake, Fault, Seen
from tests.e2e.mattermost_chat import MattermostChat
from tests.torture.plan import Blow
from tests.torture.world import World

LATEST = 3.0  # seconds until a late request is handled: less than the slowest answer


@dataclass
class RecordedFault(Fault):
    """``hits``: the requests that it happened to."""

    hits: list[Seen] = field(default_factory=list)

    def takes(self, seen: Seen) -> bool:
        if taken := super().takes(seen):
            self.hits.append(seen)
        return taken


class Blows:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping = True
        self.faults: list[RecordedFault] = []
        self.deaths = 0

    async def keep_alive(self) -> None:
        """Until ``settle``."""
        liaison = self._world.liaison
        while self._keeping:
            if not liaison.is_running:
                self.deaths += 1
                liaison.disarm()
                await liaison.start()
            await asyncio.sleep(0.05)

    async def strike(self, blow: Blow) -> None:
        liaison = self._world.liaison
        match blow.kind:
            case "kill" if liaison.is_running:
                os.kill(liaison.pid, signal.SIGKILL)
            case "kill at commit":
                liaison.kill_at(blow.when, blow.commit)
            case "pause" if liaison.is_running:
                os.kill(liaison.pid, signal.SIGSTOP)
                self._later(blow.seconds, self._go_on(liaison.pid))
            case "disk full":
                liaison.kill_at("full")
                self._later(blow.seconds, self._free_disk())
            case "outage":
                await self._fake(blow).stop()
                self._later(blow.seconds, self._serve_again(self._fake(blow)))
            case "request":
                self._spoil_request(blow)
            case "cut socket":
                mattermost = self._world.chats["mattermost"]
                assert isinstance(mattermost, MattermostChat)
                await mattermost.fake.sockets.cut()

    async def settle(self) -> None:
        """Nothing goes wrong any more."""
        await asyncio.gather(*self._tasks)
        for fake in self._world.fakes.values():
            for fault in fake.faults:
                fault.release.set()
            fake.faults.clear()
        self._world.liaison.disarm()
        await asyncio.sleep(0.3)  # a commit that had read the plan may still kill
        self._keeping = False
        await self._world.liaison.start()

    def hit_requests(self) -> bytes:
        """The bodies of all requests that something happened to."""
        return b"\n".join(seen.body for fault in self.faults for seen in fault.hits)

    def _fake(self, blow: Blow) -> Fake:
        fakes = self._world.fakes
        return fakes.get(blow.server) or fakes["mattermost"]

    def _spoil_request(self, blow: Blow) -> None:
        path = "/plugins/" if blow.server == "playbooks" else ""
        headers = {"Retry-After": "1"} if blow.status == 429 else {}
        fault = RecordedFault(
            blow.fault, blow.method, path, blow.times, blow.seconds, blow.status, headers=headers
        )
        self.faults.append(fault)
        self._fake(blow).faults.append(fault)
        self._later(min(blow.seconds, LATEST), self._release(fault))

    def _later(self, seconds: float, action: Awaitable[None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            await action

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return

    async def _free_disk(self) -> None:
        self._world.liaison.disarm()

    async def _serve_again(self, fake: Fake) -> None:
        await fake.stop()  # a second outage may have begun meanwhile
        await fake.start()

    async def _release(self, fault: Fault) -> None:
        """What is hit later is released at once."""
        fault.release.set()
