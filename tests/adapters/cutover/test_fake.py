"""The fake responds like the recordings, and accepts only what the reference allows."""

from typing import Any

import httpx
import pytest

from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.helpers import create_active_run
from tests.adapters.cutover.recording_files import load_recording

EXTRA = {"start_display", "end_display", "predecessor_ids", "successor_ids", "created_at", "updated_at"}


def client(fake: CutoverFake, **headers: str) -> httpx.AsyncClient:
    own_headers = {
        "Authorization": f"Bearer {fake.token}",
        "Api-Version": "2022-02-22",
        "Accept": "application/json",
    }
    return httpx.AsyncClient(base_url=fake.url, headers=own_headers | headers, trust_env=False)


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
async def test_responses_match_the_recordings(fake: CutoverFake, path: str, recording: str) -> None:
    runbook = create_active_run(fake)
    async with client(fake) as http:
        response = await http.get(path.format(run=runbook.id, task=next(iter(runbook.tasks))))
    assert response.status_code == 200
    actual, recorded = response.json(), load_recording(recording)
    assert actual.keys() == recorded.keys()
    if isinstance(recorded["data"], list):
        assert actual["links"].keys() <= recorded["links"].keys() | {"next"}
        assert actual["meta"]["page"].keys() == recorded["meta"]["page"].keys()
        actual, recorded = actual["data"][0], recorded["data"][0]
    else:
        actual, recorded = actual["data"], recorded["data"]
    assert actual.keys() == recorded.keys()
    assert actual["attributes"].keys() ^ recorded["attributes"].keys() <= EXTRA
    assert actual["relationships"].keys() <= recorded["relationships"].keys()


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
async def test_missing_or_wrong_headers_are_rejected(
    fake: CutoverFake, headers: dict[str, str], status: int
) -> None:
    async with client(fake, **headers) as http:
        response = await http.get("/core/runbooks")
    assert response.status_code == status
    assert response.json()["errors"][0].keys() == load_recording("error_401")["errors"][0].keys()


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
async def test_requests_outside_the_reference_are_rejected(
    fake: CutoverFake, method: str, path: str, body: Any, status: int
) -> None:
    runbook = create_active_run(fake)
    async with client(fake) as http:
        url = path.format(run=runbook.id, task=next(iter(runbook.tasks)))
        response = await http.request(method, url, json=body)
    assert response.status_code == status
    assert response.json()["errors"][0]["code"]
    assert fake.effects == []


async def test_a_run_completes_with_its_last_task(fake: CutoverFake) -> None:
    runbook = create_active_run(fake)
    for task in runbook.tasks.values():
        fake.world.begin(runbook, task)
        fake.world.finish(runbook, task, None)
    assert runbook.stage == "complete"
    assert {task.completion_type for task in runbook.tasks.values()} == {"complete_normal"}
