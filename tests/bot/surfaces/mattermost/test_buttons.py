"""Clicks: proved by what was sealed into the button, judged once, answered within the click where possible."""

import copy
import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.surfaces.mattermost.signing import Forged, Signer
from commands.model.card import Button
from commands.model.intents import Begin, Choose, Finish, OpenForm
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.rig import SECRET, T3, Rig, card


async def test_a_click_is_recorded_with_the_intent_of_the_button(rig: Rig) -> None:
    post = await rig.post(T3)
    delivered = await rig.mm.press(post, "Finish", rig.mm.ben)
    assert (delivered.status, delivered.json) == (200, {})
    [message] = rig.engine.messages
    assert message.via is Via.BUTTON
    assert message.intent == {"verb": "finish", "run": "R7", "tasks": ["T3"]}
    assert (message.actor.id, message.actor.handle) == (rig.mm.ben.id, "ben")
    assert message.reply.post == post.id
    assert rig.engine.carried == [message.key]


async def test_a_press_in_a_thread_belongs_to_that_thread(rig: Rig) -> None:
    root = await rig.post()
    await rig.mm.press(await rig.post(T3, thread=root.id), "Finish", rig.mm.ana)
    assert rig.engine.messages[0].place.thread == root.id


async def test_clients_never_see_the_context(rig: Rig) -> None:
    post = await rig.post(T3)
    assert "integration" not in json.dumps(post.json())
    assert "integration" in json.dumps(post.props)


async def test_the_same_delivery_twice_is_one_message_and_the_same_bytes(rig: Rig) -> None:
    rig.engine.outcomes["finish"] = card("T3 Promote the replica is done", tone="good")
    url, body = rig.mm.click_body(await rig.post(T3), "Finish", rig.mm.ana)
    first, second = await rig.mm.send_json(url, body), await rig.mm.send_json(url, body)
    assert "T3 Promote the replica is done" in first.json["ephemeral_text"]
    assert first.body == second.body
    assert len(rig.engine.messages) == len(rig.engine.carried) == 1


async def test_without_trigger_id_two_people_are_told_apart_and_one_is_not_doubled(rig: Rig) -> None:
    post = await rig.post(T3)
    for user in (rig.mm.ana, rig.mm.ana, rig.mm.ben):
        url, body = rig.mm.click_body(post, "Finish", user)
        del body["trigger_id"]
        await rig.mm.send_json(url, body)
    assert [message.actor.id for message in rig.engine.messages] == [rig.mm.ana.id, rig.mm.ben.id]


