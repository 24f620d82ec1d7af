"""The console in the suite over all surfaces: no server, so much cannot happen to it (``stands.served``)."""

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
from tests.bot.surfaces.recorder import Recorder
from tests.bot.surfaces.stands import Seen, next_message

WIDTH = 100


class ConsoleStand:
    def __init__(self) -> None:
        self.surface = Console()
        self.recorder = Recorder()
        self.shown: list[ConsoleEntry] = []
        self._screen = Screen(io.StringIO(), WIDTH)

    def ops(self, *, thread: str = "") -> Place:
        return room("ops")

    def far(self) -> Place:
        raise NotImplementedError("in the console everybody is everywhere")

    def person(self, name: str) -> Actor:
        return Actor(surface="console", id=name)

    async def thread(self) -> str:
        raise NotImplementedError("the console has no threads")

    def _latest(self, ref: PostRef) -> list[ConsoleEntry]:
        return [shown for shown in self.shown if shown.id == ref.id]

    def see(self, ref: PostRef) -> Seen:
        here = self._latest(ref)
        labels = [button.label for button in here[-1].buttons]
        return Seen(_drawn(here[-1]), labels, "", len(here) - 1)

    def posts(self) -> int:
        return len({shown.id for shown in self.shown if shown.kind != "private"})

    def delete(self, ref: PostRef) -> None:
        raise NotImplementedError("what a terminal has shown cannot be deleted")

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        raise NotImplementedError("the console has no server that could refuse")

    def refuse(self) -> None:
        raise NotImplementedError("the console has no server that could refuse")

    def lose_answer(self) -> None:
        raise NotImplementedError("the console has no connection that could break")

    async def command(self, text: str, *, user: str = "ana") -> Message:
        return await self._type(text, user=user)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        raise NotImplementedError("in the console nobody needs to be mentioned")

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        number = self.see(ref).labels.index(label) + 1
        return await self._type(str(number), user=user, on=self._latest(ref)[-1])

    async def fill(self, ref: PostRef, label: str, *values: Mapping[str, str]) -> Message:
        """Asked field by field; a wrong one is asked again at once."""
        number = self.see(ref).labels.index(label) + 1
        lines = [values[0].get("health", ""), *(filling["text"] for filling in values)]
        return await self._type(str(number), *lines, on=self._latest(ref)[-1])

    async def _type(self, *lines: str, user: str = "ana", on: ConsoleEntry | None = None) -> Message:
        before = len(self.recorder.carried)
        chat = Chat(
            self.surface,
            self.recorder.submit_message,
            self._screen,
            place=self.ops(),
            me=person(user),
        )
        if on is not None:
            chat.set_buttons(on)
        await chat.run(Script(self._screen, lines))
        return await next_message(self.recorder, before)

    def private(self, user: str) -> list[str]:
        mine = [shown for shown in self.shown if shown.message is not None and shown.message.actor.id == user]
        return [_drawn(shown) for shown in mine]

    def public(self) -> str:
        return "\n".join(_drawn(shown) for shown in self.shown if shown.kind != "private")

    def alarms(self) -> list[str]:
        """A terminal rings for control sequences, and breaks where a line is too wide."""
        return [words for shown in self.shown if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", words := _raw(shown))]


def _raw(shown: ConsoleEntry) -> str:
    if shown.card is not None:
        return "\n".join(draw(shown.card, WIDTH))
    return "\n".join(draw_lines(shown.lines, shown.buttons, WIDTH))


def _drawn(shown: ConsoleEntry) -> str:
    """Without its buttons, the wrapping undone as far as words go."""
    lines = [line for line in _raw(shown).split("\n") if not re.match(r"\[1 ", line)]
    return "\n".join(" ".join(line.split()) for line in lines)


@asynccontextmanager
async def console_stand() -> AsyncIterator[Any]:
    stand = ConsoleStand()
    await stand.surface.start(stand.recorder)
    with stand.surface.listening(stand.shown.append):
        yield stand
    await stand.surface.stop()
