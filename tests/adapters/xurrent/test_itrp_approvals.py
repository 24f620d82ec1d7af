"""Approvals in the old API: a decision is a field of the task, and nobody's record of it can be read."""

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person
from adapters.results import Applied, NotApplied
from adapters.writes import ApproveTask, RejectTask
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun, FakeTask
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import BASELINE, MARKER, add_approval, create_run, run_key

ANA_ID, BEN_ID, RUI_ID = 58, 60, 61
ANA = Person(id="U0ANA", name="Ana", email="ana@example.com")


@pytest.fixture
def approver(itrp_fake: XurrentFake, http: HttpClients) -> XurrentAdapter:
    itrp_fake.personal_tokens = {"anas-own": ANA_ID}
    return connect_adapter(itrp_fake, http, tokens={"U0ANA": "anas-own"})


@pytest.fixture
def run(itrp_fake: XurrentFake) -> FakeRun:
    return create_run(itrp_fake)


def approve(run: FakeRun, task: FakeTask, note: str = "") -> ApproveTask:
    return ApproveTask(run=run_key(run), by=ANA, task=str(task.id), note=note)


async def test_the_decision_and_the_note_are_one_request(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = add_approval(itrp_fake, run, ANA_ID)
    (step,) = approver.steps(approve(run, task, "within the window"), None)
    result = await approver.execute(step, MARKER)
    assert (task.status, result.partial) == ("approved", False)
    assert len(run.notes) == 1


async def test_a_stranger_is_told_before_anything_is_sent(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    single, shared = add_approval(itrp_fake, run, RUI_ID), add_approval(itrp_fake, run, BEN_ID, RUI_ID)
    for task in (single, shared):
        with pytest.raises(Rejected) as refused:
            await approver.execute(approve(run, task), MARKER)
        assert refused.value.key == "xurrent.not_asked"
        assert task.status == "assigned"
    assert itrp_fake.calls("PATCH", "") == []
    assert itrp_fake.seen[0].path.endswith("/tasks/approval_by_me")


async def test_one_of_several_decisions_is_a_part(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = add_approval(itrp_fake, run, ANA_ID, BEN_ID, RUI_ID, required=3)
    result = await approver.execute(approve(run, task), MARKER)
    assert (result.partial, result.message) == (True, "xurrent.your_part")
    assert [item.status for item in task.approvals] == ["approved", "assigned", "assigned"]


@pytest.mark.parametrize("listed", [True, False], ids=["still listed", "not listed any more"])
async def test_a_part_whose_response_was_lost_is_recorded(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun, listed: bool
) -> None:
    """Found because the person is not asked any more; or sent again, and refused because it is there already."""
    itrp_fake.account.lists_own_decisions = listed
    task = add_approval(itrp_fake, run, ANA_ID, BEN_ID, RUI_ID, required=3)
    itrp_fake.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await approver.execute(approve(run, task), MARKER)
    found = await approver.reconcile(approve(run, task), MARKER, BASELINE)
    if listed:
        assert isinstance(found, NotApplied)
        result = await approver.execute(approve(run, task), MARKER)
    else:
        assert isinstance(found, Applied)
        result = found.result
    assert (result.partial, result.message) == (True, "xurrent.your_part")
    assert [item.status for item in task.approvals] == ["approved", "assigned", "assigned"]


async def test_a_part_that_did_not_arrive_is_sent_again(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = add_approval(itrp_fake, run, ANA_ID, BEN_ID, required=2)
    itrp_fake.fault("cut_before", method="PATCH")
    with pytest.raises(AdapterError):
        await approver.execute(approve(run, task), MARKER)
    assert isinstance(await approver.reconcile(approve(run, task), MARKER, BASELINE), NotApplied)
    assert (await approver.execute(approve(run, task), MARKER)).partial


async def test_a_second_decision_does_not_say_that_nothing_changed(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = add_approval(itrp_fake, run, ANA_ID, BEN_ID, required=2)
    await approver.execute(approve(run, task), MARKER)
    with pytest.raises(Conflict) as refused:
        await approver.execute(RejectTask(run=run_key(run), by=ANA, task=str(task.id), reason="no"), MARKER)
    text = error_text(PLATFORM, refused.value)
    assert "You may have decided already" in text
    assert "Nothing changed" not in text


async def test_a_plain_or_waiting_task_is_explained(
    approver: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    plain, waiting = itrp_fake.account.tasks_of(run)[0], add_approval(itrp_fake, run, ANA_ID)
    waiting.status = "registered"
    for task, key in ((plain, "xurrent.no_approval"), (waiting, "xurrent.waits")):
        with pytest.raises((Rejected, Conflict)) as refused:
            await approver.execute(approve(run, task), MARKER)
        assert refused.value.key == key
