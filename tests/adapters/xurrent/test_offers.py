"""What else can be done about a task: each offer sends one change, and is found again by the task's state."""

from typing import Any

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected
from adapters.models import PlatformAction, TaskState
from adapters.writes import Applied, NotApplied, PerformAction, Recovery
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, KNOWN, MARK, NOBODY, a_run, an_approval, execute, key
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.world import FakeRun, FakeTask
from tests.contract.subjects import is_told


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return a_run(fake)


def wanted(run: FakeRun, task: FakeTask, kind: str) -> PerformAction:
    return PerformAction(run=key(run), by=ANA, action=f"{kind}:{task.id}", label=kind, task=str(task.id))


async def offered(adapter: Xurrent, run: FakeRun, task: FakeTask) -> list[str]:
    found = await adapter.actions(await adapter.read(str(run.id)))
    return [one.id.partition(":")[0] for one in found if one.task == str(task.id)]


SENT: dict[str, dict[str, Any]] = {
    "accept": {"status": "accepted", "member_id": 58},
    "fail": {"status": "failed", "note": "Reported as failed from chat\n\nAna via Slack (7K2F)"},
    "urgent": {"urgent": True},
    "calm": {"urgent": False},
    "wait": {"status": "waiting_for", "waiting_until": "2026-07-18T15:03:00Z"},
}


@pytest.mark.parametrize("kind", SENT)
async def test_each_is_one_change(xurrent: Xurrent, fake: XurrentFake, run: FakeRun, kind: str) -> None:
    task = fake.world.tasks_of(run)[0]
    task.urgent, task.status = kind == "calm", "waiting_for" if kind == "wait" else "assigned"
    step = wanted(run, task, kind)
    assert kind in await offered(xurrent, run, task)
    assert xurrent.recovery(step) is Recovery.IDEMPOTENT
    await execute(xurrent, step)
    (sent,) = fake.calls("PATCH", "")
    assert (sent.path, sent.json) == (f"/v1/tasks/{task.id}", SENT[kind])
    assert kind not in await offered(xurrent, run, task)


@pytest.mark.parametrize("kind", ["accept", "fail", "wait"])
async def test_a_lost_answer_is_found_by_the_state(
    xurrent: Xurrent, fake: XurrentFake, run: FakeRun, kind: str
) -> None:
    task = fake.world.tasks_of(run)[0]
    task.status = "waiting_for" if kind == "wait" else "assigned"
    step = wanted(run, task, kind)
    assert isinstance(await xurrent.reconcile(step, MARK, KNOWN), NotApplied)
    fake.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, step)
    assert isinstance(await xurrent.reconcile(step, MARK, KNOWN), Applied)
    assert (await execute(xurrent, step)).already
    assert len(fake.calls("PATCH", "")) == 1


async def test_what_is_offered_fits_the_task(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    first, second, third, _ = fake.world.tasks_of(run)
    approval, first.category = an_approval(fake, run, 58), "automation"
    second.status, second.waiting_until = "waiting_for", "2026-07-18T21:00:00Z"
    offers = await xurrent.actions(await xurrent.read(str(run.id)))
    assert [one.id for one in offers] == [f"urgent:{second.id}", f"fail:{second.id}"]
    for task in (first, third, approval):
        for kind in SENT:
            with pytest.raises(Conflict) as refused:
                await execute(xurrent, wanted(run, task, kind))
            assert is_told("xurrent", refused.value)
    assert fake.calls("PATCH", "") == []


async def test_every_offer_has_its_words(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    first, second, *_ = fake.world.tasks_of(run)
    first.status, second.urgent = "waiting_for", True
    found = await xurrent.actions(await xurrent.read(str(run.id)))
    assert {one.label.removeprefix("xurrent.offer_") for one in found} == set(SENT)
    assert all(isinstance(one, PlatformAction) and one.warning == f"{one.label}_does" for one in found)


async def test_who_is_not_known_accepts_nothing(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    step = wanted(run, fake.world.tasks_of(run)[0], "accept").model_copy(update={"by": NOBODY})
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, step)
    assert refused.value.key == "xurrent.unknown_person"
    assert fake.calls("PATCH", "") == []


async def test_what_is_over_stays_as_it_is(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    task = fake.world.tasks_of(run)[0]
    fake.world.move(task, "completed", None)
    for kind in SENT:
        with pytest.raises(Conflict) as refused:
            await execute(xurrent, wanted(run, task, kind))
        assert refused.value.key == "xurrent.over"


async def test_what_nobody_offered_is_not_done(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    task = fake.world.tasks_of(run)[0]
    for step in (wanted(run, task, "decline"), PerformAction(run=key(run), by=ANA, action="accept", label="x")):
        with pytest.raises(AdapterError) as refused:
            await execute(xurrent, step)
        assert is_told("xurrent", refused.value)
    assert fake.calls("PATCH", "") == []


async def test_on_the_old_api_nobody_can_accept(itrp: Xurrent, old: XurrentFake) -> None:
    run = a_run(old)
    task = old.world.tasks_of(run)[0]
    assert await offered(itrp, run, task) == ["urgent", "fail"]
    told = await execute(itrp, wanted(run, task, "fail"))
    assert told.tasks[0].state is TaskState.FAILED
    assert old.calls("PATCH", "")[0].json == SENT["fail"]
