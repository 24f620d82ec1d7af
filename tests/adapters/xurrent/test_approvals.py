"""Approvals are given by the people who are asked, each with their own token."""

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person
from adapters.protocol import CheckStatus, Unsupported
from adapters.results import Applied, WriteResult
from adapters.writes import ApproveTask, AssignTask, HoldTask, Op, RejectTask, Write
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import BOT, FakeRun, FakeTask
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import BASELINE, BEN, MARKER, add_approval, create_run, run_key

ANA_ID, BEN_ID, RUI_ID = 58, 60, 61
ANA = Person(id="U0ANA", name="Ana", email="ana@example.com")
TOKENS = {"U0ANA": "anas-own", "U0BEN": "revoked"}


@pytest.fixture
def approver(fake: XurrentFake, http: HttpClients) -> XurrentAdapter:
    fake.personal_tokens = {"anas-own": ANA_ID}
    return connect_adapter(fake, http, tokens=TOKENS)


def approve(run: FakeRun, task: FakeTask, note: str = "", by: Person = ANA) -> ApproveTask:
    return ApproveTask(run=run_key(run), by=by, task=str(task.id), note=note)


async def execute_all(adapter: XurrentAdapter, write: Write) -> list[WriteResult]:
    run = await adapter.read(write.run.id) if write.run else None
    return [await adapter.execute(step, MARKER) for step in adapter.steps(write, run)]


async def refusal(adapter: XurrentAdapter, write: Write) -> AdapterError:
    with pytest.raises((Rejected, Conflict)) as refused:
        await execute_all(adapter, write)
    return refused.value


async def test_one_of_two_approvers_gives_only_their_own_approval(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID, required=2)
    (result,) = await execute_all(approver, approve(run, task))
    assert (result.partial, result.message) == (True, "xurrent.your_part")
    assert "given by Ana Reis" in result.tasks[0].mark
    assert [item.status for item in task.approvals] == ["approved", "assigned"]
    shown = (await approver.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert [person.name for person in shown.approvers] == ["Rui Dias"]


async def test_an_approval_by_one_person_sets_the_task_status_and_the_note_follows(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID)
    result, _ = await execute_all(approver, approve(run, task, "within the window"))
    assert (task.status, result.tasks[0].state) == ("approved", "done")
    (note,) = run.notes
    assert "within the window" in note.text
    assert note.person == ANA_ID


async def test_a_reason_of_one_of_several_approvers_follows_as_their_note(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID)
    await execute_all(approver, RejectTask(run=run_key(run), by=ANA, task=str(task.id), reason="no way back"))
    assert task.status == "rejected"
    assert [(note.person, "no way back" in note.text) for note in run.notes] == [(ANA_ID, True)]


async def test_an_approval_already_given_is_not_sent_again(fake: XurrentFake, approver: XurrentAdapter) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID, required=2)
    await execute_all(approver, approve(run, task))
    (result,) = await execute_all(approver, approve(run, task))
    assert (result.already, result.partial) == (True, True)
    assert fake.account.effects.count(("approve", task.id)) == 1


async def test_a_lost_decision_is_found_as_a_part(fake: XurrentFake, approver: XurrentAdapter) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID, required=2)
    fake.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await execute_all(approver, approve(run, task))
    found = await approver.reconcile(approve(run, task), MARKER, BASELINE)
    assert isinstance(found, Applied)
    assert found.result.partial


async def test_the_last_decision_is_no_part(fake: XurrentFake, approver: XurrentAdapter) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID, required=2)
    task.approvals[1].status = "approved"
    (result,) = await execute_all(approver, approve(run, task))
    assert (task.status, result.partial, result.tasks[0].state) == ("approved", False, "done")


async def test_an_approval_is_never_put_on_hold(fake: XurrentFake, approver: XurrentAdapter) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID)
    hold = HoldTask(run=run_key(run), by=ANA, task=str(task.id), reason="not today")
    assert (await refusal(approver, hold)).key.startswith("xurrent.approval")
    assert fake.calls("PATCH", "") == []


async def test_a_person_who_is_not_asked_cannot_approve(fake: XurrentFake, approver: XurrentAdapter) -> None:
    run = create_run(fake)
    single, shared = add_approval(fake, run, RUI_ID), add_approval(fake, run, BEN_ID, RUI_ID)
    for task in (single, shared):
        assert (await refusal(approver, approve(run, task))).key == "xurrent.not_asked"
        assert task.status == "assigned"


async def test_an_approval_cannot_be_assigned_to_somebody(fake: XurrentFake, approver: XurrentAdapter) -> None:
    """Otherwise Ana could have Rui's approval assigned to anaself through Liaison's token, and then give it."""
    run = create_run(fake)
    single, shared = add_approval(fake, run, RUI_ID), add_approval(fake, run, BEN_ID, RUI_ID)
    for task in (single, shared):
        assign = AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=ANA)
        assert (await refusal(approver, assign)).key.startswith("xurrent.approval")
        with pytest.raises(Rejected):  # also without a snapshot
            await approver.execute(assign, MARKER)
    assert (single.member, shared.member, fake.account.effects) == (RUI_ID, None, [])


async def test_nobody_approves_with_liaisons_token(fake: XurrentFake, approver: XurrentAdapter) -> None:
    """A matching email address or handle does not select somebody's token either."""
    run = create_run(fake)
    task = add_approval(fake, run, BOT)
    for by in (BEN, Person(name="Ana", email="ana@example.com"), Person(id="U0EVE", handle="U0ANA")):
        assert (await refusal(approver, approve(run, task, by=by))).key == "xurrent.no_token"
    assert fake.account.effects == []


async def test_a_revoked_personal_token_does_not_blame_liaisons_token(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, BEN_ID)
    assert (await refusal(approver, approve(run, task, by=Person(id="U0BEN")))).key == "xurrent.own_token"


async def test_a_forbidden_decision_does_not_blame_liaisons_user(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID)
    fake.fault("answer", method="PATCH", path=rf"/tasks/{task.id}", status=403, body='{"message": "Forbidden"}')
    assert (await refusal(approver, approve(run, task))).key == "xurrent.own_forbidden"


async def test_a_plain_task_or_a_waiting_approval_cannot_be_approved(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = fake.account.task(run, "Page the DBA")
    assert (await refusal(approver, approve(run, task))).key == "xurrent.no_approval"
    waiting = add_approval(fake, run, ANA_ID, RUI_ID)
    waiting.status = waiting.approvals[0].status = "registered"
    assert (await refusal(approver, approve(run, waiting))).key == "xurrent.waits"


async def test_approving_is_unsupported_without_personal_tokens(xurrent: XurrentAdapter) -> None:
    assert isinstance(xurrent.capabilities[Op.APPROVE], Unsupported)
    assert isinstance(xurrent.capabilities[Op.REJECT], Unsupported)


async def test_the_health_check_names_the_person_of_each_token(approver: XurrentAdapter) -> None:
    *_, ana, ben = await approver.check()
    assert (ana.status, ana.summary) == (CheckStatus.OK, "U0ANA approves as Ana Reis")
    assert (ben.status, "platforms.xurrent.tokens.U0BEN" in ben.fix) == (CheckStatus.FIX, True)


async def test_a_second_decision_is_refused_while_others_are_still_asked(
    fake: XurrentFake, approver: XurrentAdapter
) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, ANA_ID, RUI_ID, required=2)
    await execute_all(approver, approve(run, task))
    refused = await refusal(
        approver, RejectTask(run=run_key(run), by=ANA, task=str(task.id), reason="no way back")
    )
    assert refused.key == "xurrent.decided"
    assert refused.facts["status"] == "approved"
