"""What a platform's webhook is about: only that is read again, or everything if it does not say."""

import json
from collections.abc import Collection

import pytest

from adapters.change_sources import WebhookHints
from tests.contract.harnesses import find_harnesses

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


UNREADABLE = [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 10_000, b'{"data": 1, "meta": [], "id": {}}']


@pytest.mark.parametrize(("kind", "body", "ids"), BODIES)
async def test_a_webhook_says_what_it_is_about(kind: str, body: object, ids: list[str] | None) -> None:
    found = await affected_ids(kind, json.dumps(body).encode())
    assert (None if found is None else list(found)) == ids


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in BODIES}))
@pytest.mark.parametrize("payload", UNREADABLE)
async def test_a_webhook_that_cannot_be_read_may_be_about_any_run(kind: str, payload: bytes) -> None:
    assert await affected_ids(kind, payload) is None


async def affected_ids(kind: str, payload: bytes) -> Collection[str] | None:
    harness_type = next(found for found in find_harnesses() if found.platform.kind == kind)
    async with harness_type.open() as harness:
        assert isinstance(harness.adapter, WebhookHints)
        return harness.adapter.affected_ids(payload)
