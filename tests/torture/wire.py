"""A TCP proxy between two programs: what goes through it can be cut, held up or refused, also in mid-request."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

Direction = Literal["request", "response"]
_CHUNK = 2**16


@dataclass
class _Cut:
    """Of the next chunks that go in this direction and are meant, of which a part still arrives.

    ``is_silent``: only the one who began the connection learns that it is gone.
    """

    direction: Direction
    part: float
    times: int = 1
    means: Callable[[bytes], bool] = lambda _: True
    is_silent: bool = False


class Wire:
    """Serves itself in ``async with``, on a free port.

    ``targets``: ports. Connections are spread over those that accept them. ``hit``: what was cut or held up.
    """

    def __init__(self, *targets: int) -> None:
        self.targets: Sequence[int] = targets
        self.port = 0
        self.hit: list[bytes] = []
        self._next = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._cuts: list[_Cut] = []
        self._silenced: set[asyncio.StreamWriter] = set()  # clients whose server does not learn that they are gone
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self) -> None:
        """On the same port as before ``refuse``."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """New connections. Those that are open are cut."""
        self.refuse_new()
        self.cut()

    def refuse_new(self) -> None:
        """New connections. Those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """What is open now."""
        for writer in self._open:
            writer.transport.abort()

    def cut_next(self, direction: Direction, part: float, times: int = 1) -> None:
        """``part``: how much of what is sent still arrives, from 0 to 1."""
        self._cuts.append(_Cut(direction, part, times))

    def lose(self, means: Callable[[bytes], bool]) -> None:
        """The next such request never arrives."""
        self._cuts.append(_Cut("request", 0.0, means=means, is_silent=True))

    def lose_answer_to(self, means: Callable[[bytes], bool]) -> None:
        """The next such request arrives, and nothing comes back."""
        self._cuts.append(_Cut("request", 1.0, means=means, is_silent=True))

    def hold(self) -> None:
        """Nothing arrives until ``heal``, and nobody is told."""
        self._flowing.clear()

    def heal(self) -> None:
        self._flowing.set()
        self._cuts.clear()

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.heal()
        self._closing.set()
        self.refuse()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            there = await self._connect()
            if there is not None:
                ends.add(there[1])
                self._open |= ends
                await asyncio.gather(
                    self._forward("request", reader, there[1], client=writer),
                    self._forward("response", there[0], writer, client=writer),
                )
        except OSError:  # one of the two is gone, which is what the other one learns below
            if writer in self._silenced:
                await self._closing.wait()
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.targets:
            self._next += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.targets[self._next % len(self.targets)])
        return None

    async def _forward(
        self,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(_CHUNK):
            if not self._flowing.is_set():
                self.hit.append(data)
                await self._flowing.wait()
            cut = next((cut for cut in self._cuts if cut.direction == direction and cut.means(data)), None)
            if cut is not None:
                self.hit.append(data)
                cut.times -= 1
                if cut.times == 0:
                    self._cuts.remove(cut)
                if cut.is_silent:
                    self._silenced.add(client)
                    client.transport.abort()
                writer.write(data[: int(len(data) * cut.part)])
                await writer.drain()
                raise ConnectionAbortedError
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
