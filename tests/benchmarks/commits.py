"""What a commit costs on each database: ``python -m tests.benchmarks.commits``.

A command's transactions (its message, its route, a request and its outcome with the changed run, the end) follow
each other, for 1 and for 64 commands at once. Both databases write to the disk. The rounds take turns.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.storage.sql import Connection
from bot.storage.store import Commit, Store
from tests.postgresql import own_server

ROUNDS = 5
COMMANDS = 640
TEXT = "x" * 600


async def command(store: Store, key: str) -> None:
    row = {"message": TEXT, "answer": b"", "state": "new", "stopped": False, "at": ""}
    await store.put("inbox", {"key": key}, row, Commit.RECORD)
    update = "update inbox set route = :text, state = 'placed' where key = :key"
    await store.execute(update, Commit.ROUTE, key=key, text=TEXT)
    await store.put("surface_state", {"name": f"effect {key}"}, {"value": TEXT}, Commit.SENT)

    def outcome(connection: Connection) -> None:
        connection.put("surface_state", {"name": f"effect {key}"}, {"value": "done"})
        connection.put("surface_state", {"name": f"run {key}"}, {"value": TEXT})
        connection.changed("runs", key)

    await store.transaction(outcome, Commit.OUTCOME)
    await store.execute("update inbox set state = 'done' where key = :key", Commit.DONE, key=key)


async def measure(url: str, at_once: int, commands: int) -> tuple[float, float]:
    """Milliseconds, and milliseconds of this process's CPU time, of a command."""
    store = Store(url)
    await store.open()
    free = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with free:
            await command(store, f"{at_once}-{number}-{time.monotonic_ns()}")

    await asyncio.gather(*(one(number) for number in range(20)))
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(number) for number in range(commands)))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    await store.close()
    return took / commands * 1000, used / commands * 1000


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, own_server(durable=True) as server:
        urls = {"SQLite": f"sqlite:///{Path(folder, 'liaison.db')}", "PostgreSQL": server.create_database()}
        found: dict[tuple[int, str], list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for at_once, commands in ((1, COMMANDS // 8), (64, COMMANDS)):
                for name, url in urls.items():
                    found.setdefault((at_once, name), []).append(await measure(url, at_once, commands))
    medians: Mapping[tuple[int, str], Sequence[float]] = {
        case: [statistics.median(values) for values in zip(*rounds, strict=True)] for case, rounds in found.items()
    }
    for (at_once, name), (took, used) in medians.items():
        print(f"{name:<11} {at_once:>3} at once  {took:7.2f} ms a command  {used:6.2f} ms CPU")
    for at_once in (1, 64):
        took, used = (
            b / a for a, b in zip(medians[at_once, "SQLite"], medians[at_once, "PostgreSQL"], strict=True)
        )
        print(f"PostgreSQL ÷ SQLite, {at_once} at once: time {took:.2f}, CPU {used:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
