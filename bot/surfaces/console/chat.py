"""A chat in a terminal: typed lines become messages, what the room says is drawn, numbers press buttons.

``ben: finish T2`` speaks as a teammate. ``:quit`` ends it, as the end of the input does; other words with a
colon in front are ``controls`` of whoever runs the chat.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from bot.surfaces.console.forms import Cancelled, fill
from bot.surfaces.console.render import Ink, draw, draw_lines
from bot.surfaces.console.surface import Console, ConsoleEntry, person
from bot.surfaces.console.terminal import PROMPT, Lines, Screen
from bot.surfaces.protocol import Intake, NotRecorded
from commands.model.card import Button, Result
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via
from commands.text.catalogue import plain_text, translate

QUIT = ":quit"
PROMPT_AFTER_SECONDS = 3.0  # an outcome that takes longer is told when it comes
SOON_SECONDS = 1.2  # a live card is edited after the outcome, at most once a second
_CUT_SECONDS = 4.0  # with the platform cut, a script goes on after this
_AS_SOMEBODY = re.compile(r"(?P<who>[^\W\d][\w.\-]*):\s+(?P<text>.+)", re.DOTALL)
_HANDLE = re.compile(r"[TR]\d+", re.IGNORECASE)

Submit = Callable[[Message], Awaitable[Result]]
"""Records and carries a message; returns when its answer has been shown. Raises ``NotRecorded``."""


@dataclass
class Controls:
    """``words`` says what ":word" does and answers with a line; ``cut`` whether outcomes may now be held up."""

    words: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    cut: Callable[[], bool] = lambda: False


@dataclass
class Line:
    text: str
    number: int
    fails: bool  # written with "!" in front: it has to fail


class Chat:
    """``failed`` holds what did not end as it should, for scripts."""

    def __init__(
        self,
        console: Console,
        submit: Submit,
        screen: Screen,
        *,
        place: Place,
        me: Actor,
        root: str = "/run",
        controls: Controls | None = None,
    ) -> None:
        self._console = console
        self._submit = submit
        self._screen = screen
        self._place = place
        self._me = me
        self._root = root
        self._controls = controls or Controls()
        self._drawn: dict[str, list[str]] = {}  # post id -> as last printed
        self._held: dict[str, ConsoleEntry] = {}  # edits that wait for the outcome they belong to
        self._latest: ConsoleEntry | None = None  # the last thing printed that has buttons
        self._carrying: set[asyncio.Task[None]] = set()
        self._seen: set[str] = set()  # kinds of what was shown since the last line
        self._news = asyncio.Event()
        self.failed: list[str] = []

    def listen(self, shown: ConsoleEntry) -> None:
        """What happens in the room, drawn. An edit that comes while a line is carried out waits for its end."""
        if shown.place.key != self._place.key:
            return
        self._seen.add(shown.kind)
        self._news.set()
        if shown.kind == "edit" and any(not task.done() for task in self._carrying) and not self._controls.cut():
            self._held[shown.id] = shown
            return
        self._draw(shown)

    def offer(self, shown: ConsoleEntry) -> None:
        """Buttons that stand on the screen already."""
        self._latest = shown

    async def run(self, lines: Lines) -> None:
        """Until ``:quit`` or the end of the input; a script ends at the first line that ends as it should not."""
        number = 0
        with self._console.listening(self.listen):
            while not self.failed:
                self._screen.gap()
                typed = await lines.next(PROMPT)
                if typed is None or typed.strip() == QUIT:
                    break
                number = getattr(lines, "number", number + 1)
                text = typed.strip()
                if text and not text.startswith("#"):
                    await self._take(_line(text, number, lines), lines)
                    await self._pause(lines)
            self._release()
        for task in self._carrying:
            task.cancel()

    async def _take(self, line: Line, lines: Lines) -> None:
        if line.text.startswith(":"):
            self._control(line.text)
            return
        actor, text = self._me, line.text
        said = _AS_SOMEBODY.fullmatch(text)
        if said is not None and not _HANDLE.fullmatch(said["who"]):
            actor, text = person(said["who"]), said["text"]
        if text.split()[0] == self._root:
            text = text[len(self._root) :].strip()
        if text.isdigit():
            await self._press(int(text), actor, line, lines)
            return
        wanted = self._intake.form_for_line(text)
        if wanted is not None:
            await self._form(wanted, actor, line, lines)
        else:
            self._carry(self._message(actor, Via.SAY, text=text), line)

    def _control(self, word: str) -> None:
        act = self._controls.words.get(word)
        known = ", ".join([*self._controls.words, QUIT])
        self._screen.tell(act() if act else f"{word} is not a word here. There are: {known}")

    async def _press(self, number: int, actor: Actor, line: Line, lines: Lines) -> None:
        buttons = self._latest.buttons if self._latest is not None else ()
        if self._latest is None or not 1 <= number <= len(buttons):
            self._screen.tell(f"There is no button {number} here. Nothing changed.")
            self._wrong(line, f"there is no button {number}")
            return
        button = buttons[number - 1]
        if isinstance(button.intent, OpenForm):
            await self._form(button.intent, actor, line, lines)
            return
        reply = ReplyRoute(post=self._latest.id)
        intent = button.intent.model_dump(mode="json")
        self._carry(self._message(actor, Via.BUTTON, intent=intent, reply=reply), line)

    async def _form(self, wanted: OpenForm, actor: Actor, line: Line, lines: Lines) -> None:
        ink = Ink(datetime.now(UTC))
        try:
            form = await self._intake.open_form(wanted, actor, self._place)
            intent = await fill(form, self._intake, lines.next, self._screen.show, ink)
        except CommandError as error:
            words = plain_text(translate(error.key, None, **error.facts))
            self._show_buttons(words, error.buttons)
            self._wrong(line, words)
        except Cancelled:
            self._screen.tell("Given up. Nothing changed.")
            self._wrong(line, "the form was given up")
        else:
            self._carry(self._message(actor, Via.FORM, intent=intent), line)

    def _carry(self, message: Message, line: Line) -> None:
        task = asyncio.create_task(self._outcome(message, line), name=message.key)
        self._carrying.add(task)

    async def _outcome(self, message: Message, line: Line) -> None:
        self._seen.clear()
        try:
            result = await self._submit(message)
        except NotRecorded:
            self._screen.tell(f"Not surely recorded. Look with {self._root} show.")
            self._wrong(line, "it was not recorded")
            return
        if (result == "failed") != line.fails:
            self._wrong(line, "it failed" if not line.fails else "it did not fail", expected=False)
        await self._follow()

    async def _follow(self) -> None:
        """A trace or a status update means that something changed: the prompt waits for the card's edit."""
        try:
            async with asyncio.timeout(SOON_SECONDS):
                while self._seen & {"lines", "edited lines", "card"} and not self._seen & {"edit", "pointer"}:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return  # the card shows no difference, or is late: then it is drawn when it comes

    def _wrong(self, line: Line, why: str, *, expected: bool | None = None) -> None:
        """Only a script cares; ``expected`` False: the line's own "!" has been looked at."""
        if line.number and (expected is False or not line.fails):
            self.failed.append(f"line {line.number}, {line.text}: {why}")

    async def _pause(self, lines: Lines) -> None:
        """Until what was asked is told; a person gets their prompt back meanwhile."""
        running = {task for task in self._carrying if not task.done()}
        if running:
            most: float | None = _CUT_SECONDS if self._controls.cut() else None
            await asyncio.wait(running, timeout=most if lines.patient else PROMPT_AFTER_SECONDS)
        for task in [task for task in self._carrying if task.done()]:
            self._carrying.discard(task)
            task.result()  # a fault of ours is not swallowed
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, {}
        for shown in held.values():
            self._draw(shown)

    def _draw(self, shown: ConsoleEntry) -> None:
        if shown.kind == "pointer":
            self._drawn.pop(shown.id, None)
            return
        if shown.card is not None:
            lines = draw(shown.card, self._screen.width)
        else:
            lines = draw_lines(shown.fresh, shown.buttons, self._screen.width)
        if self._drawn.get(shown.id) == lines:
            return
        if shown.kind != "private":
            self._drawn[shown.id] = lines
        elif shown.message is not None and shown.message.actor.id != self._me.id:
            lines = [f"(only {shown.message.actor.name} sees this)", *lines]
        self._screen.show(lines)
        if shown.buttons:
            self._latest = shown

    def _show_buttons(self, words: str, buttons: tuple[Button, ...]) -> None:
        shown = ConsoleEntry("lines", self._place, uuid4().hex, fresh=((words,),), buttons=buttons)
        self._draw(shown)

    def _message(
        self,
        actor: Actor,
        via: Via,
        *,
        text: str = "",
        intent: dict[str, object] | None = None,
        reply: ReplyRoute | None = None,
    ) -> Message:
        key, now = f"console//{uuid4().hex}", datetime.now(UTC)
        return Message(
            key=key,
            actor=actor,
            place=self._place,
            via=via,
            at=now,
            text=text,
            intent=intent,
            reply=reply or ReplyRoute(),
        )

    @property
    def _intake(self) -> Intake:
        assert self._console.intake is not None, "the chat runs after the application has started"
        return self._console.intake


def _line(text: str, number: int, lines: Lines) -> Line:
    """A number only for scripts, where an unexpected end counts."""
    scripted = hasattr(lines, "number")
    fails = scripted and text.startswith("!")
    return Line(text[1:].strip() if fails else text, number if scripted else 0, fails)
