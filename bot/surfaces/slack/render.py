"""Renders cards and lines as Slack messages within the limits of Block Kit (Slack docs, "Block Kit reference").

A message has at most 50 blocks, and its ``text`` (notifications, screen readers) at most 4,000 characters.
Whatever does not fit is left out from the end, and the message says so.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from bot.surfaces.slack import controls
from bot.surfaces.slack.encoding import escape_truncated, fallback_text, is_linkable_url, truncate
from bot.surfaces.slack.mrkdwn import text_object
from bot.surfaces.slack.richtext import Element, RichTextBuilder
from bot.surfaces.slack.text import translate
from bot.surfaces.state_icons import STATE_ICONS
from commands.model.card import Bold, Button, Card, Link, Row, Section, Text, text
from commands.text.catalogue import plain_text
from commands.text.phrases import state_and_note

MAX_TEXT = 4000
MAX_CHARACTERS = 12_000  # of all blocks together
MAX_BLOCKS = 46  # of 50: the others are kept for buttons, the footer, and notes about what was left out
MAX_BUTTONS = 23  # of 25 elements: the others are kept for the menu and a list of people


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """``text`` is escaped mrkdwn. Neither ``text`` nor ``blocks`` is ever empty."""

    text: str
    blocks: list[dict[str, Any]]


def card(card: Card) -> RenderedMessage:
    builder = RichTextBuilder(MAX_CHARACTERS, MAX_BLOCKS)
    buttons = list(card.buttons)
    _add_title(builder, card)
    for line in (card.subtitle, *card.lines):
        builder.add_line(line)
    for section in card.sections:
        buttons += _add_section(builder, section)
    select, left_over = controls.menu(card.menu, 0) if card.menu else (None, [])
    picker = controls.people_picker(card.picker) if card.picker else None
    summary = escape_truncated(card.summary, MAX_TEXT) or escape_truncated(plain_text(card.title), MAX_TEXT)
    selects = [element for element in (select, picker) if element is not None]
    return _assemble(builder, summary, [*buttons, *left_over], selects, card.footer)


def _add_title(builder: RichTextBuilder, card: Card) -> None:
    """The whole title leads to the run. It is bold where something follows it: a card of one sentence is not."""
    if card.link is None or not plain_text(card.title).strip():
        builder.add_line(card.title, bold=bool(card.subtitle or card.lines or card.sections))
        return
    linked = text_object([(Link(plain_text(card.title), card.link.url),)])
    if linked["type"] == "mrkdwn" and is_linkable_url(card.link.url):
        linked["text"] = f"*{linked['text']}*"
        builder.add_block({"type": "section", "text": linked}, len(linked["text"]))
    else:
        builder.add_line((Link(plain_text(card.title), card.link.url),), bold=True)


def _add_section(builder: RichTextBuilder, section: Section) -> list[Button]:
    """Returns the options that its menu cannot hold."""
    title: Text = (Bold(section.title),) if section.title.strip() else ()
    if not section.rows:
        builder.add_line((*title, "  ", *section.more) if title and section.more else (title or section.more))
        return _add_menu(builder, (), section)
    builder.start_block()
    heading = [title] if title else []
    rows = list(section.rows)
    while rows:
        row = rows.pop(0)
        if row.button is None:
            for line in (*heading, *row_lines(row)):
                builder.add_line(line)
        else:
            below = [line for other in _unmarked(rows) for line in row_lines(other)]
            rows = rows[len(below) :]
            _add_beside(builder, [*heading, *row_lines(row), *below], controls.button(row.button, 0))
        heading = []
    return _add_menu(builder, section.more, section)


def _unmarked(rows: Sequence[Row]) -> list[Row]:
    """The rows that belong beside the button of the row before them: what else can be done next."""
    return list(takewhile(lambda row: row.button is None and row.state is None, rows))


def _add_beside(builder: RichTextBuilder, lines: Sequence[Text], control: Element | None) -> None:
    shown = text_object(lines)
    accessory = {"accessory": control} if control else {}
    builder.add_block({"type": "section", "text": shown, **accessory}, len(shown["text"]))


def _add_menu(builder: RichTextBuilder, more: Text, section: Section) -> list[Button]:
    select, left_over = controls.menu(section.menu, 0) if section.menu else (None, [])
    if select is None:
        builder.add_line(more)
    elif more:
        _add_beside(builder, [more], select)
    else:
        builder.add_block(
            {"type": "actions", "elements": [select]}, len(section.menu.label) if section.menu else 0
        )
    return left_over


def lines(lines: Sequence[Text], buttons: Sequence[Button] = ()) -> RenderedMessage:
    builder = RichTextBuilder(MAX_CHARACTERS, MAX_BLOCKS)
    for line in lines:
        builder.add_line(line)
    full_text = "\n".join(fallback_text(line) for line in lines)
    if len(full_text) > MAX_TEXT:  # truncating could split a date or mention token, so leave tokens out
        full_text = escape_truncated("\n".join(plain_text(line) for line in lines), MAX_TEXT)
    return _assemble(builder, full_text, buttons)


def row_lines(row: Row, *, splits: bool = False) -> list[Text]:
    """One line; two beside a button, where there is little room. ``splits``: also for a row that is no task."""
    icon = f"{STATE_ICONS[row.state]} " if row.state else ""
    note = state_and_note(row)
    if row.button is not None and (row.state is not None or splits):
        return [(icon, Bold(f"{row.handle} {row.title}".strip())), note]
    handle = (Bold(row.handle), " ") if row.handle else ()
    return [(icon, *handle, row.title, *((" — ", *note) if note else ()))]


def _assemble(
    builder: RichTextBuilder,
    summary: str,
    buttons: Sequence[Button],
    selects: Sequence[Element] = (),
    footer: Text = (),
) -> RenderedMessage:
    blocks = list(builder.blocks)
    if builder.is_truncated:
        blocks += _line_blocks(translate("cut_lines"))
    elements, left_out = _buttons(buttons)
    elements += selects
    if elements:
        blocks.append({"type": "actions", "elements": elements})
    if left_out:
        blocks += _line_blocks(translate("cut_buttons", labels=truncate(", ".join(left_out), 1000)))
    if footer:
        blocks.append({"type": "context", "elements": [text_object([footer])]})
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


def _buttons(buttons: Sequence[Button]) -> tuple[list[Element], list[str]]:
    elements: list[Element] = []
    left_out: list[str] = []
    for button in buttons:
        element = controls.button(button, len(elements))
        if element is None or len(elements) == MAX_BUTTONS:
            left_out.append(controls.shown_label(button.label))
        else:
            elements.append(element)
    return elements, left_out
