"""What others change on a platform is found by polls that do not grow with the number of runs."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.errors import AdapterError
from adapters.models import Run
from bot.services.change_poller import IDLE_ROUNDS
from tests.benchmarks.followed import HARNESSES, Followed, follow, idle_requests
from tests.bot.live_runs import known_runs

IN_TURNS = ["cutover-by-turns", "playbooks-by-turns"]
LISTED = [kind for kind in HARNESSES if kind not in IN_TURNS]
PAGED = ["itrp", "tines", "cutover"]  # 60 edits are more than one page

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def followed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Followed]:
    async with follow(HARNESSES[request.param], tmp_path) as followed:
        yield followed


def all_kinds(kinds: Sequence[str] = tuple(HARNESSES)) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("followed", kinds, indirect=True)


def snapshot(followed: Followed, run: Run) -> Run:
    [tracked] = [tracked for tracked in known_runs(followed.rows) if tracked.run.key == run.key]
    return tracked.run


@pytest.mark.parametrize("kind", LISTED)
async def test_idle_polls_do_not_grow_with_the_number_of_runs(kind: str, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few = await idle_requests(HARNESSES[kind], 1, tmp_path / "few")
    assert few == await idle_requests(HARNESSES[kind], 30, tmp_path / "many")
    in_use, unused = few
    assert in_use <= 8  # a minute
    assert unused == 1


@all_kinds(IN_TURNS)
async def test_runs_read_in_turn_take_a_fixed_number_of_requests(followed: Followed) -> None:
    await followed.start(20)
    few = [await followed.poll() for _ in range(2)]
    await followed.start(20)
    assert [await followed.poll() for _ in range(2)] == few


@all_kinds()
async def test_nothing_is_polled_without_an_active_run(followed: Followed) -> None:
    before = len(followed.harness.fake.seen)
    await followed.poll(IDLE_ROUNDS)
    assert len(followed.harness.fake.seen) == before


@all_kinds()
async def test_what_others_change_is_found(followed: Followed) -> None:
    runs = await followed.start(3)
    await followed.poll()
    followed.harness.insert_task(runs[1].key.id)
    await followed.poll(2)  # two at a time where they are read in turn
    assert len(snapshot(followed, runs[1]).tasks) == len(runs[1].tasks) + 1


@all_kinds(LISTED)
async def test_only_the_changed_run_is_read(followed: Followed) -> None:
    runs = await followed.start(3)
    for _ in range(3):
        await followed.poll()
    read_at = [snapshot(followed, run).read_at for run in runs]
    followed.harness.insert_task(runs[1].key.id)
    await followed.poll()
    changed = [snapshot(followed, run).read_at != at for run, at in zip(runs, read_at, strict=True)]
    assert changed == [False, True, False]


@all_kinds(LISTED)
async def test_an_edit_is_found_after_a_poll_that_failed(followed: Followed) -> None:
    (run,) = await followed.start(1)
    await followed.poll()
    followed.harness.insert_task(run.key.id)
    followed.harness.fake.fault("answer", method="GET", status=404, body="")
    with pytest.raises(AdapterError):
        await followed.poll()
    await followed.poll()
    assert len(snapshot(followed, run).tasks) == len(run.tasks) + 1


@all_kinds(IN_TURNS)
async def test_runs_that_nobody_used_have_their_turn_too(followed: Followed) -> None:
    old = await followed.start(2)
    followed.now += timedelta(hours=2)
    new = await followed.start(2)
    for tracked in (await followed.runs.followed_runs(followed.name))[:2]:
        await followed.runs.refresh(tracked.handle)
    for run in (*old, *new):
        followed.harness.insert_task(run.key.id)
    for _ in range(IDLE_ROUNDS):
        await followed.poll()
    assert all(len(snapshot(followed, run).tasks) == len(run.tasks) + 1 for run in (*old, *new))


@all_kinds(PAGED)
async def test_edits_on_later_pages_are_found_even_if_such_a_page_failed_first(followed: Followed) -> None:
    """The first page alone was read: it must not count as known, or the pages after it would never be read."""
    runs = await followed.start(60)
    await followed.poll()
    for run in runs:
        followed.harness.insert_task(run.key.id)
    _shrink_pages(followed)
    followed.harness.fake.fault("answer", method="GET", status=404, body="", after=1)
    with pytest.raises(AdapterError):
        await followed.poller.poll(followed.name)
    await followed.poll()
    assert all(len(snapshot(followed, run).tasks) == len(run.tasks) + 1 for run in runs)


def _shrink_pages(followed: Followed) -> None:
    if hasattr(followed.harness.fake, "page_size"):
        followed.harness.fake.page_size = 10
