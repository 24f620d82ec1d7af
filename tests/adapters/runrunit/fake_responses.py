"""The fake's state as Runrun.it's JSON: the recorded objects, with other values in them."""

from typing import Any

from tests.adapters.runrunit.recording_files import load_recording
from tests.adapters.runrunit.world import (
    BOARD,
    OWNER,
    PROJECT_TEMPLATE,
    FakeAssignment,
    FakeComment,
    FakeElement,
    FakeItem,
    FakeTask,
    FakeTemplate,
    FakeUser,
    World,
)

Json = dict[str, Any]


def _sample(name: str) -> Json:
    sample: Json = load_recording(name)
    return sample


def assignment(item: FakeAssignment, task: FakeTask, world: World) -> Json:
    return _sample("assignment_played") | {
        "id": item.id,
        "task_id": task.id,
        "assignee_id": item.user,
        "team_id": item.team,
        "assignee_name": world.user(item.user).name,
        "start_date": item.started_at,
        "close_date": item.closed_at,
        "is_closed": bool(item.closed_at),
        "is_working_on": item.working,
    }


def task(item: FakeTask, world: World) -> Json:
    """As in the recordings, ``subtask_ids`` are newest first, and even a subtask's ``parent_task_id`` is null."""
    steps = world.steps(item)
    stage = next(name for id, name, _ in world.stages if id == item.stage)
    working = any(assigned.working for assigned in item.assignments)
    state = (
        "closed"
        if item.closed_at
        else "working_on"
        if working
        else "queued"
        if item.assignments
        else "not_assigned"
    )
    done = sum(bool(step.closed_at) for step in steps)
    first = item.assignments[0].user if item.assignments else None
    return _sample("task") | {
        "id": item.id,
        "uid": item.id,
        "title": item.title,
        "project_id": item.project,
        "board_id": BOARD,
        "board_stage_id": item.stage,
        "task_state_id": item.stage,
        "task_status_id": item.stage,
        "board_stage_name": stage,
        "task_state_name": stage,
        "task_status_name": stage,
        "state": state,
        "is_working_on": working,
        "is_closed": bool(item.closed_at),
        "close_date": item.closed_at,
        "created_at": item.created_at,
        "was_reopened": item.reopened,
        "is_urgent": item.urgent,
        "is_assigned": bool(item.assignments),
        "opened_parent_ids": world.open_prerequisites(item),
        "workflow_id": item.workflow,
        "checklist_id": item.checklist,
        "subtask_ids": [step.id for step in steps][::-1],
        "subtasks_count": len(steps),
        "subtasks_closed_count": done,
        "subtasks_count_progress": f"{done / len(steps):.1f}" if steps else None,
        "is_subtask": item.parent is not None,
        "responsible_id": first,
        "responsible_name": world.user(first).name if first else None,
        "assignments": [assignment(assigned, item, world) for assigned in item.assignments],
        **({"parent_ids": list(item.waits_for)} if world.lists_prerequisites else {}),
    }


def template(item: FakeTemplate, world: World) -> Json:
    sample = _sample("task_template")
    step, person = sample["subtasks_data"][0], sample["subtasks_data"][0]["assignments_data"][0]
    return sample | {
        "id": item.id,
        "title": item.title,
        "type_id": item.type_id,
        "project_template_id": PROJECT_TEMPLATE,
        "follower_ids": item.followers,
        "workflow_id": item.workflow,
        "is_assigned": bool(item.people),
        "subtasks_data": [
            step
            | {
                "title": title,
                "assignments_data": [
                    person | {"assignee_id": user, "assignee_name": world.user(user).name} for user in people
                ],
            }
            for title, people in item.steps
        ],
        "assignments": [
            sample["assignments"][0]
            | {"task_template_id": item.id, "assignee_id": user, "assignee_name": world.user(user).name}
            for user in item.people
        ],
    }


def comment(item: FakeComment, world: World) -> Json:
    sample: Json = load_recording("comments")[1 if item.user else 0]
    return sample | {
        "id": item.id,
        "thread_id": item.id,
        "user_id": item.user,
        "commenter_name": world.user(item.user).name if item.user else None,
        "text": item.text,
        "created_at": item.at,
        "deleted_at": item.at if item.deleted else None,
        "task_id": item.task,
        "commentable_id": item.task,
    }


def checklist(task: FakeTask) -> Json:
    return _sample("checklist") | {
        "id": task.checklist,
        "task_id": task.id,
        "checklist_item_ids": [item.id for item in task.items],
    }


def checklist_item(item: FakeItem, task: FakeTask) -> Json:
    """As in the recording, a new item has no position."""
    sample: Json = load_recording("checklist_items")[0]
    return sample | {
        "id": item.id,
        "description": item.description,
        "checked": bool(item.checked_at),
        "checked_at": item.checked_at,
        "checker_id": OWNER if item.checked_at else None,
        "checklist_id": task.checklist,
    }


def stages(world: World) -> list[Json]:
    sample: Json = load_recording("stages")[0]
    return [
        sample | {"id": id, "name": name, "stage_group": group, "board_id": BOARD, "position": place}
        for place, (id, name, group) in enumerate(world.stages, 1)
    ]


def user(item: FakeUser) -> Json:
    sample: Json = load_recording("users")[0]
    return sample | {"id": item.id, "name": item.name, "email": item.email}


def workflow(item: FakeTask) -> Json:
    """After the last step no element is current."""
    now = next((element for element in item.elements if not element.completed), None)
    return _sample("workflow") | {
        "id": item.workflow,
        "workable_id": item.id,
        "task_id": item.id,
        "current_workflow_element_id": now.id if now else None,
        "is_last_element": now is item.elements[-1],
        "is_first_element": now is item.elements[0],
    }


def element(item: FakeElement, place: int, task: FakeTask) -> Json:
    now = next((element for element in task.elements if not element.completed), None)
    sample: Json = load_recording("workflow_elements")[0]
    return sample | {
        "id": item.id,
        "workflow_id": task.workflow,
        "order": place,
        "is_current": item is now,
        "current": item is now,
        "is_completed": item.completed,
        "completed": item.completed,
        "user_id": item.user,
    }
