"""One replica at a time performs a duty, and another one takes over when it stops, dies or is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from bot.services.duties import Duties
from bot.storage.claims import LOST_SECONDS, ConfirmedLocks
from tests.e2e.process import until

NAME = "polling"


class Worker:
    """What a duty does: it is at work, or not."""

    def __init__(self) -> None:
        self.is_at_work = False
        self.times = 0
        self.gives_away = asyncio.Event()

    async def work(self) -> None:
        self.is_at_work = True
        self.times += 1
        try:
            await self.gives_away.wait()
        finally:
            self.is_at_work = False


@asynccontextmanager
async def replicas(url: str, count: int) -> AsyncIterator[list[tuple[Duties, Worker]]]:
    found = [(Duties(ConfirmedLocks(url)), Worker()) for _ in range(count)]
    try:
        yield found
    finally:
        for duties, _ in found:
            await duties.stop()


async def test_one_of_three_performs_it_and_another_takes_over(postgres_url: str) -> None:
    async with replicas(postgres_url, 3) as found:
        handles = [duties.take_on(worker.work, NAME) for duties, worker in found]
        await until(lambda: sum(handle.left_to_others for handle in handles) == 2)
        assert sum(worker.is_at_work for _, worker in found) == 1
        first = next(index for index, (_, worker) in enumerate(found) if worker.is_at_work)
        await found[first][0].stop()
        assert not found[first][1].is_at_work
        await until(lambda: sum(worker.is_at_work for _, worker in found) == 1)


async def test_a_lost_session_ends_the_work_and_another_replica_goes_on(postgres_url: str) -> None:
    async with replicas(postgres_url, 2) as ((first, one), (second, other)):
        first.take_on(one.work, NAME)
        await until(lambda: one.is_at_work)
        second.take_on(other.work, NAME)
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
                " and database = (select oid from pg_database where datname = current_database())"
            )
        await until(lambda: one.times + other.times == 2 and one.is_at_work != other.is_at_work)


async def test_a_session_that_is_silent_loses_its_claims(postgres_url: str) -> None:
    silent = ConfirmedLocks(postgres_url)  # as of a process that was stopped
    assert await silent.take(NAME)
    async with replicas(postgres_url, 1) as ((duties, worker),):
        duties.take_on(worker.work, NAME)
        await until(lambda: worker.is_at_work, within=LOST_SECONDS + 20)
    await silent.close()


async def test_who_cannot_do_it_leaves_it_to_another_replica(postgres_url: str) -> None:
    async with replicas(postgres_url, 2) as ((first, one), (second, other)):
        first.take_on(one.work, NAME)
        await until(lambda: one.is_at_work)
        handle = second.take_on(other.work, NAME)
        await until(lambda: handle.left_to_others)
        one.gives_away.set()
        await until(lambda: other.is_at_work)


async def test_each_replica_has_a_place_while_there_are_some(postgres_url: str) -> None:
    names = [f"sockets {number}" for number in range(2)]
    async with replicas(postgres_url, 3) as found:
        handles = [duties.take_on(worker.work, *names) for duties, worker in found]
        await until(lambda: sum(worker.is_at_work for _, worker in found) == 2)
        await until(lambda: [handle.left_to_others for handle in handles].count(True) == 1)
        busy = next(duties for duties, worker in found if worker.is_at_work)
        await busy.stop()
        await until(lambda: sum(worker.is_at_work for _, worker in found) == 2)


async def test_a_single_process_performs_all_at_once() -> None:
    duties, worker = Duties(), Worker()
    duties.take_on(worker.work, NAME)
    await until(lambda: worker.is_at_work)
    await duties.stop()
    assert not worker.is_at_work
