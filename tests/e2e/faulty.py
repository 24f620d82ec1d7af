"""``liaison`` that can be told to kill itself at a commit, and what its disk and its clock are like.

The shipped program has no such switch: this module changes parts of it and then runs it. ``LIAISON_FAULTS`` names
a file. While the file exists, every commit is appended to ``<file>.trace``, and the process kills itself at the
commit that the file describes: {"when": "after", "kind": "outcome", "number": 1}. An empty kind is any kind. With
"signal", it sends itself that one instead, which may be SIGSTOP; then any commit counts, because another replica
may have recorded the message. Right before, it creates ``<file>.struck``.
Commits count from the one that records the next message: what the process still did before is not what is tested.

``<file>.conditions`` has what lasts, also over a restart: {"disk": "full", "clock": -90.0}. A "full" disk takes no
page more, a "read-only" one no change at all, and the clock is wrong by so many seconds.

SIGUSR2 writes the number of asyncio tasks to ``<file>.tasks``.
"""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from typing import Any

from bot import __main__ as liaison
from bot.storage.sqlite import SqliteDatabase
from bot.storage.store import Commit, Store

WITH_A_CLOCK = ("bot.app", "adapters.errors", "adapters.http.rate_limits", "adapters.http.responses")


class KillSwitch:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._plan: dict[str, Any] = {}
        self._remaining = 0
        self._is_recorded = False

    def __call__(self, when: str, kinds: Sequence[Commit]) -> None:
        try:
            plan = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._plan = {}
            return
        if plan != self._plan:
            self._plan, self._remaining, self._is_recorded = plan, plan["number"], "signal" in plan
        self._is_recorded = self._is_recorded or Commit.RECORD in kinds
        if when == "before":
            with self._path.with_suffix(".trace").open("a") as trace:
                trace.write(json.dumps(list(kinds)) + "\n")
        if self._is_recorded and when == plan["when"] and (not plan["kind"] or plan["kind"] in kinds):
            self._remaining -= 1
            if self._remaining == 0:
                self._path.with_suffix(".struck").touch()
                os.kill(os.getpid(), plan.get("signal", signal.SIGKILL))


class Conditions:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0
        self._read: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        try:
            written = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if written != self._written:
            self._read, self._written = json.loads(self._path.read_text()), written
        return self._read.get(name)


def _limit(connection: sqlite3.Connection, disk: str) -> None:
    """Pages that are free in the file can still be used when it is full."""
    (pages,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count = {pages if disk == 'full' else 2**30}")
    connection.execute(f"pragma query_only = {int(disk == 'read-only')}")


def _limit_disk(conditions: Conditions) -> None:
    open_writer: Callable[[SqliteDatabase], sqlite3.Connection] = SqliteDatabase._write_connection
    limits = {"disk": ""}  # of the one connection that writes

    def open_limited(self: SqliteDatabase) -> sqlite3.Connection:
        connection, disk = open_writer(self), conditions.get("disk") or ""
        if disk != limits["disk"]:
            _limit(connection, disk)
            limits["disk"] = disk
        return connection

    SqliteDatabase._write_connection = open_limited  # type: ignore[method-assign]


def _set_clock(conditions: Conditions) -> None:
    class ShiftedDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=conditions.get("clock") or 0.0)

    for module in WITH_A_CLOCK:
        vars(import_module(module))["datetime"] = ShiftedDatetime


def main() -> None:
    plan = Path(os.environ["LIAISON_FAULTS"])
    conditions = Conditions(plan.with_suffix(".conditions"))

    def count_tasks(*_: object) -> None:
        plan.with_suffix(".tasks").write_text(str(len(asyncio.all_tasks())))

    signal.signal(signal.SIGUSR2, count_tasks)
    Store.commit_hook = KillSwitch(plan)
    _limit_disk(conditions)
    _set_clock(conditions)
    liaison.main()
