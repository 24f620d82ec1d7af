"""The console for the tests that run on every surface. It has no server, so many failures can't happen."""

import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bot.surfaces.console.chat import Chat
from bot.surfaces.console.render import draw, draw_lines
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from bot.surfaces.console.terminal import Screen, Script
from bot.surfaces.protocol import PostRef
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.fake_intake import FakeIntake
from tests.bot.surfaces.harness import VisiblePost

WIDTH = 100


class ConsoleSurfaceHarness:
    def __init__(self) -> None:
        self.surface = Console()
        self.intake = FakeIntake()
        self.entries: list[ConsoleEntry] = []
        self._screen = Screen(io.StringIO(), WIDTH)

    def ops(self, *, thread: str = "") -> Place:
        return room("ops")

    def channel_without_bot(self) -> Place:
        raise NotImplementedError("the console has no membership")

    def person(self, name: str) -> Actor:
        return Actor(surface="console", id=name)

    def set_locale(self, name: str, locale: str) -> None:
        raise NotImplementedError("the console has no profiles")

    async def start_thread(self) -> str:
        raise NotImplementedError("the console has no threads")

    def _entries_of(self, ref: PostRef) -> list[ConsoleEntry]:
        return [entry for entry in self.entries if entry.id == ref.id]

    def visible(self, ref: PostRef) -> VisiblePost:
        entries = self._entries_of(ref)
        labels = [button.label for button in entries[-1].buttons]
        return VisiblePost(_visible_text(entries[-1]), labels, "", len(entries) - 1)

    def post_count(self) -> int:
        return len({entry.id for entry in self.entries if entry.kind != "private"})

    def delete(self, ref: PostRef) -> None:
        raise NotImplementedError("printed text can't be deleted")

    def fail_next_write(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        raise NotImplementedError("the console has no server")

    def reject_next_write(self) -> None:
        raise NotImplementedError("the console has no server")

    def drop_next_response(self) -> None:
        raise NotImplementedError("the console has no connection")

    async def command(self, text: str, *, user: str = "ana") -> Message:
        return await self._type(text, user=user)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        raise NotImplementedError("the console has no mentions")

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        number = self.visible(ref).labels.index(label) + 1
        return await self._type(str(number), user=user, entry=self._entries_of(ref)[-1])

    async def submit_form(self, ref: PostRef, label: str, *attempts: Mapping[str, str]) -> Message:
        """The console asks field by field, and asks again for a field with an error."""
        number = self.visible(ref).labels.index(label) + 1
        lines = [attempts[0].get("health", ""), *(values["text"] for values in attempts)]
        return await self._type(str(number), *lines, entry=self._entries_of(ref)[-1])

    async def _type(self, *lines: str, user: str = "ana", entry: ConsoleEntry | None = None) -> Message:
        before = len(self.intake.processed)
        chat = Chat(
            self.surface,
            self.intake.submit_message,
            self._screen,
            place=self.ops(),
            me=person(user),
        )
        if entry is not None:
            chat.set_buttons(entry)
        await chat.run(Script(self._screen, lines))
        return await self.intake.next_message(before)

    def private_texts(self, user: str) -> list[str]:
        entries = [entry for entry in self.entries if entry.message is not None and entry.message.actor.id == user]
        return [_visible_text(entry) for entry in entries]

    def direct_texts(self, user: str) -> list[str]:
        return self.private_texts(user)

    def public_text(self) -> str:
        return "\n".join(_visible_text(entry) for entry in self.entries if entry.kind != "private")

    def unsafe_texts(self) -> list[str]:
        """Texts with control characters."""
        texts = [_rendered(entry) for entry in self.entries]
        return [text for text in texts if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)]


def _rendered(entry: ConsoleEntry) -> str:
    if entry.card is not None:
        return "\n".join(draw(entry.card, WIDTH))
    return "\n".join(draw_lines(entry.lines, entry.buttons, WIDTH))


def _visible_text(entry: ConsoleEntry) -> str:
    """Without buttons, and with runs of spaces collapsed."""
    lines = [line for line in _rendered(entry).split("\n") if not re.match(r"\[1 ", line)]
    return "\n".join(" ".join(line.split()) for line in lines)


@asynccontextmanager
async def start_console() -> AsyncIterator[Any]:
    harness = ConsoleSurfaceHarness()
    await harness.surface.start(harness.intake)
    with harness.surface.listening(harness.entries.append):
        yield harness
    await harness.surface.stop()
