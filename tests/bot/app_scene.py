"""The real application over local runbooks, talked to through its console."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.local.adapter import LocalAdapter
from bot.app import Application, utc_now
from bot.bootstrap import bootstrap
from bot.config.settings import demo_settings
from bot.server.serve import running
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.card import Button, Result
from commands.model.messages import Actor, Message, ReplyRoute, Via
from commands.text.catalogue import plain_text

ANA, BEN = person("ana"), person("ben")


@dataclass
class Scene:
    """The application with a platform that can be made unreachable. ``lines`` is the present activity post."""

    app: Application
    platform: LocalAdapter
    lines: list[str] = field(default_factory=list)
    private: list[ConsoleEntry] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def listen(self, entry: ConsoleEntry) -> None:
        if entry.kind == "private":
            self.private.append(entry)
        elif "lines" in entry.kind:
            self.lines = [plain_text(line) for line in entry.lines]

    def say(self, text: str, by: Actor = ANA, via: Via = Via.SAY) -> "asyncio.Task[Result]":
        return self._send(via, by, text=text)

    def press(self, button: Button, by: Actor = ANA) -> "asyncio.Task[Result]":
        return self._send(Via.BUTTON, by, intent=button.intent.model_dump(mode="json"))

    def _send(self, via: Via, by: Actor, **content: Any) -> "asyncio.Task[Result]":
        key, now = f"console//{uuid4().hex}", datetime.now(UTC)
        message = Message(key=key, actor=by, place=room(), via=via, at=now, reply=ReplyRoute(), **content)
        self.sent.append(message)
        return asyncio.create_task(self.app.submit(message))

    def find_private(self, text: str) -> ConsoleEntry | None:
        """The latest private card with ``text`` in its title."""
        found = [entry for entry in self.private if entry.card and text in plain_text(entry.card.title)]
        return found[-1] if found else None


@asynccontextmanager
async def app_scene(
    folder: Path,
    slowest_answer: timedelta | None = None,
    *,
    console: Console | None = None,
    now: Callable[[], datetime] = utc_now,
    write_timeout: timedelta = timedelta(minutes=2),
    database_url: str = "",
) -> AsyncIterator[Scene]:
    """A second scene with the same database is a restart, or another replica. Without ``database_url``, it is in
    ``folder``."""
    console, settings = console or Console(), demo_settings(folder).with_secret_key()
    local = replace(settings.platforms["local"], slowest_answer=slowest_answer)
    database = {"database_url": database_url or settings.bot.database_url}
    options = settings.bot.model_copy(update={"write_timeout": write_timeout, **database})
    app = bootstrap(replace(settings, bot=options, platforms={"local": local}), surfaces=[console], now=now)
    async with running(app):
        platform = app.platforms["local"]
        assert isinstance(platform, LocalAdapter)
        scene = Scene(app, platform)
        with console.listening(scene.listen):
            yield scene
