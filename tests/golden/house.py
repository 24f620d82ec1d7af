"""One Liaison between both chats, Cutover and a local folder: as it was when 0.1 was killed, or a fresh one.

``database_0_1.sql`` is its database, ``house_0_1.json`` everything around it. In both, hosts are placeholders
("{slack}") and times are those of the day they were made: ``restored`` puts in today's.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.adapters.cutover.fake import CutoverFake
from tests.e2e.chats import Room, Shown
from tests.e2e.mattermost_chat import MattermostChat, MattermostRoom
from tests.e2e.platforms import Local
from tests.e2e.process import Liaison
from tests.e2e.slack_chat import SlackChat, SlackRoom
from tests.golden import fakes
from tests.golden.sealing import renew_all

Json = dict[str, Any]
FOLDER = Path(__file__).parent
DATABASE = FOLDER / "database_0_1.sql"
AROUND = FOLDER / "house_0_1.json"
ROOMS = ("live", "sent", "unknown", "asked", "choice", "starting")
BOT_TOKEN, COMMAND_TOKEN = "g" * 26, "c" * 26  # of Mattermost, in every golden house
DUE_IN = timedelta(seconds=6)  # after a golden house is opened, its reminders come due
ROOMS_OF = [(chat, room) for chat in ("slack", "mattermost") for room in ROOMS]
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=(?:\.\d+)?(?:Z|\+00:00))")


@dataclass
class House:
    """``told``: by chat, what is known of it from the day it was made; ``rooms``: by chat and name; ``seen``: what
    stood in each of them when ``look`` was called."""

    slack: SlackChat
    mattermost: MattermostChat
    cutover: CutoverFake
    liaison: Liaison
    told: Mapping[str, Json] = field(default_factory=dict)
    rooms: dict[tuple[str, str], Room] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[Shown]] = field(default_factory=dict)

    def look(self) -> None:
        self.seen = {name: room.shown() for name, room in self.rooms.items()}

    @property
    def hosts(self) -> Mapping[str, str]:
        ports = {
            "slack": self.slack.fake.port,
            "mattermost": self.mattermost.fake.port,
            "cutover": self.cutover.port,
            "liaison": self.liaison.port,
        }
        return {f"{{{name}}}": f"127.0.0.1:{port}" for name, port in ports.items()}

    @property
    def database(self) -> Path:
        return self.liaison.folder / "liaison.db"

    @property
    def key_file(self) -> Path:
        return self.liaison.folder / "liaison.db.key"


@asynccontextmanager
async def fresh(folder: Path) -> AsyncIterator[House]:
    """The fakes are served; Liaison is not started yet, and is killed in the end."""
    async with AsyncExitStack() as stack:
        slack, mattermost, cutover = SlackChat(), MattermostChat(), CutoverFake()
        mattermost.fake.bot.token, mattermost.fake.command_token = BOT_TOKEN, COMMAND_TOKEN
        for fake in (slack, mattermost, cutover):
            await stack.enter_async_context(fake)
        tables = {
            **slack.settings(),
            **mattermost.settings(),
            "platforms.cutover": cutover.settings(),
            "platforms.local": Local(folder / "runbooks").settings(),
        }
        liaison = Liaison(folder, tables)
        for chat in (slack, mattermost):
            chat.at(liaison.url)
        stack.push_async_exit(liaison.__aexit__)
        yield House(slack, mattermost, cutover, liaison)


@asynccontextmanager
async def restored(folder: Path) -> AsyncIterator[House]:
    """As ``fresh``, with all as it was when 0.1 was killed, a few seconds before its reminders are due."""
    raw = AROUND.read_text()
    now = datetime.now(UTC).replace(microsecond=0)
    later = now + DUE_IN - datetime.fromisoformat(json.loads(raw)["due_at"]).replace(microsecond=0)
    async with fresh(folder) as house:
        around = json.loads(placed(moved(raw, later), house.hosts))
        renew_all(around["secret_key"], around["mattermost"], now)
        fakes.restore_cutover(house.cutover, around["cutover"])
        fakes.restore_slack(house.slack.fake, around["slack"])
        fakes.restore_mattermost(house.mattermost.fake, around["mattermost"])
        house.mattermost.users |= {user.username: user for user in house.mattermost.fake.users.values()}
        house.told = around["told"]
        house.rooms = {
            (chat, name): _room(house, chat, house.told[chat]["rooms"][name]) for chat, name in ROOMS_OF
        }
        house.key_file.write_text(around["secret_key"] + "\n")
        with closing(sqlite3.connect(house.database)) as database:
            database.executescript(placed(moved(DATABASE.read_text(), later), house.hosts))
        yield house


def _room(house: House, chat: str, id: str) -> Room:
    """With all that was ever said in it."""
    room: SlackRoom | MattermostRoom
    if chat == "slack":
        room = SlackRoom(house.slack, id, house.slack.fake.channels[id].name)
        room._since = "0.0"
    else:
        room = MattermostRoom(house.mattermost, house.mattermost.fake.channels[id])
        room._since = 0
    return room


def moved(text: str, by: timedelta) -> str:
    """All moments in it, by whole seconds: nothing but their digits changes."""
    return _MOMENT.sub(lambda found: (datetime.fromisoformat(found[1]) + by).isoformat(), text)


def placed(text: str, hosts: Mapping[str, str]) -> str:
    for name, host in hosts.items():
        text = text.replace(name, host)
    return text


def templated(text: str, hosts: Mapping[str, str]) -> str:
    for name, host in hosts.items():
        text = text.replace(host, name)
    assert "127.0.0.1" not in text, text[text.index("127.0.0.1") - 200 :][:300]
    return text


async def typed(room: Room, text: str) -> Json:
    """Types it as Ana, and returns the delivery with its answer, to be repeated by ``typed_again``."""
    if isinstance(room, SlackRoom):
        slack = room.chat
        said = await slack.fake.command(slack.url, text, user=slack.users["ana"], channel=room.id)
        return {"delivery": dict(said.payload), "status": said.status, "answer": said.body}
    assert isinstance(room, MattermostRoom)
    chat = room.chat
    form = chat.fake.command_form(text, chat.users["ana"], room.channel)
    answer = await chat.fake.typed(chat.url, form)
    return {"delivery": form, "status": answer.status, "answer": answer.body.decode()}


async def typed_again(room: Room, delivery: Json) -> tuple[int, str]:
    if isinstance(room, SlackRoom):
        slack = room.chat
        said = await slack.fake.deliver(slack.url, "slash_commands", delivery)
        return said.status, said.body
    assert isinstance(room, MattermostRoom)
    answer = await room.chat.fake.send_command(room.chat.url, delivery)
    return answer.status, answer.body.decode()
