"""Who a task can be assigned to: a refusal is explained, or solved by assigning the task first."""

import pytest

from adapters.errors import Conflict, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person
from adapters.writes import AddTask, AssignTask, BeginTask, HoldTask
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import ANA, BEN, UNKNOWN_PERSON, create_run, execute, finish_write, run_key

RUI = Person(name="Rui Dias", email="rui@example.com")


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return create_run(fake)


def bodies(fake: XurrentFake) -> list[object]:
    return [seen.json for seen in fake.calls("PATCH", "")]


async def test_begin_by_somebody_outside_the_team_names_the_team(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    fake.account.team.discard(58)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, BeginTask(run=run_key(run), by=ANA, task=str(task.id)))
    text = error_text(PLATFORM, refused.value)
    assert "only to people of Windows Servers, and doesn't accept Ana" in text
    assert "Assign it to somebody of that team" in text
    assert refused.value.assign_first
    assert task.status == "assigned"


async def test_assign_outside_the_team_names_the_team(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    fake.account.team.discard(60)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=BEN))
    assert "Windows Servers" in error_text(PLATFORM, refused.value)


async def test_a_task_that_needs_a_member_is_assigned_to_who_finishes_it(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    fake.account.needs_member = True
    first, second, *_ = fake.account.tasks_of(run)
    result = await execute(xurrent, finish_write(run, first, "by hand"))
    assert bodies(fake) == [{"status": "completed"}, {"status": "completed", "member_id": 58}]
    assert (first.status, first.member, result.message) == ("completed", 58, "xurrent.assigned_first")
    assert len(run.notes) == 1
    await execute(xurrent, HoldTask(run=run_key(run), by=BEN, task=str(second.id), reason="vendor"))
    assert (second.status, second.member) == ("waiting_for", 60)


async def test_a_task_that_needs_a_member_is_explained_to_somebody_unknown(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    fake.account.needs_member = True
    task = fake.account.tasks_of(run)[0]
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, BeginTask(run=run_key(run), by=UNKNOWN_PERSON, task=str(task.id)))
    text = error_text(PLATFORM, refused.value)
    assert "wants somebody assigned" in text
    assert "Assign it to somebody of Windows Servers, then try again" in text
    assert task.status == "assigned"


async def test_a_member_who_left_the_team_is_not_replaced_silently(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    task.member = 61
    fake.fault("answer", method="PATCH", status=422, body='{"errors":[["member","Member has left"]]}')
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, finish_write(run, task))
    assert refused.value.key == "xurrent.member_stale"
    assert len(fake.calls("PATCH", "")) == 1


async def test_an_assignment_made_there_meanwhile_is_not_replaced(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    task.member = 61
    assign = AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=BEN, expected=())
    with pytest.raises(Conflict):
        await execute(xurrent, assign)
    assert task.member == 61
    seen = (await xurrent.read(str(run.id))).tasks[0].assignees
    await execute(xurrent, assign.model_copy(update={"expected": seen}))  # as it is seen now, it may be replaced
    assert task.member == 60


async def test_the_old_api_assigns_people_that_it_has_named(itrp: XurrentAdapter, itrp_fake: XurrentFake) -> None:
    """It documents no people, but each task names its member and manager."""
    run = create_run(itrp_fake)
    first, second, *_ = itrp_fake.account.tasks_of(run)
    second.member = 61
    assign = AssignTask(run=run_key(run), by=ANA, task=str(first.id), person=RUI)
    with pytest.raises(Rejected) as refused:
        await execute(itrp, assign)
    assert "can't look people up" in error_text(PLATFORM, refused.value)
    await execute(itrp, assign, await itrp.read(str(run.id)))
    assert first.member == 61


async def test_the_old_api_never_guesses_between_two_people_of_one_name(
    itrp: XurrentAdapter, itrp_fake: XurrentFake
) -> None:
    run = create_run(itrp_fake)
    first, second, third, *_ = itrp_fake.account.tasks_of(run)
    itrp_fake.account.people[60].name = "Rui Dias"
    second.member, third.member = 60, 61
    shown = await itrp.read(str(run.id))
    with pytest.raises(Rejected):
        await execute(itrp, AssignTask(run=run_key(run), by=ANA, task=str(first.id), person=RUI), shown)


async def test_the_old_api_knows_people_by_their_own_tokens(itrp_fake: XurrentFake, http: HttpClients) -> None:
    itrp_fake.personal_tokens = {"anas-own": 58}
    adapter = connect_adapter(itrp_fake, http, tokens={"U0ANA": "anas-own"})
    run = create_run(itrp_fake)
    first, second, *_ = itrp_fake.account.tasks_of(run)
    second.member = 58
    ana = Person(id="U0ANA", name="Aninha")
    await execute(adapter, BeginTask(run=run_key(run), by=ana, task=str(first.id)))
    assert (first.status, first.member) == ("in_progress", 58)


async def test_the_old_api_says_that_an_added_task_has_no_assignee(
    itrp: XurrentAdapter, itrp_fake: XurrentFake
) -> None:
    run = create_run(itrp_fake)
    result = await execute(itrp, AddTask(run=run_key(run), by=ANA, title="Tell support", assignee=BEN))
    assert result.message == "xurrent.itrp_nobody_assigned"
