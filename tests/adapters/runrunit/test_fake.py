"""The fake gives what the document shows, and takes only what the document has."""

from typing import Any

import httpx
import pytest

from tests.adapters.runrunit.fake import BASE, RunrunitFake
from tests.adapters.runrunit.recorded import recorded


def client(fake: RunrunitFake, **headers: str) -> httpx.AsyncClient:
    ours = {"App-Key": fake.app_key, "User-Token": fake.user_token, "Content-Type": "application/json"}
    return httpx.AsyncClient(base_url=fake.url + BASE, headers=ours | headers, trust_env=False)


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
async def test_its_answers_have_the_recorded_shape(fake: RunrunitFake, path: str, recording: str) -> None:
    run = fake.world.run()
    fake.world.comment(run.id, "hello")
    async with client(fake) as http:
        answer = await http.get(path.format(run=run.id))
    assert answer.status_code == 200
    ours, theirs = answer.json(), recorded(recording)
    assert type(ours) is type(theirs)
    if isinstance(ours, list):
        ours, theirs = ours[0], theirs[0]
    assert ours.keys() ^ theirs.keys() <= {"unseen_since", "follower_ids"}  # some samples lack them
    same = [key for key in ours.keys() & theirs.keys() if ours[key] is not None and theirs[key] is not None]
    assert {key: type(ours[key]) for key in same} == {key: type(theirs[key]) for key in same}


@pytest.mark.parametrize("headers", [{"App-Key": "wrong"}, {"User-Token": ""}])
async def test_it_wants_both_keys(fake: RunrunitFake, headers: dict[str, str]) -> None:
    async with client(fake, **headers) as http:
        answer = await http.get("/users")
    assert (answer.status_code, answer.content) == (401, b"")


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
async def test_it_refuses_what_the_document_does_not_have(
    fake: RunrunitFake, method: str, path: str, body: Any, status: int
) -> None:
    step = fake.world.step(fake.world.run())
    async with client(fake) as http:
        answer = await http.request(method, path.format(step=step.id), json=body)
    assert (answer.status_code, answer.content) == (status, b"")
    assert ("text/html" in answer.headers["content-type"]) == (status == 404)
    assert fake.world.effects == []


async def test_a_page_out_of_range_is_page_1(fake: RunrunitFake) -> None:
    for number in range(5):
        fake.world.task(f"task {number}")
    fake.most = 2
    async with client(fake) as http:
        first, last, beyond = [(await http.get(f"/tasks?page={page}")) for page in (1, 3, 9)]
    assert first.json() == beyond.json() != last.json()
    assert '</api/tasks?page=2>; rel="next"' in first.headers["link"]
    assert "next" not in last.headers["link"]
    assert last.headers["x-item-range"] == "items 5-5/5"


async def test_a_timer_pauses_the_others_of_its_person(fake: RunrunitFake) -> None:
    one, other = (
        fake.world.task("one", people=("ana-reis", "ben-costa")),
        fake.world.task("two", people=("ana-reis",)),
    )
    for task, user in ((one, "ana-reis"), (one, "ben-costa"), (other, "ana-reis")):
        fake.world.play(task, task.part(user))
    assert [part.working for part in (*one.parts, *other.parts)] == [False, True, True]
