"""Renders cards and lines as Mattermost posts within the server's limits.

Lines that do not fit are left out from the end, and the post says so. The limits are 16,383 runes for the message
and 800,000 for the props. Before Mattermost 6.0 the limit for props was 8,000, less 400 for the server's additions
(``model.POST_PROPS_MAX_USER_RUNES``). Go encodes ``<``, ``>`` and ``&`` as six characters each. A card is an
attachment with a colour. What is too long for the props is left out of the menu first; then the card becomes the
message itself, without the menu if that is still too long.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surfaces.mattermost.attachment import attachment_parts
from bot.surfaces.mattermost.blocks import BlockPost, block_post
from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.escape import one_line, strip_controls
from bot.surfaces.mattermost.markdown import Handles, card_lines, text_lines
from bot.surfaces.mattermost.text import translate_plain
from commands.model.card import Button, Card, Menu, Text, Tone

MESSAGE_RUNES = 16_383
PROPS_RUNES = 790_000
OLD_PROPS_RUNES = 7_200
MAX_BUTTONS = 5
MAX_BESIDE_MENU = 4
MAX_OPTIONS = 100
_OPTIONS_TRIED = (MAX_OPTIONS, 50, 25, 15, 10)
_MAX_FALLBACK = 300
_COLOURS: dict[Tone, str] = {"good": "#2e7d32", "warn": "#c77700", "bad": "#c62828", "": "#5b6770"}
NONCE = "liaison"  # name of the prop that holds a post's nonce


@dataclass(frozen=True, slots=True)
class RenderedPost:
    """``props`` always has "attachments", because an edit keeps the old ones otherwise."""

    message: str
    attachments: list[dict[str, Any]]
    blocks: BlockPost | None = None

    def props(self, nonce: str = "") -> dict[str, Any]:
        props: dict[str, Any] = {"attachments": self.attachments, **({NONCE: nonce} if nonce else {})}
        if self.blocks is not None:
            props["mm_blocks"] = self.blocks.blocks
            props |= {"mm_blocks_actions": self.blocks.actions} if self.blocks.actions else {}
        return props


class Renderer:
    """``server_version`` is (0, 0) while it is not known."""

    def __init__(self, buttons: Buttons, server_version: Callable[[], tuple[int, int]] = lambda: (0, 0)) -> None:
        self._buttons = buttons
        self._server_version = server_version

    @property
    def _props_limit(self) -> int:
        return PROPS_RUNES if self._server_version() >= (6, 0) else OLD_PROPS_RUNES

    def card(
        self,
        card: Card,
        scope: ButtonScope,
        handles: Handles,
        now: datetime,
        *,
        mention: str = "",
        in_blocks: bool = False,
    ) -> RenderedPost:
        """``mention`` ("@ana") stands above the card and says whom it is for."""
        if in_blocks:
            drawn = block_post(card, scope, handles, now, self._buttons, _COLOURS[card.tone])
            if drawn is not None:
                return RenderedPost(f"{mention} {drawn.message}".strip(), [], drawn)
        picker = [self._buttons.people_picker(card.picker, scope, now)] if card.picker else []
        actions, left_out_lines = self._actions(card, scope, now, MAX_OPTIONS)
        actions += picker
        parts = attachment_parts(card, handles, left_out_lines)
        base = {"fallback": _fallback_text(card.summary) or "…", "color": _COLOURS[card.tone]}
        for most in _OPTIONS_TRIED:
            if most < MAX_OPTIONS:
                actions = [*self._actions(card, scope, now, most)[0], *picker]
            attachment = {**base, **parts, **({"actions": actions} if actions else {})}
            if self._fits({"attachments": [attachment], NONCE: scope.nonce}):
                return RenderedPost(mention, [attachment])
        if not self._fits({"attachments": [{**base, "actions": actions}], NONCE: scope.nonce}):
            actions, left_out_lines = self._fitting(card.all_buttons, MAX_BUTTONS, scope, now)
        lines = [*([mention] if mention else []), *card_lines(card, handles)]
        room = MESSAGE_RUNES - sum(len(line) + 1 for line in left_out_lines)
        message = "\n".join([fit_lines(lines, room), *left_out_lines])
        return RenderedPost(message, [{**base, "actions": actions}] if actions else [])

    def _fits(self, props: Any) -> bool:
        return props_runes(props) <= self._props_limit

    def lines(
        self,
        lines: Sequence[Text],
        buttons: Sequence[Button],
        scope: ButtonScope,
        handles: Handles,
        now: datetime,
    ) -> RenderedPost:
        actions, left_out_lines = self._fitting(buttons, MAX_BUTTONS, scope, now)
        message = fit_lines([*text_lines(lines, handles), *left_out_lines], MESSAGE_RUNES)
        if not message.strip() and not actions:
            message = "…"  # the server rejects an empty post
        fallback = _fallback_text(" ".join(button.label for button in buttons))
        return RenderedPost(message, [{"fallback": fallback or "…", "actions": actions}] if actions else [])

    def _actions(
        self, card: Card, scope: ButtonScope, now: datetime, most_options: int
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """One row: the buttons of tasks, those of the card, and one menu with everything else."""
        menus = [menu for menu in (*(section.menu for section in card.sections), card.menu) if menu]
        if not menus:
            return self._fitting(card.all_buttons, MAX_BUTTONS, scope, now)
        of_tasks = card.row_buttons[: MAX_BESIDE_MENU - min(len(card.buttons), 1)]
        own = card.buttons[: MAX_BESIDE_MENU - len(of_tasks)]
        options = [
            *card.row_buttons[len(of_tasks) :],
            *card.buttons[len(own) :],
            *(option for menu in menus for option in menu.options),
        ]
        rendered, left_out = self._fitting((*of_tasks, *own), MAX_BESIDE_MENU, scope, now)
        label = (card.menu or menus[0]).label
        # What concerns the whole run is last, and stays.
        kept = options if len(options) <= most_options else _without_middle(options, card.menu, most_options)
        return [*rendered, self._buttons.menu(label, kept, scope, now)], left_out

    def _fitting(
        self, buttons: Sequence[Button], most: int, scope: ButtonScope, now: datetime
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """The buttons that fit, each action id once, and a line with the labels of the others."""
        rendered: list[dict[str, Any]] = []
        left_out: list[str] = []
        for button, action in zip(buttons, self._buttons.actions(buttons, scope, now), strict=True):
            if any(action["id"] == other["id"] for other in rendered):
                continue
            runes = props_runes([*rendered, action])
            if len(rendered) < most and runes <= self._props_limit - 2 * _MAX_FALLBACK:
                rendered.append(action)
            else:
                left_out.append(one_line(button.label)[:30])
        if not left_out:
            return rendered, []
        return rendered, text_lines([(translate_plain("cut_buttons", labels=", ".join(left_out)),)], {})


def _without_middle(options: Sequence[Button], last: Menu | None, most: int) -> Sequence[Button]:
    tail = list(last.options) if last else []
    return [*options[: max(most - len(tail), 0)], *tail]


def private_text(card: Card, handles: Handles) -> str:
    """For ``ephemeral_text`` and the response to a slash command, which have no colour and no buttons."""
    return fit_lines(card_lines(card, handles), MESSAGE_RUNES)


def fit_lines(lines: Sequence[str], limit: int) -> str:
    """The first lines that fit. If any are left out, a last line says how many."""
    text = "\n".join(lines)
    if len(text) <= limit:
        return text
    remaining = limit - len(translate_plain("cut_lines", count=len(lines))) - 2
    fitting: list[str] = []
    for line in lines:
        remaining -= len(line) + 1
        if remaining < 0:
            break
        fitting.append(line)
    left_out = sum(bool(line) for line in lines[len(fitting) :])
    return "\n".join([*fitting, "", translate_plain("cut_lines", count=left_out)])


def props_runes(props: Any) -> int:
    """The length of the props as the server counts it: encoded as JSON by Go."""
    encoded = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    return len(encoded) + 5 * sum(encoded.count(char) for char in "<>&\u2028\u2029")


def _fallback_text(summary: str) -> str:
    """Unescaped, because notifications and screen readers show it literally."""
    summary = one_line(strip_controls(summary))
    return summary if len(summary) <= _MAX_FALLBACK else f"{summary[: _MAX_FALLBACK - 1]}…"
