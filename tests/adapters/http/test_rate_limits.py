"""Whose turn it is: people before background work, one gate a credential."""

import asyncio

import pytest

from adapters.http.rate_limits import RateLimit, RateLimiter, background


async def _call(
    turns: RateLimiter, name: str, log: list[str], release: asyncio.Event, *, behind: bool = False
) -> None:
    async def go() -> None:
        async with turns.slot():
            log.append(name)
            await release.wait()

    if behind:
        with background():
            await go()
    else:
        await go()


async def test_people_go_before_background_work_that_came_first() -> None:
    log: list[str] = []
    turns, first, rest = RateLimiter(RateLimit(concurrency=1)), asyncio.Event(), asyncio.Event()
    rest.set()
    calls = [asyncio.create_task(_call(turns, "first", log, first))]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(turns, "behind", log, rest, behind=True)))
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(turns, "person", log, rest)))
    await asyncio.sleep(0)
    first.set()
    await asyncio.gather(*calls)
    assert log == ["first", "person", "behind"]


async def test_background_work_never_takes_every_place() -> None:
    log: list[str] = []
    turns, release = RateLimiter(RateLimit(concurrency=8)), asyncio.Event()
    calls = [asyncio.create_task(_call(turns, f"b{n}", log, release, behind=True)) for n in range(4)]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(turns, "person", log, release)))
    await asyncio.sleep(0)
    assert log == ["b0", "b1", "person"]
    release.set()
    await asyncio.gather(*calls)


async def test_who_is_refused_again_and_again_rests_longer_and_longer() -> None:
    turns = RateLimiter(RateLimit(backoff=20.0))
    assert [turns.next_backoff() for _ in range(4)] == [20.0, 40.0, 60.0, 60.0]
    turns.reset_backoff()
    assert turns.next_backoff() == 20.0
    await turns.block_for(60.0)
    assert turns.next_backoff() == 20.0, "one that was in flight with the last one"


async def test_a_closed_gate_opens_by_itself() -> None:
    log: list[str] = []
    turns, release = RateLimiter(RateLimit()), asyncio.Event()
    release.set()
    await turns.block_for(0.05)
    assert turns.blocked_for > 0
    await asyncio.wait_for(_call(turns, "late", log, release), 5)
    assert log == ["late"]
    assert turns.blocked_for == 0


async def test_a_caller_that_gives_up_leaves_its_place_to_the_next() -> None:
    log: list[str] = []
    turns, first, rest = RateLimiter(RateLimit(concurrency=1)), asyncio.Event(), asyncio.Event()
    rest.set()
    holds = asyncio.create_task(_call(turns, "first", log, first))
    await asyncio.sleep(0)
    gives_up = asyncio.create_task(_call(turns, "gone", log, rest))
    await asyncio.sleep(0)
    after = asyncio.create_task(_call(turns, "after", log, rest))
    await asyncio.sleep(0)
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    first.set()
    await asyncio.gather(holds, after)
    assert log == ["first", "after"]


async def test_no_more_calls_than_the_pace_allows() -> None:
    log: list[str] = []
    turns, release = RateLimiter(RateLimit(calls=2, per=0.2)), asyncio.Event()
    release.set()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(_call(turns, str(n), log, release) for n in range(5)))
    assert asyncio.get_running_loop().time() - began >= 0.39
    assert sorted(log) == ["0", "1", "2", "3", "4"]


async def test_background_work_leaves_half_of_the_calls_to_people() -> None:
    log: list[str] = []
    turns, release = RateLimiter(RateLimit(calls=4, per=60.0)), asyncio.Event()
    release.set()
    behind = [asyncio.create_task(_call(turns, f"b{n}", log, release, behind=True)) for n in range(6)]
    await asyncio.sleep(0)
    await asyncio.wait_for(_call(turns, "person", log, release), 5)
    await asyncio.wait_for(_call(turns, "another", log, release), 5)
    assert log == ["b0", "b1", "person", "another"]
    for waits in behind[2:]:
        waits.cancel()
    await asyncio.gather(*behind, return_exceptions=True)


async def test_a_person_is_not_woken_late_because_background_work_waits_longer() -> None:
    log: list[str] = []
    turns, release = RateLimiter(RateLimit(calls=2, per=0.4)), asyncio.Event()
    release.set()
    await _call(turns, "p0", log, release)
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    await _call(turns, "b0", log, release, behind=True)
    behind = asyncio.create_task(_call(turns, "b1", log, release, behind=True))
    await asyncio.sleep(0)
    await asyncio.wait_for(_call(turns, "p1", log, release), 5)
    assert log == ["p0", "b0", "p1"]
    await asyncio.wait_for(behind, 5)
    assert asyncio.get_running_loop().time() - began >= 0.39
