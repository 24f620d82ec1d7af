"""The fake's requests and responses match the recordings of a real 5.37, field for field."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.fakes.mattermost import FakeMattermost

RECORDING = json.loads(
    (Path(__file__).parents[3] / "fakes/mattermost/recordings/mattermost-5.37.json").read_text()
)
REST = {item["name"]: item for item in RECORDING["rest"]}
INBOUND = {
    name: [item for item in RECORDING["inbound"] if item["path"] == f"/{name}"]
    for name in ("command", "action", "dialog")
}


class Receiver(Fake):
    """Receives what the fake delivers to the bot."""

    answer: Any = {}

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.json_response(self.answer)


@pytest.fixture
async def mm() -> AsyncIterator[FakeMattermost]:
    async with FakeMattermost() as fake:
        yield fake


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    fake = Receiver()
    async with fake:
        yield fake


def shape(value: Any) -> Any:
    """The names and types of values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def headers(given: Any) -> dict[str, str]:
    """The headers that Mattermost sets, without lengths and tokens."""
    names = ("user-agent", "accept", "content-type", "accept-encoding")
    return {name.lower(): value for name, value in given.items() if name.lower() in names}


async def call_api(mm: FakeMattermost, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    sent = {"Authorization": f"Bearer {mm.bot.token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{mm.url}{path}", json=body, headers=sent) as reply,
    ):
        return reply.status, await reply.json(content_type=None)


def bot_post_body(mm: FakeMattermost, url: str = "http://127.0.0.1:9/mattermost/action") -> Any:
    body = json.loads(json.dumps(REST["bot_post"]["request"]["body"]))
    body["channel_id"] = mm.town.id
    body["props"]["attachments"][0]["actions"][0]["integration"]["url"] = url
    return body


async def test_a_command_is_delivered_as_recorded(mm: FakeMattermost, receiver: Receiver) -> None:
    await mm.command(receiver.url, 'start "Database failover" --owner @ben')
    real = INBOUND["command"][0]
    assert headers(receiver.seen[0].headers) == headers(real["headers"])
    mine, theirs = parse_qs(receiver.seen[0].body.decode()), parse_qs(real["body"])
    assert sorted(mine) == sorted(theirs)
    assert mine["text"] == theirs["text"]
    assert mine["user_mentions"] == theirs["user_mentions"]
    assert receiver.seen[0].headers["Authorization"] == f"Token {mine['token'][0]}"
    assert real["headers"]["authorization"] == f"Token {theirs['token'][0]}"


async def test_a_click_is_delivered_as_recorded(mm: FakeMattermost, receiver: Receiver) -> None:
    _, made = await call_api(mm, "POST", "/api/v4/posts", bot_post_body(mm, f"{receiver.url}/action"))
    await mm.press(mm.posts[made["id"]], "Finish", mm.ana)
    real = INBOUND["action"][1]
    assert headers(receiver.seen[0].headers) == headers(real["headers"])
    assert shape(receiver.seen[0].json) == shape(json.loads(real["body"]))
    assert receiver.seen[0].json["context"] == json.loads(real["body"])["context"]


async def test_a_dialog_is_delivered_as_recorded(mm: FakeMattermost, receiver: Receiver) -> None:
    body = json.loads(json.dumps(REST["open_dialog"]["request"]["body"]))
    body |= {"trigger_id": mm.trigger(mm.ana, mm.town), "url": f"{receiver.url}/dialog"}
    assert (await call_api(mm, "POST", "/api/v4/actions/dialogs/open", body)) == (
        200,
        REST["open_dialog"]["response"]["body"],
    )
    build_dialog = await mm.until(lambda: mm.dialog_of(mm.ana))
    await mm.submit_dialog(build_dialog, {"message": "all good", "rag": "green"})
    real = INBOUND["dialog"][0]
    assert headers(receiver.seen[0].headers) == headers(real["headers"])
    assert shape(receiver.seen[0].json) == shape(json.loads(real["body"]))


async def test_errors_of_a_dialog_keep_it_open(mm: FakeMattermost, receiver: Receiver) -> None:
    body = json.loads(json.dumps(REST["open_dialog"]["request"]["body"]))
    body |= {"trigger_id": mm.trigger(mm.ana, mm.town), "url": f"{receiver.url}/dialog"}
    await call_api(mm, "POST", "/api/v4/actions/dialogs/open", body)
    receiver.answer = REST["submit_dialog_bad"]["response"]["body"]
    build_dialog = await mm.until(lambda: mm.dialog_of(mm.ana))
    delivered = await mm.submit_dialog(build_dialog, {"message": "bad", "rag": "green"})
    assert delivered.json == receiver.answer
    assert build_dialog.open


async def test_the_response_to_a_bot_post_is_as_recorded(mm: FakeMattermost) -> None:
    status, made = await call_api(mm, "POST", "/api/v4/posts", bot_post_body(mm))
    real = REST["bot_post"]["response"]
    assert status == real["status"]
    assert shape(made) == shape(real["body"])
    assert made["props"] == real["body"]["props"]


async def test_the_response_to_a_patch_is_as_recorded(mm: FakeMattermost) -> None:
    _, made = await call_api(mm, "POST", "/api/v4/posts", bot_post_body(mm))
    _, changed = await call_api(
        mm, "PUT", f"/api/v4/posts/{made['id']}/patch", REST["update_post"]["request"]["body"] | {"props": {}}
    )
    real = REST["update_post"]["response"]["body"]
    assert shape(changed) == shape(real)
    assert (changed["message"], changed["props"]) == (real["message"], real["props"])


@pytest.mark.parametrize("name", ["ephemeral", "too_long"])
async def test_rejections_are_as_recorded(mm: FakeMattermost, name: str) -> None:
    real = REST[name]
    body = real["request"]["body"] | {"channel_id": mm.town.id}
    status, texts = await call_api(mm, "POST", real["request"]["path"], body)
    assert status == real["response"]["status"]
    assert shape(texts) == shape(real["response"]["body"])
    assert (texts["id"], texts["message"]) == (real["response"]["body"]["id"], real["response"]["body"]["message"])


async def test_websocket_frames_are_as_recorded(mm: FakeMattermost) -> None:
    """The recorded connection signs in by challenge. Then follow a post of the bot, its edit, and a mention."""
    mm.sockets.challenge_only = True
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{mm.url}/api/v4/websocket") as ws:
        await ws.send_json({"seq": 1, "action": "authentication_challenge", "data": {"token": mm.bot.token}})
        hello, signed_in = await ws.receive_json(), await ws.receive_json()
        _, made = await call_api(mm, "POST", "/api/v4/posts", bot_post_body(mm))
        by_bot = await ws.receive_json()
        await call_api(mm, "PUT", f"/api/v4/posts/{made['id']}/patch", {"message": "updated", "props": {}})
        edited = await ws.receive_json()
        await mm.say(mm.town, "@liaison finish", mm.ana)
        mention = await ws.receive_json()
    real = RECORDING["websocket"]
    for mine, theirs in zip(
        (hello, signed_in, by_bot, edited, mention), (*real[:2], real[4], real[5], real[6]), strict=True
    ):
        assert shape(mine) == shape(theirs)
        if "data" in mine and "post" in mine["data"]:
            assert shape(json.loads(mine["data"]["post"])) == shape(json.loads(theirs["data"]["post"]))
    assert [frame["seq"] for frame in (hello, by_bot, edited, mention)] == [0, 1, 2, 3]
    assert json.loads(mention["data"]["mentions"]) == [mm.bot.id]
