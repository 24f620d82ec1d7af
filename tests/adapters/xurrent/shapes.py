"""How the fake's things look on the wire, in the order of fields of the documents' samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.adapters.xurrent.world import FakeApproval, FakeNote, FakeRun, FakeTask, FakeTemplate, World

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


def person(world: World, id: int | None) -> Json | None:
    return None if id is None else {"name": world.people[id].name, "id": id}


def task(world: World, one: FakeTask, old: bool) -> Json:
    """Old: of a change, and planned in hours. New: of a workflow, planned in minutes."""
    run = world.runs[one.run]
    phase = run.phases.get(one.phase or 0)
    new: Json = {
        "workflow": {"id": run.id, "subject": run.subject},
        "phase": {"id": one.phase, "name": phase} if phase else None,
        "planned_effort": None,
        "custom_fields": None,
    }
    ancient: Json = {"change": {"id": run.id, "subject": run.subject}, "custom_data": None}
    return {
        "created_at": AT,
        "category": one.category,
        "sourceID": one.source_id,
        "finished_at": one.finished_at,
        "anticipated_assignment_at": one.anticipated_assignment_at,
        "updated_at": AT,
        "supplier": None,
        "new_assignment": False,
        "member": person(world, one.member),
        "manager": person(world, run.manager),
        "instructions": one.instructions,
        "assigned_at": None if one.status == "registered" else AT,
        "supplier_requestID": None,
        "subject": one.subject,
        "start_at": None,
        "id": one.id,
        "planned_duration": one.planned_duration,
        "required_approvals": one.required_approvals,
        "impact": "none",
        "team": {"name": "Windows Servers", "id": one.team} if one.team else None,
        "status": one.status,
        "source": one.source,
        "completion_target_at": one.completion_target_at,
        "template": None,
        "waiting_until": one.waiting_until,
        **(ancient if old else new),
    }


def run(world: World, one: FakeRun) -> Json:
    template = world.templates.get(one.template or 0)
    return {
        "completion_reason": one.completion_reason,
        "completed_at": AT if one.status == "completed" else None,
        "created_at": AT,
        "category": "standard",
        "sourceID": one.source_id,
        "updated_at": AT,
        "release": None,
        "project": None,
        "service": {"name": "Rack Space", "id": 26},
        "manager": person(world, one.manager),
        "subject": one.subject,
        "start_at": None,
        "id": one.id,
        "justification": "maintenance",
        "impact": "none",
        "status": one.status,
        "source": one.source,
        "workflow_type": "infrastructure_change",
        "completion_target_at": None,
        "template": {"id": template.id, "subject": template.subject} if template else None,
        "custom_fields": None,
    }


def template(one: FakeTemplate) -> Json:
    return {
        "created_at": AT,
        "category": one.category,
        "sourceID": None,
        "workflow_manager_id": None,
        "recurrence": None,
        "updated_at": AT,
        "service": {"name": "Windows Server", "id": one.service} if one.service else None,
        "subject": one.subject,
        "id": one.id,
        "times_applied": 0,
        "note": one.note,
        "justification": one.justification,
        "impact": "none",
        "disabled": one.disabled,
        "source": None,
        "instructions": f"What to do: {one.subject}",
        "workflow_type": one.workflow_type,
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


def note(world: World, one: FakeNote) -> Json:
    shown: Json = {
        "person": person(world, one.person),
        "created_at": one.created_at,
        "text": one.text,
        "id": one.id,
        "medium": one.medium,
        "internal": one.internal,
        "attachments": [],
    }
    if one.task is not None:
        shown["task"] = {"id": one.task, "subject": world.tasks[one.task].subject}
    return shown


def approval(world: World, one: FakeApproval) -> Json:
    return {
        "approver": person(world, one.approver),
        "created_at": AT,
        "id": one.id,
        "planned_effort": 120,
        "status": one.status,
        "updated_at": AT,
    }


def somebody(world: World, id: int) -> Json:
    who = world.people[id]
    return {
        "name": who.name,
        "created_at": AT,
        "sourceID": None,
        "updated_at": AT,
        "manager": None,
        "id": who.id,
        "site": {"name": "Widget Data Center", "id": 13},
        "organization": {"name": "Widget Data Center, External IT", "id": 30},
        "disabled": who.disabled,
        "primary_email": who.email,
    }


def only(item: Json, fields: Sequence[str]) -> Json:
    """An item of a collection: ``id`` is always there."""
    return {name: value for name, value in item.items() if name in fields or name == "id"}


def plain(value: Any) -> str:
    """As a filter compares it: a reference by its id."""
    return str(value.get("id") if isinstance(value, dict) else value)


def refusal(message: str, errors: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    return {"message": message, "errors": [list(pair) for pair in errors]} if errors else {"message": message}
