"""Each command edits the live card once, and that edit shows everything: by whom, health, promise, hold reason."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.e2e.chats import BotMessage
from tests.e2e.conftest import RUNBOOK, Scene
from tests.e2e.process import until

SECOND_EDIT_SECONDS = 1.0
"""A second edit for the same command follows the first within this time."""


@dataclass(frozen=True)
class Verb:
    """``on``: platforms on which Liaison stores something for it. ``shows``: what the card says then."""

    line: str
    shows: str


ANA = r"\((ana|Ana Costa) \d\d:\d\d"
HEALTH = r"AMBER(?s:.*)replica lagging(?s:.*)next update"
BEGIN = Verb("begin T1", r"T1 (?s:.*)running · (ana|Ana Costa)")
FINISH = Verb("finish T1 checked on the host", rf"Done\s+T1 .*{ANA}")
STATUS = Verb("status amber replica lagging --next 15m", HEALTH)
VERBS = {
    "cutover": [FINISH, Verb("begin T2", r"T2 (?s:.*)running · (ana|Ana Costa)"), STATUS],
    "local": [
        BEGIN,
        Verb("hold T1 waiting for the vendor", "waiting for the vendor"),
        Verb("reopen T1", "T1 (?!.*waiting for the vendor)"),
        FINISH,
        Verb("skip T2 not needed", r"T2 .*skipped.*not needed"),
        Verb("assign T3 @ben", r"T3 (?s:.*)(?i:ben)\b"),
        Verb('add "Tell the partners"', "Tell the partners"),
        STATUS,
        Verb("status --next 30m", "next update"),
        Verb("end --yes --message that is it", rf"{ANA[2:]}(?s:.*)that is it"),
    ],
}
"""By platform: one that takes several requests for one command (a finish begins the task), and Liaison's own."""


def edits_of(scene: Scene, card: BotMessage, since: int) -> Sequence[str]:
    """The edits of the card among the requests to the chat, from number ``since``."""
    requests = [
        request for request in scene.environment.chat.fake.seen[since:] if request.method in ("POST", "PUT")
    ]
    return [
        request.body.decode()
        for request in requests
        if (request.path == "/api/chat.update" and card.id in request.body.decode())
        or request.path.endswith(f"/posts/{card.id}/patch")
    ]


def live_card(scene: Scene, handle: str) -> BotMessage:
    cards = [message for message in scene.room.bot_messages() if not message.visible_to]
    return next(card for card in cards if f"{handle} {RUNBOOK}" in card.text and "T1 " in card.text)


@pytest.mark.parametrize("platform", sorted(VERBS))
async def test_each_command_edits_the_card_once(scene: Scene, platform: str) -> None:
    handle = await scene.start_run(platform)
    await asyncio.sleep(SECOND_EDIT_SECONDS)
    for verb in VERBS[platform]:
        card, since = live_card(scene, handle), len(scene.environment.chat.fake.seen)
        await scene.room.command(verb.line)
        await until(lambda: edits_of(scene, card, since))  # noqa: B023  awaited at once
        await asyncio.sleep(SECOND_EDIT_SECONDS)
        edits = edits_of(scene, card, since)
        assert len(edits) == 1, f"{verb.line}: {edits}"
        shown = next(message.text for message in scene.room.bot_messages() if message.id == card.id)
        assert re.search(verb.shows, shown), f"{verb.line}: {shown}"
