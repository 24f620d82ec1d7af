"""Lists of runs and playbooks."""

import pytest

from adapters.http.client import HttpClients
from adapters.writes import (
    EndRun,
    Op,
)
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
    assert len(await harness.adapter.runs("")) == 1
    assert len(await harness.adapter.runbooks("")) == 1
    assert len(harness.fake.seen) - requests_before <= 20


async def test_all_pages_of_runs_are_read(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    run_json = harness.fake.run(run.key.id)
    for number in range(150):
        id = f"{number:026d}"
        harness.fake.world.runs[id] = {**run_json, "id": id, "create_at": run_json["create_at"] - number}
    assert len(await harness.adapter.runs("")) == 151


@pytest.mark.parametrize("team", ["ops", "OPS", ""])
async def test_the_team_is_found_by_its_name(harness: PlatformHarness, team: str) -> None:
    http = HttpClients()
    adapter = connect_adapter(harness.fake, http, team=team)
    assert [item.title for item in await adapter.runbooks("")] == ["Database failover"]
    assert harness.fake.calls("GET", "/playbooks$")[-1].query["team_id"] == harness.fake.team
    await http.close()


async def test_every_operation_is_declared(harness: PlatformHarness) -> None:
    assert set(harness.adapter.capabilities) == set(Op)
