"""A write whose results say that they have all that changed: its run is not read again, so they must be right."""

from collections.abc import Sequence

import pytest

from adapters.models import Run
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.writes import new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio

_NOT_COMPARED = {"instructions", "started_at", "started_by", "finished_at", "finished_by"}


@contract("offered")
async def test_a_complete_result_has_all_that_changed(harness: Harness, op: Op) -> None:
    """Apart from tasks that waited for one of its own, which are read again."""
    pending = await new_write(harness, op)
    await pending.execute()
    run = pending.run
    if run is None or not all(result.complete or result.snapshot for result in pending.results):
        return  # the run is read again
    for result in pending.results:
        run = result.snapshot or run.merge(result.tasks)
        run = run.model_copy(update={"state": result.state or run.state})
    read = await pending.read_run(harness.connect())
    changed = {task.id for result in pending.results for task in result.tasks}
    waited = {task.id for task in run.tasks if changed.intersection(task.waits_for)}
    assert _compared(run, waited) == _compared(read, waited)
    assert run.state is read.state


def _compared(run: Run, without: set[str]) -> Sequence[object]:
    return sorted(task.model_dump_json(exclude=_NOT_COMPARED) for task in run.tasks if task.id not in without)
