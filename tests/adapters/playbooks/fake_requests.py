"""The parameters and fields that the plugin's source reads.

The real server ignores any other. The fake refuses them, so that a mistake of the adapter fails a test.
"""

import re

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.playbooks.fake_responses import CURRENT

_PAGES = {"team_id", "page", "per_page", "sort", "direction"}
_QUERIES = {
    r"/playbooks": _PAGES | {"with_archived"},
    r"/runs": _PAGES | {"statuses", "owner_user_id", "participant_id", "search_term"},
    r"/runs/owners": {"team_id"},
}
_START: dict[str, type] = {
    "name": str,
    "description": str,
    "owner_user_id": str,
    "team_id": str,
    "playbook_id": str,
}
_BODIES: dict[str, dict[str, type]] = {
    r"/runs": _START | {"summary": str, "channel_id": str, "post_id": str},
    r".*/owner": {"owner_id": str},
    r".*/status": {"message": str, "description": str, "reminder": int, "finish_run": bool},
    r".*/state": {"new_state": str},
    r".*/assignee": {"assignee_id": str},
    r".*/add": {"title": str, "description": str, "assignee_id": str, "command": str},
    r".*/reorder": {"item_num": int, "new_location": int},
    r".*/duedate": {"due_date": int},
    r".*/reminder": {"new_reminder_seconds": int},
    r"/query": {"operationName": str, "query": str, "variables": dict},
}
_ANY_BODY = r"/playbooks"  # only tests create playbooks


def check(request: web.Request, seen: Seen, path: str, generation: str) -> None:
    """Raises a 400 that names the unknown fields and those of the wrong type."""
    if seen.method == "GET":
        allowed = next((names for pattern, names in _QUERIES.items() if re.fullmatch(pattern, path)), set())
        allowed = allowed | ({"since"} if path == "/runs" and generation == CURRENT else set())
        _refuse(sorted(set(request.query) - allowed))
        return
    if re.fullmatch(_ANY_BODY, path):
        return
    fields = next((names for pattern, names in _BODIES.items() if re.fullmatch(pattern, path)), None)
    if fields is None:
        _refuse(["a body"] if seen.body else [])
        return
    body = seen.json
    refused = [name for name, value in body.items() if name not in fields or not isinstance(value, fields[name])]
    if generation != CURRENT:
        refused += [name for name in ("finish_run",) if name in body]
    _refuse(refused)


def _refuse(names: list[str]) -> None:
    if names:
        raise web.HTTPBadRequest(text=f"not read by the plugin: {', '.join(names)}")
