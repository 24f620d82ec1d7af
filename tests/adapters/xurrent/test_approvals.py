"""Approvals are given by the person they are asked of, with that person's own token, and with no other."""

import pytest

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person
from adapters.protocol import CheckStatus, Unsupported
from adapters.writes import ApproveTask, AssignTask, Op, RejectTask, Write, WriteResult
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import BEN, MARK, a_run, an_approval, key
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.subject import connected
from tests.adapters.xurrent.world import BOT, FakeRun, FakeTask

ANA_ID, BEN_ID, RUI_ID = 58, 60, 61
ANA = Person(id="U0ANA", name="Ana", email="ana@example.com")
TOKENS = {"U0ANA": "anas-own", "U0BEN": "revoked"}


@pytest.fixture
def own(fake: XurrentFake, http: HttpClients) -> Xurrent:
    fake.own_tokens = {"anas-own": ANA_ID}
    return connected(fake, http, tokens=TOKENS)


def approve(run: FakeRun, task: FakeTask, note: str = "", by: Person = ANA) -> ApproveTask:
    return ApproveTask(run=key(run), by=by, task=str(task.id), note=note)


async def carry_all(adapter: Xurrent, write: Write) -> list[WriteResult]:
    run = await adapter.read(write.run.id) if write.run else None
    return [await adapter.execute(step, MARK) for step in adapter.steps(write, run)]


async def refusal(adapter: Xurrent, write: Write) -> AdapterError:
    with pytest.raises((Rejected, Conflict)) as refused:
        await carry_all(adapter, write)
    return refused.value


async def test_one_of_two_approves_for_herself(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, ANA_ID, RUI_ID, required=2)
    await carry_all(own, approve(run, task))
    assert [one.status for one in task.approvals] == ["approved", "assigned"]
    shown = (await own.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert [one.name for one in shown.approvers] == ["Rui Dias"]


async def test_asked_of_one_it_is_the_tasks_status_and_the_words_go_with_it(
    fake: XurrentFake, own: Xurrent
) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, ANA_ID)
    (told,) = await carry_all(own, approve(run, task, "within the window"))
    assert (task.status, told.tasks[0].state) == ("approved", "done")
    (note,) = run.notes
    assert "within the window" in note.text
    assert note.person == ANA_ID


async def test_words_of_one_among_several_follow_as_her_note(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, ANA_ID, RUI_ID)
    await carry_all(own, RejectTask(run=key(run), by=ANA, task=str(task.id), reason="no way back"))
    assert task.status == "rejected"
    assert [(note.person, "no way back" in note.text) for note in run.notes] == [(ANA_ID, True)]


async def test_given_already_it_is_not_sent_again(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, ANA_ID, RUI_ID, required=2)
    await carry_all(own, approve(run, task))
    (told,) = await carry_all(own, approve(run, task))
    assert told.already
    assert fake.world.effects.count(("approve", task.id)) == 1


async def test_what_is_asked_of_others_is_theirs(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    of_rui, of_two = an_approval(fake, run, RUI_ID), an_approval(fake, run, BEN_ID, RUI_ID)
    for task in (of_rui, of_two):
        assert (await refusal(own, approve(run, task))).key == "xurrent.not_asked"
        assert task.status == "assigned"


async def test_nobody_is_made_the_one_who_is_asked(fake: XurrentFake, own: Xurrent) -> None:
    """Or whoever may write could have Rui's approval given to themselves, by Liaison's token, and give it."""
    run = a_run(fake)
    of_rui, of_two = an_approval(fake, run, RUI_ID), an_approval(fake, run, BEN_ID, RUI_ID)
    for task in (of_rui, of_two):
        assign = AssignTask(run=key(run), by=ANA, task=str(task.id), person=ANA)
        assert (await refusal(own, assign)).key.startswith("xurrent.approval")
        with pytest.raises(Rejected):  # also when the snapshot did not tell that it is one
            await own.execute(assign, MARK)
    assert (of_rui.member, of_two.member, fake.world.effects) == (RUI_ID, None, [])


async def test_nobody_approves_with_the_token_of_liaison(fake: XurrentFake, own: Xurrent) -> None:
    """Nor by an e-mail address or a handle that is the same as somebody's."""
    run = a_run(fake)
    task = an_approval(fake, run, BOT)
    for by in (BEN, Person(name="Ana", email="ana@example.com"), Person(id="U0EVE", handle="U0ANA")):
        assert (await refusal(own, approve(run, task, by=by))).key == "xurrent.no_token"
    assert fake.world.effects == []


async def test_a_revoked_token_is_its_persons_trouble_and_not_the_platforms(
    fake: XurrentFake, own: Xurrent
) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, BEN_ID)
    assert (await refusal(own, approve(run, task, by=Person(id="U0BEN")))).key == "xurrent.own_token"


async def test_a_task_is_no_approval_and_one_that_waits_is_not_given_yet(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    task = fake.world.task(run, "Page the DBA")
    assert (await refusal(own, approve(run, task))).key == "xurrent.no_approval"
    waiting = an_approval(fake, run, ANA_ID, RUI_ID)
    waiting.status = waiting.approvals[0].status = "registered"
    assert (await refusal(own, approve(run, waiting))).key == "xurrent.waits"


async def test_without_any_token_of_people_there_is_no_approving(xurrent: Xurrent) -> None:
    assert isinstance(xurrent.capabilities[Op.APPROVE], Unsupported)
    assert isinstance(xurrent.capabilities[Op.REJECT], Unsupported)


async def test_the_old_api_leaves_it_to_the_server_whose_it_is(old: XurrentFake, http: HttpClients) -> None:
    old.own_tokens = {"anas-own": ANA_ID}
    own = connected(old, http, tokens={"U0ANA": "anas-own"})
    run = a_run(old)
    hers, ruis = an_approval(old, run, ANA_ID), an_approval(old, run, RUI_ID)
    await own.execute(approve(run, hers, "within the window"), MARK)
    assert hers.status == "approved"
    with pytest.raises(Conflict):
        await own.execute(approve(run, ruis), MARK)
    assert ruis.status == "assigned"


async def test_the_doctor_says_as_whom_each_token_approves(own: Xurrent) -> None:
    *_, ana, ben = await own.check()
    assert (ana.status, ana.summary) == (CheckStatus.OK, "U0ANA approves as Ana Reis")
    assert (ben.status, "platforms.xurrent.tokens.U0BEN" in ben.fix) == (CheckStatus.FIX, True)


async def test_who_has_decided_is_told_so_while_others_are_still_asked(fake: XurrentFake, own: Xurrent) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, ANA_ID, RUI_ID, required=2)
    await carry_all(own, approve(run, task))
    refused = await refusal(own, RejectTask(run=key(run), by=ANA, task=str(task.id), reason="no way back"))
    assert refused.key == "xurrent.decided"
    assert refused.facts["status"] == "approved"
