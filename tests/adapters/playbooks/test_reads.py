"""Lists of runs and playbooks."""

import pytest

from adapters.http.client import HttpClients
from adapters.writes import (
    EndRun,
    Op,
)
from tests.adapters.playbooks.helpers import ANA, execute_steps
from tests.adapters.playbooks.subject import PlaybooksSubject, connect_adapter


async def test_lists_are_requested_explicitly_and_bounded(subject: PlaybooksSubject) -> None:
    first, second = await subject.a_run(), await subject.a_run()
    await execute_steps(subject, EndRun(run=first.key, by=ANA), first)
    heads = await subject.adapter.runs("")
    assert [head.key for head in heads] == [second.key]
    assert (heads[0].done, heads[0].total) == (0, 4)
    query = subject.fake.calls("GET", "/runs$")[-1].query
    expected = {"team_id": subject.fake.team, "statuses": "InProgress", "sort": "create_at", "direction": "desc"}
    assert query.items() >= expected.items()
    subject.fake.world.endless = True
    requests_before = len(subject.fake.seen)
    assert len(await subject.adapter.runs("")) == 1
    assert len(await subject.adapter.runbooks("")) == 1
    assert len(subject.fake.seen) - requests_before <= 20


async def test_all_pages_of_runs_are_read(subject: PlaybooksSubject) -> None:
    run = await subject.a_run()
    run_json = subject.fake.run(run.key.id)
    for number in range(150):
        id = f"{number:026d}"
        subject.fake.world.runs[id] = {**run_json, "id": id, "create_at": run_json["create_at"] - number}
    assert len(await subject.adapter.runs("")) == 151


@pytest.mark.parametrize("team", ["ops", "OPS", ""])
async def test_the_team_is_found_by_its_name(subject: PlaybooksSubject, team: str) -> None:
    http = HttpClients()
    adapter = connect_adapter(subject.fake, http, team=team)
    assert [item.title for item in await adapter.runbooks("")] == ["Database failover"]
    assert subject.fake.calls("GET", "/playbooks$")[-1].query["team_id"] == subject.fake.team
    await http.close()


async def test_every_operation_is_declared(subject: PlaybooksSubject) -> None:
    assert set(subject.adapter.capabilities) == set(Op)
