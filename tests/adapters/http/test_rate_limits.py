"""Which call goes next: people before background work, one rate limiter per credential."""

import asyncio

import pytest

from adapters.http.rate_limits import RateLimit, RateLimiter, background


async def _call(
    limiter: RateLimiter, name: str, log: list[str], release: asyncio.Event, *, is_background: bool = False
) -> None:
    async def go() -> None:
        async with limiter.slot():
            log.append(name)
            await release.wait()

    if is_background:
        with background():
            await go()
    else:
        await go()


async def test_people_go_before_background_work_that_came_earlier() -> None:
    log: list[str] = []
    limiter, first, rest = RateLimiter(RateLimit(concurrency=1)), asyncio.Event(), asyncio.Event()
    rest.set()
    calls = [asyncio.create_task(_call(limiter, "first", log, first))]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(limiter, "behind", log, rest, is_background=True)))
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(limiter, "person", log, rest)))
    await asyncio.sleep(0)
    first.set()
    await asyncio.gather(*calls)
    assert log == ["first", "person", "behind"]


async def test_background_work_never_uses_all_connections() -> None:
    log: list[str] = []
    limiter, release = RateLimiter(RateLimit(concurrency=8)), asyncio.Event()
    calls = [asyncio.create_task(_call(limiter, f"b{n}", log, release, is_background=True)) for n in range(4)]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(_call(limiter, "person", log, release)))
    await asyncio.sleep(0)
    assert log == ["b0", "b1", "person"]
    release.set()
    await asyncio.gather(*calls)


async def test_the_wait_doubles_with_every_refusal_in_a_row() -> None:
    limiter = RateLimiter(RateLimit(backoff=20.0))
    assert [limiter.next_backoff() for _ in range(4)] == [20.0, 40.0, 60.0, 60.0]
    limiter.reset_backoff()
    assert limiter.next_backoff() == 20.0
    await limiter.block_for(60.0)
    assert limiter.next_backoff() == 20.0, "a call that was in flight with the last one does not count"


async def test_calls_go_again_when_the_wait_is_over() -> None:
    log: list[str] = []
    limiter, release = RateLimiter(RateLimit()), asyncio.Event()
    release.set()
    await limiter.block_for(0.05)
    assert limiter.blocked_for > 0
    await asyncio.wait_for(_call(limiter, "late", log, release), 5)
    assert log == ["late"]
    assert limiter.blocked_for == 0


async def test_a_cancelled_call_makes_room_for_the_next() -> None:
    log: list[str] = []
    limiter, first, rest = RateLimiter(RateLimit(concurrency=1)), asyncio.Event(), asyncio.Event()
    rest.set()
    blocking = asyncio.create_task(_call(limiter, "first", log, first))
    await asyncio.sleep(0)
    cancelled = asyncio.create_task(_call(limiter, "gone", log, rest))
    await asyncio.sleep(0)
    after = asyncio.create_task(_call(limiter, "after", log, rest))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    first.set()
    await asyncio.gather(blocking, after)
    assert log == ["first", "after"]


async def test_no_more_calls_than_the_limit_allows() -> None:
    log: list[str] = []
    limiter, release = RateLimiter(RateLimit(calls=2, per=0.2)), asyncio.Event()
    release.set()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(_call(limiter, str(n), log, release) for n in range(5)))
    assert asyncio.get_running_loop().time() - began >= 0.39
    assert sorted(log) == ["0", "1", "2", "3", "4"]


async def test_background_work_leaves_half_of_the_calls_to_people() -> None:
    log: list[str] = []
    limiter, release = RateLimiter(RateLimit(calls=4, per=60.0)), asyncio.Event()
    release.set()
    behind = [asyncio.create_task(_call(limiter, f"b{n}", log, release, is_background=True)) for n in range(6)]
    await asyncio.sleep(0)
    await asyncio.wait_for(_call(limiter, "person", log, release), 5)
    await asyncio.wait_for(_call(limiter, "another", log, release), 5)
    assert log == ["b0", "b1", "person", "another"]
    for waits in behind[2:]:
        waits.cancel()
    await asyncio.gather(*behind, return_exceptions=True)


async def test_a_person_is_not_woken_late_because_background_work_waits_longer() -> None:
    log: list[str] = []
    limiter, release = RateLimiter(RateLimit(calls=2, per=0.4)), asyncio.Event()
    release.set()
    await _call(limiter, "p0", log, release)
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    await _call(limiter, "b0", log, release, is_background=True)
    behind = asyncio.create_task(_call(limiter, "b1", log, release, is_background=True))
    await asyncio.sleep(0)
    await asyncio.wait_for(_call(limiter, "p1", log, release), 5)
    assert log == ["p0", "b0", "p1"]
    await asyncio.wait_for(behind, 5)
    assert asyncio.get_running_loop().time() - began >= 0.39
