"""Clicks are verified by the button's seal, recorded once, and answered in the response where possible."""

import copy
import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from adapters.models import TaskState
from bot.surfaces.mattermost.signing import ForgedDelivery, Signer
from commands.model.card import Button, Row, Section
from commands.model.intents import Begin, Choose, Finish, OpenForm
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.harness import FINISH_T3, SECRET, MattermostHarness, simple_card


async def test_a_click_is_recorded_with_the_intent_of_the_button(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    delivered = await harness.mm.press(post, "Finish", harness.mm.ben)
    assert (delivered.status, delivered.json) == (200, {})
    [message] = harness.intake.messages
    assert message.via is Via.BUTTON
    assert message.intent == {"verb": "finish", "run": "R7", "tasks": ["T3"]}
    assert (message.actor.id, message.actor.handle) == (harness.mm.ben.id, "ben")
    assert message.reply.post == post.id
    assert harness.intake.processed == [message.key]


async def test_a_click_in_a_thread_has_the_thread_as_its_place(harness: MattermostHarness) -> None:
    root = await harness.post()
    await harness.mm.press(await harness.post(FINISH_T3, thread=root.id), "Finish", harness.mm.ana)
    assert harness.intake.messages[0].place.thread == root.id


async def test_clients_do_not_receive_the_context(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    assert "integration" not in json.dumps(post.json())
    assert "integration" in json.dumps(post.props)


async def test_a_duplicate_click_is_recorded_once_and_gets_the_same_response(harness: MattermostHarness) -> None:
    harness.intake.private_answers["finish"] = simple_card("T3 Promote the replica is done", tone="good")
    url, body = harness.mm.click_body(await harness.post(FINISH_T3), "Finish", harness.mm.ana)
    first, second = await harness.mm.send_json(url, body), await harness.mm.send_json(url, body)
    assert "T3 Promote the replica is done" in first.json["ephemeral_text"]
    assert first.body == second.body
    assert len(harness.intake.messages) == len(harness.intake.processed) == 1


async def test_clicks_without_trigger_id_are_distinguished_by_person(
    harness: MattermostHarness,
) -> None:
    post = await harness.post(FINISH_T3)
    for user in (harness.mm.ana, harness.mm.ana, harness.mm.ben):
        url, body = harness.mm.click_body(post, "Finish", user)
        del body["trigger_id"]
        await harness.mm.send_json(url, body)
    assert [message.actor.id for message in harness.intake.messages] == [harness.mm.ana.id, harness.mm.ben.id]


def _tampered(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Deliveries that anybody on the network could send."""
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
        forged_body = copy.deepcopy(body)
        forged.append(forged_body | change)
    return forged


@pytest.mark.parametrize("path", ["/mattermost/action", "/mattermost/dialog"])
@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff", b"NaN"], ids=lambda body: repr(body[:9])
)
async def test_a_body_that_is_not_an_object_is_400(harness: MattermostHarness, path: str, body: bytes) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{harness.url}{path}", data=body) as answer:
        assert answer.status == 400
    assert harness.intake.messages == []


async def test_a_forged_click_is_401_and_not_recorded(harness: MattermostHarness) -> None:
    url, body = harness.mm.click_body(await harness.post(FINISH_T3), "Finish", harness.mm.ana)
    for forged in _tampered(body):
        assert (await harness.mm.send_json(url, forged)).status == 401, forged
    for path in ("/mattermost/action", "/mattermost/dialog"):
        assert (await harness.mm.send_json(f"{harness.url}{path}", [])).status == 400  # type: ignore[arg-type]
    assert harness.intake.messages == []


def test_a_seal_is_valid_only_unchanged_and_for_its_purpose() -> None:
    signer = Signer(SECRET)
    sealed = signer.seal("button", {"a": "é\ud800", "b": [1]})
    assert signer.open("button", sealed) == {"a": "é?", "b": [1]}
    for wrong in (sealed[:-1], sealed + " ", sealed.replace("[1]", "[2]"), "", "1", "1" + "é" * 60):
        with pytest.raises(ForgedDelivery):
            signer.open("button", wrong)
    with pytest.raises(ForgedDelivery):
        signer.open("dialog", sealed)


async def test_a_click_that_is_not_recorded_says_so(harness: MattermostHarness) -> None:
    harness.intake.failing_records = 1
    delivered = await harness.mm.press(await harness.post(FINISH_T3), "Finish", harness.mm.ana)
    assert "couldn't confirm that this was saved" in delivered.json["ephemeral_text"]
    assert harness.intake.processed == []


async def test_an_expired_private_button_shows_the_current_card(harness: MattermostHarness) -> None:
    await harness.mm.command(harness.url, "begin T3")
    await harness.surface.send_private(
        harness.intake.messages[0], simple_card("T3 is yours", Button("Finish T3", FINISH_T3))
    )
    [shown] = harness.mm.private(harness.mm.ana)
    harness.clock_offset = timedelta(hours=25)
    delivered = await harness.mm.press(shown, "Finish T3", harness.mm.ana)
    assert delivered.status == 200
    assert "has expired" in delivered.json["ephemeral_text"]
    harness.intake.current_card = simple_card("R7 as it is now")
    assert "R7 as it is now" in (await harness.mm.press(shown, "Finish T3", harness.mm.ana)).json["ephemeral_text"]
    assert len(harness.intake.messages) == 1


async def test_a_cards_button_does_not_expire(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    harness.clock_offset = timedelta(days=400)
    assert (await harness.mm.press(post, "Finish", harness.mm.ana)).status == 200
    assert len(harness.intake.messages) == 1


async def test_buttons_work_after_a_restart(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    await harness.restart()
    assert (await harness.mm.press(post, "Finish", harness.mm.ana)).status == 200


async def test_a_choice_is_posted_in_the_thread_with_a_mention(
    harness: MattermostHarness,
) -> None:
    choose = Button("Promote the replica", Choose(key="k", values={"tasks": ("T3",)}))
    harness.intake.private_answers["finish"] = simple_card("Which one?", choose)
    post = await harness.post(Finish(run="R7"))
    delivered = await harness.mm.press(post, "Finish", harness.mm.ana)
    assert delivered.json == {}
    reply = harness.mm.last_post(harness.mm.town)
    assert reply is not None
    assert (reply.root, reply.labels) == (post.id, ["Promote the replica"])
    assert reply.message == "@ana"
    assert harness.mm.mentions(reply) == {harness.mm.ana.id}
    await harness.mm.press(reply, "Promote the replica", harness.mm.ana)
    assert harness.intake.messages[-1].intent == {"verb": "choose", "key": "k", "pick": {"tasks": ["T3"]}}


async def test_a_success_with_buttons_is_shown_in_the_response_to_the_click(harness: MattermostHarness) -> None:
    harness.intake.private_answers["begin"] = simple_card(
        "T3 is yours", Button("Finish T3", FINISH_T3), shown_elsewhere=True
    )
    post = await harness.post(Begin(run="R7", tasks=("T3",)))
    assert "T3 is yours" in (await harness.mm.press(post, "Begin", harness.mm.ana)).json["ephemeral_text"]
    assert harness.mm.last_post(harness.mm.town) is post


async def test_a_choice_that_cannot_be_posted_is_shown_in_the_response_to_the_click(
    harness: MattermostHarness,
) -> None:
    harness.intake.private_answers["finish"] = simple_card("Which one?", Button("Promote the replica", FINISH_T3))
    post = await harness.post(Finish(run="R7"))
    harness.mm.fault("answer", method="POST", path="/api/v4/posts", status=500)
    delivered = await harness.mm.press(post, "Finish", harness.mm.ana)
    assert "Which one?" in delivered.json["ephemeral_text"]


async def test_action_ids_differ_between_intents(harness: MattermostHarness) -> None:
    before = await harness.post(Finish(run="R7", tasks=("T2",)))
    [old] = [action["id"] for action in before.actions()]
    ref = await harness.surface.post(harness.town(), simple_card("x", Button("Finish", FINISH_T3)), nonce="n")
    [new] = [action["id"] for action in harness.mm.posts[ref.id].actions()]
    assert old != new
    assert old.isalnum()


async def test_action_ids_consist_of_letters_and_digits(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3, Begin(run="R7"), OpenForm(about="more", run="R7", fill={"a": "_-é"}))
    assert all(action["id"].isascii() and action["id"].isalnum() for action in post.actions())
    assert len({action["id"] for action in post.actions()}) == 3


async def test_a_long_context_is_split_into_pieces(harness: MattermostHarness) -> None:
    fill = {"text": "é" * 3000}
    post = await harness.post(OpenForm(about="retry", run="R7", fill=fill))
    [action] = post.actions()
    assert all(len(piece) <= 2048 for piece in action["integration"]["context"].values())
    await harness.mm.press(post, "Form", harness.mm.ana)
    assert harness.intake.opened_forms[0].fill == fill


async def test_what_is_not_recorded_is_said_in_the_persons_language(harness: MattermostHarness) -> None:
    harness.intake.languages[harness.mm.ana.id] = "pt-BR"
    post = await harness.post(FINISH_T3)
    harness.intake.failing_records = 2
    delivered = await harness.mm.press(post, "Finish", harness.mm.ana)
    assert "Não consegui confirmar que isso foi salvo" in delivered.json["ephemeral_text"]
    delivered = await harness.mm.press(post, "Finish", harness.mm.ben)
    assert "I couldn't confirm that this was saved" in delivered.json["ephemeral_text"]


async def test_an_expired_button_says_so_in_the_persons_language(harness: MattermostHarness) -> None:
    harness.intake.languages[harness.mm.ana.id] = "pt-BR"
    await harness.mm.command(harness.url, "begin T3")
    answer = simple_card("T3 is yours", Button("Finish T3", FINISH_T3))
    await harness.surface.send_private(harness.intake.messages[0], answer)
    [shown] = harness.mm.private(harness.mm.ana)
    harness.clock_offset = timedelta(hours=25)
    delivered = await harness.mm.press(shown, "Finish T3", harness.mm.ana)
    assert "Este botão expirou." in delivered.json["ephemeral_text"]


async def test_the_response_to_a_click_has_task_states_in_the_persons_language(
    harness: MattermostHarness,
) -> None:
    harness.intake.languages[harness.mm.ana.id] = "pt-BR"
    row = Row(TaskState.RUNNING, "T3", "Page the DBA")
    harness.intake.private_answers["finish"] = simple_card("R7", sections=(Section("Triage", (row,)),))
    post = await harness.post(FINISH_T3)
    delivered = await harness.mm.press(post, "Finish", harness.mm.ana)
    assert "🔵 **T3** Page the DBA — em andamento" in delivered.json["ephemeral_text"]
