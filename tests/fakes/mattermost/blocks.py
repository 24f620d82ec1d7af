"""Mattermost Blocks, as the Mattermost docs describe them: what a server refuses, and what people see and press.

A server stores the actions with a new post. On an edit, the newest servers take new ones from the bot that wrote
the post; the first ones keep those of the new post.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.fakes.mattermost.rejection import Rejection

Json = dict[str, Any]

MAX_BLOCKS, MAX_TEXT, MAX_DEPTH, MAX_ACTIONS = 100, 16_000, 32, 50
_NESTED = ("content", "header", "columns", "items")
_FIELDS = {
    "text": {"text", "is_subtle", "size"},
    "divider": set(),
    "button": {"text", "action_id", "style", "tooltip", "disabled", "query"},
    "static_select": {"action_id", "placeholder", "options", "initial_option", "disabled", "data_source"},
    "container": {"content", "border", "accent_color", "background", "flow", "gap", "max_height"},
    "collapsible": {"header", "content", "collapsed"},
    "column_set": {"gap", "columns"},
    "column": {"width", "gap", "items"},
}
_STYLES = ("default", "primary", "danger", "good", "success", "warning")


def walk(blocks: Sequence[Json], depth: int = 1) -> Iterator[Json]:
    """In the order in which people read them."""
    for block in blocks:
        if depth > MAX_DEPTH:
            raise _refused("nested too deeply")
        yield block
        for name in _NESTED:
            yield from walk(block.get(name) or (), depth + 1)


def check_blocks(props: Json) -> None:
    """Of a new post: every action that is named is there, and no other."""
    blocks = list(walk(props.get("mm_blocks") or []))
    texts = sum(len(block.get("text", "")) for block in blocks)
    if len(blocks) > MAX_BLOCKS or texts > MAX_TEXT:
        raise _refused(f"{len(blocks)} blocks with {texts} characters")
    for block in blocks:
        _check_block(block)
    actions = props.get("mm_blocks_actions") or {}
    if not isinstance(actions, dict) or len(actions) > MAX_ACTIONS:
        raise _refused("the actions are no map, or too many")
    if named_actions(props) != set(actions):
        raise _refused(f"named: {sorted(named_actions(props))}, defined: {sorted(actions)}")
    for name, action in actions.items():
        context = action.get("context") or {}
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) or action.get("type") != "external":
            raise _refused(f"action {name}: {action.get('type')}")
        if not str(action.get("url")).startswith(("http://", "https://")) or len(context) > 50:
            raise _refused(f"action {name}: url or context")


def named_actions(props: Json) -> set[str]:
    return {block["action_id"] for block in walk(props.get("mm_blocks") or []) if "action_id" in block}


def _check_block(block: Json) -> None:
    kind = block.get("type")
    if kind not in _FIELDS or set(block) - _FIELDS[kind] - {"type"}:
        raise _refused(f"would be left out: {block}")
    if kind in ("text", "button") and not str(block.get("text")).strip():
        raise _refused(f"without a text: {block}")
    if kind == "button" and block.get("style", "default") not in _STYLES:
        raise _refused(f"style {block['style']}")
    if any(len(value) > 2048 for value in (block.get("query") or {}).values()):
        raise _refused("a query is too long")
    if kind == "static_select" and not (
        block.get("placeholder") and (block.get("options") or block["data_source"])
    ):
        raise _refused(f"a menu without placeholder or options: {block}")


def _refused(why: str) -> Rejection:
    return Rejection(400, "model.post.is_valid.mm_blocks.fake", why)


def block_text(props: Json) -> list[str]:
    return [str(block["text"]) for block in walk(props.get("mm_blocks") or []) if block.get("type") == "text"]


def block_controls(props: Json) -> Iterator[dict[str, Any]]:
    """Buttons and menus, like the actions of an attachment."""
    actions = props.get("mm_blocks_actions") or {}
    for block in walk(props.get("mm_blocks") or []):
        if block.get("type") not in ("button", "static_select"):
            continue
        action = actions.get(block["action_id"], {"url": "http://nowhere.invalid", "context": {}})
        query = f"?{urlencode(block['query'])}" if block.get("query") else ""
        is_button = block["type"] == "button"
        yield {
            "id": block["action_id"],
            "type": "button" if is_button else "select",
            "name": re.sub(r"\\(?=\W)", "", block["text"]) if is_button else block["placeholder"],
            "style": block.get("style", ""),
            "options": block.get("options"),
            "data_source": block.get("data_source", ""),
            "integration": {"url": action["url"] + query, "context": action.get("context") or {}},
        }
