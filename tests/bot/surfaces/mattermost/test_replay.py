"""What a real server sent (recordings), into our routes."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

from pydantic import SecretStr

from bot.surfaces.mattermost.incoming_posts import BotAccount, from_event
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.rig import T3, Rig
from tests.bot.surfaces.mattermost.test_fake_is_real import INBOUND, RECORDING
from tests.fakes.mattermost.people import deliver

BOT = "1zpkt5q58bdpxm47ntzndcbr7h"


async def test_the_recorded_command(rig: Rig) -> None:
    real = INBOUND["command"][0]
    form = parse_qs(real["body"])
    assert (await deliver(f"{rig.url}/mattermost/command", real["body"].encode(), real["headers"])).status == 401
    await rig.surface.stop()
    rig.build(command_tokens=(SecretStr(form["token"][0]),))
    await rig.listen()
    delivered = await deliver(f"{rig.url}/mattermost/command", real["body"].encode(), real["headers"])
    assert delivered.status == 200
    [message] = rig.engine.messages
    assert message.text == 'start "Database failover" --owner @ben'
    assert (message.actor.id, message.actor.handle) == (form["user_id"][0], "ana")
    assert (message.place.channel, message.place.channel_name) == (form["channel_id"][0], "town-square")
    assert message.reply.url == form["response_url"][0]


async def test_the_recorded_click_with_a_context_of_ours(rig: Rig) -> None:
    post = await rig.post(T3)
    url, mine = rig.mm.click_body(post, "Finish", rig.mm.ana)
    real = json.loads(INBOUND["action"][1]["body"])
    foreign = await rig.mm.send_json(url, real)
    assert foreign.status == 401
    real |= {"channel_id": rig.mm.town.id, "context": mine["context"]}
    assert (await rig.mm.send_json(url, real)).status == 200
    [message] = rig.engine.messages
    assert message.via is Via.BUTTON
    assert message.intent == {"verb": "finish", "run": "R7", "tasks": ["T3"]}
    assert (message.actor.id, message.actor.handle) == (real["user_id"], "ana")
    assert message.reply.post == real["post_id"]


async def test_the_recorded_dialog_has_no_state_of_ours(rig: Rig) -> None:
    for real in INBOUND["dialog"]:
        delivered = await deliver(f"{rig.url}/mattermost/dialog", real["body"].encode(), real["headers"])
        assert delivered.status == 401
    assert rig.engine.messages == []


def test_of_the_recorded_frames_only_the_mention_is_for_us() -> None:
    account = BotAccount(BOT, "relay", "http://127.0.0.1:8065", "mattermost:127.0.0.1:8065:")
    incoming = [from_event(frame) for frame in RECORDING["websocket"] if frame.get("event") == "posted"]
    messages = [account.message(one, datetime.now(UTC)) for one in incoming if one is not None]
    assert len(messages) == 3
    [message] = [one for one in messages if one is not None]
    assert message.text == 'finish "Promote replica" on Primary down'
    assert message.via is Via.MENTION
    assert message.actor.handle == "ana"
    assert message.key == "mattermost:127.0.0.1:8065:13xp13mgkpbu7r3r9tmupeg8ie"
