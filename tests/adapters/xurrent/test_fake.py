"""The fake gives what the recordings have, and takes only what the documents allow."""

from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.adapters.xurrent.acting import a_run, an_approval
from tests.adapters.xurrent.fake import ACCOUNT, XurrentFake
from tests.adapters.xurrent.recorded import body

NEW = {"Accept": "application/json", "X-Xurrent-Account": ACCOUNT}
OLD = {"Accept": "application/json", "X-ITRP-Account": ACCOUNT}


def client(fake: XurrentFake, **headers: str) -> httpx.AsyncClient:
    basic = b64encode(f"{fake.token}:x".encode()).decode()
    ours = (
        OLD | {"Authorization": f"Basic {basic}"} if fake.old else NEW | {"Authorization": f"Bearer {fake.token}"}
    )
    return httpx.AsyncClient(base_url=fake.url, headers=ours | headers, trust_env=False)


def keys(answer: Any) -> set[str]:
    one = answer[0] if isinstance(answer, list) else answer
    return set(one)


@pytest.mark.parametrize(
    ("path", "recording"),
    [
        ("workflow_templates/{template}", "template"),
        ("workflow_templates/{template}/task_templates", "template_steps"),
        ("workflows/{run}", "workflow"),
        ("workflows/open", "workflows_open"),
        ("workflows/{run}/tasks", "workflow_tasks"),
        ("tasks", "tasks"),
        ("tasks/{task}", "task"),
        ("tasks/{last}/predecessors", "task_predecessors"),
        ("people?primary_email=BEN@example.com&fields=name,primary_email", "people_by_email"),
    ],
)
async def test_its_answers_have_the_recorded_shape(fake: XurrentFake, path: str, recording: str) -> None:
    run = a_run(fake)
    tasks = fake.world.tasks_of(run)
    place = path.format(template=fake.template.id, run=run.id, task=tasks[0].id, last=tasks[-1].id)
    async with client(fake) as http:
        answer = await http.get(f"/v1/{place}")
    assert answer.status_code == 200
    assert keys(answer.json()) == keys(body(f"xurrent/{recording}"))


async def test_the_old_one_has_its_own_shape(old: XurrentFake) -> None:
    run = a_run(old)
    task = old.world.tasks_of(run)[0]
    async with client(old) as http:
        listed, single = await http.get("/v1/tasks/managed_by_me"), await http.get(f"/v1/tasks/{task.id}")
        absent = [
            await http.get(f"/v1/{path}") for path in ("workflows", f"tasks/{task.id}/notes", "me", "people")
        ]
    assert keys(listed.json()) == keys(body("itrp/tasks_managed_by_me"))
    assert keys(single.json()) == keys(body("itrp/task"))
    assert [answer.status_code for answer in absent] == [404] * 4


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": ""}, 401),
        ({"X-Xurrent-Account": "other"}, 401),
        ({"X-4me-Account": ACCOUNT}, 401),
        ({"Accept": "text/html"}, 406),
    ],
)
async def test_it_wants_its_headers(fake: XurrentFake, headers: dict[str, str], status: int) -> None:
    async with client(fake, **headers) as http:
        assert (await http.get("/v1/me")).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "field"),
    [
        ("PATCH", "tasks/{task}", {"status": "done"}, 422, "status"),
        ("PATCH", "tasks/{task}", {"status": "approved"}, 422, "status"),
        ("PATCH", "tasks/{last}", {"status": "completed"}, 422, "status"),
        ("PATCH", "tasks/{approval}", {"status": "completed"}, 422, "status"),
        ("PATCH", "tasks/{task}", {"waiting_until": "2026-07-18T14:00:00Z"}, 422, "waiting_until"),
        ("PATCH", "tasks/{task}", {"finished_at": "2026-07-18T14:00:00Z"}, 400, ""),
        ("PATCH", "tasks/{task}", {"member_id": "58"}, 422, "member_id"),
        ("PATCH", "tasks/{task}", {"member_id": 999}, 422, "member"),
        ("PATCH", "tasks/999999", {"status": "completed"}, 404, ""),
        ("POST", "workflows/{run}/tasks", {"subject": "Tell support"}, 422, "category"),
        ("POST", "workflows/{run}/notes", {"text": ""}, 422, "text"),
        ("POST", "workflows", {"subject": "R9"}, 422, "template"),
        ("POST", "changes/{run}/tasks", {"subject": "Tell support"}, 404, ""),
        ("GET", "workflows?per_page=10&color=red", None, 400, ""),
        ("GET", "tasks?fields=id,note", None, 400, ""),
    ],
)
async def test_it_refuses_what_the_documents_do_not_have(
    fake: XurrentFake, method: str, path: str, sent: Any, status: int, field: str
) -> None:
    run = a_run(fake)
    tasks = fake.world.tasks_of(run)
    approval = an_approval(fake, run, 58)
    place = path.format(run=run.id, task=tasks[0].id, last=tasks[-1].id, approval=approval.id)
    async with client(fake) as http:
        answer = await http.request(method, f"/v1/{place}", json=sent)
    assert answer.status_code == status
    if field:
        assert answer.json()["errors"][0][0] == field
    assert fake.world.effects == []


async def test_a_workflow_being_created_has_no_tasks_yet(fake: XurrentFake) -> None:
    run = fake.world.start(fake.template, "R7 Primary down")
    run.looks = 1
    async with client(fake) as http:
        assert (await http.get(f"/v1/workflows/{run.id}/tasks")).status_code == 404
        assert (await http.get(f"/v1/workflows/{run.id}")).json()["status"] == "being_created"
        assert (await http.get(f"/v1/workflows/{run.id}")).json()["status"] == "in_progress"
        assert len((await http.get(f"/v1/workflows/{run.id}/tasks")).json()) == 4


async def test_it_pages_by_the_link_header(fake: XurrentFake) -> None:
    for number in range(5):
        fake.world.template(f"Runbook {number}")
    async with client(fake) as http:
        first = await http.get("/v1/workflow_templates/enabled?per_page=4")
        second = await http.get(first.links["next"]["url"])
    assert (len(first.json()), len(second.json())) == (4, 2)
    assert "first" in second.links
    assert "next" not in second.links
