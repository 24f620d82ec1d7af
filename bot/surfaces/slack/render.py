"""Cards and lines as Slack messages, within every limit of Block Kit (docs.slack.dev/reference/block-kit).

A message is at most 50 blocks; its ``text`` (notifications, screen readers) at most 4,000 characters; a button
has 75 characters of text and 2,000 of value. What does not fit is dropped from the end, and the message says so.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.surfaces.slack import button_values as presses
from bot.surfaces.slack.encoding import clean, cut, escape_within, fallback
from bot.surfaces.slack.richtext import Paper
from bot.surfaces.slack.text import translate, words
from commands.model.card import Bold, Button, Card, Code, Row, Text, text
from commands.text.catalogue import plain_text

TEXT = 4000
CHARACTERS = 12_000  # of all blocks together
BLOCKS = 47  # of 50: one for buttons, two for what was dropped
LABEL = 30  # of 75: more is not shown
BUTTONS = 25


@dataclass(frozen=True, slots=True)
class Drawn:
    """``text`` is escaped mrkdwn, never empty; ``blocks`` are never empty."""

    text: str
    blocks: list[dict[str, Any]]


def card(card: Card) -> Drawn:
    paper = Paper(CHARACTERS, BLOCKS)
    paper.write(card.title, bold=True)
    paper.write(card.subtitle)
    for line in card.lines:
        paper.write(line)
    if card.link is not None:
        paper.write((card.link,))
    for section in card.sections:
        paper.new_block()
        paper.write((section.title,), bold=True)
        for row in section.rows:
            paper.write(_row(row))
        paper.write(section.more)
    summary = escape_within(card.summary, TEXT) or escape_within(plain_text(card.title), TEXT)
    return _finished(paper, summary, card.buttons)


def lines(lines: Sequence[Text], buttons: Sequence[Button] = ()) -> Drawn:
    paper = Paper(CHARACTERS, BLOCKS)
    for line in lines:
        paper.write(line)
    whole = "\n".join(fallback(line) for line in lines)
    if len(whole) > TEXT:  # cutting could halve a token: without tokens then
        whole = escape_within("\n".join(plain_text(line) for line in lines), TEXT)
    return _finished(paper, whole, buttons)


def _row(row: Row) -> Text:
    state = () if row.state is None else (Code(f"{row.state.value:<7}"), " ")
    handle = (Bold(row.handle), " ") if row.handle else ()
    note = (" — ", *row.note) if row.note else ()
    return (*state, *handle, row.title, *note)


def _finished(paper: Paper, summary: str, buttons: Sequence[Button]) -> Drawn:
    blocks = list(paper.blocks)
    if paper.dropped:
        blocks += _words(translate("cut_lines"))
    drawn, undrawn = _buttons(buttons)
    if drawn:
        blocks.append({"type": "actions", "elements": drawn})
    if undrawn:
        blocks += _words(translate("cut_buttons", labels=cut(", ".join(undrawn), 1000)))
    shown = summary if summary.strip() else "…"
    return Drawn(shown, stamped(blocks or _words(text("…"))))


def _words(line: Text) -> list[dict[str, Any]]:
    paper = Paper(CHARACTERS, 1)
    paper.write(line)
    return paper.blocks


def stamped(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """With new block ids: Slack wants fresh ones whenever a message is updated."""
    stamp = secrets.token_hex(4)
    return [{**block, "block_id": f"{stamp}.{n}"} for n, block in enumerate(blocks)]


def _buttons(buttons: Sequence[Button]) -> tuple[list[dict[str, Any]], list[str]]:
    drawn: list[dict[str, Any]] = []
    undrawn: list[str] = []
    for button in buttons:
        value = presses.dump(button.intent)
        label = cut(" ".join(clean(button.label).split()), LABEL) or words("unnamed")
        if len(value) > presses.LONGEST_VALUE or len(drawn) == BUTTONS:
            undrawn.append(label)
            continue
        style = {"style": button.style} if button.style else {}
        drawn.append(
            {
                "type": "button",
                "action_id": f"{presses.ACTION}.{len(drawn)}",
                "text": {"type": "plain_text", "text": label, "emoji": False},
                "value": value,
                **style,
            }
        )
    return drawn, undrawn
