"""The fake's endpoints for the team, its fields and stories, followers, and those of newer tenants."""

import re
from typing import TYPE_CHECKING

from adapters.testing.fake_server import Seen
from tests.adapters.tines import fake_responses
from tests.adapters.tines.fake_requests import STORY_ORDERS, body_of, paging
from tests.adapters.tines.fake_responses import Json
from tests.adapters.tines.world import TEAM, FakeTemplate, Refusal

if TYPE_CHECKING:
    from tests.adapters.tines.fake import FakeResponse, TinesFake


def list_members(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    page, per_page = paging(seen, 500)
    if at["team"] != str(TEAM) or fake.hides_members:
        raise Refusal("Not Found", 404)
    return fake.page(seen, "members", [fake_responses.member(item) for item in fake.world.users], page, per_page)


def list_inputs(fake: "TinesFake", seen: Seen, _: "re.Match[str]") -> "FakeResponse":
    page, per_page = paging(seen, 500, "team_id")
    items = [fake_responses.case_input(item) for item in fake.world.inputs]
    return fake.page(seen, "case_inputs", items, page, per_page)


def list_stories(fake: "TinesFake", seen: Seen, _: "re.Match[str]") -> "FakeResponse":
    """Live stories only. The counts are included on request (Tines API, Stories, List)."""
    page, per_page = paging(seen, 500, "team_id", "order", "include_live_activity")
    if fake.hides_stories or seen.query.get("team_id", str(TEAM)) != str(TEAM):
        raise Refusal("Not Found", 404)
    if seen.query.get("order", "NAME") not in STORY_ORDERS:
        raise Refusal("order is not known")
    live = seen.query.get("include_live_activity", "false")
    if live not in ("true", "false"):
        raise Refusal("include_live_activity is true or false")
    items = [fake_responses.story(item, live=live == "true") for item in fake.world.stories]
    return fake.page(seen, "stories", items, page, per_page)


def list_subscribers(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    page, per_page = paging(seen, 500)
    case = fake.case(at)
    items = [fake_responses.subscriber(number, item) for number, item in enumerate(case.followers, 12)]
    status, body = fake.page(seen, "subscribers", items, page, per_page)
    return status, {"case_id": case.id, **body}


def create_subscriber(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    """Refuses a second subscription: the API does not state what happens, so the adapter must not rely on it."""
    case = fake.case(at)
    email = body_of(seen, {"user_email": str}, ("user_email",))["user_email"]
    user = fake.world.user(email)
    if user is None:
        raise Refusal("user not found")
    if user in case.followers:
        raise Refusal("user is already subscribed")
    case.followers.append(user)
    fake.world.record("follow", case.id)
    about = {name: value for name, value in fake_responses.user(user).items() if name != "is_service_account"}
    return 201, {"case_id": case.id, "id": 11 + len(case.followers), "user": about | {"user_id": user.id}}


def list_sub_statuses(fake: "TinesFake", seen: Seen, _: "re.Match[str]") -> "FakeResponse":
    """Not in the documented API: only newer tenants have it."""
    if not fake.is_newer:
        raise Refusal("Not Found", 404)
    page, per_page = paging(seen, 500, "team_id", "parent_status")
    items: list[Json] = [
        {
            "id": id,
            "name": name,
            "slug": f"status_{id}",
            "parent_status": "OPEN",
            "default": id == 1,
        }
        for id, name in fake.world.sub_statuses.items()
    ]
    return fake.page(seen, "case_sub_statuses", items, page, per_page)


def list_templates(fake: "TinesFake", seen: Seen, _: "re.Match[str]") -> "FakeResponse":
    """Only newer tenants have case templates (Tines API, Case templates, List)."""
    if not fake.is_newer:
        raise Refusal("Not Found", 404)
    page, per_page = paging(seen, 100, "team_id", "search")
    if seen.query.get("team_id") != str(TEAM):
        raise Refusal("team_id is required")
    items = [_template(item) for item in fake.world.templates.values()]
    return fake.page(seen, "case_templates", items, page, per_page)


def show_template(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    return 200, _template(_found_template(fake, at))


def preview_template(fake: "TinesFake", seen: Seen, at: "re.Match[str]") -> "FakeResponse":
    """The documents that we have do not show its form."""
    item = _found_template(fake, at)
    tags = [{"id": number, "name": name} for number, name in enumerate(item.tags, 1)]
    return 200, {"name": item.name, "tags": tags, "tasks": [{"description": title} for title in item.tasks]}


def _found_template(fake: "TinesFake", at: "re.Match[str]") -> FakeTemplate:
    found = fake.world.templates.get(int(at["template"])) if fake.is_newer else None
    if found is None:
        raise Refusal("Not Found", 404)
    return found


def _template(item: FakeTemplate) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "emoji": ":fishing_pole_and_fish:",
        "team": {"id": TEAM, "name": "Operations"},
        "created_at": "2026-05-25T10:00:00Z",
        "updated_at": "2026-05-25T10:00:00Z",
    }
