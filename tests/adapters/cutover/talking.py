"""The whole application over a fake Cutover, in this process: type a line, press a button, read what is shown."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.app import Application, bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.card import Button, Result
from commands.model.intents import Intent
from commands.model.messages import Message, ReplyRoute, Via
from commands.text.catalogue import plain_text
from tests.adapters.cutover.fake import CutoverFake


@dataclass
class Talk:
    """``heard``: all that was shown, in order; ``result``: of the last line or press."""

    app: Application
    console: Console
    heard: list[ConsoleEntry] = field(default_factory=list)
    result: Result | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    async def say(self, text: str, by: str = "ana") -> str:
        """The private answer, its lines and the labels of its buttons."""
        return await self._submit(self._message(by, Via.SAY).model_copy(update={"text": text}))

    async def press(self, label: str, by: str = "ana") -> str:
        """The latest button of that label."""
        shown, button = next(
            (shown, button)
            for shown in reversed(self.heard)
            for button in _buttons(shown)
            if button.label == label
        )
        return await self.execute(button.intent, by, shown.id)

    async def execute(self, intent: Intent, by: str = "ana", post: str = "") -> str:
        """What a button on ``post`` says."""
        update = {"intent": intent.model_dump(mode="json"), "reply": ReplyRoute(post=post)}
        return await self._submit(self._message(by, Via.BUTTON).model_copy(update=update))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits for what is shown without being asked for."""
        news = asyncio.Event()
        with self.console.listening(lambda _: news.set()):
            async with asyncio.timeout(20):
                while not is_so():
                    news.clear()
                    await news.wait()

    @property
    def card(self) -> str:
        """The live card, as the application would draw it now."""
        known = self.app.run_rows.list_runs(active=True)[0]
        card = self.app.live_cards.draw_card(known.handle)
        assert card is not None
        return "\n".join(
            [*(plain_text(line) for line in card.lines), *(f"[{button.label}]" for button in card.buttons)]
        )

    def _message(self, by: str, via: Via) -> Message:
        key = f"console//{next(self._numbers)}"
        return Message(key=key, actor=person(by), place=room(), via=via, at=datetime.now(UTC))

    async def _submit(self, message: Message) -> str:
        before = len(self.heard)
        with self.console.listening(self.heard.append):
            self.result = await self.app.submit(message)
        cards = [shown.card for shown in self.heard[before:] if shown.kind == "private" and shown.card]
        lines = [plain_text(line) for card in cards for line in (card.title, *card.lines)]
        return "\n".join([*lines, *(f"[{button.label}]" for card in cards for button in card.buttons)])


def _buttons(shown: ConsoleEntry) -> tuple[Button, ...]:
    return shown.buttons or (shown.card.buttons if shown.card else ())


@asynccontextmanager
async def talking(fake: CutoverFake, folder: Path, more: str = "") -> AsyncIterator[Talk]:
    """``more``: settings to add after the table of the platform."""
    table = "\n".join(f'{key} = "{value}"' for key, value in fake.settings().items())
    file = folder / "liaison.toml"
    file.write_text(
        f'[bot]\ndatabase_url = "sqlite:///{folder}/l.db"\n[platforms.cutover]\n{table}\n{more}', encoding="utf-8"
    )
    console = Console()
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[console])
    await app.start()
    try:
        yield Talk(app, console)
    finally:
        await app.stop()
