"""A bot that the operator has listed, and that answers whatever Liaison says."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from bot.services.bot_loops import MOST_COMMANDS
from tests.e2e.chats import Chat, Room
from tests.e2e.conftest import CHATS
from tests.e2e.mattermost_chat import MattermostChat, MattermostRoom
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat, SlackRoom

STOPPED = "commands here within a minute, so it's ignored here until"


def _add_bot(chat: Chat) -> str:
    """Its user id."""
    if isinstance(chat, SlackChat):
        chat.users["alerts"] = chat.fake.add_user("U0ALERTS", "alerts", is_bot=True)
    else:
        assert isinstance(chat, MattermostChat)
        chat.users["alerts"] = chat.fake.add_user("alerts", first_name="Alerts", is_bot=True)
    return chat.user_id("alerts")


async def _bot_says(room: Room, text: str) -> None:
    if isinstance(room, SlackRoom):
        fake = room.chat.fake
        post = fake.say(f"<@{fake.bot_user}> {text}", "U0ALERTS", room.id)
        await fake.deliver(room.chat.url, "events_api", fake.event(post, "app_mention", bot_id="B0ALERTS"))
    else:
        assert isinstance(room, MattermostRoom)
        user, props = room.chat.users["alerts"], {"from_bot": "true"}
        await room.chat.fake.say(room.channel, f"@liaison {text}", user, props=props)


async def _answered(room: Room, text: str) -> None:
    """Until Liaison has posted something new."""
    before = len(room.bot_messages())
    await _bot_says(room, text)
    await until(lambda: len(room.bot_messages()) > before)


@pytest_asyncio.fixture(loop_scope="session", params=sorted(CHATS))
async def chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Chat, Liaison]]:
    async with AsyncExitStack() as stack:
        chat = CHATS[request.param]()
        await stack.enter_async_context(chat)
        platform = LocalPlatform(tmp_path / "runbooks")
        access = {"start": [_add_bot(chat), chat.user_id("ana")]}
        tables = {**chat.settings(), "access": access, "platforms.local": platform.settings()}
        liaison = Liaison(tmp_path, tables)
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        yield chat, liaison


async def test_a_bot_that_answers_every_answer_is_soon_ignored_in_that_place(chat: tuple[Chat, Liaison]) -> None:
    workspace, liaison = chat
    room, other = workspace.create_room(), workspace.create_room()
    for number in range(MOST_COMMANDS):
        await _answered(room, f"finish T{number}")
        assert STOPPED not in room.text()
    await _answered(room, "finish T99")
    notice = room.bot_messages()[-1]
    assert STOPPED in notice.text
    assert notice.visible_to == ""
    for number in range(5):
        await _bot_says(room, f"finish T{number}")
    await until(lambda: liaison.log.read_text().count('"event": "command"') == MOST_COMMANDS + 6)
    assert "Unknown command" in (await room.private_answer("finsh T1")).text  # people are heard as before
    assert room.public_text().count(STOPPED) == 1
    assert len([one for one in room.bot_messages() if not one.visible_to]) <= MOST_COMMANDS + 1
    assert liaison.log.read_text().count('"event": "bot ignored for a while"') == 1
    await _answered(other, "finish T1")
    assert STOPPED not in other.text()
