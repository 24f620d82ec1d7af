"""The real ``liaison serve`` process: start, stop, kill and restart it."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from bot.__main__ import main
from tests.e2e.forked import ForkedProcess

READY_SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def to_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Values are written as JSON, which is valid TOML for all types in settings. Nested tables get a heading."""
    lines: list[str] = []
    for name, table in tables.items():
        nested = {f"{name}.{key}": value for key, value in table.items() if isinstance(value, Mapping)}
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
        lines.append(to_toml(nested) if nested else "")
    return "\n".join(lines) + "\n"


class Liaison:
    """``settings``: tables of liaison.toml. ``[bot]`` gets a free port and a database in ``folder``."""

    main: Callable[[], None] = staticmethod(main)

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self.port = free_port()
        self.folder = folder
        bot = {
            "host": "127.0.0.1",
            "port": self.port,
            "public_url": self.url,
            "database_url": f"sqlite:///{folder}/liaison.db",
            **settings.get("bot", {}),
        }
        rest = {name: table for name, table in settings.items() if name != "bot"}
        self.config = folder / "liaison.toml"
        self.config.write_text(to_toml({"bot": bot, **rest}))
        self.log = folder / "liaison.log"
        self.environment: dict[str, str] = {}
        self._process: ForkedProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Returns when /readyz answers 200. Starts no second process."""
        if not self.is_running:
            self.log.touch()
            arguments, environment = ("serve", "--config", str(self.config)), {**os.environ, **self.environment}
            self._process = ForkedProcess(self.main, arguments, environment, self.log)
        await self.wait_until_ready()

    async def wait_until_ready(self) -> None:
        assert self._process is not None
        async with aiohttp.ClientSession() as session, asyncio.timeout(READY_SECONDS):
            while True:
                if self._process.returncode is not None:
                    raise AssertionError(
                        f"liaison exited with {self._process.returncode}:\n{self.log.read_text()[-3000:]}"
                    )
                try:
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: the process cannot shut down cleanly."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def ended(self) -> int:
        """Waits until it has ended by itself, and returns its exit code."""
        assert self._process is not None
        async with asyncio.timeout(20):
            return await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM. Returns the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self._process.wait()

    async def post(self, path: str) -> int:
        """Sends an empty POST and returns the status."""
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}{path}") as response:
            return response.status

    async def wait_until_closed(self) -> None:
        """Waits until the port refuses connections."""

        async def refused() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return True
            writer.close()
            return False

        await until(refused)

    async def __aenter__(self) -> "Liaison":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    async def run(self, *arguments: str, answer: str = "") -> tuple[int, str]:
        """Runs another ``liaison`` command with the same settings, which reads ``answer``. Returns (exit code,
        output).
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments, "--config", str(self.config)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(answer.encode()), 60)
        return process.returncode or 0, output.decode()


async def until(condition: Any, *, within: float = 20.0) -> Any:
    """Polls ``condition()``, which may be async, and returns its first true result."""
    async with asyncio.timeout(within):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(0.02)
