"""What the server (5.37) rejects, and what it accepts although it then does not work."""

import json
import re
from typing import Any

from tests.fakes.mattermost.blocks import Json, check_blocks
from tests.fakes.mattermost.rejection import Rejection

MESSAGE_RUNES = 16_383
PROPS_RUNES = 8_000  # before Mattermost 6.0
NEWER_PROPS_RUNES = 800_000


FORBIDDEN = "api.context.permissions.app_error"


def check_post(message: str, props: Json, version: tuple[int, ...] = (5, 37), *, blocks: bool = False) -> None:
    """``blocks``: the server draws them. Another one would show nothing in their place."""
    if len(message) > MESSAGE_RUNES:
        raise Rejection(400, "model.post.is_valid.msg.app_error", "Invalid message.")
    written = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    if len(written) + 5 * sum(written.count(char) for char in "<>&") > (
        PROPS_RUNES if version < (6, 0) else NEWER_PROPS_RUNES
    ):
        raise Rejection(400, "model.post.is_valid.props.app_error", "Invalid props.")
    if "\0" in message or re.search(r"(?<!\\)(?:\\\\)*\\u0000", written):
        raise Rejection(500, "app.post.save.app_error", "The database does not accept NUL.")
    if not message and not props.get("attachments"):
        raise Rejection(400, "model.post.is_valid.empty.fake", "An empty post.")
    check_attachments(props.get("attachments") or [])
    if "mm_blocks" in props and not blocks:
        raise Rejection(400, "fake.blocks", "this server draws no blocks")
    if blocks and not isinstance(props.get("mm_blocks_actions"), str):
        check_blocks(props)


def check_attachments(attachments: list[Json]) -> None:
    """Buttons with other characters in their id silently do nothing (mattermost#25747)."""
    for attachment in attachments:
        ids = [action.get("id", "") for action in attachment.get("actions") or []]
        if len(set(ids)) != len(ids) or not all(re.fullmatch(r"[A-Za-z0-9]+", id) for id in ids):
            raise Rejection(400, "fake.action_ids", f"action ids are not letters and digits, or not unique: {ids}")
        for action in attachment.get("actions") or []:
            _check_action(action)


def _check_action(action: Json) -> None:
    integration = action.get("integration") or {}
    if not str(integration.get("url", "")).startswith(("http://", "https://")) or not action.get("name"):
        raise Rejection(400, "fake.action", f"an action without name or integration url: {action}")
    if action.get("type") == "select" and action.get("data_source"):
        if action["data_source"] not in ("users", "channels") or action.get("options"):
            raise Rejection(400, "fake.action_source", f"no such list, or with options: {action}")
    elif action.get("type") == "select":
        options = action.get("options") or []
        if not options or not all(option.get("text") and option.get("value") for option in options):
            raise Rejection(400, "fake.action_options", f"a menu without options, or with empty ones: {options}")
    elif action.get("type") != "button":
        raise Rejection(400, "fake.action_type", f"no such type of action: {action.get('type')}")
    context = integration.get("context") or {}
    if len(context) > 50 or any(len(str(value)) > 2048 for value in context.values()):
        raise Rejection(400, "fake.context", "at most 50 entries of 2,048 characters")


def check_dialog(dialog: Any, version: tuple[int, ...] = (5, 37)) -> None:
    """Limits from the Mattermost docs, "Interactive dialogs".

    Older servers ignore what they do not know, which the person then misses: such a dialog is refused.
    """
    limits = {"title": 24, "submit_label": 24}
    if not isinstance(dialog, dict) or not dialog.get("title") or not isinstance(dialog.get("elements"), list):
        raise Rejection(400, "api.dialog.fake", "no dialog")
    _check_lengths(dialog, limits)
    names = [element.get("name") for element in dialog["elements"]]
    if len(set(names)) != len(names) or not all(names):
        raise Rejection(400, "api.dialog.fake", f"names not unique: {names}")
    for element in dialog["elements"]:
        _check_element(element)
        if element.get("refresh") and (version < (11, 1) or not dialog.get("source_url")):
            raise Rejection(400, "api.dialog.fake", "fields refresh a dialog since 11.1, which needs a source_url")
        if element.get("data_source") == "dynamic":
            _check_dynamic(element, version)
        if element.get("multiselect") and (version < (11, 0) or element.get("type") != "select"):
            raise Rejection(400, "api.dialog.fake", "selects of several are newer than this server")


def _check_dynamic(element: Json, version: tuple[int, ...]) -> None:
    if version < (11, 0):
        raise Rejection(400, "api.dialog.fake", "dynamic selects are newer than this server")
    if not str(element.get("data_source_url")).startswith(("https://", "/plugins/")):
        raise Rejection(400, "api.dialog.fake", "options are loaded over HTTPS only")


def _check_element(element: Json) -> None:
    _check_lengths(element, {"display_name": 24, "name": 300, "help_text": 150, "placeholder": 150})
    kind, default = element.get("type"), element.get("default")
    if kind in ("text", "textarea"):
        limit = 150 if kind == "text" else 3000
        _check_lengths(element, {"default": min(limit, element.get("max_length", limit))})
        if element.get("max_length", 0) > 3000:
            raise Rejection(400, "api.dialog.fake", "max_length is at most 3000")
    elif kind == "bool":
        if default not in (None, "", "true", "false"):
            raise Rejection(400, "api.dialog.fake", "the default of a bool is true or false")
    elif kind == "select" and element.get("data_source"):
        _check_picker(element)
    elif kind in ("select", "radio"):
        values = [option["value"] for option in element.get("options") or []]
        if not values or not all(values) or not all(option["text"] for option in element["options"]):
            raise Rejection(400, "api.dialog.fake", "a select without options, or with empty ones")
        if default is not None and default not in values:
            raise Rejection(400, "api.dialog.fake", f"default {default!r} is not an option")
    else:
        raise Rejection(400, "api.dialog.fake", f"type {kind!r} is newer than 5.37, or none")


def _check_picker(element: Json) -> None:
    if element["data_source"] not in ("users", "channels", "dynamic") or element.get("options"):
        raise Rejection(400, "api.dialog.fake", f"data_source {element['data_source']!r}, or with options")
    if element.get("default"):
        raise Rejection(400, "api.dialog.fake", "clients do not show the default of a picker")


def _check_lengths(body: Json, limits: dict[str, int]) -> None:
    for name, limit in limits.items():
        if len(str(body.get(name) or "")) > limit:
            raise Rejection(400, "api.dialog.fake", f"{name} is longer than {limit}: {body[name]!r}")
    for name in ("title", "display_name", "submit_label"):
        if name in limits and not body.get(name):
            raise Rejection(400, "api.dialog.fake", f"{name} is missing")
