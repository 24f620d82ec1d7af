"""The fake gives what the recordings have, and takes only what the reference allows."""

from typing import Any

import httpx
import pytest

from tests.adapters.cutover.acting import a_live_run
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.recorded import recorded

EXTRA = {"start_display", "end_display", "predecessor_ids", "successor_ids", "created_at", "updated_at"}


def client(fake: CutoverFake, **headers: str) -> httpx.AsyncClient:
    ours = {"Authorization": f"Bearer {fake.token}", "Api-Version": "2022-02-22", "Accept": "application/json"}
    return httpx.AsyncClient(base_url=fake.url, headers=ours | headers, trust_env=False)


@pytest.mark.parametrize(
    ("path", "recording"),
    [
        ("/core/runbooks/{run}", "runbook_active"),
        ("/core/runbooks", "runbooks_page_1"),
        ("/core/runbooks/{run}/tasks?forecast=true", "tasks_forecast"),
        ("/core/runbooks/{run}/tasks", "tasks_plain"),
        ("/core/runbooks/{run}/tasks/{task}", "task_started"),
        ("/core/runbooks/{run}/streams", "streams"),
        ("/core/task_types", "task_types"),
        ("/core/workspaces/3", "workspace"),
    ],
)
async def test_its_answers_have_the_recorded_shape(fake: CutoverFake, path: str, recording: str) -> None:
    live = a_live_run(fake)
    async with client(fake) as http:
        answer = await http.get(path.format(run=live.id, task=next(iter(live.tasks))))
    assert answer.status_code == 200
    ours, theirs = answer.json(), recorded(recording)
    assert ours.keys() == theirs.keys()
    if isinstance(theirs["data"], list):
        assert ours["links"].keys() <= theirs["links"].keys() | {"next"}
        assert ours["meta"]["page"].keys() == theirs["meta"]["page"].keys()
        ours, theirs = ours["data"][0], theirs["data"][0]
    else:
        ours, theirs = ours["data"], theirs["data"]
    assert ours.keys() == theirs.keys()
    assert ours["attributes"].keys() ^ theirs["attributes"].keys() <= EXTRA
    assert ours["relationships"].keys() <= theirs["relationships"].keys()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": ""}, 401),
        ({"Api-Version": ""}, 400),
        ({"Api-Version": "2031-01-01"}, 400),
        ({"Accept": "text/html"}, 400),
    ],
)
async def test_it_wants_its_headers(fake: CutoverFake, headers: dict[str, str], status: int) -> None:
    async with client(fake, **headers) as http:
        answer = await http.get("/core/runbooks")
    assert answer.status_code == status
    assert answer.json()["errors"][0].keys() == recorded("error_401")["errors"][0].keys()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/core/runbooks/{run}/comments", {"data": {"type": "comment", "attributes": {}}}, 422),
        ("POST", "/core/runbooks/{run}/comments", {"data": {"type": "note", "attributes": {"content": "x"}}}, 400),
        ("POST", "/core/runbooks/{run}/comments", {"content": "x"}, 400),
        ("PATCH", "/core/runbooks/{run}", {"data": {"type": "runbook", "attributes": {"status": "blue"}}}, 422),
        ("PATCH", "/core/runbooks/{run}", {"data": {"type": "runbook", "attributes": {"stage": "active"}}}, 400),
        ("PATCH", "/core/runbooks/{run}/start", {"meta": {"comms": "off"}}, 422),
        ("PATCH", "/core/runbooks/{run}/start", {"data": {}}, 400),
        ("PATCH", "/core/runbooks/{run}/tasks/{task}/finish", {"meta": {"override": "no"}}, 400),
        ("PATCH", "/core/runbooks/{run}/tasks/{task}/finish", {"meta": {"selected_successor_ids": ["1"]}}, 422),
        ("PATCH", "/core/runbooks/{run}/tasks/{task}/finish", {"meta": {}}, 422),
        ("PATCH", "/core/runbooks/{run}/tasks/999999/finish", {"meta": {}}, 404),
        (
            "POST",
            "/core/runbooks/{run}/tasks",
            {"data": {"type": "task", "attributes": {"stage": "complete"}}},
            400,
        ),
        ("DELETE", "/core/runbooks/{run}", None, 405),
        ("GET", "/core/nothing", None, 404),
        ("GET", "/core/runbooks?stage=planning", None, 400),
    ],
)
async def test_it_refuses_what_the_reference_does_not_have(
    fake: CutoverFake, method: str, path: str, body: Any, status: int
) -> None:
    live = a_live_run(fake)
    async with client(fake) as http:
        where = path.format(run=live.id, task=next(iter(live.tasks)))
        answer = await http.request(method, where, json=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"]
    assert fake.effects == []


async def test_a_run_is_over_with_its_last_task(fake: CutoverFake) -> None:
    live = a_live_run(fake)
    for task in live.tasks.values():
        fake.world.begin(live, task)
        fake.world.finish(live, task, None)
    assert live.stage == "complete"
    assert {task.completion_type for task in live.tasks.values()} == {"complete_normal"}
