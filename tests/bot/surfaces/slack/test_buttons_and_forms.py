"""Clicks, modals, option searches and message shortcuts."""

import dataclasses
from typing import Any

from commands.model.card import Button, Card, Field, Option
from commands.model.errors import Ambiguous
from commands.model.intents import Finish, OpenForm
from commands.model.messages import Place, Via
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.harness import SlackHarness
from tests.fakes.slack import Slack
from tests.fakes.slack_state import Posted

OPS_PLACE = Place(surface="slack", workspace="T1", channel=OPS)
FINISH = Button("Finish T1", Finish(run="R7", tasks=("T1",)), "primary")
UPDATE = Button("Update status", OpenForm(about="status", run="R7"))
CARD = Card(title=("R7 Primary down",), summary="R7: one task is running.", buttons=(FINISH, UPDATE))


async def post_card(slack: Slack, harness: SlackHarness, card: Card = CARD, place: Place = OPS_PLACE) -> Posted:
    ref = await harness.surface.post(place, card, nonce="n1")
    return next(post for post in slack.bot_posts if post.ts == ref.id)


async def test_a_click_has_its_intent(slack: Slack, harness: SlackHarness) -> None:
    post = await post_card(slack, harness)
    delivered = await slack.press(harness.url, "Finish T1", user=BEN)
    assert (delivered.status, delivered.body) == (200, "")
    message = harness.intake.messages[0]
    assert message.key == f"slack:T1:{delivered.payload['trigger_id']}"
    assert message.via is Via.BUTTON
    assert Finish.model_validate(message.intent) == Finish(run="R7", tasks=("T1",))
    assert (message.actor.id, message.place, message.reply.post) == (BEN, OPS_PLACE_NAMED, post.ts)
    assert harness.intake.processed == [message.key]


OPS_PLACE_NAMED = OPS_PLACE.model_copy(update={"channel_name": "ops"})


async def test_a_duplicate_click_is_recorded_once(slack: Slack, harness: SlackHarness) -> None:
    await post_card(slack, harness)
    delivered = await slack.press(harness.url, "Finish T1", user=BEN)
    assert (await slack.redeliver(delivered)).status == 200
    assert len(harness.intake.processed) == 1


async def test_a_click_on_a_card_with_replies_is_in_the_channel(slack: Slack, harness: SlackHarness) -> None:
    post = await post_card(slack, harness)
    slack.say("looking", BEN, OPS, thread=post.ts)
    await slack.press(harness.url, "Finish T1", user=BEN)
    assert harness.intake.messages[0].place.thread == ""


async def test_a_click_on_a_private_answer_is_in_its_thread(slack: Slack, harness: SlackHarness) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(harness.url, "show", user=ANA, channel=OPS, thread=root.ts)
    await harness.surface.send_private(harness.intake.messages[0], CARD)
    await slack.press(harness.url, "Finish T1", user=ANA)
    assert harness.intake.messages[1].place.thread == root.ts


async def test_a_click_that_cannot_be_recorded_gets_a_private_answer(slack: Slack, harness: SlackHarness) -> None:
    await post_card(slack, harness)
    harness.intake.failing_records = 1000
    delivered = await slack.press(harness.url, "Finish T1", user=BEN)
    assert delivered.status == 200
    ephemeral = await slack.wait_for_private("couldn't confirm that this was saved")
    assert ephemeral.to == BEN


async def test_a_button_of_another_version_gets_a_private_answer(slack: Slack, harness: SlackHarness) -> None:
    post = await post_card(slack, harness)
    post.blocks[-1]["elements"][0].update(action_id="press.v0", value='{"v": 99}')
    assert (await slack.press(harness.url, "Finish T1", user=BEN)).status == 200
    await slack.wait_for_private("another version")
    assert harness.intake.messages == []


