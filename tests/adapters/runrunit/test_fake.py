"""The fake responds like the documentation's samples, and accepts only what the documentation has."""

from typing import Any

import httpx
import pytest

from tests.adapters.runrunit.fake import BASE, RunrunitFake
from tests.adapters.runrunit.recording_files import load_recording


def client(fake: RunrunitFake, **headers: str) -> httpx.AsyncClient:
    own_headers = {"App-Key": fake.app_key, "User-Token": fake.user_token, "Content-Type": "application/json"}
    return httpx.AsyncClient(base_url=fake.url + BASE, headers=own_headers | headers, trust_env=False)


@pytest.mark.parametrize(
    ("path", "recording"),
    [
        ("/tasks/{run}", "task"),
        ("/tasks?project_id=7", "tasks_closed"),
        ("/tasks/{run}/subtasks", "tasks_subtasks"),
        ("/tasks/{run}/comments", "comments"),
        ("/boards/11/stages", "stages"),
        ("/project_templates/3/task_templates", "task_templates"),
        ("/users", "users"),
    ],
)
async def test_responses_match_the_recordings(fake: RunrunitFake, path: str, recording: str) -> None:
    run = fake.world.run()
    fake.world.comment(run.id, "hello")
    async with client(fake) as http:
        response = await http.get(path.format(run=run.id))
    assert response.status_code == 200
    actual, expected_body = response.json(), load_recording(recording)
    assert type(actual) is type(expected_body)
    if isinstance(actual, list):
        actual, expected_body = actual[0], expected_body[0]
    assert actual.keys() ^ expected_body.keys() <= {"unseen_since", "follower_ids"}  # some samples lack them
    same = [
        key
        for key in actual.keys() & expected_body.keys()
        if actual[key] is not None and expected_body[key] is not None
    ]
    assert {key: type(actual[key]) for key in same} == {key: type(expected_body[key]) for key in same}


@pytest.mark.parametrize("headers", [{"App-Key": "wrong"}, {"User-Token": ""}])
async def test_wrong_or_missing_keys_are_rejected(fake: RunrunitFake, headers: dict[str, str]) -> None:
    async with client(fake, **headers) as http:
        response = await http.get("/users")
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/comments", {"comment": {"task_id": 1, "text": "x"}}, 400),
        ("POST", "/comments", {"task_id": "{step}", "text": "x"}, 400),
        ("POST", "/tasks", {"title": "x"}, 400),
        ("POST", "/tasks", {"task": {"title": "x"}}, 400),
        ("POST", "/tasks/{step}/deliver", {"id": 1}, 400),
        ("POST", "/tasks/{step}/reopen", None, 400),
        ("POST", "/tasks/{step}/change_status", {"task_status_id": 43}, 400),
        ("POST", "/tasks/{step}/create_assignments", {"assignments": [{"assignee_id": "nobody"}]}, 400),
        ("POST", "/tasks/{step}/assignments/abc/play", None, 404),
        ("PUT", "/tasks/{step}", {"task": {"title": "x"}}, 404),
        ("DELETE", "/tasks/{step}", None, 404),
        ("GET", "/tasks/999999", None, 404),
        ("GET", "/tasks?limit=1000", None, 400),
        ("GET", "/tasks?parent_task_id=1", None, 400),
        ("GET", "/nothing", None, 404),
    ],
)
async def test_requests_outside_the_documentation_are_rejected(
    fake: RunrunitFake, method: str, path: str, body: Any, status: int
) -> None:
    step = fake.world.step(fake.world.run())
    async with client(fake) as http:
        response = await http.request(method, path.format(step=step.id), json=body)
    assert (response.status_code, response.content) == (status, b"")
    assert ("text/html" in response.headers["content-type"]) == (status == 404)
    assert fake.world.effects == []


async def test_a_page_out_of_range_is_page_1(fake: RunrunitFake) -> None:
    for number in range(5):
        fake.world.task(f"task {number}")
    fake.max_page_size = 2
    async with client(fake) as http:
        first, last, beyond = [(await http.get(f"/tasks?page={page}")) for page in (1, 3, 9)]
    assert first.json() == beyond.json() != last.json()
    assert '</api/tasks?page=2>; rel="next"' in first.headers["link"]
    assert "next" not in last.headers["link"]
    assert last.headers["x-item-range"] == "items 5-5/5"


async def test_a_timer_pauses_the_same_persons_other_timers(fake: RunrunitFake) -> None:
    first, second = (
        fake.world.task("one", people=("ana-reis", "ben-costa")),
        fake.world.task("two", people=("ana-reis",)),
    )
    for task, user in ((first, "ana-reis"), (first, "ben-costa"), (second, "ana-reis")):
        fake.world.play(task, task.assignment_of(user))
    assert [assignment.working for assignment in (*first.assignments, *second.assignments)] == [False, True, True]
