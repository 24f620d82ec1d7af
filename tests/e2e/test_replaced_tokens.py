"""A token is revoked, and works again while Liaison runs, or its file gets another one."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.e2e.chats import Chat
from tests.e2e.conftest import CHATS, Environment, Scene
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

KEYS = {"slack": "bot_token", "mattermost": "token"}
NEW = {"slack": "xoxb-1-replaced", "mattermost": "replacedreplacedreplaced12"}


def _replace_token(chat: Chat) -> None:
    """The chat accepts only the new one."""
    if isinstance(chat, SlackChat):
        chat.fake.token = NEW[chat.name]
    else:
        assert isinstance(chat, MattermostChat)
        chat.fake.bot.token = NEW[chat.name]
        chat.fake.sockets.lose_sessions(chat.fake.bot, "api.context.invalid_token.error")


def _revoke(chat: Chat) -> Callable[[], None]:
    """Returns what makes the chat accept the token again, as when the bot is enabled again."""
    if isinstance(chat, SlackChat):
        fake = chat.fake
        fake.token_error = "account_inactive"
        return lambda: setattr(fake, "token_error", "")
    assert isinstance(chat, MattermostChat)
    bot = chat.fake.bot
    before, bot.token = bot.token, "nobodysnobodysnobodysnobod"
    chat.fake.sockets.lose_sessions(bot)
    return lambda: setattr(bot, "token", before)


async def _is_ready(liaison: Liaison) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{liaison.url}/readyz") as response:
        return response.status == 200


async def _is_not_ready(liaison: Liaison) -> bool:
    return not await _is_ready(liaison)


@pytest_asyncio.fixture(loop_scope="session", params=sorted(CHATS))
async def own_scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """A process of its own, whose token is in a file."""
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(CHATS[request.param]())
        local, settings = (
            LocalPlatform(tmp_path / "runbooks"),
            {name: dict(t) for name, t in chat.settings().items()},
        )
        table: dict[str, Any] = settings[chat.name]
        file = tmp_path / "token"
        file.write_text(table[KEYS[chat.name]])
        table[KEYS[chat.name]] = {"file": str(file)}
        liaison = Liaison(tmp_path, {**settings, "platforms.local": local.settings()})
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        yield Scene(Environment(chat, {"local": local}, liaison), chat.create_room())


async def test_a_token_that_is_replaced_in_its_file_is_used_without_a_restart(
    own_scene: Scene, tmp_path: Path
) -> None:
    scene, liaison, chat = own_scene, own_scene.liaison, own_scene.environment.chat
    run, before = await scene.start_run(on="local"), liaison.pid
    _replace_token(chat)
    await scene.room.command(f"begin {run}.T1")

    await until(lambda: _is_not_ready(liaison), within=60)
    (tmp_path / "token").write_text(f"{NEW[chat.name]}\n")
    await until(lambda: _is_ready(liaison), within=60)
    await scene.room.wait_for_text("1 running", within=60)
    await scene.room.command(f"finish {run}.T1")
    await scene.room.wait_for_text("1 of 4", within=60)
    assert liaison.pid == before
    assert NEW[chat.name] not in liaison.log.read_text()


async def test_a_token_that_works_again_is_noticed_although_nobody_does_anything(own_scene: Scene) -> None:
    """What was parked meanwhile is sent within about a minute."""
    scene, liaison = own_scene, own_scene.liaison
    run = await scene.start_run(on="local")
    restore = _revoke(scene.environment.chat)
    await scene.room.command(f"begin {run}.T1")
    await until(lambda: _is_not_ready(liaison), within=60)
    await until(lambda: _count_parked(liaison), within=60)
    assert "1 running" not in scene.room.text()
    restore()
    await until(lambda: _is_ready(liaison), within=75)
    await scene.room.wait_for_text("1 running", within=75)
    await scene.room.wait_for_text("began T1", within=75)
    await until(lambda: not _count_parked(liaison), within=75)


def _count_parked(liaison: Liaison) -> int:
    with closing(sqlite3.connect(liaison.folder / "liaison.db")) as database:
        return int(database.execute("select count(*) from outbox where state = 'parked'").fetchone()[0])
