"""Runs the whole application in this process against a fake Cutover: type, press buttons, read the answers."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.card import Button, Result
from commands.model.intents import Intent
from commands.model.messages import Message, ReplyRoute, Via
from commands.text.catalogue import plain_text
from tests.adapters.cutover.fake import CutoverFake
from tests.bot.live_runs import active_runs


@dataclass
class Conversation:
    """``entries``: everything shown so far, in order. ``result``: of the last line or button press."""

    app: Application
    console: Console
    entries: list[ConsoleEntry] = field(default_factory=list)
    result: Result | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    async def say(self, text: str, by: str = "ana") -> str:
        """Types a line. Returns the private answer: its lines and the labels of its buttons."""
        return await self._submit(self._message(by, Via.SAY).model_copy(update={"text": text}))

    async def press(self, label: str, by: str = "ana") -> str:
        """Presses the newest button with that label. Returns the private answer."""
        entry, button = next(
            (entry, button)
            for entry in reversed(self.entries)
            for button in _buttons(entry)
            if button.label == label
        )
        return await self.execute(button.intent, by, entry.id)

    async def execute(self, intent: Intent, by: str = "ana", post: str = "") -> str:
        """Submits the intent of a button on ``post``. Returns the private answer."""
        update = {"intent": intent.model_dump(mode="json"), "reply": ReplyRoute(post=post)}
        return await self._submit(self._message(by, Via.BUTTON).model_copy(update=update))

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Checks the condition again whenever the application shows something."""
        shown = asyncio.Event()

        def show(entry: ConsoleEntry) -> None:
            self.entries.append(entry)
            shown.set()

        with self.console.listening(show):
            async with asyncio.timeout(20):
                while not condition():
                    shown.clear()
                    await shown.wait()

    @property
    def activity(self) -> str:
        """The lines posted so far in the threads of the cards, one below the other."""
        added = (entry.lines if entry.kind == "lines" else entry.new_lines for entry in self.entries)
        return "\n".join(plain_text(line) for lines in added for line in lines)

    @property
    def posts(self) -> str:
        """The titles of the cards posted so far for everybody, one below the other."""
        cards = [entry.card for entry in self.entries if entry.kind != "private" and entry.card]
        return "\n".join(plain_text(card.title) for card in cards)

    @property
    def card(self) -> str:
        """The text of the live card as it would be drawn now."""
        tracked = active_runs(self.app.run_rows)[0]
        card = self.app.live_cards.draw_card(tracked.handle)
        assert card is not None
        return "\n".join(
            [*(plain_text(line) for line in card.lines), *(f"[{button.label}]" for button in card.all_buttons)]
        )

    def _message(self, by: str, via: Via) -> Message:
        key = f"console//{next(self._numbers)}"
        return Message(key=key, actor=person(by), place=room(), via=via, at=datetime.now(UTC))

    async def _submit(self, message: Message) -> str:
        count = len(self.entries)
        with self.console.listening(self.entries.append):
            self.result = await self.app.submit(message)
        cards = [entry.card for entry in self.entries[count:] if entry.kind == "private" and entry.card]
        lines = [plain_text(line) for card in cards for line in (card.title, *card.lines)]
        return "\n".join([*lines, *(f"[{button.label}]" for card in cards for button in card.buttons)])


def _buttons(entry: ConsoleEntry) -> tuple[Button, ...]:
    return entry.buttons or (entry.card.buttons if entry.card else ())


@asynccontextmanager
async def converse(fake: CutoverFake, folder: Path, extra_settings: str = "") -> AsyncIterator[Conversation]:
    """``extra_settings``: TOML to add after the platform's table."""
    table = "\n".join(f'{key} = "{value}"' for key, value in fake.settings().items())
    file = folder / "liaison.toml"
    file.write_text(
        f'[bot]\ndatabase_url = "sqlite:///{folder}/l.db"\n[platforms.cutover]\n{table}\n{extra_settings}',
        encoding="utf-8",
    )
    console = Console()
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[console])
    await app.start()
    app.resume()
    try:
        yield Conversation(app, console)
    finally:
        await app.stop()
