"""The JSON of the Playbooks plugin with every field, as recorded (1.20) and as in the current source (2.x)."""

import copy
from typing import Any

CURRENT = "2.x"
RECORDED = "1.20"
Json = dict[str, Any]


def item(title: str, generation: str, **fields: Any) -> Json:
    result: Json = {
        "id": "",
        "title": title,
        "state": "",
        "state_modified": 0,
        "assignee_id": "",
        "assignee_modified": 0,
        "command": "",
        "command_last_run": 0,
        "description": "",
    }
    if generation == RECORDED:
        result |= {"state_modified_post_id": "", "assignee_modified_post_id": ""}
    else:
        result |= {"delete_at": 0, "due_date": 0, "task_actions": None, "update_at": 0, "assignee_type": ""}
        result |= {"condition_id": "", "condition_action": "", "condition_reason": ""}
    return result | {key: value for key, value in fields.items() if key in result}


def playbook(id: str, body: Json, generation: str, at: int) -> Json:
    checklists = [
        {
            "id": "",
            "title": checklist["title"],
            "items": [item(generation=generation, **fields) for fields in checklist["items"]],
            **({} if generation == RECORDED else {"items_order": [], "update_at": 0}),
        }
        for checklist in body["checklists"]
    ]
    result: Json = {
        "id": id,
        "title": body["title"],
        "description": body.get("description", ""),
        "team_id": body["team_id"],
        "create_public_playbook_run": body.get("create_public_playbook_run", False),
        "create_at": at,
        "update_at": 0,
        "delete_at": 0,
        "num_stages": len(checklists),
        "num_steps": sum(len(checklist["items"]) for checklist in checklists),
        "num_runs": 0,
        "num_actions": 0,
        "last_run_at": 0,
        "checklists": checklists,
        "member_ids": [],
        "reminder_message_template": "",
        "reminder_timer_default_seconds": body.get("reminder_timer_default_seconds", 0),
        "invited_user_ids": [],
        "invited_group_ids": [],
        "invite_users_enabled": False,
        "default_owner_id": "",
        "default_owner_enabled": False,
        "broadcast_channel_ids": [],
        "broadcast_enabled": False,
        "webhook_on_creation_enabled": False,
        "webhook_on_status_update_enabled": False,
        "message_on_join": "",
        "message_on_join_enabled": False,
        "retrospective_reminder_interval_seconds": 0,
        "retrospective_template": "",
        "export_channel_on_finished_enabled": False,
        "signal_any_keywords": [],
        "signal_any_keywords_enabled": False,
        "categorize_channel_enabled": False,
        "category_name": "",
    }
    if generation == RECORDED:
        return result | {"webhook_on_creation_url": "", "webhook_on_status_update_url": ""}
    result |= {"webhook_on_creation_urls": [], "webhook_on_status_update_urls": [], "active_runs": 0}
    return result | {"channel_mode": "create_new_channel", "channel_id": "", "channel_name_template": ""}


def run(id: str, body: Json, book: Json, generation: str, **fields: Any) -> Json:
    """``body`` is that of POST /runs. 1.20 uses the playbook's description instead of the one in the body. 2.x
    uses the name that the playbook sets, if it does.
    """
    result: Json = {
        "id": id,
        "name": body["name"],
        "owner_user_id": body["owner_user_id"],
        "team_id": body["team_id"],
        "end_at": 0,
        "delete_at": 0,
        "post_id": "",
        "playbook_id": book["id"],
        "checklists": copy.deepcopy(book["checklists"]),
        "status_posts": [],
        "current_status": "InProgress",
        "reminder_post_id": "",
        "previous_reminder": 0,
        "reminder_message_template": "",
        "reminder_timer_default_seconds": book["reminder_timer_default_seconds"],
        "invited_user_ids": [],
        "invited_group_ids": [],
        "timeline_events": [],
        "default_owner_id": "",
        "broadcast_channel_ids": [],
        "retrospective": "",
        "retrospective_published_at": 0,
        "retrospective_was_canceled": False,
        "retrospective_reminder_interval_seconds": 0,
        "message_on_join": "",
        "export_channel_on_finished_enabled": False,
        "participant_ids": [],
        "category_name": "",
    }
    if generation == RECORDED:
        result |= {"description": book["description"], "active_stage": 0, "active_stage_title": ""}
        result |= {"webhook_on_creation_url": "", "webhook_on_status_update_url": ""}
    else:
        result |= {"summary": body.get("summary", ""), "update_at": fields["create_at"], "type": "playbook"}
        result["name"] = book["channel_name_template"] or body["name"]
        if book["default_owner_enabled"]:
            result["owner_user_id"] = book["default_owner_id"]
        result |= {"status_update_enabled": True, "items_order": [], "run_number": 1, "sequential_id": ""}
        result |= {"task_total": book["num_steps"], "task_completed": 0, "property_fields": []}
    return result | {"last_status_update_at": fields["create_at"]} | fields


def event(id: str, run_id: str, kind: str, at: int, by: str, summary: str = "", post: str = "") -> Json:
    return {
        "id": id,
        "playbook_run_id": run_id,
        "create_at": at,
        "delete_at": 0,
        "event_at": at,
        "event_type": kind,
        "summary": summary,
        "details": "",
        "post_id": post,
        "subject_user_id": by,
        "creator_user_id": "",
    }
