"""The fake's state as JSON in the schemas of the Cutover Public API reference."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.adapters.cutover.world import (
    AUTOMATIC,
    DECISION,
    MAIL,
    NORMAL,
    RUNBOOK_TYPES,
    FakeApiError,
    FakeComment,
    FakeRunbook,
    FakeTask,
    FakeUser,
)

Json = dict[str, Any]


def relationship(type: str, id: str) -> Json:
    return {"data": {"id": id, "type": type}}


def runbook(item: FakeRunbook, site: str) -> Json:
    attributes = {
        "archived": item.archived,
        "custom_field_values": [{"name": name, "value": value} for name, value in item.fields.items()],
        "created_at": item.created_at,
        "description": item.description,
        "is_template": item.is_template,
        "name": item.name,
        "run_comms": item.run_comms,
        "run_type": item.run_type,
        "stage": item.stage,
        "status": item.status,
        "status_message": item.status_message,
        "status_updated_at": item.status_updated_at,
        "template_status": item.template_status,
        "template_next_review_at": None,
        "timezone": "Europe/Lisbon",
        "updated_at": item.created_at,
        "end_actual": item.end_actual,
        "end_forecast": item.end_forecast,
        "end_planned": item.end_planned,
        "end_scheduled": item.end_scheduled,
        "start_actual": item.start_actual,
        "start_planned": None,
        "start_scheduled": item.start_scheduled,
        "timing_mode": "unscheduled",
    }
    relations = {
        "workspace": relationship("workspace", item.workspace),
        "current_version": relationship("runbook_version", f"1{item.id}"),
        "folder": relationship("folder", item.folder),
        "runbook_type": relationship("runbook_type", item.type),
    }
    return _resource("runbook", item.id, attributes, relations, f"{site}/core/runbooks/{item.id}")


def task(item: FakeTask, run: FakeRunbook, site: str, *, forecast: bool = False) -> Json:
    attributes: Json = {
        "created_at": run.created_at,
        "comments_count": sum(comment.task == item.id for comment in run.comments),
        "completion_type": item.completion_type,
        "custom_field_values": [{"name": name, "value": value} for name, value in item.fields.items()],
        "description": item.description,
        "disable_notify": False,
        "duration": item.duration,
        "end_actual": item.end_actual,
        "end_fixed": None,
        "end_planned": item.end_planned,
        "end_requirements": item.end_requirements,
        "level": "level_3",
        "name": item.name,
        "start_actual": item.start_actual,
        "start_fixed": None,
        "start_planned": None,
        "start_ready": None,
        "start_requirements": item.start_requirements,
        "stage": item.stage,
        "updated_at": run.created_at,
    }
    if forecast:
        attributes |= {
            "start_display": None,
            "end_display": None,
            "predecessor_ids": [int(id) for id in item.before],
            "successor_ids": [int(other.id) for other in run.tasks.values() if item.id in other.before],
        }
    relations = {
        "runbook_version": relationship("runbook_version", f"1{run.id}"),
        "stream": relationship("stream", item.stream),
        "task_action": relationship("task_action", f"2{item.id}"),
        "task_type": relationship("task_type", item.type),
    }
    if item.assignees:
        pairs = [{"id": id, "type": type} for type, id in item.assignees]
        relations["assignees"] = {"data": pairs}
    self_link = f"{site}/core/runbooks/{run.id}/tasks/{item.id}"
    return _resource("task", item.id, attributes, relations, self_link)


def stream(id: str, name: str, run: FakeRunbook, site: str) -> Json:
    status, message = run.stream_status.get(id, ("off", None))
    attributes = {
        "color": "#3366ff",
        "description": None,
        "is_primary": id == run.streams[0][0],
        "name": name,
        "status": status,
        "status_message": message,
        "status_updated_at": None,
        "tasks_count": sum(task.stream == id for task in run.tasks.values()),
    }
    parent = run.parent_streams.get(id)
    relations = {"parent": relationship("stream", parent)} if parent else {}
    return _resource("stream", id, attributes, relations, f"{site}/core/runbooks/{run.id}/streams/{id}")


def comment(item: FakeComment, run: FakeRunbook, site: str, *, with_author: bool = False) -> Json:
    """The reference gives comments no author and no time."""
    relations = {"task": relationship("task", item.task)} if item.task else {}
    self_link = f"{site}/core/runbooks/{run.id}/comments/{item.id}"
    attributes = {"content": item.content}
    if with_author:
        relations["author"] = relationship("user", item.author)
        attributes["created_at"] = run.created_at
    return _resource("comment", item.id, attributes, relations, self_link)


def folder(id: str, name: str, workspace: str, site: str) -> Json:
    attributes = {"created_at": None, "key": name.lower(), "name": name, "description": None, "updated_at": None}
    return _resource("folder", id, attributes, {}, f"{site}/core/workspaces/{workspace}/folders/{id}")


def user(item: FakeUser, site: str) -> Json:
    attributes = {
        "archived": False,
        "email": item.email,
        "first_name": item.first_name,
        "handle": item.first_name.lower(),
        "job_title": None,
        "last_name": item.last_name,
        "locked_at": None,
    }
    return _resource("user", item.id, attributes, {}, f"{site}/core/users/{item.id}")


def task_types(site: str) -> list[Json]:
    kinds = (
        (NORMAL, "Normal", False, False, "off"),
        (DECISION, "Decision", False, True, "off"),
        (AUTOMATIC, "Auto", True, False, "off"),
        (MAIL, "Mail", True, False, "email"),
    )
    return [
        _resource(
            "task_type",
            id,
            {
                "archived": False,
                "auto_finish": auto,
                "auto_start": auto,
                "comms": comms,
                "conditional_progression": branches,
                "default_duration": 600,
                "key": name.lower(),
                "name": name,
            },
            {},
            f"{site}/core/task_types/{id}",
        )
        for id, name, auto, branches, comms in kinds
    ]


def runbook_types(site: str) -> list[Json]:
    return [
        _resource(
            "runbook_type",
            id,
            {
                "archived": name == "Old",
                "default": name == "Normal runbook",
                "description": None,
                "disabled": False,
                "dynamic": name == "Incident",
                "global": True,
                "key": name.lower().replace(" ", "_"),
                "name": name,
            },
            {},
            f"{site}/core/runbook_types/{id}",
        )
        for id, name in RUNBOOK_TYPES.items()
    ]


def workspace(id: str, site: str) -> Json:
    attributes = {"description": None, "key": "operations", "name": "Operations"}
    return _resource("workspace", id, attributes, {}, f"{site}/core/workspaces/{id}")


def errors(error: FakeApiError) -> Json:
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}.get(error.status, "Unprocessable Entity")
    return {
        "errors": [
            {"title": title, "detail": detail, "code": code, "source": {"pointer": pointer}}
            for code, detail, pointer in error.errors
        ]
    }


def page(items: Sequence[Json], links: Mapping[str, str | None], offset: int, limit: int, total: int) -> Json:
    return {
        "data": list(items),
        "links": dict(links),
        "meta": {"page": {"offset": offset, "limit": limit, "total": total}},
    }


def _resource(type: str, id: str, attributes: Json, relations: Json, link: str) -> Json:
    return {"id": id, "type": type, "attributes": attributes, "links": {"self": link}, "relationships": relations}