async def test_a_form_opened_by_a_button_is_recorded_and_processed(slack: Slack, harness: SlackHarness) -> None:
    await post_card(slack, harness)
    assert (await slack.press(harness.url, "Update status", user=ANA)).status == 200
    modal = await slack.modal(ANA)
    assert (modal.title, modal.fields) == ("Update status", ["health", "text", "task", "next"])
    assert harness.intake.messages == []
    delivered = await slack.submit(harness.url, {"text": "replica *lags*", "health": "amber"}, user=ANA)
    assert (delivered.status, delivered.body) == (200, "")
    assert not slack.modals
    message = harness.intake.messages[0]
    assert message.intent is not None
    assert (message.via, message.intent["text"], message.intent["run"]) == (Via.FORM, "replica *lags*", "R7")
    assert message.place == OPS_PLACE_NAMED
    assert harness.intake.submitted[0].values == {
        "health": "amber",
        "text": "replica *lags*",
        "task": "",
        "next": "",
    }
    assert harness.intake.processed == [message.key]
    assert (await slack.redeliver(delivered)).status == 200
    assert len(harness.intake.processed) == 1


async def test_a_form_that_is_ready_opens_at_once(slack: Slack, harness: SlackHarness) -> None:
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    await slack.modal(ANA)
    assert [seen.path for seen in slack.seen if "views" in seen.path] == ["/api/views.open"]
    assert harness.intake.messages == []


