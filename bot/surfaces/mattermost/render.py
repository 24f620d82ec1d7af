"""Cards and lines as Mattermost posts within the server's limits: what has no room is dropped from the end, and
the post says so.

Limits: 16,383 runes of message; of props 800,000, but 8,000 before Mattermost 6.0, less 400 for the server's own
additions (``model.POST_PROPS_MAX_USER_RUNES``); Go writes ``<``, ``>`` and ``&`` as six characters each.
A card stands in an attachment, with its colour; one too long for the props stands in the message.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.escape import clean, one_line
from bot.surfaces.mattermost.markdown import Handles, card_lines, text_lines
from bot.surfaces.mattermost.text import words
from commands.model.card import Button, Card, Text, Tone

MESSAGE_RUNES = 16_383
PROPS_RUNES = 7_200
MOST_BUTTONS = 5
_FALLBACK = 300
_COLOURS: dict[Tone, str] = {"good": "#2e7d32", "warn": "#c77700", "bad": "#c62828", "": "#5b6770"}
NONCE = "liaison"  # the prop that holds a post's nonce


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a post says. ``props`` never lacks "attachments": an edit replaces all that was there."""

    message: str
    attachments: list[dict[str, Any]]

    def props(self, nonce: str = "") -> dict[str, Any]:
        return {"attachments": self.attachments, **({NONCE: nonce} if nonce else {})}


class Renderer:
    def __init__(self, buttons: Buttons) -> None:
        self._buttons = buttons

    def card(self, card: Card, ground: ButtonScope, handles: Handles, now: datetime, *, lead: str = "") -> Drawn:
        """``lead`` is Markdown of ours above the card: whom it is for."""
        lines = card_lines(card, handles)
        actions, undrawn = self._actions(card.buttons, ground, now)
        lines += undrawn
        attachment: dict[str, Any] = {
            "fallback": _short(card.summary) or "…",
            "color": _COLOURS[card.tone],
            "text": "\n".join(lines),
        }
        if actions:
            attachment["actions"] = actions
        if props_runes({"attachments": [attachment], NONCE: ground.nonce}) <= PROPS_RUNES:
            return Drawn(lead, [attachment])
        del attachment["text"]
        message = fit([lead, *lines] if lead else lines, MESSAGE_RUNES)
        return Drawn(message, [attachment] if actions else [])

    def lines(
        self,
        texts: Sequence[Text],
        buttons: Sequence[Button],
        ground: ButtonScope,
        handles: Handles,
        now: datetime,
    ) -> Drawn:
        actions, undrawn = self._actions(buttons, ground, now)
        message = fit([*text_lines(texts, handles), *undrawn], MESSAGE_RUNES)
        if not message.strip() and not actions:
            message = "…"  # an empty post is refused
        fallback = _short(" ".join(button.label for button in buttons))
        return Drawn(message, [{"fallback": fallback or "…", "actions": actions}] if actions else [])

    def _actions(
        self, buttons: Sequence[Button], ground: ButtonScope, now: datetime
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """The buttons that there is room for, each action id once; and a line naming the others."""
        drawn: list[dict[str, Any]] = []
        left_out: list[str] = []
        for button, action in zip(buttons, self._buttons.actions(buttons, ground, now), strict=True):
            room = len(drawn) < MOST_BUTTONS and props_runes([*drawn, action]) <= PROPS_RUNES - 2 * _FALLBACK
            if any(action["id"] == other["id"] for other in drawn):
                continue
            if room:
                drawn.append(action)
            else:
                left_out.append(one_line(button.label)[:30])
        if not left_out:
            return drawn, []
        return drawn, text_lines([(words("cut_buttons", labels=", ".join(left_out)),)], {})


def private_text(card: Card, handles: Handles) -> str:
    """For ``ephemeral_text`` and a slash command's answer: no colour and no buttons there."""
    return fit(card_lines(card, handles), MESSAGE_RUNES)


def fit(lines: Sequence[str], runes: int) -> str:
    """As many of the lines, from the first on, as fit; if any are left out, a last line that says how many."""
    whole = "\n".join(lines)
    if len(whole) <= runes:
        return whole
    room = runes - len(words("cut_lines", count=len(lines))) - 2
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    left_out = sum(bool(line) for line in lines[len(kept) :])
    return "\n".join([*kept, "", words("cut_lines", count=left_out)])


def props_runes(props: Any) -> int:
    """How long the server will find it: as Go's encoder writes JSON."""
    written = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    return len(written) + 5 * sum(written.count(char) for char in "<>&\u2028\u2029")


def _short(summary: str) -> str:
    """Plain: a notification and a screen reader show it as it is."""
    summary = one_line(clean(summary))
    return summary if len(summary) <= _FALLBACK else f"{summary[: _FALLBACK - 1]}…"
