"""One person's tasks, and tasks added between others: only with the setting, and only if the server knows them."""

from collections.abc import AsyncIterator

import pytest

from adapters.cutover.adapter import Cutover, NewerCutover
from adapters.cutover.inbox import MAX_RUNS
from adapters.errors import Rejected, Unsupported
from adapters.http.client import HttpClients
from adapters.models import Person
from adapters.protocol import AssignedTasks
from adapters.writes import AddTask
from tests.adapters.cutover.fake_with_extras import CutoverFakeWithExtras
from tests.adapters.cutover.harness import connect_adapter
from tests.adapters.cutover.helpers import ANA, MARKER, create_active_run, run_key

BEN = Person(name="Ben", email="ben@example.com")
BEN_THERE = ("user", "901")


@pytest.fixture
async def fake() -> AsyncIterator[CutoverFakeWithExtras]:
    async with CutoverFakeWithExtras() as fake:
        yield fake


@pytest.fixture
async def adapter(fake: CutoverFakeWithExtras, http: HttpClients) -> NewerCutover:
    adapter = connect_adapter(fake, http, extras="true")
    assert isinstance(adapter, NewerCutover)
    return adapter


async def test_without_the_setting_nobodys_tasks_are_listed(cutover: Cutover) -> None:
    assert not isinstance(cutover, AssignedTasks)


async def test_the_open_tasks_of_a_person_are_listed(fake: CutoverFakeWithExtras, adapter: NewerCutover) -> None:
    run = create_active_run(fake)
    first, second, *_ = run.tasks.values()
    first.assignees.append(BEN_THERE)
    second.assignees.append(BEN_THERE)
    second.stage, second.completion_type = "complete", "complete_normal"
    found = await adapter.assigned_tasks(BEN)
    assert [(item.run.key.id, item.task.id) for item in found] == [(run.id, first.id)]
    assert [person.name for person in found[0].task.assignees] == ["Ben Silva"]
    assert found.complete
    assert list(await adapter.assigned_tasks(Person(name="Eve", email="eve@elsewhere.example"))) == []


async def test_only_the_newest_runs_are_asked(fake: CutoverFakeWithExtras, adapter: NewerCutover) -> None:
    for _ in range(MAX_RUNS + 1):
        create_active_run(fake)
    found = await adapter.assigned_tasks(BEN)
    assert not found.complete
    assert len(fake.calls("GET", "/tasks$")) == MAX_RUNS


async def test_a_server_that_ignores_the_filter_is_no_proof_of_anything(
    fake: CutoverFakeWithExtras, adapter: NewerCutover
) -> None:
    create_active_run(fake)
    fake.ignores_filter = True
    with pytest.raises(Unsupported) as raised:
        await adapter.assigned_tasks(BEN)
    assert raised.value.key == "cutover.no_assignees"


@pytest.mark.parametrize(("is_ignored", "message"), [(False, ""), (True, "cutover.not_linked")])
async def test_a_new_task_waits_for_others_or_the_answer_says_that_it_does_not(
    fake: CutoverFakeWithExtras, adapter: NewerCutover, is_ignored: bool, message: str
) -> None:
    run = create_active_run(fake)
    run.dynamic, fake.ignores_predecessors = True, is_ignored
    first = next(iter(run.tasks))
    write = AddTask(run=run_key(run.id), by=ANA, title="Look again", after=(first,))
    (step,) = adapter.steps(write, await adapter.read(run.id))
    assert (await adapter.execute(step, MARKER)).message == message
    new = (await adapter.read(run.id)).tasks[-1]
    assert (new.title, new.waits_for) == ("Look again", () if is_ignored else (first,))


async def test_what_waits_for_a_new_task_is_refused(fake: CutoverFakeWithExtras, adapter: NewerCutover) -> None:
    run = create_active_run(fake)
    write = AddTask(run=run_key(run.id), by=ANA, title="Look again", before=(next(iter(run.tasks)),))
    with pytest.raises(Rejected) as raised:
        adapter.steps(write, None)
    assert raised.value.key == "cutover.only_after"


async def test_without_the_setting_a_task_is_not_put_between_others(
    fake: CutoverFakeWithExtras, cutover: Cutover
) -> None:
    run = create_active_run(fake)
    write = AddTask(run=run_key(run.id), by=ANA, title="Look again", after=(next(iter(run.tasks)),))
    with pytest.raises(Rejected) as raised:
        cutover.steps(write, None)
    assert raised.value.key == "add.no_places"
