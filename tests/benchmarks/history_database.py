"""A database with a long history: thousands of runs that are over, some that are not, and what is kept of each."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.models import Person, Run, RunKey, RunState, Stage, Task, TaskState
from bot.storage.run_transaction import run_values
from bot.storage.store import Store
from commands.model.messages import Actor, Message, Place, Via
from commands.model.tracked_run import RunOverlay, TrackedRun

PLATFORM = "archive"
"""It is not in the settings, so that no answer of a platform is measured."""
TASKS = 12
RUNS_OF_ONE_PERSON = 50
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_LINES = 2  # activity lines, messages and effects that are kept of a run; there are receipts of every task
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class History:
    live: int
    finished: int
    channels: Sequence[str]
    person: Person

    @property
    def runs(self) -> Iterator[TrackedRun]:
        """The finished ones are the older ones."""
        for number in range(1, self.finished + self.live + 1):
            yield self._run(number, over=number <= self.finished)

    def place(self, number: int) -> Place:
        channel = self.channels[number % len(self.channels)]
        return Place(surface="slack", workspace="T0ACME", channel=channel, channel_name=channel.lower())

    def _run(self, number: int, *, over: bool) -> TrackedRun:
        state = RunState.FINISHED if over else RunState.ACTIVE
        run = Run(
            key=RunKey(platform=PLATFORM, id=f"{number}"),
            title=f"R{number} Failover of service {number % 977}",
            runbook=f"Failover {number % 40}",
            runbook_id=f"{number % 40}",
            state=state,
            stages=(Stage(id="s1", title="Prepare"), Stage(id="s2", title="Switch")),
            tasks=tuple(self._task(number, n, over=over) for n in range(1, TASKS + 1)),
            read_at=AT,
        )
        overlay = RunOverlay(places=(self.place(number),), started_at=AT)
        handles = {task.id: f"T{n}" for n, task in enumerate(run.tasks, 1)}
        return TrackedRun(handle=f"R{number}", run=run, handles=handles, overlay=overlay)

    def _task(self, number: int, n: int, *, over: bool) -> Task:
        done = over or n <= 4
        others = Person(id=f"p{number % 300}", name=f"Person {number % 300}", email=f"p{number % 300}@example.com")
        is_own = n == 6 and number % max(1, self.live // RUNS_OF_ONE_PERSON) == 0
        return Task(
            id=f"{number}-{n}",
            title=f"Step {n} of the failover: check the replica, then promote it",
            state=TaskState.DONE if done else TaskState.READY if n <= 6 else TaskState.WAITING,
            stage="s1" if n <= 6 else "s2",
            instructions="Look at the lag of the replica, and tell the channel what you see. " * 3,
            assignees=(self.person if is_own else others,),
            waits_for=() if n <= 6 or over else (f"{number}-6",),
            started_at=AT if done else None,
            finished_at=AT + timedelta(minutes=n) if done else None,
            finished_by="Person 1" if done else None,
        )


async def make_database(path: Path, history: History) -> None:
    store = Store(f"sqlite:///{path}")
    await store.open()
    await store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("pragma synchronous = off")
        database.execute("begin")
        rows: dict[str, list[dict[str, Any]]] = {}
        for tracked in history.runs:
            for table, row in _rows_of(tracked, history):
                rows.setdefault(table, []).append(row)
                if len(rows[table]) == _ROWS_AT_ONCE:
                    _insert(database, table, rows.pop(table))
        for table, rest in rows.items():
            _insert(database, table, rest)
        database.execute("commit")
        database.execute("analyze")


def add_unfinished_messages(path: Path, history: History, count: int) -> None:
    """As a process leaves them that is killed right after it has recorded them."""
    now = datetime.now(UTC)
    actor = Actor(surface="slack", workspace="T0ACME", id="U0ANA", name="Ana")
    rows = []
    for number in range(1, count + 1):
        message = Message(
            key=f"slack/T0ACME/unfinished-{number}",
            actor=actor,
            place=history.place(number),
            via=Via.COMMAND,
            at=now,
            text=f"next R{history.finished + number % history.live + 1}",
        )
        text = message.model_dump_json(exclude_defaults=True)
        row = {"key": message.key, "message": text, "answer": b"", "state": "new", "stopped": False}
        rows.append(row | {"at": now.isoformat(timespec="microseconds")})
    with closing(sqlite3.connect(path)) as database, database:
        _insert(database, "inbox", rows)


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(f'"{column}"' for column in rows[0])
    values = ", ".join(f":{column}" for column in rows[0])
    database.executemany(f"insert into {table} ({columns}) values ({values})", rows)


def _rows_of(tracked: TrackedRun, history: History) -> Iterator[tuple[str, dict[str, Any]]]:
    number, at = int(tracked.handle[1:]), AT.isoformat(timespec="microseconds")
    place = history.place(number)
    yield "runs", run_values(tracked) | {"number": number, "start_key": None, "at": at, "version": TASKS}
    thread = f"1767600000.{number:06}"
    yield "bindings", {"place": place.key, "thread": thread, "run": number, "at": at}
    yield (
        "live_cards",
        {
            "nonce": f"card{number}",
            "run": number,
            "place": place.model_dump_json(),
            "place_key": place.key,
            "post": thread,
            "shown": "as an older version drew it",
            "edited_at": at,
            "drawn_at": at,
        },
    )
    post = f"post{number}"
    yield (
        "activity_posts",
        {"nonce": post, "run": number, "place": place.model_dump_json(), "post": thread, "at": at},
    )
    for n in range(1, TASKS + 1):
        key = f"slack/T0ACME/{number}-{n}"
        if n <= _LINES:
            yield from _rows_of_command(key, number, n, place, at)
        step = {"key": key, "step": f"finish:{n}", "run": number, "task": f"{number}-{n}", "op": "finish"}
        yield "ledger", step | {"code": f"C{n:03}", "by": "Person 1 via Slack", "at": at, "answer": "{}"}


def _rows_of_command(key: str, number: int, n: int, place: Place, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    actor = Actor(surface="slack", workspace="T0ACME", id="U0ANA", name="Ana")
    message = Message(key=key, actor=actor, place=place, via=Via.COMMAND, at=AT, text=f"finish T{n}")
    done = {"state": "done", "result": "done", "stopped": False, "queue_order": number * TASKS + n}
    text = message.model_dump_json(exclude_defaults=True)
    yield "inbox", done | {"key": key, "message": text, "answer": b"", "intent": "{}", "route": "{}", "at": at}
    effect = {"key": key, "step": f"finish:{n}", "run": number, "platform": PLATFORM, "kind": "FinishTask"}
    effect |= {"write": "{}", "marker": "{}", "baseline": "{}", "state": "done", "outcome": "{}"}
    yield "effects", effect | {"sends": 1, "sent_at": at}
    line = json.dumps({"words": [f"Ana finished T{n}"], "buttons": []})
    slot = {"slot": f"{key}:finish", "run": number, "nonce": f"post{number}", "number": n}
    yield "activity_lines", slot | {"line": line, "shown": True}
