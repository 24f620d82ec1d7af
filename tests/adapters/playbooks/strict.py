"""What the plugin's source reads of a request; anything else in one is a mistake of ours.

The server itself would let it pass unseen: here it is refused, so that no test passes with it.
"""

import re

from aiohttp import web

from tests.adapters.playbooks.shapes import CURRENT
from tests.fakes.serving import Seen

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
_ANY_BODY = r"/playbooks"  # making a playbook is a test's own doing


def check(request: web.Request, seen: Seen, path: str, generation: str) -> None:
    """Raises a 400 that names what nobody reads, or what is of another kind."""
    if seen.method == "GET":
        allowed = next((names for pattern, names in _QUERIES.items() if re.fullmatch(pattern, path)), set())
        _refuse(sorted(set(request.query) - allowed))
        return
    if re.fullmatch(_ANY_BODY, path):
        return
    fields = next((names for pattern, names in _BODIES.items() if re.fullmatch(pattern, path)), None)
    if fields is None:
        _refuse(["a body"] if seen.body else [])
        return
    body = seen.json
    wrong = [name for name, value in body.items() if name not in fields or not isinstance(value, fields[name])]
    if generation != CURRENT:
        wrong += [name for name in ("finish_run",) if name in body]
    _refuse(wrong)


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise web.HTTPBadRequest(text=f"nobody reads {', '.join(wrong)}")
