"""The fake's things as Runrun.it's JSON: the recorded objects, with other values in them."""

from typing import Any

from tests.adapters.runrunit.recorded import recorded
from tests.adapters.runrunit.world import (
    BOARD,
    PROJECT_TEMPLATE,
    FakeComment,
    FakeElement,
    FakePart,
    FakeTask,
    FakeTemplate,
    FakeUser,
    World,
)

Json = dict[str, Any]


def _sample(name: str) -> Json:
    found: Json = recorded(name)
    return found


def part(one: FakePart, task: FakeTask, world: World) -> Json:
    return _sample("assignment_played") | {
        "id": one.id,
        "task_id": task.id,
        "assignee_id": one.user,
        "team_id": one.team,
        "assignee_name": world.user(one.user).name,
        "start_date": one.started_at,
        "close_date": one.closed_at,
        "is_closed": bool(one.closed_at),
        "is_working_on": one.working,
    }


def task(one: FakeTask, world: World) -> Json:
    """``subtask_ids`` come reversed, ``parent_task_id`` is null even of a subtask: as recorded."""
    steps = world.steps(one)
    stage = next(name for id, name, _ in world.stages if id == one.stage)
    working = any(part.working for part in one.parts)
    state = "closed" if one.closed_at else "working_on" if working else "queued" if one.parts else "not_assigned"
    done = sum(bool(step.closed_at) for step in steps)
    first = one.parts[0].user if one.parts else None
    return _sample("task") | {
        "id": one.id,
        "uid": one.id,
        "title": one.title,
        "project_id": one.project,
        "board_id": BOARD,
        "board_stage_id": one.stage,
        "task_state_id": one.stage,
        "task_status_id": one.stage,
        "board_stage_name": stage,
        "task_state_name": stage,
        "task_status_name": stage,
        "state": state,
        "is_working_on": working,
        "is_closed": bool(one.closed_at),
        "close_date": one.closed_at,
        "created_at": one.created_at,
        "was_reopened": one.reopened,
        "is_urgent": one.urgent,
        "is_assigned": bool(one.parts),
        "opened_parent_ids": world.open_before(one),
        "workflow_id": one.workflow,
        "subtask_ids": [step.id for step in steps][::-1],
        "subtasks_count": len(steps),
        "subtasks_closed_count": done,
        "subtasks_count_progress": f"{done / len(steps):.1f}" if steps else None,
        "is_subtask": one.parent is not None,
        "responsible_id": first,
        "responsible_name": world.user(first).name if first else None,
        "assignments": [part(its, one, world) for its in one.parts],
    }


def template(one: FakeTemplate, world: World) -> Json:
    sample = _sample("task_template")
    step, person = sample["subtasks_data"][0], sample["subtasks_data"][0]["assignments_data"][0]
    return sample | {
        "id": one.id,
        "title": one.title,
        "type_id": one.type_id,
        "project_template_id": PROJECT_TEMPLATE,
        "follower_ids": one.followers,
        "is_assigned": bool(one.people),
        "subtasks_data": [
            step
            | {
                "title": title,
                "assignments_data": [
                    person | {"assignee_id": user, "assignee_name": world.user(user).name} for user in people
                ],
            }
            for title, people in one.steps
        ],
        "assignments": [
            sample["assignments"][0]
            | {"task_template_id": one.id, "assignee_id": user, "assignee_name": world.user(user).name}
            for user in one.people
        ],
    }


def comment(one: FakeComment, world: World) -> Json:
    sample: Json = recorded("comments")[1 if one.user else 0]
    return sample | {
        "id": one.id,
        "thread_id": one.id,
        "user_id": one.user,
        "commenter_name": world.user(one.user).name if one.user else None,
        "text": one.text,
        "created_at": one.at,
        "deleted_at": one.at if one.deleted else None,
        "task_id": one.task,
        "commentable_id": one.task,
    }


def stages(world: World) -> list[Json]:
    sample: Json = recorded("stages")[0]
    return [
        sample | {"id": id, "name": name, "stage_group": group, "board_id": BOARD, "position": place}
        for place, (id, name, group) in enumerate(world.stages, 1)
    ]


def user(one: FakeUser) -> Json:
    sample: Json = recorded("users")[0]
    return sample | {"id": one.id, "name": one.name, "email": one.email}


def workflow(one: FakeTask) -> Json:
    """After its last step nothing is current any more."""
    now = next((element for element in one.chain if not element.completed), None)
    return _sample("workflow") | {
        "id": one.workflow,
        "workable_id": one.id,
        "task_id": one.id,
        "current_workflow_element_id": now.id if now else None,
        "is_last_element": now is one.chain[-1],
        "is_first_element": now is one.chain[0],
    }


def element(one: FakeElement, place: int, task: FakeTask) -> Json:
    now = next((element for element in task.chain if not element.completed), None)
    sample: Json = recorded("workflow_elements")[0]
    return sample | {
        "id": one.id,
        "workflow_id": task.workflow,
        "order": place,
        "is_current": one is now,
        "current": one is now,
        "is_completed": one.completed,
        "completed": one.completed,
        "user_id": one.user,
    }
