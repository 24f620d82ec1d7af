"""A chat that keeps the connection open and delivers nothing is noticed, and doctor says why."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.surfaces.slack.socket import PROBE_SECONDS, SILENCE_SECONDS
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat
from tests.fakes.mattermost.sockets import DISABLED, REVOKED
from tests.fakes.slack_deliveries import SOCKET


async def readiness(liaison: Liaison) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{liaison.url}/readyz") as response:
        body: dict[str, Any] = await response.json()
        return body


@pytest.mark.parametrize(("error", "words"), [(DISABLED, "the bot account is disabled"), (REVOKED, "was revoked")])
async def test_mattermost_that_sends_nothing_is_noticed_and_what_was_missed_is_answered(
    tmp_path: Path, error: str, words: str
) -> None:
    async with MattermostChat() as chat, Liaison(tmp_path, chat.settings()) as liaison:
        room, fake = chat.create_room(), chat.fake
        await room.mention("whoami")
        await room.wait_for_text("Ana Costa")
        fake.bot.deleted = True
        fake.sockets.lose_sessions(fake.bot, error)
        await room.mention("help", user="ben")
        state = await until(lambda: not_ready(liaison), within=PROBE_SECONDS + 30)
        assert state["failing"] == ["mattermost websocket"]
        assert words in await until(lambda: mattermost_problem(liaison))  # which the next attempt to connect tells
        _, output = await liaison.run("doctor")
        assert [line for line in output.splitlines() if line.startswith("FIX  mattermost: ") and words in line], (
            output
        )
        fake.bot.deleted = False
        await until(lambda: len(room.bot_messages()) > 1, within=60)
        assert (await readiness(liaison))["ready"]
        assert fake.bot.token not in liaison.log.read_text()


async def not_ready(liaison: Liaison) -> dict[str, Any] | None:
    state = await readiness(liaison)
    return None if state["ready"] else state


async def mattermost_problem(liaison: Liaison) -> str | None:
    problem: str | None = (await readiness(liaison))["chats"]["mattermost"]["problem"]
    return problem


async def test_slack_that_revoked_the_token_is_noticed_although_nothing_is_sent(tmp_path: Path) -> None:
    async with SlackChat() as chat, Liaison(tmp_path, chat.settings()) as liaison:
        chat.fake.token_error = "token_revoked"
        state = await until(lambda: not_ready(liaison), within=PROBE_SECONDS + 30)
        assert state["failing"] == ["slack identified"]
        code, output = await liaison.run("doctor")
        assert code == 1
        assert output.count("it was revoked, or the app was uninstalled (token_revoked)") == 2, output


def socket_mode(chat: SlackChat) -> dict[str, dict[str, Any]]:
    fake = chat.fake
    tokens = {"bot_token": fake.token, "app_token": fake.app_token, "api_url": fake.api_url}
    return {"slack": tokens}


async def test_socket_mode_that_is_switched_off_is_named_by_doctor(tmp_path: Path) -> None:
    async with SlackChat() as chat, Liaison(tmp_path, socket_mode(chat)) as liaison:
        assert "slack: the running Liaison is connected" in (await liaison.run("doctor"))[1]
        chat.fake.link_disabled = True
        for socket in list(chat.fake.sockets):
            await socket.send_json({"type": "disconnect", "reason": "link_disabled"})
        state = await until(lambda: not_ready(liaison))
        assert state["failing"] == ["slack socket"]
        for _ in range(2):
            code, output = await liaison.run("doctor")
            assert code == 1
            assert output.count("Socket Mode is switched off for the app (link_disabled)") == 1, output
            await liaison.stop()  # and now without a running process


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_slack_connections_that_deliver_nothing_are_replaced(tmp_path: Path) -> None:
    async with SlackChat() as chat, Liaison(tmp_path, socket_mode(chat)) as liaison:
        room, fake = chat.create_room(), chat.fake
        await until(lambda: len(fake.sockets) == 2)
        fake.deaf = list(fake.sockets)
        mention = await fake.mention(SOCKET, "whoami", user=chat.users["ana"], channel=room.id)
        assert mention.status == 0
        await until(lambda: fake.sockets[-1] not in fake.deaf, within=SILENCE_SECONDS + 2 * PROBE_SECONDS)
        fake.deaf = []
        assert (await fake.redeliver(mention)).status == 200
        await room.wait_for_text("ana")
        assert (await readiness(liaison))["chats"]["slack"]["last_received"] is not None
