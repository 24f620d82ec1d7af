"""The fake's records as JSON, with the fields in the order of the documents' samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.adapters.xurrent.fake_account import (
    FakeAccount,
    FakeApproval,
    FakeNote,
    FakeRun,
    FakeTask,
    FakeTemplate,
)

Json = dict[str, Any]
AT = "2026-03-14T03:14:17-06:00"
TASK_LIST = (
    "id",
    "sourceID",
    "subject",
    "impact",
    "category",
    "status",
    "team",
    "member",
    "completion_target_at",
    "finished_at",
    "created_at",
    "updated_at",
)
RUN_LIST = (
    "id",
    "sourceID",
    "subject",
    "manager",
    "category",
    "impact",
    "status",
    "completion_target_at",
    "completed_at",
    "service",
    "created_at",
    "updated_at",
)
TEMPLATE_LIST = ("id", "sourceID", "subject", "service", "created_at", "updated_at", "disabled")
PERSON_LIST = ("id", "sourceID", "name", "organization", "site", "manager", "created_at", "updated_at", "disabled")
TASK_TEMPLATE_LIST = ("id", "sourceID", "subject", "category", "impact", "disabled", "created_at", "updated_at")


def person(account: FakeAccount, id: int | None) -> Json | None:
    return None if id is None else {"name": account.people[id].name, "id": id}


def task(account: FakeAccount, item: FakeTask, itrp: bool) -> Json:
    """In the old API a task belongs to a change, in the new one to a workflow."""
    run = account.runs[item.run]
    phase = run.phases.get(item.phase or 0)
    new: Json = {
        "workflow": {"id": run.id, "subject": run.subject},
        "phase": {"id": item.phase, "name": phase} if phase else None,
        "planned_effort": None,
        "custom_fields": None,
    }
    old: Json = {"change": {"id": run.id, "subject": run.subject}, "custom_data": None}
    return {
        "created_at": AT,
        "category": item.category,
        "sourceID": item.source_id,
        "finished_at": item.finished_at,
        "anticipated_assignment_at": item.anticipated_assignment_at,
        "updated_at": account.edited_at("task", item.id, item),
        "supplier": None,
        "new_assignment": False,
        "member": person(account, item.member),
        "manager": person(account, run.manager),
        "instructions": item.instructions,
        "assigned_at": None if item.status == "registered" else AT,
        "supplier_requestID": None,
        "subject": item.subject,
        "start_at": item.start_at,
        "id": item.id,
        "planned_duration": item.planned_duration,
        "required_approvals": item.required_approvals,
        "impact": item.impact,
        "team": {"name": "Windows Servers", "id": item.team} if item.team else None,
        "status": item.status,
        "source": item.source,
        "completion_target_at": item.completion_target_at,
        "template": None,
        "waiting_until": item.waiting_until,
        **(old if itrp else new),
    }


def run(account: FakeAccount, item: FakeRun) -> Json:
    template = account.templates.get(item.template or 0)
    return {
        "completion_reason": item.completion_reason,
        "completed_at": AT if item.status == "completed" else None,
        "created_at": AT,
        "category": "standard",
        "sourceID": item.source_id,
        "updated_at": account.edited_at("run", item.id, (item.subject, item.status, item.manager)),
        "release": None,
        "project": None,
        "service": {"name": "Rack Space", "id": 26},
        "manager": person(account, item.manager),
        "subject": item.subject,
        "start_at": item.start_at,
        "id": item.id,
        "justification": "maintenance",
        "impact": item.impact,
        "status": item.status,
        "source": item.source,
        "workflow_type": "infrastructure_change",
        "completion_target_at": None,
        "template": {"id": template.id, "subject": template.subject} if template else None,
        "custom_fields": None,
    }


def template(item: FakeTemplate) -> Json:
    return {
        "created_at": AT,
        "category": item.category,
        "sourceID": None,
        "workflow_manager_id": None,
        "recurrence": None,
        "updated_at": AT,
        "service": {"name": "Windows Server", "id": item.service} if item.service else None,
        "subject": item.subject,
        "id": item.id,
        "times_applied": 0,
        "note": item.note,
        "justification": item.justification,
        "impact": "none",
        "disabled": item.disabled,
        "source": None,
        "instructions": f"What to do: {item.subject}",
        "workflow_type": item.workflow_type,
        "ui_extension": None,
    }


def task_template(id: int, subject: str, category: str) -> Json:
    return {
        "created_at": AT,
        "category": category,
        "sourceID": None,
        "updated_at": AT,
        "subject": subject,
        "id": id,
        "impact": "none",
        "disabled": False,
    }


def note(account: FakeAccount, item: FakeNote) -> Json:
    record: Json = {
        "person": person(account, item.person),
        "created_at": item.created_at,
        "text": item.text,
        "id": item.id,
        "medium": item.medium,
        "internal": item.internal,
        "attachments": [],
    }
    if item.task is not None:
        record["task"] = {"id": item.task, "subject": account.tasks[item.task].subject}
    return record


def approval(account: FakeAccount, item: FakeApproval) -> Json:
    return {
        "approver": person(account, item.approver),
        "created_at": AT,
        "id": item.id,
        "planned_effort": 120,
        "status": item.status,
        "updated_at": AT,
    }


def person_record(account: FakeAccount, id: int) -> Json:
    item = account.people[id]
    return {
        "name": item.name,
        "created_at": AT,
        "sourceID": None,
        "updated_at": AT,
        "manager": None,
        "id": item.id,
        "site": {"name": "Widget Data Center", "id": 13},
        "organization": {"name": "Widget Data Center, External IT", "id": 30},
        "disabled": item.disabled,
        "primary_email": item.email,
    }


def select(item: Json, fields: Sequence[str]) -> Json:
    """The item with only these fields; ``id`` is always included."""
    return {name: value for name, value in item.items() if name in fields or name == "id"}


def filter_value(value: Any) -> str:
    """The value that a filter compares: of a reference, its ID."""
    return str(value.get("id") if isinstance(value, dict) else value)


def error(message: str, errors: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    return {"message": message, "errors": [list(pair) for pair in errors]} if errors else {"message": message}