def _tampered(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Deliveries that anybody on the network could make up."""
    forged = []
    changes: list[dict[str, Any]] = [
        {"context": None},
        {"context": {}},
        {"context": "x"},
        {"context": {"p0": 1}},
        {"context": {"p0": ""}},
        {"context": {"p1": body["context"]["p0"]}},
        {"context": {"p0": body["context"]["p0"].replace('"T3"', '"T4"')}},
        {"context": {"p0": "2" + body["context"]["p0"][1:]}},
        {"context": {"p0": Signer(b"another key").seal("button", {"intent": {"verb": "end"}})}},
        {
            "context": {
                "p0": Signer(SECRET).seal("dialog", {"intent": {"verb": "end"}, "channel": body["channel_id"]})
            }
        },
        {"channel_id": "x" * 26},
        {"channel_id": ""},
        {"user_id": ""},
    ]
    for change in changes:
        made = copy.deepcopy(body)
        forged.append(made | change)
    return forged


@pytest.mark.parametrize("path", ["/mattermost/action", "/mattermost/dialog"])
@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff", b"NaN"], ids=lambda body: repr(body[:9])
)
async def test_what_is_no_object_is_400(rig: Rig, path: str, body: bytes) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{rig.url}{path}", data=body) as answer:
        assert answer.status == 400
    assert rig.engine.messages == []


async def test_forged_is_401_and_leaves_nothing(rig: Rig) -> None:
    url, body = rig.mm.click_body(await rig.post(T3), "Finish", rig.mm.ana)
    for forged in _tampered(body):
        assert (await rig.mm.send_json(url, forged)).status == 401, forged
    for path in ("/mattermost/action", "/mattermost/dialog"):
        assert (await rig.mm.send_json(f"{rig.url}{path}", [])).status == 400  # type: ignore[arg-type]
    assert rig.engine.messages == []


def test_a_seal_opens_only_for_its_purpose_and_unchanged() -> None:
    signer = Signer(SECRET)
    sealed = signer.seal("button", {"a": "é\ud800", "b": [1]})
    assert signer.open("button", sealed) == {"a": "é?", "b": [1]}
    for wrong in (sealed[:-1], sealed + " ", sealed.replace("[1]", "[2]"), "", "1", "1" + "é" * 60):
        with pytest.raises(Forged):
            signer.open("button", wrong)
    with pytest.raises(Forged):
        signer.open("dialog", sealed)


async def test_a_store_that_does_not_answer_is_said_to_the_presser(rig: Rig) -> None:
    rig.engine.broken = 1
    delivered = await rig.mm.press(await rig.post(T3), "Finish", rig.mm.ana)
    assert "not surely recorded" in delivered.json["ephemeral_text"]
    assert rig.engine.carried == []


async def test_an_old_private_button_shows_the_present_card_and_writes_nothing(rig: Rig) -> None:
    await rig.mm.command(rig.url, "begin T3")
    await rig.surface.send_private(rig.engine.messages[0], card("T3 is yours", Button("Finish T3", T3)))
    [shown] = rig.mm.private(rig.mm.ana)
    rig.ahead = timedelta(hours=25)
    delivered = await rig.mm.press(shown, "Finish T3", rig.mm.ana)
    assert delivered.status == 200
    assert "too old" in delivered.json["ephemeral_text"]
    rig.engine.present = card("R7 as it is now")
    assert "R7 as it is now" in (await rig.mm.press(shown, "Finish T3", rig.mm.ana)).json["ephemeral_text"]
    assert len(rig.engine.messages) == 1


async def test_a_cards_button_does_not_grow_old(rig: Rig) -> None:
    post = await rig.post(T3)
    rig.ahead = timedelta(days=400)
    assert (await rig.mm.press(post, "Finish", rig.mm.ana)).status == 200
    assert len(rig.engine.messages) == 1


async def test_buttons_survive_a_restart(rig: Rig) -> None:
    post = await rig.post(T3)
    await rig.restart()
    assert (await rig.mm.press(post, "Finish", rig.mm.ana)).status == 200


async def test_a_choice_cannot_stand_in_ephemeral_text_and_goes_to_the_thread_by_name(rig: Rig) -> None:
    choose = Button("Promote the replica", Choose(key="k", values={"tasks": ("T3",)}))
    rig.engine.outcomes["finish"] = card("Which one?", choose)
    post = await rig.post(Finish(run="R7"))
    delivered = await rig.mm.press(post, "Finish", rig.mm.ana)
    assert delivered.json == {}
    reply = rig.mm.last_post(rig.mm.town)
    assert reply is not None
    assert (reply.root, reply.labels) == (post.id, ["Promote the replica"])
    assert reply.message == "@ana"
    assert rig.mm.mentions(reply) == {rig.mm.ana.id}
    await rig.mm.press(reply, "Promote the replica", rig.mm.ana)
    assert rig.engine.messages[-1].intent == {"verb": "choose", "key": "k", "pick": {"tasks": ["T3"]}}


async def test_a_success_is_said_to_the_presser_alone_though_it_has_buttons(rig: Rig) -> None:
    rig.engine.outcomes["begin"] = card("T3 is yours", Button("Finish T3", T3), shown_elsewhere=True)
    post = await rig.post(Begin(run="R7", tasks=("T3",)))
    assert "T3 is yours" in (await rig.mm.press(post, "Begin", rig.mm.ana)).json["ephemeral_text"]
    assert rig.mm.last_post(rig.mm.town) is post


async def test_when_the_thread_cannot_be_posted_in_the_click_itself_answers(rig: Rig) -> None:
    rig.engine.outcomes["finish"] = card("Which one?", Button("Promote the replica", T3))
    post = await rig.post(Finish(run="R7"))
    rig.mm.fault("answer", method="POST", path="/api/v4/posts", status=500)
    delivered = await rig.mm.press(post, "Finish", rig.mm.ana)
    assert "Which one?" in delivered.json["ephemeral_text"]


async def test_a_click_on_a_post_edited_meanwhile_never_presses_another_button(rig: Rig) -> None:
    before = await rig.post(Finish(run="R7", tasks=("T2",)))
    [old] = [action["id"] for action in before.actions()]
    ref = await rig.surface.post(rig.town(), card("x", Button("Finish", T3)), nonce="n")
    [new] = [action["id"] for action in rig.mm.posts[ref.id].actions()]
    assert old != new
    assert old.isalnum()


async def test_ids_are_letters_and_digits_whatever_the_intent(rig: Rig) -> None:
    post = await rig.post(T3, Begin(run="R7"), OpenForm(about="more", run="R7", fill={"a": "_-é"}))
    assert all(action["id"].isascii() and action["id"].isalnum() for action in post.actions())
    assert len({action["id"] for action in post.actions()}) == 3


async def test_a_long_fill_travels_in_pieces_that_newer_servers_take(rig: Rig) -> None:
    fill = {"text": "é" * 3000}
    post = await rig.post(OpenForm(about="retry", run="R7", fill=fill))
    [action] = post.actions()
    assert all(len(piece) <= 2048 for piece in action["integration"]["context"].values())
    await rig.mm.press(post, "Form", rig.mm.ana)
    assert rig.engine.forms[0].fill == fill
