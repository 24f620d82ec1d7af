"""Validates requests strictly: only what the Runrun.it API documentation has in its tables and samples."""

from typing import Any

from tests.adapters.runrunit.world import PROJECTS, TYPE, refuse

_TASK_FIELDS = {
    "title",
    "on_going",
    "type_id",
    "project_id",
    "desired_date",
    "desired_start_date",
    "tag_list",
    "assignments",
    "task_prerequisite_ids",
    "task_descendant_ids",
    "follower_ids",
    "document_ids",
    "subtasks_data",
    "source",
}
_REQUIRED_TASK_FIELDS = {"title", "on_going", "type_id", "project_id", "desired_date"}
_ASSIGNMENT_FIELDS = {"assignee_id", "team_id"}


def check_fields(body: Any, allowed: set[str], required: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() - allowed or (required or set()) - body.keys():
        refuse()
    return body


def check_empty(body: Any) -> None:
    if body is not None:
        refuse()


def new_task(body: Any) -> dict[str, Any]:
    task = check_fields(
        check_fields(body, {"task", "authorize_and_assign"}, {"task"})["task"], _TASK_FIELDS, _REQUIRED_TASK_FIELDS
    )
    text = isinstance(task["title"], str) and task["title"].strip()
    numbers = type(task["type_id"]) is int and type(task["project_id"]) is int
    if not (text and numbers and task["on_going"] is False and task["desired_date"] is None):
        refuse()
    if task["project_id"] not in PROJECTS or task["type_id"] != TYPE:
        refuse(404)
    for id in (*task.get("task_prerequisite_ids", ()), *task.get("task_descendant_ids", ())):
        if type(id) is not int:
            refuse()
    assignments(task.get("assignments", []))
    for step in task.get("subtasks_data", []):
        check_fields(step, {"title", "desired_date", "assignments_data"}, {"title"})
        assignments(step.get("assignments_data", []))
    return task


def assignments(items: Any) -> list[dict[str, Any]]:
    if not isinstance(items, list):
        refuse()
    for item in items:
        check_fields(item, _ASSIGNMENT_FIELDS, {"assignee_id"})
        if not isinstance(item["assignee_id"], str) or type(item.get("team_id", 1)) is not int:
            refuse()
    return items


def new_comment(body: Any) -> tuple[int, str]:
    check_fields(body, {"task_id", "text"}, {"task_id", "text"})
    if type(body["task_id"]) is not int or not isinstance(body["text"], str) or not body["text"].strip():
        refuse()
    return body["task_id"], body["text"]


def reopen_descendants(body: Any) -> bool:
    if body is None:
        return False
    flag = check_fields(body, {"reopen_or_pause_descendant_tasks"}, {"reopen_or_pause_descendant_tasks"})
    return flag["reopen_or_pause_descendant_tasks"] is True


def stage_id(body: Any) -> int:
    id = check_fields(body, {"task_status_id"}, {"task_status_id"})["task_status_id"]
    return id if type(id) is int else refuse()


def item_change(body: Any) -> dict[str, Any]:
    """Only ``description`` is in the sample of an update; ``checked`` is in every item."""
    item = check_fields(body, {"checklist_item"}, {"checklist_item"})["checklist_item"]
    change = check_fields(item, {"description", "checked"}, set())
    if type(change.get("checked", True)) is not bool or not isinstance(change.get("description", ""), str):
        refuse()
    return change


def keep_worked_time(body: Any) -> None:
    """Deleting somebody's worked time is never asked for."""
    if check_fields(body, {"destroy_worked_time"}, set()).get("destroy_worked_time") is not False:
        refuse()
