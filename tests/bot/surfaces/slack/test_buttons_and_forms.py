"""Presses, modals, searches and message shortcuts."""

import dataclasses
from typing import Any

from commands.model.card import Button, Card
from commands.model.errors import Ambiguous
from commands.model.intents import Finish, OpenForm
from commands.model.messages import Place, Via
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.rig import Office
from tests.fakes.slack import Slack
from tests.fakes.slack_state import Posted

HERE = Place(surface="slack", workspace="T1", channel=OPS)
FINISH = Button("Finish T1", Finish(run="R7", tasks=("T1",)), "primary")
UPDATE = Button("Update status", OpenForm(about="status", run="R7"))
CARD = Card(title=("R7 Primary down",), summary="R7: one task is running.", buttons=(FINISH, UPDATE))


async def a_card(slack: Slack, office: Office, card: Card = CARD, place: Place = HERE) -> Posted:
    ref = await office.surface.post(place, card, nonce="n1")
    return next(post for post in slack.cards if post.ts == ref.id)


async def test_a_press_carries_its_intent(slack: Slack, office: Office) -> None:
    post = await a_card(slack, office)
    delivered = await slack.press(office.url, "Finish T1", user=BEN)
    assert (delivered.status, delivered.body) == (200, "")
    message = office.desk.messages[0]
    assert message.key == f"slack:T1:{delivered.payload['trigger_id']}"
    assert message.via is Via.BUTTON
    assert Finish.model_validate(message.intent) == Finish(run="R7", tasks=("T1",))
    assert (message.actor.id, message.place, message.reply.post) == (BEN, HERE_NAMED, post.ts)
    assert office.desk.carried == [message.key]


HERE_NAMED = HERE.model_copy(update={"channel_name": "ops"})


async def test_a_press_twice_delivered_is_one_message(slack: Slack, office: Office) -> None:
    await a_card(slack, office)
    delivered = await slack.press(office.url, "Finish T1", user=BEN)
    assert (await slack.again(delivered)).status == 200
    assert len(office.desk.carried) == 1


async def test_a_press_on_a_card_that_has_replies_is_in_the_channel(slack: Slack, office: Office) -> None:
    post = await a_card(slack, office)
    slack.say("looking", BEN, OPS, thread=post.ts)
    await slack.press(office.url, "Finish T1", user=BEN)
    assert office.desk.messages[0].place.thread == ""


