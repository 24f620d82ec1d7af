"""Validates request bodies: a field that the documents do not list for a request is refused."""

from collections.abc import Collection
from typing import Any

from tests.adapters.xurrent.fake_account import ErrorResponse

STATUSES = (
    "registered",
    "declined",
    "assigned",
    "accepted",
    "in_progress",
    "waiting_for",
    "failed",
    "rejected",
    "completed",
    "approved",
    "canceled",
)
TASK = {
    "subject": str,
    "category": str,
    "planned_duration": int,
    "team_id": int,
    "member_id": int,
    "impact": str,
    "status": str,
    "note": str,
    "instructions": str,
    "waiting_until": str,
    "start_at": str,
    "source": str,
    "sourceID": str,
    "required_approvals": int,
    "urgent": bool,
}
NEW_TASK = {**TASK, "predecessor_ids": list, "successor_ids": list}
PHASED = {"phase_id": int}
RUN = {
    "template_id": int,
    "subject": str,
    "service_id": int,
    "category": str,
    "justification": str,
    "workflow_type": str,
    "manager_id": int,
    "start_at": str,
    "note": str,
    "source": str,
    "sourceID": str,
}
APPROVAL = {"planned_effort": int, "status": str}
NOTE = {"text": str, "internal": bool, "suppress_note_added_notifications": bool}
ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "category": {
        "task": ("risk_and_impact", "approval", "implementation"),
        "run": ("standard", "non_standard", "emergency", "order"),
    },
    "impact": {"task": ("none", "low", "medium", "high", "top")},
    "status": {"task": STATUSES, "approval": ("registered", "assigned", "rejected", "approved", "canceled")},
    "justification": {"run": ("compliance", "correction", "expansion", "improvement", "maintenance", "move")},
}
LIMITS = {"subject": 255, "source": 30, "sourceID": 128, "note": 65536, "text": 65536, "instructions": 65536}


def validate(body: Any, allowed: dict[str, type], record: str, required: Collection[str] = ()) -> dict[str, Any]:
    """The body, if each field is allowed and has the right type, length and enumeration value."""
    if not isinstance(body, dict):
        raise ErrorResponse(status=400, message="Problems parsing JSON")
    for name, value in body.items():
        if name not in allowed:
            raise ErrorResponse(status=400, message=f"Unknown field '{name}'")
        if type(value) is not allowed[name]:
            raise ErrorResponse((name, f"{_label(name)} is invalid"))
        if isinstance(value, str) and len(value.encode()) > LIMITS.get(name, 65536):
            raise ErrorResponse((name, f"{_label(name)} is too long"))
        if value not in (ENUMS.get(name, {}).get(record) or (value,)):
            raise ErrorResponse((name, f"{_label(name)} is not included in the list"))
    missing = [name for name in required if body.get(name) in (None, "")]
    if missing:
        raise ErrorResponse(*((name.removesuffix("_id"), f"{_label(name)} can't be blank") for name in missing))
    return body


def _label(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()
