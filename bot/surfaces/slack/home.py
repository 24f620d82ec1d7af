"""Renders a person's page as the Home tab of the app (Slack docs, "App Home"). A view has at most 100 blocks."""

from typing import Any

from bot.surfaces.slack import controls, render
from bot.surfaces.slack.elements import plain_object
from bot.surfaces.slack.mrkdwn import text_object
from bot.surfaces.slack.views import Meta
from commands.model.card import Card, Section
from commands.model.messages import Place

MAX_BLOCKS = 100
_MAX_HEADER = 150

Json = dict[str, Any]


def home_view(card: Card, place: Place) -> Json:
    """``place``, where answers go, comes back with every press."""
    blocks: list[Json] = [{"type": "context", "elements": [text_object([line])]} for line in card.lines]
    for number, section in enumerate(card.sections):
        blocks += [{"type": "divider"}] if number else []
        blocks += _section_blocks(section)
    pressed = [element for n, button in enumerate(card.buttons) if (element := controls.button(button, n))]
    last = [{"type": "actions", "elements": pressed}] if pressed else []
    last += [{"type": "context", "elements": [text_object([card.footer])]}] if card.footer else []
    blocks = [*blocks[: MAX_BLOCKS - len(last)], *last]
    meta = Meta(nonce="", workspace=place.workspace, channel=place.channel, direct=True)
    return {"type": "home", "private_metadata": meta.dump(), "blocks": render.with_fresh_block_ids(blocks)}


def _section_blocks(section: Section) -> list[Json]:
    blocks: list[Json] = [{"type": "header", "text": plain_object(section.title, _MAX_HEADER)}]
    for row in section.rows:
        button = controls.button(row.button, 0) if row.button else None
        text = text_object([line for line in render.row_lines(row, splits=True) if line])
        blocks.append({"type": "section", "text": text, **({"accessory": button} if button else {})})
    if section.more:
        blocks.append({"type": "context", "elements": [text_object([section.more])]})
    return blocks
