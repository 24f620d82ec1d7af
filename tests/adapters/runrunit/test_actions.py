"""The actions: the urgent flag and the next stage."""

import pytest

from adapters.errors import Conflict, Rejected
from adapters.results import Applied, NotApplied, Recovery
from adapters.runrunit.adapter import Runrunit
from adapters.writes import PerformAction
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import ANA, BASELINE, MARKER, execute, run_key, sent_writes
from tests.adapters.runrunit.world import FakeTask


def perform(run: FakeTask, action: str) -> PerformAction:
    return PerformAction(run=run_key(run), by=ANA, action=action, label="As shown")


async def list_actions(runrunit: Runrunit, run: FakeTask) -> list[tuple[str, str, dict[str, str]]]:
    actions = await runrunit.actions(await runrunit.read(str(run.id)))
    return [(action.id, action.label, dict(action.facts)) for action in actions]


async def test_the_urgent_flag_and_the_next_stage_are_available(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    assert await list_actions(runrunit, run) == [
        ("urgent", "runrunit.offer_urgent", {}),
        ("stage:42", "runrunit.offer_stage", {"stage": "Em risco: amarelo"}),
    ]
    run.urgent, run.stage = True, 42
    assert await list_actions(runrunit, run) == [("not_urgent", "runrunit.offer_calm", {})]


async def test_a_delivered_run_has_no_actions(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.deliver(run)
    assert await list_actions(runrunit, run) == []
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, perform(run, "urgent"))
    assert raised.value.key == "runrunit.run_is_over"
    assert sent_writes(fake) == []


async def test_the_urgent_flag_is_set_once_and_removed(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (result,) = await execute(runrunit, perform(run, "urgent"))
    assert (run.urgent, result.message) == (True, "runrunit.urgent")
    (repeated,) = await execute(runrunit, perform(run, "urgent"))
    assert (repeated.already, repeated.message) == (True, "runrunit.offer_already")
    (off,) = await execute(runrunit, perform(run, "not_urgent"))
    assert (run.urgent, off.message) == (False, "runrunit.not_urgent")
    assert sent_writes(fake) == [f"/tasks/{run.id}/mark_as_urgent", f"/tasks/{run.id}/unmark_as_urgent"]


async def test_moving_twice_to_a_stage_moves_once(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (result,) = await execute(runrunit, perform(run, "stage:42"))
    assert (run.stage, result.message, result.facts) == (42, "runrunit.moved", {"stage": "Em risco: amarelo"})
    (repeated,) = await execute(runrunit, perform(run, "stage:42"))
    assert repeated.already
    (seen,) = fake.calls("POST", "/change_status$")
    assert seen.json == {"task_status_id": 42}


@pytest.mark.parametrize("stage", ["stage:43", "stage:99", "stage:", "nonsense"])
async def test_moving_to_anything_but_an_open_stage_is_not_sent(
    runrunit: Runrunit, fake: RunrunitFake, stage: str
) -> None:
    run = fake.world.run()
    with pytest.raises((Conflict, Rejected)) as raised:
        await execute(runrunit, perform(run, stage))
    assert raised.value.key == "runrunit.stage_gone"
    assert sent_writes(fake) == []


@pytest.mark.parametrize("action", ["urgent", "stage:42"])
async def test_a_lost_response_is_reconciled_by_reading(
    runrunit: Runrunit, fake: RunrunitFake, action: str
) -> None:
    run = fake.world.run()
    step = perform(run, action)
    assert runrunit.recovery(step) is Recovery.IDEMPOTENT
    assert await runrunit.reconcile(step, MARKER, BASELINE) == NotApplied()
    await execute(runrunit, step)
    assert isinstance(await runrunit.reconcile(step, MARKER, BASELINE), Applied)
