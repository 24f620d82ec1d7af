"""What the server refuses (5.37), and a little more strictly: what it takes but then leaves dead."""

import json
import re
from typing import Any

from tests.fakes.mattermost.world import Json

MESSAGE_RUNES = 16_383
PROPS_RUNES = 8_000  # before Mattermost 6.0


class Refusal(Exception):
    def __init__(self, status: int, id: str, words: str = "") -> None:
        self.status = status
        self.id = id
        self.words = words or id
        super().__init__(id)


FORBIDDEN = "api.context.permissions.app_error"


def check_post(message: str, props: Json) -> None:
    if len(message) > MESSAGE_RUNES:
        raise Refusal(400, "model.post.is_valid.msg.app_error", "Invalid message.")
    written = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    if len(written) + 5 * sum(written.count(char) for char in "<>&") > PROPS_RUNES:
        raise Refusal(400, "model.post.is_valid.props.app_error", "Invalid props.")
    if "\0" in message or re.search(r"(?<!\\)(?:\\\\)*\\u0000", written):
        raise Refusal(500, "app.post.save.app_error", "The database takes no NUL.")
    if not message and not props.get("attachments"):
        raise Refusal(400, "model.post.is_valid.empty.fake", "An empty post.")
    check_attachments(props.get("attachments") or [])


def check_attachments(attachments: list[Json]) -> None:
    """mattermost#25747: an id with other characters makes a button that does nothing, and says nothing."""
    for attachment in attachments:
        ids = [action.get("id", "") for action in attachment.get("actions") or []]
        if len(set(ids)) != len(ids) or not all(re.fullmatch(r"[A-Za-z0-9]+", id) for id in ids):
            raise Refusal(400, "fake.action_ids", f"action ids are not letters and digits, or not unique: {ids}")
        for action in attachment.get("actions") or []:
            _check_action(action)


def _check_action(action: Json) -> None:
    integration = action.get("integration") or {}
    if not str(integration.get("url", "")).startswith(("http://", "https://")) or not action.get("name"):
        raise Refusal(400, "fake.action", f"an action without name or integration url: {action}")
    context = integration.get("context") or {}
    if len(context) > 50 or any(len(str(value)) > 2048 for value in context.values()):
        raise Refusal(400, "fake.context", "mm_blocks: 50 entries of 2,048 characters")


def check_dialog(dialog: Any) -> None:
    """CHAT_LIMITS, "Dialog"."""
    limits = {"title": 24, "submit_label": 24}
    if not isinstance(dialog, dict) or not dialog.get("title") or not isinstance(dialog.get("elements"), list):
        raise Refusal(400, "api.dialog.fake", "no dialog")
    _within(dialog, limits)
    names = [element.get("name") for element in dialog["elements"]]
    if len(set(names)) != len(names) or not all(names):
        raise Refusal(400, "api.dialog.fake", f"names not unique: {names}")
    for element in dialog["elements"]:
        _check_element(element)


def _check_element(element: Json) -> None:
    _within(element, {"display_name": 24, "name": 300, "help_text": 150, "placeholder": 150})
    kind, default = element.get("type"), element.get("default")
    if kind in ("text", "textarea"):
        longest = 150 if kind == "text" else 3000
        _within(element, {"default": min(longest, element.get("max_length", longest))})
        if element.get("max_length", 0) > longest:
            raise Refusal(400, "api.dialog.fake", f"max_length of a {kind} is at most {longest}")
    elif kind == "select":
        values = [option["value"] for option in element.get("options") or []]
        if not values or not all(values) or not all(option["text"] for option in element["options"]):
            raise Refusal(400, "api.dialog.fake", "a select without options, or with empty ones")
        if default is not None and default not in values:
            raise Refusal(400, "api.dialog.fake", f"default {default!r} is not an option")
    else:
        raise Refusal(400, "api.dialog.fake", f"type {kind!r} is newer than 5.37, or none")


def _within(said: Json, limits: dict[str, int]) -> None:
    for name, most in limits.items():
        if len(str(said.get(name) or "")) > most:
            raise Refusal(400, "api.dialog.fake", f"{name} is longer than {most}: {said[name]!r}")
    for name in ("title", "display_name", "submit_label"):
        if name in limits and not said.get(name):
            raise Refusal(400, "api.dialog.fake", f"{name} is missing")
