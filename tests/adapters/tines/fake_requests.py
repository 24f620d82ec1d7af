"""The requests that the fake accepts: only parameters in the tables of the Tines API."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from adapters.testing.fake_server import Seen
from tests.adapters.tines.world import PRIORITIES, FakeCase, Refusal

FILTERS = {"tags", "status", "metadata", "sub_status_names", "search", "name", "case_ids", "updated_at_start_date"}
ORDERS = (
    "RECENTLY_EDITED",
    "LEAST_RECENTLY_EDITED",
    "PRIORITY_ASC",
    "PRIORITY_DESC",
    "OPENED_ASC",
    "OPENED_DESC",
    "CREATED_ASC",
    "CREATED_DESC",
)
ACTIVITY_TYPES = (
    *("CREATED", "ASSIGNED", "UNASSIGNED", "STATUS_UPDATED", "SUB_STATUS_UPDATED", "SEVERITY_UPDATED"),
    *("COMMENTED", "DELETED_COMMENT", "DESCRIPTION_UPDATED", "FIELD_UPDATED", "FILE_ATTACHED"),
    *("FILE_ATTACHED_AND_COMMENTED", "FILE_DELETED", "TAGS_ADDED", "TAGS_REMOVED", "RECORD_RESULT_SET_ADDED"),
    *("RECORD_RESULT_SET_REMOVED", "CHECKLIST_ITEM_COMPLETED", "CHECKLIST_ITEM_INCOMPLETE", "LINKED_CASE_ADDED"),
    *("LINKED_CASE_REMOVED", "METADATA_UPDATED", "NOTE_ADDED", "NOTE_DELETED", "NOTE_UPDATED", "SLA_WARNING"),
    *("SLA_EXCEEDED", "TASK_CREATED", "TASK_DELETED", "TASK_COMPLETED", "TASK_INCOMPLETE", "TASK_UPDATED"),
    *("TASK_ASSIGNED", "TASK_UNASSIGNED", "TEAM_UPDATED", "TITLE_UPDATED"),
)
STORY_ORDERS = (
    "NAME",
    "NAME_DESC",
    "RECENTLY_EDITED",
    "LEAST_RECENTLY_EDITED",
    "ACTION_COUNT_ASC",
    "ACTION_COUNT_DESC",
    "CONCURRENT_RUNS_COUNT_DESC",
    "PENDING_ACTION_RUNS_COUNT_DESC",
    "NOT_WORKING_ACTIONS_COUNT_DESC",
)
CREATE = {
    "team_id": (int, str),
    "name": str,
    "description": str,
    "priority": str,
    "status": str,
    "sub_status_id": int,
    "author_email": str,
    "assignee_emails": list,
    "tag_names": list,
    "metadata": dict,
    "closure_conditions": list,
    "field_values": dict,
    "tasks": list,
    "template_id": int,
}
UPDATE = {
    "name": str,
    "description": str,
    "priority": str,
    "status": str,
    "sub_status_id": int,
    "author_email": str,
    "add_assignee_emails": list,
    "remove_assignee_emails": list,
    "add_tag_names": list,
    "remove_tag_names": list,
}
NEW_TASK = {"description": str, "assignee_emails": list}
CHANGED_TASK = {"description": str, "completed": bool, "assignee_emails": list}
COMMENT = {"value": str, "author_email": str}
ACTION = {"url": str, "label": str, "action_type": str, "action_text": str, "query_params": dict}
ENUMS = {"priority": PRIORITIES, "status": ("open", "closed"), "action_type": ("webhook", "page")}

Types = Mapping[str, Any]


def body_of(seen: Seen, allowed: Types, required: Collection[str] = ()) -> dict[str, Any]:
    return checked(seen.json, allowed, required)


def checked(body: Any, allowed: Types, required: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal("the body is not an object", 400)
    for name, value in body.items():
        if name not in allowed:
            raise Refusal(f"{name} is not a parameter")
        if not isinstance(value, allowed[name]):
            raise Refusal(f"{name} has the wrong type")
        if name in ENUMS and value not in ENUMS[name]:
            raise Refusal(f"{value} is not a {name}")
        if name.endswith("emails") and not all(isinstance(item, str) and "@" in item for item in value):
            raise Refusal(f"{name} contains something that is not an email address")
    for name in required:
        if body.get(name) in (None, ""):
            raise Refusal(f"{name} is missing")
    return body


def check_pairs(pairs: Mapping[str, Any], name: str) -> None:
    """Values must be non-empty text."""
    if any(not isinstance(value, str) or not value for value in pairs.values()):
        raise Refusal(f"{name} has an empty value")


def filters_of(seen: Seen) -> dict[str, Any]:
    """The filters in the body of a GET, which must contain nothing else."""
    body = seen.json if seen.body else {}
    if not isinstance(body, dict) or set(body) - {"filters"}:
        raise Refusal("only filters go in the body", 400)
    filters: dict[str, Any] = body.get("filters", {})
    for name in filters:
        if name not in FILTERS:
            raise Refusal(f"{name} is not a filter")
    if "updated_at_start_date" in filters:
        datetime.fromisoformat(filters["updated_at_start_date"])
    if filters.get("status") not in (None, "OPEN", "CLOSED"):
        raise Refusal("status must be OPEN or CLOSED")
    return filters


def matches(case: FakeCase, filters: Mapping[str, Any], sub_status: str) -> bool:
    tags = filters.get("tags", [])
    metadata = filters.get("metadata", [])
    pairs = [metadata] if isinstance(metadata, dict) else metadata
    names = filters.get("sub_status_names", [])
    return (
        all(tag in case.tags for tag in ([tags] if isinstance(tags, str) else tags))
        and filters.get("status", case.status) == case.status
        and all(case.metadata.get(pair["key"]) == pair["value"] for pair in pairs)
        and (not names or sub_status in names)
    )


def paging(seen: Seen, cap: int, *allowed: str) -> tuple[int, int]:
    """(page, per_page). Refuses more than ``cap``, so that the adapter cannot rely on it."""
    for name in seen.query:
        if name not in ("page", "per_page", *allowed):
            raise Refusal(f"{name} is not a query parameter", 400)
    try:
        page, per_page = int(seen.query.get("page", "1")), int(seen.query.get("per_page", "20"))
    except ValueError:
        raise Refusal("page and per_page are numbers", 400) from None
    if page < 1 or not 1 <= per_page <= cap:
        raise Refusal(f"per_page goes up to {cap}", 400)
    return page, per_page
