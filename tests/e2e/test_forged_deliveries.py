"""Forged deliveries are rejected with 401 and not recorded.

Slack signs every delivery with a timestamp. Mattermost signs none: a command carries a token, and Liaison signs
the contents of its buttons and forms itself.
"""

import copy
from typing import Any

from tests.e2e.conftest import Scene, on_mattermost, on_slack
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.slack_chat import SlackRoom
from tests.fakes.slack_blocks import buttons


async def _assert_nothing_changed(scene: Scene) -> None:
    await scene.room.command("comment afterwards")
    await scene.wait_for_effects("comment")
    assert scene.count_effects("finish") == scene.count_effects("begin") == 0


async def test_a_command_without_the_secret_is_rejected(scene: Scene) -> None:
    await scene.start_run()
    assert await _forged_command(scene.room, scene.liaison.url) == 401
    await _assert_nothing_changed(scene)


async def _forged_command(room: Any, url: str) -> int:
    if isinstance(room, SlackRoom):
        fake, users = room.chat.fake, room.chat.users
        payload = dict((await fake.command(url, "whoami", user=users["ana"], channel=room.id)).payload)
        payload |= {"text": "finish T1", "trigger_id": fake.new_trigger(users["ana"])}
        return (await fake.deliver(url, "slash_commands", payload, secret="not our secret")).status
    mm = room.chat.fake
    form = mm.command_form("finish T1", mm.ana, room.channel, token="a" * 26)
    return int((await mm.send_command(url, form)).status)


@on_slack
async def test_a_stale_signature_is_rejected_and_the_delivery_can_be_sent_again(scene: Scene) -> None:
    """A rejected delivery is not recorded, so the same delivery with a fresh signature is not a duplicate."""
    assert isinstance(scene.room, SlackRoom)
    await scene.start_run()
    room, fake, url = scene.room, scene.room.chat.fake, scene.liaison.url
    payload = dict((await fake.command(url, "whoami", user=room.chat.users["ana"], channel=room.id)).payload)
    payload |= {"text": "finish T1", "trigger_id": fake.new_trigger(room.chat.users["ana"])}
    assert (await fake.deliver(url, "slash_commands", payload, age=301)).status == 401
    assert (await fake.deliver(url, "slash_commands", payload)).status == 200
    await scene.wait_for_effects("finish")


async def test_a_forged_button_is_rejected(scene: Scene) -> None:
    """With other contents than Liaison signed, from another channel, or without a user."""
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T1")
    if isinstance(scene.room, SlackRoom):
        fake, room, url = scene.room.chat.fake, scene.room, scene.liaison.url
        pressed = await fake.press(url, "Update status", user=room.chat.users["ana"], on=card.raw)
        payload = copy.deepcopy(dict(pressed.payload))
        payload["actions"][0]["value"] = next(
            button["value"] for _, button in buttons(card.raw.blocks) if button["text"]["text"] == "Begin T1"
        )
        assert (await fake.deliver(url, "interactive", payload, secret="not our secret")).status == 401
    else:
        assert isinstance(scene.room, MattermostRoom)
        mm, other = scene.room.chat.fake, scene.environment.chat.create_room()
        url, body = mm.click_body(card.raw, "Begin T1", mm.ana)
        broken = {name: value[:-4] + "AAAA" for name, value in body["context"].items()}
        plain = {"intent": {"verb": "begin", "tasks": ["T1"]}}
        changes: list[dict[str, Any]] = [{"context": broken}, {"context": plain}, {"context": None}]
        for change in (*changes, {"channel_id": other.id}, {"user_id": ""}):
            assert (await mm.send_json(url, body | change)).status == 401, change
    await _assert_nothing_changed(scene)


@on_mattermost
async def test_an_option_that_is_not_on_the_menu_is_rejected(scene: Scene) -> None:
    """A client can send back any value, none, and one for a button."""
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T2")
    assert isinstance(scene.room, MattermostRoom)
    mm = scene.room.chat.fake
    url, body = mm.click_body(card.raw, "Begin T2", mm.ana)
    option = body["context"]["selected_option"]
    button = mm.click_body(card.raw, "Begin T1", mm.ana)[1]["context"]
    without = {name: value for name, value in body["context"].items() if name != "selected_option"}
    forged = ("", "x", option.replace("T2", "T1"), option[22:])
    contexts = [without, button | {"selected_option": option}]
    for context in (*contexts, *(without | {"selected_option": it} for it in forged)):
        assert (await mm.send_json(url, body | {"context": context})).status == 401, context
    await _assert_nothing_changed(scene)


@on_mattermost
async def test_a_private_button_works_only_for_its_reader(scene: Scene) -> None:
    assert isinstance(scene.room, MattermostRoom)
    handle = await scene.start_run()
    mm = scene.room.chat.fake
    answer = await scene.room.private_answer("next")
    url, body = mm.click_body(answer.raw, "Begin T1", mm.ana)
    assert (await mm.send_json(url, body | {"user_id": mm.ben.id})).status == 401
    assert scene.count_effects("begin") == 0
    assert (await mm.send_json(url, body)).status == 200
    await scene.wait_for_effects("begin")
    assert handle in scene.room.text()


@on_mattermost
async def test_a_forged_form_is_rejected(scene: Scene) -> None:
    assert isinstance(scene.room, MattermostRoom)
    await scene.start_run()
    mm = scene.room.chat.fake
    await scene.room.press("Update status")
    dialog = await mm.until(lambda: mm.dialog_of(mm.ana))
    body = mm.submission(dialog, {"text": "forged"})
    for change in ({"state": body["state"][:-4] + "AAAA"}, {"state": ""}, {"user_id": mm.ben.id}):
        assert (await mm.send_json(dialog.url, body | change)).status == 401, change
    await _assert_nothing_changed(scene)
    assert scene.count_effects("status") == 0


async def test_a_webhook_with_a_wrong_secret_gets_404(scene: Scene) -> None:
    assert await scene.liaison.post("/hooks/cutover/guess") == 404
