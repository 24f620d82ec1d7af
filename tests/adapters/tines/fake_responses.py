"""The JSON of the fake's objects, with the keys of the samples in the Tines API."""

from collections.abc import Sequence
from typing import Any

from tests.adapters.tines.world import (
    TEAM,
    TEAM_NAME,
    FakeCase,
    FakeComment,
    FakeInput,
    FakeStory,
    FakeTask,
    FakeUser,
    World,
)

Json = dict[str, Any]


def user(item: FakeUser) -> Json:
    """A user in a case."""
    return {
        "user_id": str(item.id),
        "first_name": item.first,
        "last_name": item.last,
        "email": item.email,
        "avatar_url": "",
        "is_service_account": item.service,
    }


def assignee(item: FakeUser, *, is_full: bool) -> Json:
    """Responses to list, create and update of cases contain only the id of a task's assignee."""
    if not is_full:
        return {"id": str(item.id)}
    return {"id": str(item.id), "email": item.email, "first_name": item.first, "last_name": item.last}


def task(item: FakeTask, *, is_full: bool = True) -> Json:
    return {
        "id": item.id,
        "description": item.description,
        "completed": item.completed,
        "assignees": [assignee(user, is_full=is_full) for user in item.assignees],
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


def comment(item: FakeComment) -> Json:
    """The user's id is a number here."""
    return {
        "id": item.id,
        "activity_type": "COMMENTED",
        "value": item.value,
        "created_at": item.at,
        "user": {**user(item.by), "user_id": item.by.id},
        "reactions": [],
    }


def activity(item: FakeComment, url: str) -> Json:
    """A user has an ``id`` in the list of activities."""
    about = {name: value for name, value in user(item.by).items() if name != "user_id"}
    return {
        "id": item.id,
        "activity_type": item.kind,
        "value": item.value,
        **file(item, url),
        "user": {"id": item.by.id, **about},
        "created_at": item.at,
    }


def linked(item: FakeCase) -> Json:
    return {"case_id": item.id, "name": item.name}


def file(item: FakeComment, url: str) -> Json:
    """Only activities of attached files have one."""
    if not item.filename:
        return {}
    return {"file": {"filename": item.filename, "url": f"{url}/files/{item.id}/download"}}


def case_input(item: FakeInput) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "key": item.key,
        "input_type": "string",
        "sensitive": False,
        "validation_type": "options" if item.options else "none",
        "validation_options": {"options": list(item.options)} if item.options else {},
        "team": {"id": TEAM, "name": TEAM_NAME},
        "created_at": "2022-06-24T08:35:21Z",
        "updated_at": "2022-06-24T08:35:21Z",
    }


def member(item: FakeUser) -> Json:
    return {
        "id": item.id,
        "first_name": item.first,
        "last_name": item.last,
        "email": item.email,
        "is_admin": False,
        "created_at": "2021-03-11T09:00:58Z",
        "last_seen": "2021-04-30T08:56:05Z",
        "invitation_accepted": True,
        "role": "EDITOR",
    }


def case(item: FakeCase, world: World, url: str, *, is_full: bool) -> Json:
    """``is_full``: as in GET of one case, which also has the names of task assignees."""
    logged = sorted([*item.activities, *item.comments], key=lambda activity: activity.id)
    return {
        "case_id": item.id,
        "name": item.name,
        "description": item.description,
        "status": item.status,
        "sub_status": {"id": item.sub_status, "name": world.sub_statuses[item.sub_status]},
        "priority": item.priority,
        "url": f"{url}/team/{TEAM}/cases/{item.id}",
        "metadata": dict(item.metadata),
        "author": user(item.author),
        "opened_by": None,
        "resolved_by": None,
        "assignees": [user(assigned) for assigned in item.assignees],
        "tags": [{"id": number, "name": name} for number, name in enumerate(item.tags, 7)],
        "sla": _sla(),
        "slas": [_sla(kind, *result) for kind, result in (item.slas or {"completion": (0, False)}).items()],
        "fields": [_field(input, item.fields[input.id]) for input in world.inputs if input.id in item.fields],
        "activities": [_activity(said, f"{url}/api/v2/cases/{item.id}") for said in logged[:20]],
        "team": {"id": TEAM, "name": TEAM_NAME},
        "linked_cases": [linked(world.cases[other]) for other in item.linked],
        "closure_conditions": [dict(condition) for condition in item.conditions],
        "opened_at": item.at,
        "resolved_at": item.resolved_at,
        "created_at": item.at,
        "updated_at": item.at,
        "records": [],
        "actions": [_embedded_action(number, action) for number, action in enumerate(item.actions, 1)],
        "blocks": [],
        "tasks": [task(done, is_full=is_full) for done in item.tasks.values()],
        "activities_meta": meta(f"{url}/api/v2/cases/{item.id}/activities", 1, 20, len(logged)),
        "records_meta": meta(f"{url}/api/v2/cases/{item.id}/records", 1, 20, 0),
    }


