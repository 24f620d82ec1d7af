"""What a platform's webhook is about: only that is read again, and in doubt everything is."""

import json

import pytest

from adapters.protocol import WebhookHints
from tests.contract.subject import Subject

BODIES = [
    ("cutover", {"type": "core.event", "meta": {"runbook": {"id": 42}, "task": {"id": 7}}}, ["42"]),
    ("cutover", {"type": "core.event", "meta": {"runbook": None}}, None),
    ("cutover", {"text": "an operator's own payload"}, None),
    ("playbooks", {"id": "r" * 26, "playbook_id": "p" * 26, "end_at": 0}, ["r" * 26]),
    ("playbooks", {"id": "r" * 26}, None),
    ("xurrent", {"event": "task.status-changed", "object_id": 21129, "payload": {}}, ["21129"]),
    ("xurrent", {"event": "workflow.note-added", "object_id": 7001}, ["7001"]),
    ("xurrent", {"event": "task.create", "object_id": 21130}, None),
    ("xurrent", {"event": "automation_rule", "object_id": 3}, None),
    ("xurrent", {"event": "webhook.verify", "payload": {"callback": "https://api.example/v1/webhooks/1"}}, []),
    ("xurrent", {"jwt": "e30.eyJldmVudCI6InRhc2sudXBkYXRlIiwib2JqZWN0X2lkIjo5fQ.c2ln"}, ["9"]),
    ("xurrent", {"jwt": "e30"}, None),
    ("runrunit", {"event": "task:deliver", "data": {"task": {"id": 3302}}}, ["3302"]),
    ("runrunit", {"event": "task_assignment:play", "data": {"task": {"id": 3302}}}, ["3302"]),
    ("runrunit", {"event": "task:create", "data": {"task": {"id": 3303}}}, None),
    ("runrunit", {"event": "task:move", "data": {}}, None),
    ("runrunit", {"event": "client:create", "data": {"client": {"id": 1}}}, []),
]


@pytest.mark.parametrize(("kind", "body", "ids"), BODIES)
async def test_a_webhook_says_what_it_is_about(subject: Subject, body: object, ids: list[str] | None) -> None:
    assert isinstance(subject.adapter, WebhookHints)
    found = subject.adapter.affected_ids(json.dumps(body).encode())
    assert (None if found is None else list(found)) == ids


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in BODIES}))
@pytest.mark.parametrize(
    "said", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 10_000, b'{"data": 1, "meta": [], "id": {}}']
)
async def test_what_cannot_be_read_may_be_about_any_run(subject: Subject, said: bytes) -> None:
    assert isinstance(subject.adapter, WebhookHints)
    assert subject.adapter.affected_ids(said) is None
