"""Others change runs on the platform: an adapter that can find that out says which runs changed, and no others."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.change_sources import ChangeCheck, ChangeFeed, Edit, ReadInTurn
from adapters.errors import Unsupported
from adapters.models import Run
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness

pytestmark = pytest.mark.asyncio


@contract(network=True)
async def test_an_edit_by_others_is_listed_with_a_new_version(harness: Harness) -> None:
    if not isinstance(harness.adapter, ChangeFeed):
        pytest.skip("the platform has no list of edits")
    run, other = await harness.new_run(), await harness.new_run()
    try:
        before = await _list_edits(harness)
    except Unsupported:
        assert isinstance(harness.adapter, ChangeCheck | ReadInTurn), "nothing else finds the changes"
        return
    assert await _list_edits(harness) == before
    harness.insert_task(run.key.id)
    edits = [edit for edit in await _list_edits(harness) if edit not in before]
    ids = {edit.run or edit.id for edit in edits}
    assert run.key.id in ids
    assert other.key.id not in ids


@contract(network=True)
async def test_a_list_of_edits_takes_one_request_while_nothing_changes(harness: Harness) -> None:
    if not isinstance(harness.adapter, ChangeFeed):
        pytest.skip("the platform has no list of edits")
    await harness.new_run()
    before = len(harness.fake.seen)
    for pages in harness.adapter.changed_since(datetime.now(UTC) - timedelta(minutes=10)):
        try:
            await anext(pages, ())
        except Unsupported:
            continue
        finally:
            await pages.aclose()
        assert len(harness.fake.seen) == before + 1
        before = len(harness.fake.seen)


@contract(network=True)
async def test_many_runs_are_compared_with_one_request(harness: Harness) -> None:
    if not isinstance(harness.adapter, ChangeCheck):
        pytest.skip("the platform does not compare runs")
    run, other = await harness.new_run(), await harness.new_run()
    assert await _changed(harness, run, other) == [False, False]
    harness.insert_task(run.key.id)
    assert await _changed(harness, run, other) == [True, False]


async def _list_edits(harness: Harness) -> list[Edit]:
    assert isinstance(harness.adapter, ChangeFeed)
    since = datetime.now(UTC) - timedelta(minutes=10)
    lists = harness.adapter.changed_since(since)
    return [edit for pages in lists[:1] async for page in pages for edit in page]


async def _changed(harness: Harness, *runs: Run) -> list[bool]:
    assert isinstance(harness.adapter, ChangeCheck)
    before = len(harness.fake.seen)
    changed = await harness.adapter.check_changes(runs)
    assert len(harness.fake.seen) == before + 1
    return [changed[run.key.id] for run in runs]
