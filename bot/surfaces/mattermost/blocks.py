"""Renders cards as Mattermost Blocks (Mattermost docs, "Mattermost Blocks"), with each button beside its task.

The first servers with blocks keep the actions that a post was created with, and let edits change the blocks alone.
So all buttons and menus of a post share one action, and a post that was created without any stays an attachment.
What each button does is signed, in its query or its options.

The title is the post's message, which notifications and replies quote.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surfaces.mattermost.buttons import PICK_ACTION, Buttons, ButtonScope
from bot.surfaces.mattermost.markdown import (
    Handles,
    body_lines,
    bold_title,
    heading,
    line_markdown,
    row_markdown,
    text_markdown,
)
from commands.model.card import Button, Card, Link, Menu, PeoplePicker, Section
from commands.text.catalogue import plain_text

MAX_BLOCKS = 100
MAX_TEXT = 16_000  # of all texts and labels
MAX_QUERY = 2048
MAX_OPTIONS = 100

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlockPost:
    message: str
    blocks: list[Json]
    actions: dict[str, Json]


def block_post(
    card: Card, scope: ButtonScope, handles: Handles, now: datetime, buttons: Buttons, color: str
) -> BlockPost | None:
    """None if the card does not fit into blocks."""
    drawing = _Drawing(scope, handles, buttons)
    content = drawing.content(card)
    blocks = [{"type": "container", "border": True, "accent_color": color, "gap": "small", "content": content}]
    used = list(_walk(blocks))
    texts = sum(len(block["text"]) for block in used if block["type"] in ("text", "button"))
    if len(used) > MAX_BLOCKS or texts > MAX_TEXT or drawing.is_too_long:
        return None
    actions = buttons.block_actions(scope, now, card.picker)
    named = {block["action_id"] for block in used if "action_id" in block}
    registry = {name: action for name, action in actions.items() if name in named}
    return BlockPost(_title(card, handles), blocks if content else [], registry)


def _title(card: Card, handles: Handles) -> str:
    if card.link is None:
        return heading(card, handles) or "…"
    linked = text_markdown((Link(plain_text(card.title), card.link.url),), handles)
    return f"**{linked}**" if linked.strip() else "…"


class _Drawing:
    """``is_too_long``: a button does more than its query can hold."""

    def __init__(self, scope: ButtonScope, handles: Handles, buttons: Buttons) -> None:
        self._scope = scope
        self._handles = handles
        self._buttons = buttons
        self.is_too_long = False

    def content(self, card: Card) -> list[Json]:
        body = body_lines(card, self._handles)
        blocks = [_text(body)] if body else []
        for section in card.sections:
            blocks += self._section(section)
        controls = [self._button(button) for button in card.buttons]
        controls += [self._menu(card.menu)] if card.menu else []
        controls += [_picker(card.picker)] if card.picker else []
        if controls:
            blocks.append({"type": "container", "flow": "horizontal", "gap": "small", "content": controls})
        if footer := line_markdown(card.footer, self._handles, at_line_start=True):
            blocks.append({**_text([footer]), "is_subtle": True, "size": "small"})
        return blocks

    def _section(self, section: Section) -> list[Json]:
        title = bold_title(section.title)
        more = line_markdown(section.more, self._handles, at_line_start=not title)
        blocks: list[Json] = []
        lines = [title] if section.rows else [" ".join(filter(None, (title, more)))]
        for row in section.rows:
            if row.button is None:
                lines.append(row_markdown(row, self._handles))
                continue
            blocks += _text_if_any(lines)
            lines = []
            blocks.append(_beside(row_markdown(row, self._handles), self._button(row.button)))
        blocks += _text_if_any([*lines, more] if section.rows else lines)
        return [*blocks, *([self._menu(section.menu)] if section.menu else [])]

    def _button(self, button: Button) -> Json:
        drawn = self._buttons.block_button(button, self._scope)
        self.is_too_long = self.is_too_long or any(len(value) > MAX_QUERY for value in drawn["query"].values())
        return drawn

    def _menu(self, menu: Menu) -> Json:
        return self._buttons.block_menu(menu.label, menu.options[:MAX_OPTIONS], self._scope)


def _text(lines: Sequence[str]) -> Json:
    return {"type": "text", "text": "\n".join(lines)}


def _text_if_any(lines: Sequence[str]) -> list[Json]:
    return [_text(shown)] if (shown := [line for line in lines if line]) else []


def _beside(line: str, button: Json) -> Json:
    columns = [
        {"type": "column", "width": "stretch", "items": [_text([line])]},
        {"type": "column", "width": "auto", "items": [button]},
    ]
    return {"type": "column_set", "gap": "small", "columns": columns}


def _picker(picker: PeoplePicker) -> Json:
    return {"type": "static_select", "action_id": PICK_ACTION, "placeholder": picker.label, "data_source": "users"}


def _walk(blocks: Sequence[Json]) -> Iterator[Json]:
    for block in blocks:
        yield block
        for name in ("content", "header", "columns", "items"):
            yield from _walk(block.get(name) or ())


def without_controls(blocks: Sequence[Json]) -> list[Json]:
    """Of a question that was answered."""
    kept = [dict(block) for block in blocks if block.get("type") not in ("button", "static_select")]
    for block in kept:
        for name in ("content", "header", "columns", "items"):
            if name in block:
                block[name] = without_controls(block[name])
    return kept
