"""Starts ``liaison`` by forking a process that has imported it: otherwise most of a start is imports.

Python's fork server runs as long as the tests do. What it forks is a process of its own with its own environment,
arguments and log, which runs the same ``main`` and can be killed.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.e2e.preloaded"])


class ForkedProcess:
    """``main`` is a function of a module, because it is looked up by its name there."""

    def __init__(
        self, main: Callable[[], None], arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self._process = _SERVER.Process(
            target=_run, args=(main, list(arguments), dict(environment), log), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs, and -9 after a SIGKILL."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        assert self.returncode is not None
        return self.returncode


def _run(main: Callable[[], None], arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    os.chdir(log.parent)  # with PostgreSQL, the lock and the socket of a process are where it was started
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["liaison", *arguments]
    main()
