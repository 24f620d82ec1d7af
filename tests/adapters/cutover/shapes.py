"""The fake's world as Cutover's JSON: the schemas of the reference's sections 1, 3, 5, 6, 7 and 10."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.adapters.cutover.world import AUTOMATIC, DECISION, NORMAL, FakeComment, FakeRunbook, FakeTask, Refusal

Json = dict[str, Any]


def one_of(type: str, id: str) -> Json:
    return {"data": {"id": id, "type": type}}


def runbook(found: FakeRunbook, site: str) -> Json:
    attributes = {
        "archived": found.archived,
        "custom_field_values": [],
        "created_at": found.created_at,
        "description": found.description,
        "is_template": found.is_template,
        "name": found.name,
        "run_comms": found.run_comms,
        "run_type": found.run_type,
        "stage": found.stage,
        "status": found.status,
        "status_message": found.status_message,
        "status_updated_at": found.status_updated_at,
        "template_status": found.template_status,
        "template_next_review_at": None,
        "timezone": "Europe/Lisbon",
        "updated_at": found.created_at,
        "end_actual": found.end_actual,
        "end_forecast": found.end_forecast,
        "end_planned": found.end_planned,
        "end_scheduled": found.end_scheduled,
        "start_actual": found.start_actual,
        "start_planned": None,
        "start_scheduled": None,
        "timing_mode": "unscheduled",
    }
    relations = {
        "workspace": one_of("workspace", found.workspace),
        "current_version": one_of("runbook_version", f"1{found.id}"),
        "folder": one_of("folder", "11"),
        "runbook_type": one_of("runbook_type", "21"),
    }
    return _resource("runbook", found.id, attributes, relations, f"{site}/core/runbooks/{found.id}")


def task(found: FakeTask, run: FakeRunbook, site: str, *, forecast: bool = False) -> Json:
    attributes: Json = {
        "created_at": run.created_at,
        "comments_count": sum(comment.task == found.id for comment in run.comments),
        "completion_type": found.completion_type,
        "custom_field_values": [],
        "description": found.description,
        "disable_notify": False,
        "duration": found.duration,
        "end_actual": found.end_actual,
        "end_fixed": None,
        "end_planned": None,
        "end_requirements": found.end_requirements,
        "level": "level_3",
        "name": found.name,
        "start_actual": found.start_actual,
        "start_fixed": None,
        "start_planned": None,
        "start_ready": None,
        "start_requirements": found.start_requirements,
        "stage": found.stage,
        "updated_at": run.created_at,
    }
    if forecast:
        attributes |= {
            "start_display": None,
            "end_display": None,
            "predecessor_ids": [int(id) for id in found.before],
            "successor_ids": [int(other.id) for other in run.tasks.values() if found.id in other.before],
        }
    relations = {
        "runbook_version": one_of("runbook_version", f"1{run.id}"),
        "stream": one_of("stream", found.stream),
        "task_action": one_of("task_action", f"2{found.id}"),
        "task_type": one_of("task_type", found.type),
    }
    self_link = f"{site}/core/runbooks/{run.id}/tasks/{found.id}"
    return _resource("task", found.id, attributes, relations, self_link)


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
    return _resource("stream", id, attributes, {}, f"{site}/core/runbooks/{run.id}/streams/{id}")


def comment(found: FakeComment, run: FakeRunbook, site: str) -> Json:
    """No author, no time: the reference gives neither."""
    relations = {"task": one_of("task", found.task)} if found.task else {}
    self_link = f"{site}/core/runbooks/{run.id}/comments/{found.id}"
    return _resource("comment", found.id, {"content": found.content}, relations, self_link)


def task_types(site: str) -> list[Json]:
    kinds = (
        (NORMAL, "Normal", False, False),
        (DECISION, "Decision", False, True),
        (AUTOMATIC, "Auto", True, False),
    )
    return [
        _resource(
            "task_type",
            id,
            {
                "archived": False,
                "auto_finish": auto,
                "auto_start": auto,
                "comms": "off",
                "conditional_progression": branches,
                "default_duration": 600,
                "key": name.lower(),
                "name": name,
            },
            {},
            f"{site}/core/task_types/{id}",
        )
        for id, name, auto, branches in kinds
    ]


def workspace(id: str, site: str) -> Json:
    attributes = {"description": None, "key": "operations", "name": "Operations"}
    return _resource("workspace", id, attributes, {}, f"{site}/core/workspaces/{id}")


def errors(refusal: Refusal) -> Json:
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}.get(refusal.status, "Unprocessable Entity")
    return {
        "errors": [
            {"title": title, "detail": detail, "code": code, "source": {"pointer": pointer}}
            for code, detail, pointer in refusal.errors
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
