"""Forms are opened complete, verified by their sealed state, and recorded once if they are valid."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.surfaces.mattermost.dialogs import build_dialog
from commands.model.card import Button, Field, Form, Option
from commands.model.errors import Ambiguous, NotAllowed
from commands.model.intents import Choose, OpenForm
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.harness import FINISH_T3, STATUS_FORM, MattermostHarness, simple_card
from tests.fakes.mattermost import Dialog
from tests.fakes.mattermost.rules import check_dialog

OPEN_FORM = OpenForm(about="status", run="R7", fill={"text": "x"})


async def open_dialog(harness: MattermostHarness) -> Dialog:
    post = await harness.post(OPEN_FORM)
    delivered = await harness.mm.press(post, "Form", harness.mm.ana)
    assert (delivered.status, delivered.json) == (200, {})
    found = harness.mm.dialog_of(harness.mm.ana)
    assert found is not None
    return found


async def test_a_button_opens_the_complete_form_and_is_not_recorded(harness: MattermostHarness) -> None:
    shown = (await open_dialog(harness)).dialog
    assert harness.intake.opened_forms == [OPEN_FORM]
    assert shown["title"] == "Update status of R7"
    assert shown["submit_label"] == "Send"
    assert [(item["name"], item["type"], item["optional"]) for item in shown["elements"]] == [
        ("health", "select", False),
        ("text", "textarea", False),
        ("next", "text", True),
    ]
    assert harness.intake.messages == []


async def test_a_typed_line_can_open_a_form(harness: MattermostHarness) -> None:
    delivered = await harness.mm.command(harness.url, "status", user=harness.mm.ben)
    assert delivered.json["text"] == ""
    assert harness.mm.dialog_of(harness.mm.ben) is not None
    assert harness.intake.messages == []


async def test_a_valid_submission_is_recorded_and_processed(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    delivered = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "replica lagging"})
    assert (delivered.status, delivered.json) == (200, {})
    [message] = harness.intake.messages
    assert message.via is Via.FORM
    assert message.intent == {"verb": "status", "run": "R7", "health": "red", "text": "replica lagging"}
    assert (message.actor.id, message.actor.handle) == (harness.mm.ana.id, "ana")
    assert message.place.channel == harness.mm.town.id
    assert harness.intake.processed == [message.key]


async def test_a_submission_with_field_errors_is_not_recorded(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    harness.intake.field_errors = {"next": "Write 30m or 14:20."}
    delivered = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x", "next": "soonish"})
    assert delivered.json == {"errors": {"next": "Write 30m or 14:20."}}
    assert dialog.open
    assert harness.intake.messages == []
    harness.intake.field_errors = {}
    await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x", "next": "30m"})
    assert len(harness.intake.messages) == 1


async def test_a_duplicate_submission_is_recorded_once(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    sent = harness.mm.submission(dialog, {"health": "red", "text": "once"})
    first, second = await harness.mm.send_json(dialog.url, sent), await harness.mm.send_json(dialog.url, sent)
    assert first.body == second.body
    assert len(harness.intake.messages) == len(harness.intake.processed) == 1


async def test_two_dialogs_are_two_messages(harness: MattermostHarness) -> None:
    for dialog in (await open_dialog(harness), await open_dialog(harness)):
        await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert len(harness.intake.messages) == 2


async def test_a_cancelled_dialog_is_not_recorded(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    delivered = await harness.mm.send_json(dialog.url, harness.mm.submission(dialog, {}, cancelled=True))
    assert (delivered.status, delivered.json) == (200, {})
    assert harness.intake.messages == []


async def test_a_submission_with_another_person_channel_or_state_is_401(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    good = harness.mm.submission(dialog, {"health": "red", "text": "x"})
    changes: list[dict[str, Any]] = [
        {"user_id": harness.mm.ben.id},
        {"channel_id": harness.mm.far.id},
        {"state": ""},
        {"state": None},
        {"state": good["state"].replace(harness.mm.ana.id, harness.mm.ben.id), "user_id": harness.mm.ben.id},
        {"state": good["state"][:-1]},
        {"user_id": harness.mm.ben.id, "cancelled": True},
    ]
    for change in changes:
        assert (await harness.mm.send_json(dialog.url, good | change)).status == 401, change
    assert harness.intake.messages == []


async def test_a_buttons_seal_is_not_valid_for_a_dialog(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    [action] = (await harness.post(FINISH_T3)).actions()
    sealed = "".join(action["integration"]["context"].values())
    assert (
        await harness.mm.send_json(dialog.url, harness.mm.submission(dialog, {}) | {"state": sealed})
    ).status == 401


async def test_an_expired_dialog_stays_open(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    harness.clock_offset = timedelta(hours=25)
    delivered = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert delivered.status == 200
    assert "has expired" in delivered.json["error"]
    assert dialog.open
    assert harness.intake.messages == []


async def test_a_submission_that_is_not_recorded_keeps_the_dialog_open(
    harness: MattermostHarness,
) -> None:
    dialog = await open_dialog(harness)
    harness.intake.failing_records = 1
    assert (
        "couldn't confirm that this was saved"
        in (await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})).json["error"]
    )
    assert dialog.open
    await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert len(harness.intake.messages) == 1


async def test_a_click_says_that_a_form_took_too_long(harness: MattermostHarness) -> None:
    harness.mm.fault("answer", method="POST", path="dialogs/open", status=500)
    delivered = await harness.mm.press(await harness.post(OPEN_FORM), "Form", harness.mm.ana)
    assert "took too long to open" in delivered.json["ephemeral_text"]
    harness.intake.form_seconds = 30
    delivered = await harness.mm.press(await harness.post(OPEN_FORM), "Form", harness.mm.ana)
    assert "took too long to open" in delivered.json["ephemeral_text"]
    assert delivered.seconds < 2.5


async def test_a_command_offers_to_open_a_late_form_again(
    harness: MattermostHarness,
) -> None:
    harness.mm.fault("answer", method="POST", path="dialogs/open", status=400, body='{"id": "expired"}')
    delivered = await harness.mm.command(harness.url, "status", user=harness.mm.ana)
    assert delivered.json["text"] == ""
    [shown] = await harness.mm.until(lambda: harness.mm.private(harness.mm.ana))
    assert "took too long to open" in shown.text
    assert harness.mm.dialog_of(harness.mm.ana) is None
    await harness.mm.press(shown, "Open again", harness.mm.ana)
    dialog = harness.mm.dialog_of(harness.mm.ana)
    assert dialog is not None
    await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert harness.intake.messages[0].reply.url.startswith(f"{harness.mm.url}/hooks/commands/")


async def test_a_form_that_is_not_allowed_says_why(harness: MattermostHarness) -> None:
    harness.intake.form_error = NotAllowed("not_allowed", who="Ana")
    delivered = await harness.mm.press(await harness.post(OPEN_FORM), "Form", harness.mm.gil)
    assert "Ana" in delivered.json["ephemeral_text"]
    harness.intake.form_error = NotAllowed("not_allowed", who="Ana", buttons=[Button("Show R7", FINISH_T3)])
    await harness.mm.command(harness.url, "status", user=harness.mm.gil)
    shown = await harness.mm.until(lambda: next(iter(harness.mm.private(harness.mm.gil)[1:]), None))
    assert shown.labels == ["Show R7"]


async def test_search_fields_are_static_selects(harness: MattermostHarness) -> None:
    harness.intake.form = Form("more", "R7", "More", "Go", (Field("task", "Task", "search"),))
    harness.intake.options = [Option(f"T{n}", f"T{n} Task") for n in range(100)]
    [element] = (await open_dialog(harness)).dialog["elements"]
    assert (element["type"], len(element["options"])) == ("select", 100)


def test_a_large_form_is_a_valid_dialog() -> None:
    many = tuple(Option(f"v{n}", "x" * 300) for n in range(300))
    dialog = Form(
        about="more",
        run="R7",
        title="T" * 60,
        submit="S" * 60,
        intro=(("hello @channel",),),
        fields=(
            Field("a", "L" * 60, "choice", many, value="v250", hint="h" * 400),
            Field("b", "B", "choice", many, value="gone"),
            Field("c", "C", "search"),
            Field("d", "D", "line", value="x" * 200),
            Field("e", "E", "lines", value="y" * 9000, longest=9000),
            Field("f", "F", "when", longest=10),
        ),
    )
    shown = build_dialog(dialog, {}, "state")
    check_dialog(shown)
    assert [len(item.get("options", ())) for item in shown["elements"]] == [100, 100, 0, 0, 0, 0]
    assert shown["elements"][0]["default"] == "v250"
    assert "default" not in shown["elements"][1]
    assert [item["type"] for item in shown["elements"][2:]] == ["text", "textarea", "textarea", "text"]
    assert shown["introduction_text"] == "hello `@channel`"


async def test_form_messages_are_in_the_persons_language(harness: MattermostHarness) -> None:
    harness.intake.languages[harness.mm.ana.id] = "pt-BR"
    dialog = await open_dialog(harness)
    assert dialog.element("next")["help_text"] == "30m, 1h30, 14:20 ou off"
    harness.clock_offset = timedelta(hours=25)
    delivered = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert "Este formulário expirou." in delivered.json["error"]
    harness.clock_offset = timedelta()
    harness.intake.failing_records = 1
    delivered = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert "Não consegui confirmar" in delivered.json["error"]
    harness.mm.fault("answer", method="POST", path="dialogs/open", status=500)
    delivered = await harness.mm.press(await harness.post(OPEN_FORM), "Form", harness.mm.ana)
    assert "demorou demais para abrir" in delivered.json["ephemeral_text"]
    harness.mm.fault("answer", method="POST", path="dialogs/open", status=500)
    await harness.mm.command(harness.url, "status", user=harness.mm.ana)
    shown = await harness.mm.until(lambda: harness.mm.private(harness.mm.ana)[1:])
    assert shown[0].labels == ["Abrir de novo"]


REGION = Field("set.region", "region")
RUNBOOKS = (Option("local:a.md", "Failover"), Option("local:b.md", "Switch region"))
START = Form(
    "start",
    "",
    "Start a run",
    "Start",
    (
        Field("runbook", "Runbook", "search", refreshes=True),
        Field("owner", "Owner", "person", value="u1", shown="Ana"),
        Field("channel", "Where the card goes", "channel"),
        Field("rehearsal", "Live or rehearsal", "radio", (Option("no", "Live"), Option("yes", "Rehearsal")), "no"),
        Field("sure", "Open tasks", "check", (Option("yes", "End it with 2 open tasks"),)),
    ),
)


async def test_pickers_radios_and_boxes_are_the_chats_own(harness: MattermostHarness) -> None:
    harness.intake.form = replace(START, fields=START.fields[1:])
    shown = (await open_dialog(harness)).dialog["elements"]
    assert [(item["type"], item.get("data_source", ""), item["optional"]) for item in shown] == [
        ("select", "users", True),
        ("select", "channels", False),
        ("radio", "", False),
        ("bool", "", False),
    ]
    assert (shown[0]["placeholder"], shown[2]["default"]) == ("Ana", "no")
    assert shown[3]["placeholder"] == "End it with 2 open tasks"


async def test_an_older_server_chooses_the_runbook_by_a_menu_first(harness: MattermostHarness) -> None:
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.mm.command(harness.url, "status", user=harness.mm.ben)
    menu = (await harness.mm.until(lambda: harness.mm.private(harness.mm.ben)))[0]
    assert menu.labels == ["Failover", "Switch region"]
    assert harness.mm.dialog_of(harness.mm.ben) is None
    chosen = replace(START.fields[0], value="local:b.md", options=RUNBOOKS[1:])
    harness.intake.form = replace(START, fields=(chosen, REGION, *START.fields[1:]))
    await harness.mm.press(menu, "Switch region", harness.mm.ben)
    assert harness.intake.opened_forms[-1].fill == {"runbook": "local:b.md"}
    dialog = harness.mm.dialog_of(harness.mm.ben)
    assert dialog is not None
    assert dialog.element("runbook")["default"] == "local:b.md"
    assert dialog.element("set.region")["type"] == "text"
    assert "source_url" not in dialog.dialog


async def test_a_newer_server_refreshes_the_dialog(harness: MattermostHarness) -> None:
    harness.mm.version = "11.1.0"
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.post(FINISH_T3)  # any response tells the version
    dialog = await open_dialog(harness)
    assert dialog.element("runbook")["refresh"] is True
    chosen = replace(START.fields[0], value="local:b.md", options=RUNBOOKS[1:])
    harness.intake.form = replace(START, fields=(chosen, REGION, *START.fields[1:]))
    await harness.mm.refresh_dialog(dialog, "runbook", "local:b.md")
    assert harness.intake.opened_forms[-1].about == "start"
    assert harness.intake.opened_forms[-1].fill["runbook"] == "local:b.md"
    assert dialog.element("set.region")["type"] == "text"
    assert dialog.element("runbook")["default"] == "local:b.md"
    assert harness.intake.messages == []


async def test_a_newer_server_loads_the_options_of_a_search_as_somebody_types(harness: MattermostHarness) -> None:
    harness.mm.version = "11.1.0"
    await harness.move_behind_https()
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.post(FINISH_T3)
    dialog = await open_dialog(harness)
    assert "options" not in dialog.element("runbook")
    assert harness.intake.searches == [], "the form does not wait for a list"
    loaded = await harness.mm.load_options(dialog, "runbook", "swi")
    assert loaded.json == {"items": [{"text": option.label, "value": option.value} for option in RUNBOOKS]}
    assert harness.intake.searches == [("start", "", "runbook", "swi")]
    chosen = replace(START.fields[0], value="local:b.md", options=RUNBOOKS[1:])
    harness.intake.form = replace(START, fields=(chosen, REGION, *START.fields[1:]))
    await harness.mm.refresh_dialog(dialog, "runbook", "local:b.md")
    assert harness.intake.opened_forms[-1].fill["runbook"] == "local:b.md"
    assert "selected_field" not in harness.intake.opened_forms[-1].fill
    assert dialog.element("runbook")["default"] == "local:b.md", "shown by its name, which only the list has"


async def test_options_are_loaded_by_the_person_of_the_form_alone(harness: MattermostHarness) -> None:
    harness.mm.version = "11.1.0"
    await harness.move_behind_https()
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.post(FINISH_T3)
    dialog = await open_dialog(harness)
    forged = harness.mm.submission(dialog, {"query": "", "selected_field": "runbook"}) | {
        "user_id": harness.mm.ben.id
    }
    assert (await harness.mm.send_json(dialog.element("runbook")["data_source_url"], forged)).status == 401
    harness.clock_offset = timedelta(days=2)
    assert (await harness.mm.load_options(dialog, "runbook", "")).json == {"items": []}
    assert harness.intake.searches == []


async def test_options_come_with_the_form_where_the_server_cannot_load_them(
    harness: MattermostHarness,
) -> None:
    harness.mm.version = "11.1.0"  # but Liaison is reached without HTTPS
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.post(FINISH_T3)
    assert len((await open_dialog(harness)).element("runbook")["options"]) == len(RUNBOOKS)


async def test_several_people_are_chosen_where_the_server_allows_it(harness: MattermostHarness) -> None:
    harness.intake.form = replace(STATUS_FORM, fields=(Field("text", "People", "people"),))
    assert "multiselect" not in (await open_dialog(harness)).element("text"), "one, on 5.37"
    harness.mm.version = "11.0.0"
    await harness.post(FINISH_T3)
    dialog = await open_dialog(harness)
    assert dialog.element("text")["multiselect"] is True
    ana, ben = harness.mm.ana.id, harness.mm.ben.id
    await harness.mm.submit_dialog(dialog, {"text": [ana, ben]})
    assert harness.intake.messages[-1].intent == {"verb": "status", "run": "R7", "text": f"{ana} {ben}"}


async def test_a_refresh_by_another_person_is_401(harness: MattermostHarness) -> None:
    harness.mm.version = "11.1.0"
    harness.intake.form, harness.intake.options = START, RUNBOOKS
    await harness.post(FINISH_T3)
    dialog = await open_dialog(harness)
    body = harness.mm.submission(dialog, {"runbook": "local:b.md"}) | {"user_id": harness.mm.ben.id}
    assert (await harness.mm.send_json(dialog.dialog["source_url"], body)).status == 401


async def test_a_failure_is_an_error_in_the_dialog_and_can_be_corrected(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    harness.intake.private_answers["status"] = simple_card("R7 has ended. Nothing changed.", tone="warn")
    failed = await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    assert "R7 has ended" in failed.json["error"]
    assert dialog.open
    harness.intake.private_answers.clear()
    assert (await harness.mm.submit_dialog(dialog, {"health": "red", "text": "y"})).json == {}
    assert len(harness.intake.messages) == 2, "another text is another message"
    assert not dialog.open


async def test_a_question_after_a_form_is_a_post_with_buttons(harness: MattermostHarness) -> None:
    dialog = await open_dialog(harness)
    choose = Button("R8 Second", Choose(key="k", values={"run": "R8"}))
    harness.intake.private_answers["status"] = simple_card("Which run?", choose)
    assert (await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})).json == {}
    assert (await harness.mm.until(lambda: harness.mm.last_post(harness.mm.town))).labels == ["R8 Second"]


async def test_an_old_button_more_on_a_card_is_answered_with_a_button_for_each_form(
    harness: MattermostHarness,
) -> None:
    hold = Button("Hold…", OpenForm(about="hold", run="R7"))
    harness.intake.form_error = Ambiguous("form.more", run="R7", help="/run help", buttons=(hold,))
    card = await harness.post(OpenForm(about="more", run="R7"))
    assert (await harness.mm.press(card, "Form", harness.mm.ana)).json == {}
    [shown] = await harness.mm.until(lambda: harness.mm.posts_in(harness.mm.town, root=card.id)[1:])
    assert shown.labels == ["Hold…"]
    harness.intake.form_error = None
    await harness.mm.press(shown, "Hold…", harness.mm.ana)
    assert harness.intake.opened_forms[-1] == OpenForm(about="hold", run="R7")
    assert harness.mm.dialog_of(harness.mm.ana) is not None
