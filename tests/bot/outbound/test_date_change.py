"""At midnight in the settings' zone, live cards whose times need another date are redrawn, on both chats."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.outbound.date_change import DateChange
from bot.server.serve import running
from commands.model.card import Result
from commands.model.messages import Actor, Message, Place, Via
from tests.e2e.chats import Chat, Room
from tests.e2e.conftest import CHATS
from tests.e2e.process import to_toml, until

EVENING = datetime(2026, 12, 3, 22, 40, tzinfo=UTC)  # a Thursday; 19:40 in Sao Paulo


@dataclass
class Evening:
    app: Application
    room: Room
    chat: Chat
    at: datetime = EVENING
    messages: int = 0

    async def say(self, text: str) -> Result:
        self.messages += 1
        workspace = self.chat.fake.team if self.chat.name == "slack" else ""  # type: ignore[attr-defined]
        place = Place(surface=self.chat.name, workspace=workspace, channel=self.room.id)
        ana = Actor(surface=self.chat.name, workspace=workspace, id=self.chat.user_id("ana"), handle="ana")
        key = f"{self.chat.name}:{self.messages}"
        return await self.app.submit(
            Message(key=key, actor=ana, place=place, via=Via.COMMAND, at=self.at, text=text)
        )

    def cards(self) -> list[str]:
        return [message.text for message in self.room.bot_messages() if "of 1 done" in message.text]

    async def wait_for_card(self, pattern: str) -> None:
        try:
            await until(lambda: any(re.search(pattern, text) for text in self.cards()))
        except TimeoutError:
            raise AssertionError(f"{pattern!r} is not on a card:\n{self.cards()}") from None


@asynccontextmanager
async def evening(chat_name: str, folder: Path) -> AsyncIterator[Evening]:
    (folder / "runbooks").mkdir()
    (folder / "runbooks" / "flood.md").write_text("# Flood\n\n- [ ] Close the valves\n")
    async with CHATS[chat_name]() as chat:
        bot = {"database_url": f"sqlite:///{folder}/l.db", "timezone": "America/Sao_Paulo"}
        local = {"kind": "local", "path": str(folder / "runbooks")}
        tables = {"bot": bot, **chat.settings(), "platforms.local": local}
        (folder / "liaison.toml").write_text(to_toml(tables))
        settings = load(folder / "liaison.toml", {}).with_secret_key()
        scene: Evening

        def now() -> datetime:
            return scene.at

        scene = Evening.__new__(Evening)
        scene.at, scene.messages, scene.chat, scene.room = EVENING, 0, chat, chat.create_room()
        scene.app = bootstrap(settings, now=now)
        async with running(scene.app):
            yield scene


@pytest.mark.parametrize("chat", ["slack", "mattermost"])
async def test_what_was_tomorrow_is_today_after_midnight(chat: str, tmp_path: Path) -> None:
    async with evening(chat, tmp_path) as scene:
        assert await scene.say("start Flood") == "done"
        assert await scene.say("status green Pumping --next tomorrow 09:00") == "done"
        await scene.wait_for_card(r"next update .*(Fri|4 Dec|Dec 4).*0\d:00")
        scene.at += timedelta(hours=3)  # midnight has passed in UTC only
        await scene.app.date_change.check()
        await scene.wait_for_card(r"next update .*(Fri|4 Dec|Dec 4).*0\d:00")
        scene.at += timedelta(hours=3)
        await scene.app.date_change.check()
        await scene.wait_for_card(r"next update (at )?0\d:00")
        await scene.wait_for_card(r"(?i)ana .*(Thu|3 Dec|Dec 3).*19:40")


async def test_a_day_is_looked_at_once() -> None:
    changes: list[datetime] = []
    clock = [EVENING]

    async def on_change(today: datetime) -> None:
        changes.append(clock[0])

    date_change = DateChange(lambda: clock[0], None, on_change)
    await date_change.check()
    clock[0] += timedelta(hours=2)
    await date_change.check()
    await date_change.check()
    assert changes == [EVENING, EVENING + timedelta(hours=2)]