def meta(address: str, page: int, per_page: int, count: int, *, endless: bool = False) -> Json:
    """The links point elsewhere, as in the samples: the adapter must not follow them."""
    pages = max(1, -(-count // per_page))
    following = page + 1 if page < pages or endless else None
    elsewhere = address.replace("http://", "http://elsewhere.invalid/")
    return {
        "current_page": f"{elsewhere}?per_page={per_page}&page={page}",
        "previous_page": f"{elsewhere}?per_page={per_page}&page={page - 1}" if page > 1 else None,
        "next_page": f"{elsewhere}?per_page={per_page}&page={following}" if following else None,
        "next_page_number": following,
        "per_page": per_page,
        "pages": pages,
        "count": count,
    }


def page_of(items: Sequence[Json], page: int, per_page: int) -> Sequence[Json]:
    return items[(page - 1) * per_page : page * per_page]


def _sla(kind: str = "completion", left: int = 0, exceeded: bool = False) -> Json:
    return {
        "remaining_time_seconds": left,
        "current_time_seconds": 0,
        "percent_elapsed": 100 if exceeded else 0,
        "exceeded": exceeded,
        "sla_type": kind,
    }


def _field(input: FakeInput, value: str) -> Json:
    shape = case_input(input)
    kept = ("id", "key", "name", "validation_type", "validation_options")
    return {"id": input.id, "value": value, "case_input": {name: shape[name] for name in kept}}


def _activity(said: FakeComment, url: str) -> Json:
    return {
        "id": said.id,
        "activity_type": said.kind,
        "value": said.value,
        **file(said, url),
        "user": user(said.by),
        "created_at": said.at,
    }


def _embedded_action(number: int, given: Json) -> Json:
    """An action in a case has no text and no parameters (Tines API, Cases v2, Get)."""
    return {"id": number, **{name: given[name] for name in ("url", "label", "action_type")}}


def story(item: FakeStory, *, live: bool) -> Json:
    """A story in Tines API, Stories, List."""
    counts: Json = {}
    if live:
        counts = {"pending_action_runs_count": item.waiting, "concurrent_runs_count": item.running}
        counts |= {"tokens_used_percentage": 15.7}
    if live and item.broken is not None:
        counts |= {"not_working_actions_count": item.broken}
    return {
        "name": item.name,
        "user_id": 167,
        "description": None,
        "keep_events_for": 604800,
        "disabled": item.disabled,
        "priority": False,
        "send_to_story_enabled": False,
        "send_to_story_access_source": "OFF",
        "send_to_story_access": None,
        "send_to_story_skill_use_requires_confirmation": True,
        "shared_team_slugs": [],
        "entry_agent_id": None,
        "exit_agents": [],
        "team_id": TEAM,
        "tags": ["Tag 1"],
        "guid": "df1e838a18d20696120b41516497b017",
        "slug": item.name.lower().replace(" ", "_"),
        "created_at": "2021-05-10T08:56:50Z",
        "updated_at": "2021-05-10T08:56:50Z",
        "edited_at": "2021-05-10T08:56:50Z",
        "mode": "LIVE",
        "id": item.id,
        "folder_id": 1,
        "published": True,
        "change_control_enabled": False,
        "locked": False,
        "owners": [1],
        "monitor_failures": False,
        "actions_with_monitoring": [],
        "recipients": [{"address": "test@example.com"}],
        **counts,
    }


def subscriber(number: int, item: FakeUser) -> Json:
    """All ids are text in Tines API, Case subscribers, List."""
    about = {name: value for name, value in user(item).items() if name != "is_service_account"}
    return {"id": str(number), **about}


def action(number: int, given: Json) -> Json:
    """An action in Tines API, Case actions, List."""
    return {
        "id": number,
        "url": given["url"],
        "label": given["label"],
        "story_name": None,
        "story_emoji": None,
        "page_emoji": None,
        "action_type": given["action_type"],
        "action_text": given.get("action_text"),
        "query_params": given.get("query_params", {}),
        "created_at": "2023-10-31T15:42:00Z",
        "updated_at": "2023-10-31T16:42:00Z",
    }
