"""A chat in a terminal: typed lines become messages, numbers press buttons, and the channel's entries are printed.

``ben: finish T2`` is a message from a teammate. ``:quit`` or the end of the input ends the chat. Other words that
start with a colon are ``controls``.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from bot.surfaces.console.forms import Cancelled, fill_form
from bot.surfaces.console.render import TextFormatter, draw, draw_lines
from bot.surfaces.console.surface import Console, ConsoleEntry, person
from bot.surfaces.console.terminal import PROMPT, LineSource, Screen
from bot.surfaces.console.text import translate_plain
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import Intake
from commands.model.card import Button, Result
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via
from commands.text.catalogue import plain_text, translate

QUIT = ":quit"
RESULT_WAIT_SECONDS = 3.0  # the prompt comes back after this; a later result is printed above it
CARD_WAIT_SECONDS = 1.2  # a live card is edited after the result, at most once a second
_CUT_OFF_WAIT_SECONDS = 4.0  # while the platform is cut off, a script continues after this
_AS_TEAMMATE = re.compile(r"(?P<who>[^\W\d][\w.\-]*):\s+(?P<text>.+)", re.DOTALL)
_HANDLE = re.compile(r"[TR]\d+", re.IGNORECASE)

Submit = Callable[[Message], Awaitable[Result]]
"""Records and processes a message. Returns when its answer has been shown. Raises ``NotRecorded``."""


@dataclass
class Controls:
    """``commands`` maps ":name" to a function that returns the line to print. While ``is_cut_off()``, results may
    be delayed."""

    commands: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    is_cut_off: Callable[[], bool] = lambda: False


@dataclass
class Line:
    text: str
    number: int
    must_fail: bool  # the line starts with "!": a script expects it to fail


class Chat:
    """``failed`` lists the lines of a script that did not have the expected result."""

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
        self._printed: dict[str, list[str]] = {}  # post id -> as last printed
        self._delayed_edits: dict[str, ConsoleEntry] = {}  # printed after the result of the running message
        self._latest: ConsoleEntry | None = None  # the last printed entry that has buttons
        self._submissions: set[asyncio.Task[None]] = set()
        self._kinds_seen: set[str] = set()  # kinds of the entries since the last line
        self._entry_arrived = asyncio.Event()
        self._is_over = False
        self.failed: list[str] = []

    def on_entry(self, entry: ConsoleEntry) -> None:
        """Prints the entries of the channel. While a message is processed, edits are printed after its result."""
        if entry.place.key != self._place.key:
            return
        self._kinds_seen.add(entry.kind)
        self._entry_arrived.set()
        is_processing = any(not task.done() for task in self._submissions)
        if entry.kind == "edit" and is_processing and not self._controls.is_cut_off():
            self._delayed_edits[entry.id] = entry
            return
        self._print(entry)

    def set_buttons(self, entry: ConsoleEntry) -> None:
        """Makes the entry's buttons the ones that numbers press, for an entry that is already on the screen."""
        self._latest = entry

    async def run(self, lines: LineSource) -> None:
        """Runs until ``:quit`` or the end of the input. A script ends at its first unexpected result."""
        number = 0
        with self._console.listening(self.on_entry):
            while not self.failed and not self._is_over:
                self._screen.show_blank_line()
                typed = await lines.next(PROMPT)
                if typed is None or typed.strip() == QUIT:
                    break
                number = getattr(lines, "number", number + 1)
                text = typed.strip()
                if text and not text.startswith("#"):
                    await self._handle_line(_line(text, number, lines), lines)
                    await self._wait_for_result(lines)
            self._print_delayed_edits()
        for task in self._submissions:
            task.cancel()

    async def _handle_line(self, line: Line, lines: LineSource) -> None:
        if line.text.startswith(":"):
            self._run_control(line.text)
            return
        actor, text = self._me, line.text
        match = _AS_TEAMMATE.fullmatch(text)
        if match is not None and not _HANDLE.fullmatch(match["who"]):
            actor, text = person(match["who"]), match["text"]
        if text.split()[0] == self._root:
            text = text[len(self._root) :].strip()
        if text.isdigit():
            await self._press(int(text), actor, line, lines)
            return
        form = self._intake.form_for_line(text)
        if form is not None:
            await self._fill_form(form, actor, line, lines)
        else:
            self._submit_in_background(self._message(actor, Via.SAY, text=text), line)

    def _run_control(self, name: str) -> None:
        control = self._controls.commands.get(name)
        names = ", ".join([*self._controls.commands, QUIT])
        text = control() if control else translate_plain("unknown_control", name=name, names=names)
        self._screen.show_text(text)

    async def _press(self, number: int, actor: Actor, line: Line, lines: LineSource) -> None:
        buttons = self._latest.buttons if self._latest is not None else ()
        if self._latest is None or not 1 <= number <= len(buttons):
            self._screen.show_text(translate_plain("no_button", number=number))
            self._record_failure(line, f"there is no button {number}")
            return
        button = buttons[number - 1]
        if isinstance(button.intent, OpenForm):
            await self._fill_form(button.intent, actor, line, lines)
            return
        reply = ReplyRoute(post=self._latest.id)
        intent = button.intent.model_dump(mode="json")
        self._submit_in_background(self._message(actor, Via.BUTTON, intent=intent, reply=reply), line)

    async def _fill_form(self, request: OpenForm, actor: Actor, line: Line, lines: LineSource) -> None:
        formatter = TextFormatter(datetime.now(UTC))

        async def ask(prompt: str) -> str | None:
            """Controls work in the middle of a form, too."""
            while (typed := await lines.next(prompt)) is not None:
                if (name := typed.strip()) == QUIT:
                    self._is_over = True
                    return None
                if name not in self._controls.commands:
                    return typed
                self._run_control(name)
            return None

        try:
            form = await self._intake.open_form(request, actor, self._place)
            intent = await fill_form(form, self._intake, ask, self._screen.show, formatter, actor, self._place)
        except CommandError as error:
            text = plain_text(translate(error.key, None, **error.facts))
            self._print_text(text, error.buttons)
            self._record_failure(line, text)
        except Cancelled:
            self._screen.show_text(translate_plain("cancelled"))
            self._record_failure(line, "the form was cancelled")
        else:
            self._submit_in_background(self._message(actor, Via.FORM, intent=intent), line)

    def _submit_in_background(self, message: Message, line: Line) -> None:
        task = asyncio.create_task(self._submit_and_wait(message, line), name=message.key)
        self._submissions.add(task)

    async def _submit_and_wait(self, message: Message, line: Line) -> None:
        self._kinds_seen.clear()
        try:
            result = await self._submit(message)
        except NotRecorded:
            self._screen.show_text(translate_plain("not_recorded", show=f"{self._root} show"))
            self._record_failure(line, "it was not recorded")
            return
        if (result == "failed") != line.must_fail:
            self._record_failure(line, "it failed" if not line.must_fail else "it did not fail", expected=False)
        await self._wait_for_card()

    async def _wait_for_card(self) -> None:
        """Waits for the card's edit, which follows when an activity line or a status update was posted."""
        try:
            async with asyncio.timeout(CARD_WAIT_SECONDS):
                seen = self._kinds_seen
                while seen & {"lines", "edited lines", "card"} and not seen & {"edit", "pointer"}:
                    self._entry_arrived.clear()
                    await self._entry_arrived.wait()
        except TimeoutError:
            return  # the card has not changed, or its edit is late and is printed when it comes

    def _record_failure(self, line: Line, reason: str, *, expected: bool | None = None) -> None:
        """For scripts only. ``expected`` is False if the line's "!" has been taken into account already."""
        if line.number and (expected is False or not line.must_fail):
            self.failed.append(f"line {line.number}, {line.text}: {reason}")

    async def _wait_for_result(self, lines: LineSource) -> None:
        """Waits for the results of all messages. At a keyboard, the prompt comes back after a few seconds."""
        running = {task for task in self._submissions if not task.done()}
        if running:
            timeout: float | None = _CUT_OFF_WAIT_SECONDS if self._controls.is_cut_off() else None
            await asyncio.wait(running, timeout=timeout if lines.waits_for_result else RESULT_WAIT_SECONDS)
        for task in [task for task in self._submissions if task.done()]:
            self._submissions.discard(task)
            task.result()  # raises unexpected errors
        self._print_delayed_edits()

    def _print_delayed_edits(self) -> None:
        delayed, self._delayed_edits = self._delayed_edits, {}
        for entry in delayed.values():
            self._print(entry)

    def _print(self, entry: ConsoleEntry) -> None:
        if entry.kind == "pointer":
            self._printed.pop(entry.id, None)
            return
        if entry.card is not None:
            lines = draw(entry.card, self._screen.width)
        else:
            lines = draw_lines(entry.new_lines, entry.buttons, self._screen.width)
        if self._printed.get(entry.id) == lines:
            return
        if entry.kind != "private":
            self._printed[entry.id] = lines
        elif entry.message is not None and entry.message.actor.id != self._me.id:
            lines = [translate_plain("only_visible_to", name=entry.message.actor.name), *lines]
        self._screen.show(lines)
        if entry.buttons:
            self._latest = entry

    def _print_text(self, text: str, buttons: tuple[Button, ...]) -> None:
        self._print(ConsoleEntry("lines", self._place, uuid4().hex, new_lines=((text,),), buttons=buttons))

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


def _line(text: str, number: int, lines: LineSource) -> Line:
    """The number is 0 except in scripts, where an unexpected result is reported."""
    scripted = hasattr(lines, "number")
    must_fail = scripted and text.startswith("!")
    return Line(text[1:].strip() if must_fail else text, number if scripted else 0, must_fail)
