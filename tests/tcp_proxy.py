"""A connection between two programs that a test can cut, stall or make lose answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """Forwards to ``target``.

    ``lose_answer_to``: once a request matches, it is forwarded, nothing comes back, and the connection is cut.
    ``lose``: the same, but the request is not forwarded either. With ``refuses``, new connections are cut.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.refuses = False
        self._server: asyncio.Server | None = None
        self.lose_answer_to: Callable[[bytes], bool] | None = None
        self.lose: Callable[[bytes], bool] | None = None
        self.lost = asyncio.Event()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stall(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self._open.clear()

    def cut(self) -> None:
        """Ends all connections and refuses new ones."""
        self.refuses = True
        self.cut_connections()

    def cut_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        self.refuses = False
        self._open.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_connections()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        await self._open.wait()
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, target_writer}
        silenced = asyncio.Event()
        for task in (
            asyncio.create_task(self._forward_requests(reader, writer, target_writer, silenced)),
            asyncio.create_task(self._forward_answers(target_reader, writer, silenced)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward_requests(
        self,
        reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        target: asyncio.StreamWriter,
        silenced: asyncio.Event,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                if self.lose is not None and self.lose(data):
                    self.lose = None
                    client.transport.abort()
                    await asyncio.Event().wait()  # the server does not learn that the client has gone
                if self.lose_answer_to is not None and self.lose_answer_to(data):
                    self.lose_answer_to = None
                    silenced.set()
                    target.write(data)
                    await target.drain()
                    self.lost.set()
                    client.transport.abort()
                    return
                target.write(data)
                await target.drain()
        target.close()

    async def _forward_answers(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, silenced: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                if not silenced.is_set():
                    client.write(data)
                    await client.drain()
        client.close()


@asynccontextmanager
async def tcp_proxy(target: int) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