async def test_a_press_in_a_thread_or_on_a_private_answer_is_in_that_thread(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(office.url, "show", user=ANA, channel=OPS, thread=root.ts)
    await office.surface.send_private(office.desk.messages[0], CARD)
    await slack.press(office.url, "Finish T1", user=ANA)
    assert office.desk.messages[1].place.thread == root.ts


async def test_a_press_that_cannot_be_recorded_is_told(slack: Slack, office: Office) -> None:
    await a_card(slack, office)
    office.desk.refuse = True
    delivered = await slack.press(office.url, "Finish T1", user=BEN)
    assert delivered.status == 200
    whisper = await slack.whispered("not surely recorded")
    assert whisper.to == BEN


async def test_a_button_of_another_version_is_answered(slack: Slack, office: Office) -> None:
    post = await a_card(slack, office)
    post.blocks[-1]["elements"][0].update(action_id="press.v0", value='{"v": 99}')
    assert (await slack.press(office.url, "Finish T1", user=BEN)).status == 200
    await slack.whispered("another version")
    assert office.desk.messages == []


async def test_a_form_opens_from_a_button_and_is_carried_when_filled(slack: Slack, office: Office) -> None:
    await a_card(slack, office)
    assert (await slack.press(office.url, "Update status", user=ANA)).status == 200
    modal = await slack.modal(ANA)
    assert (modal.title, modal.fields) == ("Update status", ["health", "text", "task", "next"])
    assert office.desk.messages == []
    delivered = await slack.submit(office.url, {"text": "replica *lags*", "health": "amber"}, user=ANA)
    assert (delivered.status, delivered.body) == (200, "")
    assert not slack.modals
    message = office.desk.messages[0]
    assert message.intent is not None
    assert (message.via, message.intent["text"], message.intent["run"]) == (Via.FORM, "replica *lags*", "R7")
    assert message.place == HERE_NAMED
    assert office.desk.submitted[0].values == {"health": "amber", "text": "replica *lags*", "task": "", "next": ""}
    assert office.desk.carried == [message.key]
    assert (await slack.again(delivered)).status == 200
    assert len(office.desk.carried) == 1


async def test_the_modal_stands_at_once_and_is_filled_afterwards(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    await slack.modal(ANA)
    asked = [seen.path for seen in slack.seen if "views" in seen.path]
    assert asked == ["/api/views.open", "/api/views.update"]
    assert office.desk.messages == []


async def test_what_is_wrong_stands_in_the_field_and_is_not_recorded(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    delivered = await slack.submit(office.url, {"text": ""}, user=ANA)
    assert delivered.json == {"response_action": "errors", "errors": {"text": "Say what is going on."}}
    assert office.desk.messages == []
    assert (await slack.submit(office.url, {"text": "now"}, user=ANA)).body == ""


async def test_a_form_that_cannot_be_recorded_keeps_what_was_typed(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    office.desk.refuse = True
    delivered = await slack.submit(office.url, {"text": "typed once"}, user=ANA)
    assert delivered.json["response_action"] == "errors"
    assert "not surely recorded" in delivered.json["errors"]["health"]
    office.desk.refuse = False
    assert (await slack.submit(office.url, {"text": "typed once"}, user=ANA)).body == ""
    assert len(office.desk.carried) == 1


async def test_a_search_is_answered_and_not_recorded(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    assert await slack.search(office.url, "task", "repl", user=ANA) == [
        "T3 Promote the replica",
        "T4 Repoint the app",
    ]
    assert office.desk.searched == [("status", "R7", "task", "repl")]
    assert office.desk.messages == []


async def test_a_form_too_late_to_open_offers_to_open_it_again(slack: Slack, office: Office) -> None:
    await a_card(slack, office)
    slack.trigger_life = 0.0
    await slack.press(office.url, "Update status", user=ANA)
    await slack.whispered("could not open in time")
    slack.trigger_life = 60.0
    await slack.press(office.url, "Open again", user=ANA)
    assert (await slack.modal(ANA)).title == "Update status"
    assert office.desk.asked == [OpenForm(about="status", run="R7")]


async def test_a_form_that_cannot_be_made_says_why_and_leads_on(slack: Slack, office: Office) -> None:
    choice = Button("R8 Second", OpenForm(about="status", run="R8"))
    office.desk.form_error = Ambiguous("which.run", buttons=(choice,), runs="R7, R8")
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    modal = await slack.modal(ANA)
    assert "which.run" in modal.words
    office.desk.form_error = None
    await slack.press(office.url, "R8 Second", user=ANA, on=modal)
    await slack.until(lambda: modal.fields)
    assert office.desk.asked[-1].run == "R8"
    await slack.submit(office.url, {"text": "ok"}, user=ANA)
    assert office.desk.messages[0].place.channel == OPS


async def test_a_press_in_a_modal_is_carried_and_told_in_the_place(slack: Slack, office: Office) -> None:
    office.desk.form_error = Ambiguous("which.run", buttons=(FINISH,))
    await slack.command(office.url, "status form", user=ANA, channel=OPS)
    modal = await slack.modal(ANA)
    await slack.press(office.url, "Finish T1", user=ANA, on=modal)
    await slack.until(lambda: "taken" in modal.words)
    message = office.desk.messages[0]
    await office.surface.send_private(message, CARD)
    assert (slack.whispers[-1].to, slack.whispers[-1].channel) == (ANA, OPS)


async def test_start_here_opens_the_start_form_for_that_thread(slack: Slack, office: Office) -> None:
    post = slack.say("the primary is down", BEN, OPS)
    await slack.shortcut(office.url, "start_here", post, user=ANA)
    await slack.modal(ANA)
    assert office.desk.asked == [OpenForm(about="start")]
    await slack.submit(office.url, {"text": "go"}, user=ANA)
    message = office.desk.messages[0]
    link = f"https://acme.slack.com/archives/{OPS}/p{post.ts.replace('.', '')}"
    assert (message.place.thread, message.link) == (post.ts, link)


async def test_add_to_run_is_a_comment_with_the_words_and_the_link(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    post = slack.say("failed over at &lt;14:02&gt;", BEN, OPS, thread=root.ts)
    await slack.shortcut(office.url, "add_comment", post, user=ANA)
    message = office.desk.messages[0]
    link = f"https://acme.slack.com/archives/{OPS}/p{post.ts.replace('.', '')}?thread_ts={root.ts}&cid={OPS}"
    assert message.intent is not None
    assert (message.via, message.place.thread, message.link) == (Via.SHORTCUT, root.ts, link)
    assert message.intent["text"] == f"failed over at <14:02>\n{link}"


async def test_closed_modals_and_unknown_callbacks_are_answered_and_forgotten(
    slack: Slack, office: Office
) -> None:
    others: list[dict[str, Any]] = [
        {"type": "view_closed", "view": {}},
        {"type": "message_action", "callback_id": "other", "user": {"id": ANA}},
        {"type": "block_actions", "actions": [{"type": "static_select", "action_id": "x"}], "user": {"id": ANA}},
        {"type": "view_submission", "view": {"private_metadata": "not ours"}, "user": {"id": ANA}},
    ]
    for payload in others:
        assert (await slack.deliver(office.url, "interactive", payload)).status == 200
    assert office.desk.messages == []


async def test_a_button_that_carries_too_much_is_named_instead(slack: Slack, office: Office) -> None:
    big = Button("Finish all", Finish(run="R7", tasks=("T1",), note="x" * 2100))
    post = await a_card(slack, office, dataclasses.replace(CARD, buttons=(big, UPDATE)))
    assert post.labels == ["Update status"]
    assert "Finish all" in post.words
