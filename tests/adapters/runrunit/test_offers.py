"""The urgent flag and the next stage: states that are set, and read back when the answer was lost."""

import pytest

from adapters.errors import Conflict, Rejected
from adapters.runrunit.adapter import Runrunit
from adapters.writes import Applied, NotApplied, PerformAction, Recovery
from tests.adapters.runrunit.acting import ANA, KNOWN, MARK, execute, key, writes
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.world import FakeTask


def do(run: FakeTask, offer: str) -> PerformAction:
    return PerformAction(run=key(run), by=ANA, action=offer, label="As offered")


async def offered(runrunit: Runrunit, run: FakeTask) -> list[tuple[str, str, dict[str, str]]]:
    found = await runrunit.actions(await runrunit.read(str(run.id)))
    return [(one.id, one.label, dict(one.facts)) for one in found]


async def test_the_flag_and_the_next_stage_are_offered(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    assert await offered(runrunit, run) == [
        ("urgent", "runrunit.offer_urgent", {}),
        ("stage:42", "runrunit.offer_stage", {"stage": "Em risco: amarelo"}),
    ]
    run.urgent, run.stage = True, 42
    assert await offered(runrunit, run) == [("not_urgent", "runrunit.offer_calm", {})]


async def test_a_run_that_is_delivered_offers_nothing(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.deliver(run)
    assert await offered(runrunit, run) == []
    with pytest.raises(Conflict) as over:
        await execute(runrunit, do(run, "urgent"))
    assert over.value.key == "runrunit.run_is_over"
    assert writes(fake) == []


async def test_the_flag_is_set_once_and_taken_off(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (told,) = await execute(runrunit, do(run, "urgent"))
    assert (run.urgent, told.message) == (True, "runrunit.urgent")
    (again,) = await execute(runrunit, do(run, "urgent"))
    assert (again.already, again.message) == (True, "runrunit.offer_already")
    (off,) = await execute(runrunit, do(run, "not_urgent"))
    assert (run.urgent, off.message) == (False, "runrunit.not_urgent")
    assert writes(fake) == [f"/tasks/{run.id}/mark_as_urgent", f"/tasks/{run.id}/unmark_as_urgent"]


async def test_a_move_names_its_stage_so_that_twice_is_once(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (told,) = await execute(runrunit, do(run, "stage:42"))
    assert (run.stage, told.message, told.facts) == (42, "runrunit.moved", {"stage": "Em risco: amarelo"})
    (again,) = await execute(runrunit, do(run, "stage:42"))
    assert again.already
    (seen,) = fake.calls("POST", "/change_status$")
    assert seen.json == {"task_status_id": 42}


@pytest.mark.parametrize("stage", ["stage:43", "stage:99", "stage:", "nonsense"])
async def test_what_is_no_open_stage_is_refused_unsent(runrunit: Runrunit, fake: RunrunitFake, stage: str) -> None:
    run = fake.world.run()
    with pytest.raises((Conflict, Rejected)) as gone:
        await execute(runrunit, do(run, stage))
    assert gone.value.key == "runrunit.stage_gone"
    assert writes(fake) == []


@pytest.mark.parametrize("offer", ["urgent", "stage:42"])
async def test_a_lost_answer_is_read_back(runrunit: Runrunit, fake: RunrunitFake, offer: str) -> None:
    run = fake.world.run()
    step = do(run, offer)
    assert runrunit.recovery(step) is Recovery.IDEMPOTENT
    assert await runrunit.reconcile(step, MARK, KNOWN) == NotApplied()
    await execute(runrunit, step)
    assert isinstance(await runrunit.reconcile(step, MARK, KNOWN), Applied)
