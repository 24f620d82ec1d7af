"""The fake answers like the recordings, and accepts only what the documents allow."""

from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.adapters.xurrent.fake import ACCOUNT, XurrentFake
from tests.adapters.xurrent.helpers import add_approval, create_run
from tests.adapters.xurrent.recording_files import body

NEW = {"Accept": "application/json", "X-Xurrent-Account": ACCOUNT}
OLD = {"Accept": "application/json", "X-ITRP-Account": ACCOUNT}


def client(fake: XurrentFake, **headers: str) -> httpx.AsyncClient:
    basic = b64encode(f"{fake.token}:x".encode()).decode()
    defaults = (
        OLD | {"Authorization": f"Basic {basic}"} if fake.itrp else NEW | {"Authorization": f"Bearer {fake.token}"}
    )
    return httpx.AsyncClient(base_url=fake.url, headers=defaults | headers, trust_env=False)


def field_names(body: Any) -> set[str]:
    return set(body[0] if isinstance(body, list) else body)


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
async def test_responses_have_the_fields_of_the_recordings(fake: XurrentFake, path: str, recording: str) -> None:
    run = create_run(fake)
    tasks = fake.account.tasks_of(run)
    place = path.format(template=fake.template.id, run=run.id, task=tasks[0].id, last=tasks[-1].id)
    async with client(fake) as http:
        response = await http.get(f"/v1/{place}")
    assert response.status_code == 200
    assert field_names(response.json()) == field_names(body(f"xurrent/{recording}"))


async def test_old_api_responses_have_the_fields_of_the_recordings(itrp_fake: XurrentFake) -> None:
    run = create_run(itrp_fake)
    task = itrp_fake.account.tasks_of(run)[0]
    async with client(itrp_fake) as http:
        listed, single = await http.get("/v1/tasks/managed_by_me"), await http.get(f"/v1/tasks/{task.id}")
        missing = [
            await http.get(f"/v1/{path}") for path in ("workflows", f"tasks/{task.id}/notes", "me", "people")
        ]
    assert field_names(listed.json()) == field_names(body("itrp/tasks_managed_by_me"))
    assert field_names(single.json()) == field_names(body("itrp/task"))
    assert [response.status_code for response in missing] == [404] * 4


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
async def test_the_fake_requires_its_headers(fake: XurrentFake, headers: dict[str, str], status: int) -> None:
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
async def test_the_fake_refuses_undocumented_requests(
    fake: XurrentFake, method: str, path: str, sent: Any, status: int, field: str
) -> None:
    run = create_run(fake)
    tasks = fake.account.tasks_of(run)
    approval = add_approval(fake, run, 58)
    place = path.format(run=run.id, task=tasks[0].id, last=tasks[-1].id, approval=approval.id)
    async with client(fake) as http:
        response = await http.request(method, f"/v1/{place}", json=sent)
    assert response.status_code == status
    if field:
        assert response.json()["errors"][0][0] == field
    assert fake.account.effects == []


async def test_a_workflow_being_created_has_no_tasks_yet(fake: XurrentFake) -> None:
    run = fake.account.start(fake.template, "R7 Primary down")
    run.polls_until_created = 1
    async with client(fake) as http:
        assert (await http.get(f"/v1/workflows/{run.id}/tasks")).status_code == 404
        assert (await http.get(f"/v1/workflows/{run.id}")).json()["status"] == "being_created"
        assert (await http.get(f"/v1/workflows/{run.id}")).json()["status"] == "in_progress"
        assert len((await http.get(f"/v1/workflows/{run.id}/tasks")).json()) == 4


async def test_the_fake_pages_by_the_link_header(fake: XurrentFake) -> None:
    for number in range(5):
        fake.account.template(f"Runbook {number}")
    async with client(fake) as http:
        first = await http.get("/v1/workflow_templates/enabled?per_page=4")
        second = await http.get(first.links["next"]["url"])
    assert (len(first.json()), len(second.json())) == (4, 2)
    assert "first" in second.links
    assert "next" not in second.links
