"""Sends recorded deliveries of a real server to our routes."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

from pydantic import SecretStr

from bot.surfaces.mattermost.incoming_posts import BotAccount, from_event
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.harness import FINISH_T3, MattermostHarness
from tests.bot.surfaces.mattermost.test_fake_matches_recordings import INBOUND, RECORDING
from tests.fakes.mattermost.clients import deliver

BOT = "1zpkt5q58bdpxm47ntzndcbr7h"


async def test_a_recorded_command_is_accepted(harness: MattermostHarness) -> None:
    real = INBOUND["command"][0]
    dialog = parse_qs(real["body"])
    assert (
        await deliver(f"{harness.url}/mattermost/command", real["body"].encode(), real["headers"])
    ).status == 401
    await harness.surface.stop()
    harness.build(command_tokens=(SecretStr(dialog["token"][0]),))
    await harness.start()
    delivered = await deliver(f"{harness.url}/mattermost/command", real["body"].encode(), real["headers"])
    assert delivered.status == 200
    [message] = harness.intake.messages
    assert message.text == 'start "Database failover" --owner @ben'
    assert (message.actor.id, message.actor.handle) == (dialog["user_id"][0], "ana")
    assert (message.place.channel, message.place.channel_name) == (dialog["channel_id"][0], "town-square")
    assert message.reply.url == dialog["response_url"][0]


async def test_a_recorded_click_with_our_context_is_accepted(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    url, ours = harness.mm.click_body(post, "Finish", harness.mm.ana)
    real = json.loads(INBOUND["action"][1]["body"])
    foreign = await harness.mm.send_json(url, real)
    assert foreign.status == 401
    real |= {"channel_id": harness.mm.town.id, "context": ours["context"]}
    assert (await harness.mm.send_json(url, real)).status == 200
    [message] = harness.intake.messages
    assert message.via is Via.BUTTON
    assert message.intent == {"verb": "finish", "run": "R7", "tasks": ["T3"]}
    assert (message.actor.id, message.actor.handle) == (real["user_id"], "ana")
    assert message.reply.post == real["post_id"]


async def test_recorded_dialogs_without_our_state_are_401(harness: MattermostHarness) -> None:
    for real in INBOUND["dialog"]:
        delivered = await deliver(f"{harness.url}/mattermost/dialog", real["body"].encode(), real["headers"])
        assert delivered.status == 401
    assert harness.intake.messages == []


def test_only_the_mention_among_recorded_frames_is_for_the_bot() -> None:
    account = BotAccount(BOT, "relay", "http://127.0.0.1:8065", "mattermost:127.0.0.1:8065:")
    incoming = [from_event(frame) for frame in RECORDING["websocket"] if frame.get("event") == "posted"]
    messages = [account.parse(item, datetime.now(UTC), lambda *_: "") for item in incoming if item is not None]
    assert len(messages) == 3
    [message] = [item for item in messages if item is not None]
    assert message.text == 'finish "Promote replica" on Primary down'
    assert message.via is Via.MENTION
    assert message.actor.handle == "ana"
    assert message.key == "mattermost:127.0.0.1:8065:13xp13mgkpbu7r3r9tmupeg8ie"
