"""``liaison demo``: a chat in the terminal with the sample runbooks, on a temporary database."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.models import Runbook
from adapters.protocol import Adapter
from bot.bootstrap import bootstrap
from bot.config.settings import demo_settings
from bot.server.lock import hold_lock
from bot.server.serve import SayRequests, open_say_socket, running
from bot.surfaces.console.chat import Chat, Controls
from bot.surfaces.console.render import draw
from bot.surfaces.console.surface import Console, ConsoleEntry, account, person, room
from bot.surfaces.console.terminal import Keyboard, LineSource, Piped, Screen, Script
from commands.model.card import Button, Card, Row, Section
from commands.model.intents import Help, Show, Start

PROGRESS = "Starting the demo: no accounts, no network ..."
WELCOME = (
    "This is a chat. Everything in it is deleted when you leave.",
    "Type commands: runbooks, finish T1, comment TEXT, help.",
    "A number presses a button. ben: finish T2 speaks as Ben.",
    ":down disconnects the platform, :up reconnects it.",
    ":quit or Ctrl-D leaves.",
)
RUNBOOK = "Database failover"
_MAX_TASKS = 10


async def demo(script: Sequence[str] | None) -> int:
    """Returns 0, or 1 if a line of ``script`` did not have the expected result."""
    screen = Screen()
    screen.show_text(PROGRESS)
    with TemporaryDirectory(prefix="liaison-demo-") as folder:
        settings = demo_settings(Path(folder)).with_secret_key()
        console = Console()
        with hold_lock(settings.lock_path):
            app = bootstrap(settings, surfaces=[console])
            async with open_say_socket(settings) as say_socket, running(app):
                say_socket.serve(SayRequests(app, console))
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
                await _run_chat(chat, screen, script)
    for problem in chat.failed:
        print(f"liaison demo: {problem}", file=sys.stderr)
    return 1 if chat.failed else 0


async def _run_chat(chat: Chat, screen: Screen, script: Sequence[str] | None) -> None:
    lines: LineSource
    with ExitStack() as cleanup:
        if script is not None:
            lines = Script(screen, script)
        elif sys.stdin.isatty() and sys.stdout.isatty():
            lines = keyboard = Keyboard(screen)
            cleanup.callback(keyboard.restore)
        else:
            lines = Piped(screen)
        await chat.run(lines)


async def _show_runbook(adapter: Adapter, chat: Chat, screen: Screen) -> None:
    """Shows a runbook that is not started yet, with a button that starts it."""
    found = next(runbook for runbook in await adapter.runbooks(RUNBOOK) if runbook.title == RUNBOOK)
    card = _runbook_card(await adapter.runbook(found.key.id))
    screen.show_blank_line()
    screen.show(draw(card, screen.width))
    screen.show_text(f"Press 1 to start {RUNBOOK}, or type help.")
    chat.set_buttons(ConsoleEntry("lines", room(), "offer", buttons=card.all_buttons))


def _runbook_card(runbook: Runbook) -> Card:
    tasks = runbook.tasks[:_MAX_TASKS]
    hidden = len(runbook.tasks) - len(tasks)
    sections = [
        Section(stage.title, tuple(Row(None, "", task.title) for task in tasks if task.stage == stage.id))
        for stage in runbook.stages
        if any(task.stage == stage.id for task in tasks)
    ]
    buttons = (
        Button(f"Start {runbook.title}", Start(runbook=runbook.title), "primary"),
        Button("Show its tasks", Show(what=runbook.title, kind="runbook")),
        Button("Help", Help()),
    )
    return Card(
        title=(runbook.title,),
        subtitle=(f"{len(runbook.tasks)} tasks, not started",),
        summary=f"{runbook.title}, not started",
        sections=tuple(sections),
        lines=((f"and {hidden} more tasks",),) if hidden else (),
        buttons=buttons,
    )


def _controls(adapter: Any) -> Controls:
    """The local platform has a switch that makes it unreachable."""

    def down() -> str:
        adapter.down = True
        return "The platform is unreachable now. Writes are retried for up to 2 minutes. :up reconnects it."

    def up() -> str:
        adapter.down = False
        return "The platform is reachable again."

    return Controls({":down": down, ":up": up}, is_cut_off=lambda: bool(adapter.down))
