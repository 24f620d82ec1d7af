"""Queues by name: in order within a queue, concurrent between queues, and robust against a failing item."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from bot.engine.keyed_queues import KeyedQueues, TurnQueues
from tests.e2e.process import until


class Queues(KeyedQueues[str]):
    """Handles items once ``may_handle`` is set. Items called "bad" fail."""

    def __init__(self) -> None:
        super().__init__(self._handle_item, self._spawn_task)
        self.handled: list[str] = []
        self.may_handle = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def _handle_item(self, item: str) -> None:
        await self.may_handle.wait()
        self.handled.append(item)
        if item == "bad":
            raise ValueError(item)

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))


@pytest.fixture
async def queues() -> Queues:
    return Queues()


async def test_an_item_that_fails_does_not_stop_its_queue(queues: Queues) -> None:
    queues.may_handle.set()
    for item in ("first", "bad", "last"):
        queues.add("R1", item)
    await asyncio.gather(*queues.tasks)
    assert queues.handled == ["first", "bad", "last"]
    queues.add("R1", "later")
    await asyncio.gather(*queues.tasks)
    assert queues.handled[-1] == "later"


async def test_only_waiting_items_have_a_position_and_can_be_removed(queues: Queues) -> None:
    for item in ("first", "second", "third"):
        queues.add("R1", item)
    await asyncio.sleep(0)  # "first" is being handled now
    assert (queues.size("R1"), queues.size("R2")) == (2, 0)
    assert [queues.position("R1", item) for item in ("first", "second", "third")] == [None, 0, 1]
    assert not queues.remove("R1", "first")
    assert not queues.remove("R2", "second")
    assert queues.remove("R1", "second")
    queues.may_handle.set()
    await asyncio.gather(*queues.tasks)
    assert queues.handled == ["first", "third"]


async def test_queues_with_different_names_do_not_wait_for_each_other(queues: Queues) -> None:
    queues.add("R1", "first")
    queues.add("R2", "second")
    assert len(queues.tasks) == 2
    queues.clear()
    queues.may_handle.set()
    await asyncio.gather(*queues.tasks)
    assert queues.handled == [], "cleared items are not handled"


class Turns(TurnQueues[str]):
    """ "a" leaves its turn at once, and rejoins when "b" has begun. Others end when ``may_end`` is set."""

    def __init__(self, *, first: bool) -> None:
        super().__init__(self._handle_one, self._spawn_task)
        self._is_first = first
        self.log: list[str] = []
        self.may_end = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def _handle_one(self, item: str) -> None:
        self.log.append(item)
        if item == "a":
            self.leave("a")
            await until(lambda: self.has_begun("b"))
            await self.rejoin("R1", "a", first=self._is_first)
            self.log.append("a again")
        else:
            await self.may_end.wait()

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))


@pytest.mark.parametrize("first", [True, False])
async def test_an_item_that_leaves_its_turn_rejoins_before_or_after_the_others(first: bool) -> None:
    turns = Turns(first=first)
    for item in ("a", "b", "c"):
        turns.add("R1", item)
    await until(lambda: turns.size("R1") == 2)
    turns.may_end.set()
    await asyncio.gather(*turns.tasks)
    await until(lambda: len(turns.log) == 4)
    assert turns.log == (["a", "b", "a again", "c"] if first else ["a", "b", "c", "a again"])


async def test_clearing_ends_the_waiting_for_another_turn() -> None:
    turns = Turns(first=True)
    turns.add("R1", "a")
    turns.add("R1", "b")
    await until(lambda: turns.size("R1") == 1)
    turns.clear()
    await until(lambda: not turns.has_begun("a"))
    assert turns.log == ["a", "b"]
    turns.may_end.set()
    await asyncio.gather(*turns.tasks, return_exceptions=True)
