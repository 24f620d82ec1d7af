"""What waits for one person, by the platform's own lists."""

import pytest

from adapters.http.client import HttpClients
from adapters.models import Listing, Person
from adapters.protocol import AssignedTasks
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import UNKNOWN_PERSON, add_approval, create_run

ANA_ID, RUI_ID = 58, 61
ANA = Person(id="U0ANA", name="Ana", email="ana@example.com")
BEN = Person(id="U0BEN", name="Ben", email="ben@example.com")


async def connect(fake: XurrentFake, http: HttpClients) -> XurrentAdapter:
    fake.personal_tokens = {"anas-own": ANA_ID}
    adapter = connect_adapter(fake, http, tokens={"U0ANA": "anas-own"})
    assert isinstance(adapter, AssignedTasks)
    return adapter


@pytest.mark.parametrize("flavour", ["xurrent", "itrp"])
async def test_a_persons_own_token_lists_tasks_and_approvals(
    fake: XurrentFake, itrp_fake: XurrentFake, http: HttpClients, flavour: str
) -> None:
    fake = itrp_fake if flavour == "itrp" else fake
    adapter = await connect(fake, http)
    run, other = create_run(fake), create_run(fake)
    mine, done, others, _ = fake.account.tasks_of(run)
    mine.member = done.member = ANA_ID
    others.member = RUI_ID
    fake.account.set_status(done, "completed", None)
    asked = add_approval(fake, other, ANA_ID, RUI_ID, required=2)
    add_approval(fake, other, RUI_ID)
    found = await adapter.assigned_tasks(ANA)
    assert [(item.run.key.id, item.task.id) for item in found] == [
        (str(run.id), str(mine.id)),
        (str(other.id), str(asked.id)),
    ]
    assert found.complete
    assert found[0].run.title == run.subject
    assert found[1].task.approvers == (ANA,)
    assert [seen.path for seen in fake.seen] == ["/v1/tasks/assigned_to_me", "/v1/tasks/approval_by_me"]


async def test_without_a_token_the_open_tasks_are_filtered_by_member(fake: XurrentFake, http: HttpClients) -> None:
    adapter = await connect(fake, http)
    run = create_run(fake)
    mine, done, *_ = fake.account.tasks_of(run)
    mine.member = done.member = 60
    fake.account.set_status(done, "completed", None)
    assert [item.task.id for item in await adapter.assigned_tasks(BEN)] == [str(mine.id)]
    assert [seen.path for seen in fake.seen] == ["/v1/people", "/v1/tasks/open"]
    assert await adapter.assigned_tasks(UNKNOWN_PERSON) == Listing(())


async def test_the_old_api_picks_tasks_of_liaisons_teams_by_name(
    itrp_fake: XurrentFake, http: HttpClients
) -> None:
    """It documents no filter by member, so there may be more."""
    adapter = await connect(itrp_fake, http)
    task = itrp_fake.account.tasks_of(create_run(itrp_fake))[0]
    task.member = 60
    found = await adapter.assigned_tasks(BEN.model_copy(update={"name": "Ben Thomas"}))
    assert ([item.task.id for item in found], found.complete) == ([str(task.id)], False)
    assert found.gap == "xurrent.itrp_only_ours"
    assert len(itrp_fake.seen) == 2
    assert list(await adapter.assigned_tasks(UNKNOWN_PERSON)) == []


async def test_a_list_that_goes_on_says_so(fake: XurrentFake, http: HttpClients) -> None:
    adapter = await connect(fake, http)
    for _ in range(26):
        for task in fake.account.tasks_of(create_run(fake)):
            task.member = 60
    found = await adapter.assigned_tasks(BEN)
    assert (len(found), found.complete) == (100, False)
