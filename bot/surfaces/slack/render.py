"""Renders cards and lines as Slack messages within the limits of Block Kit (Slack docs, "Block Kit reference").

A message has at most 50 blocks, and its ``text`` (notifications, screen readers) at most 4,000 characters. A
button has at most 75 characters of text and 2,000 of value. Whatever does not fit is left out from the end, and
the message says so.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.surfaces.slack import button_values
from bot.surfaces.slack.encoding import escape_truncated, fallback_text, remove_unsendable, truncate
from bot.surfaces.slack.richtext import RichTextBuilder
from bot.surfaces.slack.text import translate, translate_plain
from commands.model.card import Bold, Button, Card, Code, Row, Text, text
from commands.text.catalogue import plain_text
from commands.text.phrases import task_state_name, task_state_width

MAX_TEXT = 4000
MAX_CHARACTERS = 12_000  # of all blocks together
MAX_BLOCKS = 47  # of 50: one is kept for buttons, two for notes about what was left out
MAX_LABEL = 30  # of 75: Slack does not show more
MAX_BUTTONS = 25


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """``text`` is escaped mrkdwn. Neither ``text`` nor ``blocks`` is ever empty."""

    text: str
    blocks: list[dict[str, Any]]


def card(card: Card) -> RenderedMessage:
    builder = RichTextBuilder(MAX_CHARACTERS, MAX_BLOCKS)
    builder.add_line(card.title, bold=True)
    builder.add_line(card.subtitle)
    for line in card.lines:
        builder.add_line(line)
    if card.link is not None:
        builder.add_line((card.link,))
    for section in card.sections:
        builder.start_block()
        builder.add_line((section.title,), bold=True)
        for row in section.rows:
            builder.add_line(_row(row))
        builder.add_line(section.more)
    summary = escape_truncated(card.summary, MAX_TEXT) or escape_truncated(plain_text(card.title), MAX_TEXT)
    return _assemble(builder, summary, card.buttons)


def lines(lines: Sequence[Text], buttons: Sequence[Button] = ()) -> RenderedMessage:
    builder = RichTextBuilder(MAX_CHARACTERS, MAX_BLOCKS)
    for line in lines:
        builder.add_line(line)
    full_text = "\n".join(fallback_text(line) for line in lines)
    if len(full_text) > MAX_TEXT:  # truncating could split a date or mention token, so leave tokens out
        full_text = escape_truncated("\n".join(plain_text(line) for line in lines), MAX_TEXT)
    return _assemble(builder, full_text, buttons)


def _row(row: Row) -> Text:
    state = () if row.state is None else (Code(task_state_name(row.state).ljust(task_state_width())), " ")
    handle = (Bold(row.handle), " ") if row.handle else ()
    note = (" — ", *row.note) if row.note else ()
    return (*state, *handle, row.title, *note)


def _assemble(builder: RichTextBuilder, summary: str, buttons: Sequence[Button]) -> RenderedMessage:
    blocks = list(builder.blocks)
    if builder.is_truncated:
        blocks += _line_blocks(translate("cut_lines"))
    elements, left_out = _buttons(buttons)
    if elements:
        blocks.append({"type": "actions", "elements": elements})
    if left_out:
        blocks += _line_blocks(translate("cut_buttons", labels=truncate(", ".join(left_out), 1000)))
    blocks = with_fresh_block_ids(blocks or _line_blocks(text("…")))
    return RenderedMessage(summary if summary.strip() else "…", blocks)


def _line_blocks(line: Text) -> list[dict[str, Any]]:
    builder = RichTextBuilder(MAX_CHARACTERS, 1)
    builder.add_line(line)
    return builder.blocks


def with_fresh_block_ids(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slack asks for new block ids whenever a message is updated."""
    stamp = secrets.token_hex(4)
    return [{**block, "block_id": f"{stamp}.{n}"} for n, block in enumerate(blocks)]


def _buttons(buttons: Sequence[Button]) -> tuple[list[dict[str, Any]], list[str]]:
    elements: list[dict[str, Any]] = []
    left_out: list[str] = []
    for button in buttons:
        value = button_values.dump(button.intent)
        label = truncate(" ".join(remove_unsendable(button.label).split()), MAX_LABEL) or translate_plain(
            "unnamed"
        )
        if len(value) > button_values.MAX_VALUE_LENGTH or len(elements) == MAX_BUTTONS:
            left_out.append(label)
            continue
        style = {"style": button.style} if button.style else {}
        elements.append(
            {
                "type": "button",
                "action_id": f"{button_values.ACTION}.{len(elements)}",
                "text": {"type": "plain_text", "text": label, "emoji": False},
                "value": value,
                **style,
            }
        )
    return elements, left_out
