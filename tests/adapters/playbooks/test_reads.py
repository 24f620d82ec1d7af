"""Lists of runs and playbooks."""

import pytest

from adapters.http.client import HttpClients
from adapters.models import Listing, Person, TaskState
from adapters.protocol import AssignedTasks
from adapters.writes import AssignTask, BeginTask, EndRun, FinishTask, Op
from tests.adapters.playbooks.fake import playbook_body
from tests.adapters.playbooks.fake_responses import CURRENT
from tests.adapters.playbooks.harness import PlatformHarness, connect_adapter
from tests.adapters.playbooks.helpers import ANA, execute_steps


async def test_lists_are_requested_explicitly_and_bounded(harness: PlatformHarness) -> None:
    first, second = await harness.new_run(), await harness.new_run()
    await execute_steps(harness, EndRun(run=first.key, by=ANA), first)
    heads = await harness.adapter.runs("")
    assert [head.key for head in heads] == [second.key]
    assert (heads[0].done, heads[0].total) == (0, 4)
    query = harness.fake.calls("GET", "/runs$")[-1].query
    expected = {"team_id": harness.fake.team, "statuses": "InProgress", "sort": "create_at", "direction": "desc"}
    assert query.items() >= expected.items()
    harness.fake.world.endless = True
    requests_before = len(harness.fake.seen)
    runs, runbooks = await harness.adapter.runs(""), await harness.adapter.runbooks("")
    assert (len(runs), runs.complete, len(runbooks), runbooks.complete) == (1, False, 1, False)
    assert len(harness.fake.seen) - requests_before <= 20


async def test_all_pages_of_runs_are_read(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    run_json = harness.fake.run(run.key.id)
    for number in range(150):
        id = f"{number:026d}"
        harness.fake.world.runs[id] = {**run_json, "id": id, "create_at": run_json["create_at"] - number}
    runs = await harness.adapter.runs("")
    assert (len(runs), runs.complete) == (151, True)


@pytest.mark.parametrize("team", ["ops", "OPS", ""])
async def test_the_team_is_found_by_its_name(harness: PlatformHarness, team: str) -> None:
    http = HttpClients()
    adapter = connect_adapter(harness.fake, http, team=team)
    assert [item.title for item in await adapter.runbooks("")] == ["Database failover"]
    assert harness.fake.calls("GET", "/playbooks$")[-1].query["team_id"] == harness.fake.team
    await http.close()


async def test_every_operation_is_declared(harness: PlatformHarness) -> None:
    assert set(harness.adapter.capabilities) == set(Op)


async def test_a_persons_open_tasks_are_listed_by_their_runs(harness: PlatformHarness) -> None:
    """Also of somebody who is not in the run's channel, which Playbooks 1 allows (recorded)."""
    assert isinstance(harness.adapter, AssignedTasks)
    first, second = await harness.new_run(), await harness.new_run()
    ben = Person(name="Ben", email="ben@example.com")
    for run, task in ((first, 0), (first, 1), (first, 2), (second, 3)):
        await execute_steps(harness, AssignTask(run=run.key, by=ANA, task=run.tasks[task].id, person=ben), run)
    await execute_steps(harness, BeginTask(run=first.key, by=ANA, task=first.tasks[1].id), first)
    await execute_steps(harness, FinishTask(run=first.key, by=ANA, task=first.tasks[2].id), first)
    requests_before = len(harness.fake.seen)
    found = await harness.adapter.assigned_tasks(ben)
    assert len(harness.fake.seen) - requests_before <= 3
    assert [(item.run.key, item.task.id, item.task.state) for item in found] == [
        (second.key, second.tasks[3].id, TaskState.READY),
        (first.key, first.tasks[0].id, TaskState.READY),
        (first.key, first.tasks[1].id, TaskState.RUNNING),
    ]
    assert found.complete
    assert (
        harness.fake.calls("GET", "/runs$")[-1 if harness.generation == CURRENT else -2].query["participant_id"]
        == harness.fake.ben
    )
    assert await harness.adapter.assigned_tasks(Person(name="Eve", handle="eve")) == Listing(())
    harness.fake.world.endless = True
    assert not (await harness.adapter.assigned_tasks(ben)).complete


async def test_playbooks_of_one_title_are_told_apart_by_their_team(harness: PlatformHarness) -> None:
    fake = harness.fake
    other = fake.core.add_team("eu", [fake.bot])
    fake.world.add_playbook(playbook_body(other))
    http = HttpClients()
    runbooks = await connect_adapter(fake, http, team="").runbooks("")
    assert {(item.title, item.folder) for item in runbooks} == {
        ("Database failover", "Ops"),
        ("Database failover", "Eu"),
    }
    assert all(item.created_at for item in runbooks)
    await http.close()
