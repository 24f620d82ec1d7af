"""The list of edited runbooks is used only where the server proves that it follows the tasks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from adapters.change_sources import Edit
from adapters.cutover.adapter import Cutover
from adapters.errors import Unsupported
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook


def start(fake: CutoverFake, name: str = "R1 Primary down") -> FakeRunbook:
    run = fake.world.copy(fake.template, name, tasks=True)
    fake.world.start(run, run_type="live", comms="off", strict=True)
    run.start_actual = "2026-01-01T00:00:00Z"
    return run


async def learn(fake: CutoverFake, cutover: Cutover, runs: Sequence[FakeRunbook]) -> None:
    """Reads the runs before and after an edit of a task, more than a second after the last one of the runbook."""
    for run in runs:
        await cutover.read(run.id)
    fake.world.edit_times.advance(timedelta(seconds=2))
    for run in runs:
        run.task("Page the DBA").description += "!"
        await cutover.read(run.id)


async def list_edits(cutover: Cutover) -> list[Edit]:
    since = datetime.now(UTC) - timedelta(minutes=10)
    return [edit for pages in cutover.changed_since(since) async for page in pages for edit in page]


async def test_the_run_that_was_edited_last_is_first(fake: CutoverFake, cutover: Cutover) -> None:
    fake.sorts_runbooks, fake.world.dates_runbooks_by_tasks = "as asked", True
    runs = [start(fake, f"R{number} Primary down") for number in (1, 2)]
    await learn(fake, cutover, runs)
    runs[0].task("Page the DBA").stage = "complete"
    assert [edit.id for edit in await list_edits(cutover)][:2] == [runs[0].id, runs[1].id]


@pytest.mark.parametrize("reads", [0, 1, 2])
async def test_nothing_is_asked_where_tasks_do_not_date_their_runbook(
    reads: int, fake: CutoverFake, cutover: Cutover
) -> None:
    fake.sorts_runbooks = "as asked"
    runs = [start(fake), start(fake)]
    for _ in range(reads):
        await learn(fake, cutover, runs)
    requests = len(fake.seen)
    with pytest.raises(Unsupported):
        await list_edits(cutover)
    assert len(fake.seen) == requests


@pytest.mark.parametrize("sorts", ["ignored", "refused"])
async def test_a_server_that_does_not_sort_is_asked_once(sorts: str, fake: CutoverFake, cutover: Cutover) -> None:
    fake.sorts_runbooks, fake.world.dates_runbooks_by_tasks = sorts, True  # type: ignore[assignment]
    await learn(fake, cutover, [start(fake, f"R{number} Primary down") for number in (1, 2)])
    requests = len(fake.seen)
    for _ in range(2):
        with pytest.raises(Unsupported):
            await list_edits(cutover)
    assert len(fake.seen) == requests + 1
