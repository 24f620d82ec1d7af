"""``liaison demo``: the console chat over the runbooks that come with Liaison, in a store that is thrown away."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.protocol import Adapter
from bot.app import bootstrap
from bot.config.settings import demo_settings
from bot.server.lock import hold_lock
from bot.server.serve import Answers, knocking, started
from bot.surfaces.console.chat import Chat, Controls
from bot.surfaces.console.render import draw
from bot.surfaces.console.surface import Console, ConsoleEntry, account, person, room
from bot.surfaces.console.terminal import Keyboard, LineSource, Piped, Screen, Script
from commands.model.card import Button, Card, Row, Section
from commands.model.intents import Help, Show, Start

PROGRESS = "Starting the demo: no accounts, no network ..."
WELCOME = (
    "A chat in your terminal; all of it is gone when you leave.",
    "Type as in chat: runbooks, finish T1, comment TEXT, help.",
    "A number presses a button. ben: finish T2 is Ben speaking.",
    ":down cuts the platform off, :up brings it back.",
    ":quit or Ctrl-D leaves.",
)
RUNBOOK = "Database failover"
_MOST_TASKS = 10


async def demo(script: Sequence[str] | None) -> int:
    """0, or 1 when a line of ``script`` did not end as it should."""
    screen = Screen()
    screen.show_text(PROGRESS)
    with TemporaryDirectory(prefix="liaison-demo-") as folder:
        settings = demo_settings(Path(folder)).with_secret_key()
        console = Console()
        with hold_lock(settings.lock_path):
            app = bootstrap(settings, surfaces=[console])
            async with knocking(settings) as door, started(app):
                door.serve(Answers(app, console))
                chat = Chat(
                    console,
                    app.submit,
                    screen,
                    place=room(),
                    me=person(account("you")),
                    root=settings.bot.command,
                    controls=_controls(app.platforms["local"]),
                )
                screen.show_text(*WELCOME)
                await _show_runbook(app.platforms["local"], chat, screen)
                await _chat(chat, screen, script)
    for problem in chat.failed:
        print(f"liaison demo: {problem}", file=sys.stderr)
    return 1 if chat.failed else 0


async def _chat(chat: Chat, screen: Screen, script: Sequence[str] | None) -> None:
    lines: LineSource
    with ExitStack() as after:
        if script is not None:
            lines = Script(screen, script)
        elif sys.stdin.isatty() and sys.stdout.isatty():
            lines = keyboard = Keyboard(screen)
            after.callback(keyboard.restore)
        else:
            lines = Piped(screen)
        await chat.run(lines)


async def _show_runbook(adapter: Adapter, chat: Chat, screen: Screen) -> None:
    """A runbook as it is before anybody starts it, with a button that does."""
    found = next(book for book in await adapter.runbooks(RUNBOOK) if book.title == RUNBOOK)
    book = await adapter.runbook(found.key.id)
    tasks = book.tasks[:_MOST_TASKS]
    more = len(book.tasks) - len(tasks)
    stages = [stage for stage in book.stages if any(task.stage == stage.id for task in tasks)]
    sections = [
        Section(stage.title, tuple(Row(None, "", task.title) for task in tasks if task.stage == stage.id))
        for stage in stages
    ]
    buttons = (
        Button(f"Start {book.title}", Start(runbook=book.title), "primary"),
        Button("Show its steps", Show(what=book.title, kind="runbook")),
        Button("Help", Help()),
    )
    card = Card(
        title=(book.title,),
        subtitle=(f"{len(book.tasks)} tasks, not started",),
        summary=f"{book.title}, not started",
        sections=tuple(sections),
        lines=((f"and {more} more tasks",),) if more else (),
        buttons=buttons,
    )
    screen.show_blank_line()
    screen.show(draw(card, screen.width))
    screen.show_text(f"Press 1 to start {book.title}, or type help.")
    chat.set_buttons(ConsoleEntry("lines", room(), "offer", buttons=buttons))


def _controls(adapter: Any) -> Controls:
    """The local platform has a switch that cuts it off, as a broken network would."""

    def down() -> str:
        adapter.down = True
        return "The platform is cut off now. What you ask of it waits up to two minutes. :up brings it back."

    def up() -> str:
        adapter.down = False
        return "The platform is back."

    return Controls({":down": down, ":up": up}, is_cut_off=lambda: bool(adapter.down))
