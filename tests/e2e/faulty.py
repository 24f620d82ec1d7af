"""``liaison`` that can be told to kill itself at a commit.

The shipped program has no such switch: this module sets ``Store.commit_hook`` and then runs it. ``LIAISON_FAULTS``
names a file. While the file exists, every commit is appended to ``<file>.trace``, and the process kills itself at
the commit that the file describes: {"when": "after", "kind": "outcome", "number": 1}. An empty kind is any kind.
Commits count from the one that records the next message: what the process still did before is not what is tested.
With "full" as its ``when``, every commit fails instead, as if the disk were full.

SIGUSR2 writes the number of asyncio tasks to ``<file>.tasks``.
"""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import __main__ as liaison
from bot.storage.store import Commit, Store


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
            self._plan, self._remaining, self._is_recorded = plan, plan["number"], False
        if plan["when"] == "full":
            if when == "before":
                raise sqlite3.OperationalError("database or disk is full")
            return
        self._is_recorded = self._is_recorded or Commit.RECORD in kinds
        if when == "before":
            with self._path.with_suffix(".trace").open("a") as trace:
                trace.write(json.dumps(list(kinds)) + "\n")
        if self._is_recorded and when == plan["when"] and (not plan["kind"] or plan["kind"] in kinds):
            self._remaining -= 1
            if self._remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    plan = Path(os.environ["LIAISON_FAULTS"])

    def count_tasks(*_: object) -> None:
        plan.with_suffix(".tasks").write_text(str(len(asyncio.all_tasks())))

    signal.signal(signal.SIGUSR2, count_tasks)
    Store.commit_hook = KillSwitch(plan)
    liaison.main()
