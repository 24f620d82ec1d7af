"""Does to the world what the plan says, and starts Liaison again whenever it has died."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.testing.fake_server import Fake, Fault, Seen
from tests.e2e.kills import MortalLiaison
from tests.e2e.mattermost_chat import MattermostChat
from tests.torture.faults import WRITES, Blow
from tests.torture.wire import Wire
from tests.torture.world import World

LATEST = 3.0  # seconds until a late request is handled: less than the slowest answer
LONGEST_WAIT = 5.0  # seconds for a request to die at


@dataclass
class RecordedFault(Fault):
    """``hits``: the requests that it happened to."""

    hits: list[Seen] = field(default_factory=list)

    def takes(self, seen: Seen) -> bool:
        if taken := super().takes(seen):
            self.hits.append(seen)
        return taken


class Blows:
    """``deaths``: how often a process died of what."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping = True
        self._faults: list[RecordedFault] = []
        self._aimed = [""] * len(world.processes)  # what each process is going to die of
        self._conditions: list[dict[str, str | float]] = [{} for _ in world.processes]
        self._restarting = asyncio.Lock()
        self.deaths: Counter[str] = Counter()

    async def keep_alive(self) -> None:
        """Until ``settle``."""
        await asyncio.gather(*(self._keep_alive(number) for number in range(len(self._world.processes))))

    async def _keep_alive(self, number: int) -> None:
        process = self._world.processes[number]
        while self._keeping:
            if not process.is_running:
                self.deaths[self._aimed[number] or "kill"] += 1
                self._aim(number, "")
                await self._start(process)
            await asyncio.sleep(0.05)

    async def _start(self, process: MortalLiaison) -> None:
        try:
            await process.start()
        except AssertionError:
            if await process.ended() != -signal.SIGKILL and not self._lacked_database(process):
                raise  # it ended by itself

    def _lacked_database(self, process: MortalLiaison) -> bool:
        """At its start: whatever supervises it starts it again."""
        return bool(self._world.database_wires) and "\nbot.database_url: " in process.log.read_text()[-1000:]

    async def strike(self, blow: Blow) -> None:
        number = blow.process % len(self._world.processes)
        match blow.kind:
            case "disk full" | "read-only disk":
                self._set(number, disk="full" if blow.kind == "disk full" else "read-only")
                self._later(blow.seconds, self._set, number, disk="")
            case "wrong clock":
                self._set(number, clock=blow.clock)
                self._later(blow.seconds, self._set, number, clock=0.0)
            case "request":
                self._spoil_request(blow)
            case "cut websocket":
                mattermost = self._world.chats["mattermost"]
                assert isinstance(mattermost, MattermostChat)
                await mattermost.fake.sockets.cut()
            case "database restarts":
                self._begin(self._restart_database(blow.seconds))
            case "database cut" | "database cut in a request" | "silent database":
                self._spoil_wire(self._world.database_wires[number], blow)
            case "refused connections" | "cut connections" | "cut in a request" | "silent connections":
                self._spoil_wire(self._world.wires[blow.server], blow)
            case _:
                self._strike_process(number, blow)

    def _strike_process(self, number: int, blow: Blow) -> None:
        process = self._world.processes[number]
        match blow.kind:
            case "kill" if process.is_running:
                os.kill(process.pid, signal.SIGKILL)
            case "kill at a point" | "kill at a commit":
                self._aim(number, blow.point or f"{blow.when} the commit of {blow.commit}")
                process.kill_at(blow.when, blow.commit)
            case "kill after send":
                self._begin(self._kill_at_request(process, blow))
            case "pause" | "long pause" if process.is_running:
                os.kill(process.pid, signal.SIGSTOP)
                self._later(blow.seconds, self._go_on, process.pid)

    async def _restart_database(self, seconds: float) -> None:
        """It is away for so long, and all that was not committed is lost."""
        server = self._world.postgresql
        assert server is not None
        async with self._restarting:
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(server.start)

    def _spoil_wire(self, wire: Wire, blow: Blow) -> None:
        match blow.kind:
            case "refused connections" | "database cut":
                wire.refuse()
                self._later(blow.seconds, wire.accept)
            case "cut connections":
                wire.cut()
            case "cut in a request" | "database cut in a request":
                wire.cut_next(blow.direction, blow.part, blow.times)
            case "silent connections" | "silent database":
                wire.hold()
                self._later(blow.seconds, wire.heal)

    async def settle(self) -> None:
        """Nothing goes wrong any more."""
        await asyncio.gather(*self._tasks)
        for fake in self._world.fakes.values():
            for fault in fake.faults:
                fault.release.set()
            fake.faults.clear()
        for wire in (*self._world.wires.values(), *self._world.database_wires):
            wire.heal()
            await wire.accept()
        for number in range(len(self._world.processes)):
            self._aim(number, "")
        await asyncio.sleep(0.3)  # a commit that had read the plan may still kill
        self._keeping = False
        await self._world.start()

    def hit(self) -> bytes:
        """All that was cut, held up or spoilt on the wire."""
        requests = [seen.body for fault in self._faults for seen in fault.hits]
        return b"\n".join(requests + [data for wire in self._world.wires.values() for data in wire.hit])

    def _aim(self, number: int, what: str) -> None:
        """The process is going to die of it; of nothing if it is empty."""
        self._aimed[number] = what
        if not what:
            self._world.processes[number].disarm()

    def _set(self, number: int, **conditions: str | float) -> None:
        self._conditions[number] |= conditions
        self._world.processes[number].set_conditions(**self._conditions[number])

    def _fake(self, blow: Blow) -> Fake:
        fakes = self._world.fakes
        return fakes.get(blow.server) or fakes["mattermost"]

    def _add_fault(self, blow: Blow, fault: RecordedFault) -> None:
        self._faults.append(fault)
        self._fake(blow).faults.append(fault)

    def _spoil_request(self, blow: Blow) -> None:
        headers = {"Retry-After": "1"} if blow.status == 429 else {}
        fault = RecordedFault(
            blow.fault, blow.method, _path(blow), blow.times, blow.seconds, blow.status, headers=headers
        )
        self._add_fault(blow, fault)
        self._later(min(blow.seconds, LATEST), fault.release.set)  # what is hit later is released at once

    async def _kill_at_request(self, process: MortalLiaison, blow: Blow) -> None:
        """The server handles the request. Which process sent it is not known if there are several."""
        fault = RecordedFault("hold", WRITES, _path(blow))
        self._add_fault(blow, fault)
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await fault.reached.wait()
        fault.times = 0
        if fault.hits and process.is_running:
            self._aimed[self._world.processes.index(process)] = "after send"
            os.kill(process.pid, signal.SIGKILL)
        fault.release.set()

    def _later(self, seconds: float, action: Callable[..., object], *arguments: object, **named: object) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            result = action(*arguments, **named)
            if isinstance(result, Awaitable):
                await result

        self._begin(wait())

    def _begin(self, action: Awaitable[None]) -> None:
        task = asyncio.ensure_future(action)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _go_on(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _path(blow: Blow) -> str:
    return "/plugins/" if blow.server == "playbooks" else ""
