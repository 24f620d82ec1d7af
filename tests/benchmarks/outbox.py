"""How old a live card gets when everybody works at once, in a chat that enforces its rate limits.

``python -m tests.benchmarks.outbox`` starts the real process with 24 runs, each in a channel of its own, and
types 36 commands a second for a minute. A card is stale from the moment a status update was acknowledged until
the card shows it or a later one. It is part of ``make bench``.
"""

import asyncio
import math
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.chats import Chat, Room
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat
from tests.fakes.rate_limits import MethodLimit, ServerLimit

RUNS = 24
COMMANDS_A_SECOND = 36
SECONDS = 60
MOST_STALE_SECONDS = 10.0  # at the 99th percentile
CYCLE = ("status amber update {}", "comment saw {}", "comment checked {}")
CYCLE_SECONDS = RUNS * len(CYCLE) / COMMANDS_A_SECOND
POLL_SECONDS = 0.05
_UPDATE = re.compile(r"update (\d+)")
SLACK_LIMITS = {
    "chat.postMessage": MethodLimit(per_channel=1.0),
    "chat.update": MethodLimit(per_channel=1.0),
    "chat.postEphemeral": MethodLimit(per_minute=100),
    "conversations.history": MethodLimit(per_minute=50),
    "conversations.replies": MethodLimit(per_minute=50),
    "users.info": MethodLimit(per_minute=100),
}
MATTERMOST_LIMIT = (100.0, 100)
"""Calls a second, and the burst. Servers have no limit by default. The one that they suggest, 10 calls a second
for everything, is less than the answers to so many commands alone."""


@dataclass
class Card:
    """One run. ``waiting``: number of an update that its card does not show yet -> when it was acknowledged."""

    room: Room
    handle: str
    post: str = ""
    waiting: dict[int, float] = field(default_factory=dict)
    shown_after: list[float] = field(default_factory=list)

    def look(self, texts: dict[str, str]) -> None:
        found = _UPDATE.search(texts.get(self.post, ""))
        newest, now = int(found[1]) if found else -1, time.monotonic()
        for number in [number for number in self.waiting if number <= newest]:
            self.shown_after.append(now - self.waiting.pop(number))


def card_texts(chat: Chat) -> dict[str, str]:
    if isinstance(chat, SlackChat):
        return {post.ts: post.visible_text for post in chat.fake.bot_posts}
    assert isinstance(chat, MattermostChat)
    return {id: post.text for id, post in chat.fake.posts.items()}


async def start(chat: Chat) -> Card:
    room = chat.create_room()
    await room.command('start "Database failover" --on local')

    def posted() -> Card | None:
        for message in room.bot_messages():
            if not message.visible_to and (
                found := re.search(r"(R\d+) Database failover(?s:.*)T1 ", message.text)
            ):
                return Card(room, found[1], message.id)
        return None

    card: Card = await until(posted, within=60.0)
    return card


async def work(card: Card, delay: float, number: int = 0) -> None:
    await asyncio.sleep(delay)
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        for step, line in enumerate(CYCLE):
            delivery = await card.room.command(line.format(number))
            assert delivery.status == 200, delivery
            if step == 0:
                card.waiting[number] = time.monotonic()
            due = began + (number + (step + 1) / len(CYCLE)) * CYCLE_SECONDS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        number += 1


async def watch(chat: Chat, cards: Sequence[Card]) -> None:
    while True:
        texts = card_texts(chat)
        for card in cards:
            card.look(texts)
        await asyncio.sleep(POLL_SECONDS)


async def measure(chat: Chat, folder: Path) -> bool:
    """Prints the numbers. Returns whether they are as required."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(chat)
        local = {"platforms.local": LocalPlatform(folder / "runbooks").settings()}
        liaison = Liaison(folder, {**chat.settings(), **local})
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        cards = [await start(chat) for _ in range(RUNS)]
        violations = enforce_limits(chat)
        watching = asyncio.create_task(watch(chat, cards))
        began = time.monotonic()
        await asyncio.gather(*(work(card, CYCLE_SECONDS * number / RUNS) for number, card in enumerate(cards)))
        took = time.monotonic() - began
        await until(lambda: not any(card.waiting for card in cards), within=120.0)
        watching.cancel()
    seconds = sorted(age for card in cards for age in card.shown_after)
    p50, p99 = (seconds[math.ceil(len(seconds) * share) - 1] for share in (0.5, 0.99))
    rate = len(seconds) * len(CYCLE) / took
    print(
        f"{chat.name:11} {rate:.0f} commands/s, {RUNS} runs: card stale {p50:.1f} s (p50), {p99:.1f} s (p99), "
        f"{seconds[-1]:.1f} s (most); calls inside a Retry-After: {len(violations)}; 429s: {refusals(chat)}"
    )
    return p99 <= MOST_STALE_SECONDS and not violations


def enforce_limits(chat: Chat) -> Sequence[str]:
    """Returns the list that the fake adds violations to."""
    if isinstance(chat, SlackChat):
        chat.fake.rate_limits.limits = SLACK_LIMITS
        return chat.fake.rate_limits.violations
    assert isinstance(chat, MattermostChat)
    chat.fake.rate_limit = ServerLimit(*MATTERMOST_LIMIT)
    return chat.fake.rate_limit.violations


def refusals(chat: Chat) -> int:
    if isinstance(chat, SlackChat):
        return sum(chat.fake.rate_limits.refused.values())
    assert isinstance(chat, MattermostChat)
    return chat.fake.rate_limit.refused if chat.fake.rate_limit else 0


async def main() -> int:
    passed = True
    for chat in (SlackChat(), MattermostChat()):
        with tempfile.TemporaryDirectory() as folder:
            passed &= await measure(chat, Path(folder))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