async def test_a_form_that_takes_long_opens_as_a_loading_modal(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.form_seconds = 0.5
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    await slack.modal(ANA)
    opened, updated = [seen for seen in slack.seen if "views" in seen.path]
    assert (opened.path, updated.path) == ("/api/views.open", "/api/views.update")
    assert opened.json["view"]["title"]["text"] == "Loading…"


async def test_the_outcome_is_shown_in_the_form_unless_everybody_sees_it(
    slack: Slack, harness: SlackHarness
) -> None:
    seen_by_all = dataclasses.replace(CARD, buttons=(), shown_elsewhere=True)
    for card, is_closed in ((seen_by_all, True), (dataclasses.replace(CARD, tone="bad"), False)):
        harness.intake.private_answers["comment"] = card
        await slack.command(harness.url, "status form", user=ANA, channel=OPS)
        delivered = await slack.submit(harness.url, {"text": "replica lags"}, user=ANA)
        assert (delivered.body == "") is is_closed
    modal = await slack.modal(ANA)
    assert (modal.title, modal.fields) == ("Update status", [])
    await slack.press(harness.url, "Finish T1", user=ANA, on=modal)
    assert harness.intake.messages[-1].intent == {"verb": "finish", "run": "R7", "tasks": ["T1"]}
    assert harness.intake.messages[-1].place.channel == OPS


async def test_a_choice_that_refreshes_the_form_keeps_what_was_entered(
    slack: Slack, harness: SlackHarness
) -> None:
    run = Field("run", "Run", "choice", (Option("R7", "R7 First"), Option("R8", "R8 Second")), refreshes=True)
    form = harness.intake.form
    harness.intake.form = dataclasses.replace(form, run="", fields=(run, *form.fields))
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    await slack.modal(ANA)
    harness.intake.form = form
    await slack.choose(harness.url, "run", "R8", user=ANA)
    modal = await slack.modal(ANA)
    await slack.until(lambda: "run" not in modal.fields)
    assert harness.intake.opened_forms[-1] == OpenForm(about="status", fill={"run": "R8"})
    assert harness.intake.messages == []


async def test_field_errors_are_shown_and_not_recorded(slack: Slack, harness: SlackHarness) -> None:
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    delivered = await slack.submit(harness.url, {"text": "?"}, user=ANA)
    assert delivered.json == {"response_action": "errors", "errors": {"text": "Say what is going on."}}
    assert harness.intake.messages == []
    assert (await slack.submit(harness.url, {"text": "now"}, user=ANA)).body == ""


async def test_a_form_that_cannot_be_recorded_stays_open(slack: Slack, harness: SlackHarness) -> None:
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    harness.intake.failing_records = 1000
    delivered = await slack.submit(harness.url, {"text": "typed once"}, user=ANA)
    assert delivered.json["response_action"] == "errors"
    assert "couldn't confirm that this was saved" in delivered.json["errors"]["health"]
    harness.intake.failing_records = 0
    assert (await slack.submit(harness.url, {"text": "typed once"}, user=ANA)).body == ""
    assert len(harness.intake.processed) == 1


async def test_an_option_search_is_not_recorded(slack: Slack, harness: SlackHarness) -> None:
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    assert await slack.search(harness.url, "task", "repl", user=ANA) == [
        "T3 Promote the replica",
        "T4 Repoint the app",
    ]
    assert harness.intake.searches == [("status", "R7", "task", "repl")]
    assert harness.intake.messages == []


async def test_a_form_that_opens_too_late_can_be_opened_again(slack: Slack, harness: SlackHarness) -> None:
    await post_card(slack, harness)
    slack.trigger_life = 0.0
    await slack.press(harness.url, "Update status", user=ANA)
    await slack.wait_for_private("took too long to open")
    slack.trigger_life = 60.0
    await slack.press(harness.url, "Open again", user=ANA)
    assert (await slack.modal(ANA)).title == "Update status"
    assert harness.intake.opened_forms == 2 * [OpenForm(about="status", run="R7")]


async def test_a_form_with_an_error_says_why_and_has_buttons(slack: Slack, harness: SlackHarness) -> None:
    choice = Button("R8 Second", OpenForm(about="status", run="R8"))
    harness.intake.form_error = Ambiguous("which.run", buttons=(choice,), runs="R7, R8")
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    refusal = await slack.wait_for_private("which.run")
    assert slack.modals == {}
    harness.intake.form_error = None
    await slack.press(harness.url, "R8 Second", user=ANA, on=refusal)
    await slack.modal(ANA)
    assert harness.intake.opened_forms[-1].run == "R8"
    await slack.submit(harness.url, {"text": "ok"}, user=ANA)
    assert harness.intake.messages[0].place.channel == OPS


async def test_a_click_in_a_modal_is_processed_and_answered_in_the_channel(
    slack: Slack, harness: SlackHarness
) -> None:
    harness.intake.form_error = Ambiguous("which.run", buttons=(FINISH,))
    harness.intake.form_seconds = 0.5
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    modal = await slack.modal(ANA)
    await slack.press(harness.url, "Finish T1", user=ANA, on=modal)
    await slack.until(lambda: "The result is in the channel." in modal.visible_text)
    message = harness.intake.messages[0]
    await harness.surface.send_private(message, CARD)
    assert (slack.ephemerals[-1].to, slack.ephemerals[-1].channel) == (ANA, OPS)


async def test_start_here_opens_the_start_form_for_the_thread(slack: Slack, harness: SlackHarness) -> None:
    post = slack.say("the primary is down", BEN, OPS)
    await slack.shortcut(harness.url, "start_here", post, user=ANA)
    await slack.modal(ANA)
    assert harness.intake.opened_forms == [OpenForm(about="start")]
    await slack.submit(harness.url, {"text": "go"}, user=ANA)
    message = harness.intake.messages[0]
    link = f"https://acme.slack.com/archives/{OPS}/p{post.ts.replace('.', '')}"
    assert (message.place.thread, message.link) == (post.ts, link)


async def test_add_to_run_is_a_comment_with_text_and_link(slack: Slack, harness: SlackHarness) -> None:
    root = slack.say("it is down", BEN, OPS)
    post = slack.say("failed over at &lt;14:02&gt;", BEN, OPS, thread=root.ts)
    await slack.shortcut(harness.url, "add_comment", post, user=ANA)
    message = harness.intake.messages[0]
    link = f"https://acme.slack.com/archives/{OPS}/p{post.ts.replace('.', '')}?thread_ts={root.ts}&cid={OPS}"
    assert message.intent is not None
    assert (message.via, message.place.thread, message.link) == (Via.SHORTCUT, root.ts, link)
    assert message.intent["text"] == f"failed over at <14:02>\n{link}"


async def test_add_to_run_takes_the_files_of_the_message(slack: Slack, harness: SlackHarness) -> None:
    post = slack.say("", BEN, OPS)
    await slack.shortcut(harness.url, "add_comment", post, user=ANA, files=["graph.png"])
    intent = harness.intake.messages[0].intent
    assert intent is not None
    first, last = intent["text"].splitlines()
    assert first.startswith("graph.png: https://acme.slack.com/files/")
    assert last == f"https://acme.slack.com/archives/{OPS}/p{post.ts.replace('.', '')}"


async def test_closed_modals_and_unknown_callbacks_are_ignored(slack: Slack, harness: SlackHarness) -> None:
    others: list[dict[str, Any]] = [
        {"type": "view_closed", "view": {}},
        {"type": "message_action", "callback_id": "other", "user": {"id": ANA}},
        {"type": "block_actions", "actions": [{"type": "static_select", "action_id": "x"}], "user": {"id": ANA}},
        {"type": "view_submission", "view": {"private_metadata": "not ours"}, "user": {"id": ANA}},
    ]
    for payload in others:
        assert (await slack.deliver(harness.url, "interactive", payload)).status == 200
    assert harness.intake.messages == []


async def test_a_button_that_is_too_large_is_listed_by_label(slack: Slack, harness: SlackHarness) -> None:
    big = Button("Finish all", Finish(run="R7", tasks=("T1",), note="x" * 2100))
    post = await post_card(slack, harness, dataclasses.replace(CARD, buttons=(big, UPDATE)))
    assert post.labels == ["Update status"]
    assert "Finish all" in post.visible_text


async def test_modals_are_in_the_persons_language(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.languages[ANA] = "pt-BR"
    harness.intake.form_seconds = 0.5
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    modal = await slack.modal(ANA)
    assert modal.view["close"]["text"] == "Cancelar"
    loading = next(seen for seen in slack.seen if seen.path == "/api/views.open").json["view"]
    assert (loading["title"]["text"], loading["close"]["text"]) == ("Carregando…", "Fechar")


async def test_a_late_form_says_so_in_the_persons_language(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.languages[ANA] = "pt-BR"
    await post_card(slack, harness)
    slack.trigger_life = 0.0
    await slack.press(harness.url, "Update status", user=ANA)
    assert (await slack.wait_for_private("demorou demais para abrir")).labels == ["Abrir de novo"]
    await slack.press(harness.url, "Update status", user=BEN)
    assert (await slack.wait_for_private("took too long to open")).labels == ["Open again"]


async def test_what_is_not_recorded_is_said_in_the_persons_language(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.languages[BEN] = "pt-BR"
    post = await post_card(slack, harness)
    harness.intake.failing_records = 1
    await slack.press(harness.url, "Finish T1", user=BEN)
    await slack.wait_for_private("Não consegui confirmar que isso foi salvo")
    post.blocks[-1]["elements"][0].update(action_id="press.v0", value='{"v": 99}')
    await slack.press(harness.url, "Finish T1", user=BEN)
    await slack.wait_for_private("é de outra versão do Liaison")


async def test_a_click_in_a_modal_is_confirmed_in_the_persons_language(
    slack: Slack, harness: SlackHarness
) -> None:
    harness.intake.languages[ANA] = "pt-BR"
    harness.intake.form_error = Ambiguous("which.run", buttons=(FINISH,))
    harness.intake.form_seconds = 0.5
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    modal = await slack.modal(ANA)
    await slack.press(harness.url, "Finish T1", user=ANA, on=modal)
    await slack.until(lambda: "O resultado está no canal." in modal.visible_text)


async def test_several_people_are_picked_by_their_ids(slack: Slack, harness: SlackHarness) -> None:
    people = Field("person", "People", "people", value=f"{ANA} someone")
    harness.intake.form = dataclasses.replace(harness.intake.form, fields=(people,))
    await slack.command(harness.url, "status form", user=ANA, channel=OPS)
    picker = (await slack.modal(ANA)).view["blocks"][-1]["element"]
    assert (picker["type"], picker["initial_users"]) == ("multi_users_select", [ANA])
    await slack.submit(harness.url, {"person": f"{ANA} {BEN}"}, user=ANA)
    assert harness.intake.submitted[-1].values["person"] == f"{ANA} {BEN}"
