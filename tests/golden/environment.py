"""Liaison connected to both chats, Cutover and a local folder: new, or in the state in which 0.1 was killed.

``database_0_1.sql`` is the database of version 0.1 and ``house_0_1.json`` the state of the chats and of Cutover.
Both contain placeholders for hosts ("{slack}") and the times of the day they were recorded;
``restored_environment`` fills in current ones.
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
from tests.e2e.chats import BotMessage, Room
from tests.e2e.mattermost_chat import MattermostChat, MattermostRoom
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import Liaison
from tests.e2e.slack_chat import SlackChat, SlackRoom
from tests.golden import fake_state
from tests.golden.signed_payloads import renew_all

Json = dict[str, Any]
FOLDER = Path(__file__).parent
DATABASE = FOLDER / "database_0_1.sql"
STATE_FILE = FOLDER / "house_0_1.json"
ROOMS = ("live", "sent", "unknown", "asked", "choice", "starting")
BOT_TOKEN, COMMAND_TOKEN = "g" * 26, "c" * 26  # Mattermost's, fixed because they are in the recorded state
DUE_IN = timedelta(seconds=6)  # reminders come due this long after the environment is restored
ROOMS_OF = [(chat, room) for chat in ("slack", "mattermost") for room in ROOMS]
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=(?:\.\d+)?(?:Z|\+00:00))")


@dataclass
class Environment:
    """``recorded``: chat -> ids and receipts recorded with the database; ``rooms``: by (chat, name); ``captured``:
    the messages in each room when ``capture_messages`` was called."""

    slack: SlackChat
    mattermost: MattermostChat
    cutover: CutoverFake
    liaison: Liaison
    recorded: Mapping[str, Json] = field(default_factory=dict)
    rooms: dict[tuple[str, str], Room] = field(default_factory=dict)
    captured: dict[tuple[str, str], list[BotMessage]] = field(default_factory=dict)

    def capture_messages(self) -> None:
        self.captured = {name: room.bot_messages() for name, room in self.rooms.items()}

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
async def new_environment(folder: Path) -> AsyncIterator[Environment]:
    """The fakes are running. Liaison is not started yet, and is killed on exit."""
    async with AsyncExitStack() as stack:
        slack, mattermost, cutover = SlackChat(), MattermostChat(), CutoverFake()
        mattermost.fake.bot.token, mattermost.fake.command_token = BOT_TOKEN, COMMAND_TOKEN
        for fake in (slack, mattermost, cutover):
            await stack.enter_async_context(fake)
        tables = {
            **slack.settings(),
            **mattermost.settings(),
            "platforms.cutover": cutover.settings(),
            "platforms.local": LocalPlatform(folder / "runbooks").settings(),
        }
        liaison = Liaison(folder, tables)
        for chat in (slack, mattermost):
            chat.set_liaison_url(liaison.url)
        stack.push_async_exit(liaison.__aexit__)
        yield Environment(slack, mattermost, cutover, liaison)


@asynccontextmanager
async def restored_environment(folder: Path) -> AsyncIterator[Environment]:
    """The state in which version 0.1 was killed, a few seconds before its reminders are due."""
    raw = STATE_FILE.read_text()
    now = datetime.now(UTC).replace(microsecond=0)
    elapsed = now + DUE_IN - datetime.fromisoformat(json.loads(raw)["due_at"]).replace(microsecond=0)
    async with new_environment(folder) as environment:
        state = json.loads(fill_hosts(shift_times(raw, elapsed), environment.hosts))
        renew_all(state["secret_key"], state["mattermost"], now)
        fake_state.restore_cutover(environment.cutover, state["cutover"])
        fake_state.restore_slack(environment.slack.fake, state["slack"])
        fake_state.restore_mattermost(environment.mattermost.fake, state["mattermost"])
        environment.mattermost.users |= {
            user.username: user for user in environment.mattermost.fake.users.values()
        }
        environment.recorded = state["told"]
        environment.rooms = {
            (chat, name): _room(environment, chat, environment.recorded[chat]["rooms"][name])
            for chat, name in ROOMS_OF
        }
        environment.key_file.write_text(state["secret_key"] + "\n")
        with closing(sqlite3.connect(environment.database)) as database:
            database.executescript(fill_hosts(shift_times(DATABASE.read_text(), elapsed), environment.hosts))
        yield environment


def _room(environment: Environment, chat: str, id: str) -> Room:
    """The room shows every message ever posted in it."""
    room: SlackRoom | MattermostRoom
    if chat == "slack":
        room = SlackRoom(environment.slack, id, environment.slack.fake.channels[id].name)
        room._since = "0.0"
    else:
        room = MattermostRoom(environment.mattermost, environment.mattermost.fake.channels[id])
        room._since = 0
    return room


def shift_times(text: str, by: timedelta) -> str:
    """Shifts all timestamps by whole seconds and keeps their format."""
    return _TIMESTAMP.sub(lambda found: (datetime.fromisoformat(found[1]) + by).isoformat(), text)


def fill_hosts(text: str, hosts: Mapping[str, str]) -> str:
    for name, host in hosts.items():
        text = text.replace(name, host)
    return text


def with_placeholders(text: str, hosts: Mapping[str, str]) -> str:
    for name, host in hosts.items():
        text = text.replace(host, name)
    assert "127.0.0.1" not in text, text[text.index("127.0.0.1") - 200 :][:300]
    return text


async def send_command(room: Room, text: str) -> Json:
    """Types the command as Ana. Returns the delivery, for ``resend_command``, and its response."""
    if isinstance(room, SlackRoom):
        slack = room.chat
        delivered = await slack.fake.command(slack.url, text, user=slack.users["ana"], channel=room.id)
        return {"delivery": dict(delivered.payload), "status": delivered.status, "answer": delivered.body}
    assert isinstance(room, MattermostRoom)
    chat = room.chat
    form = chat.fake.command_form(text, chat.users["ana"], room.channel)
    response = await chat.fake.typed(chat.url, form)
    return {"delivery": form, "status": response.status, "answer": response.body.decode()}


async def resend_command(room: Room, delivery: Json) -> tuple[int, str]:
    if isinstance(room, SlackRoom):
        slack = room.chat
        delivered = await slack.fake.deliver(slack.url, "slash_commands", delivery)
        return delivered.status, delivered.body
    assert isinstance(room, MattermostRoom)
    response = await room.chat.fake.send_command(room.chat.url, delivery)
    return response.status, response.body.decode()
