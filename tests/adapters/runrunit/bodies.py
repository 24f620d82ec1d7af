"""What the fake takes: only what Runrun.it's page has, in tables or samples. Anything else is refused."""

from typing import Any

from tests.adapters.runrunit.world import PROJECT, TYPE, refuse

_TASK = {
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
_NEEDED = {"title", "on_going", "type_id", "project_id", "desired_date"}
_ASSIGNMENT = {"assignee_id", "team_id"}


def only(body: Any, allowed: set[str], needed: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() - allowed or (needed or set()) - body.keys():
        refuse()
    return body


def nothing(body: Any) -> None:
    if body is not None:
        refuse()


def new_task(body: Any) -> dict[str, Any]:
    task = only(only(body, {"task", "authorize_and_assign"}, {"task"})["task"], _TASK, _NEEDED)
    text = isinstance(task["title"], str) and task["title"].strip()
    numbers = type(task["type_id"]) is int and type(task["project_id"]) is int
    if not (text and numbers and task["on_going"] is False and task["desired_date"] is None):
        refuse()
    if task["project_id"] != PROJECT or task["type_id"] != TYPE:
        refuse(404)
    for id in (*task.get("task_prerequisite_ids", ()), *task.get("task_descendant_ids", ())):
        if type(id) is not int:
            refuse()
    people(task.get("assignments", []))
    for step in task.get("subtasks_data", []):
        only(step, {"title", "desired_date", "assignments_data"}, {"title"})
        people(step.get("assignments_data", []))
    return task


def people(listed: Any) -> list[dict[str, Any]]:
    if not isinstance(listed, list):
        refuse()
    for one in listed:
        only(one, _ASSIGNMENT, {"assignee_id"})
        if not isinstance(one["assignee_id"], str) or type(one.get("team_id", 1)) is not int:
            refuse()
    return listed


def new_comment(body: Any) -> tuple[int, str]:
    only(body, {"task_id", "text"}, {"task_id", "text"})
    if type(body["task_id"]) is not int or not isinstance(body["text"], str) or not body["text"].strip():
        refuse()
    return body["task_id"], body["text"]


def reopening(body: Any) -> bool:
    if body is None:
        return False
    flag = only(body, {"reopen_or_pause_descendant_tasks"}, {"reopen_or_pause_descendant_tasks"})
    return flag["reopen_or_pause_descendant_tasks"] is True


def stage(body: Any) -> int:
    id = only(body, {"task_status_id"}, {"task_status_id"})["task_status_id"]
    return id if type(id) is int else refuse()
