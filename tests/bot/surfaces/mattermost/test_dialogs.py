"""Forms: opened complete, proved by their sealed state, checked before they are recorded, recorded once."""

from datetime import timedelta
from typing import Any

from bot.surfaces.mattermost.dialogs import build_dialog
from commands.model.card import Button, Field, Form, Option
from commands.model.errors import NotAllowed
from commands.model.intents import OpenForm
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.rig import T3, Rig
from tests.fakes.mattermost import Dialog
from tests.fakes.mattermost.rules import check_dialog

OPEN = OpenForm(about="status", run="R7", fill={"text": "x"})


async def opened(rig: Rig) -> Dialog:
    post = await rig.post(OPEN)
    delivered = await rig.mm.press(post, "Form", rig.mm.ana)
    assert (delivered.status, delivered.json) == (200, {})
    found = rig.mm.dialog_of(rig.mm.ana)
    assert found is not None
    return found


async def test_a_button_opens_the_form_complete_and_records_nothing(rig: Rig) -> None:
    shown = (await opened(rig)).build_dialog
    assert rig.engine.forms == [OPEN]
    assert shown["title"] == "Update status of R7"
    assert shown["submit_label"] == "Send"
    assert [(one["name"], one["type"], one["optional"]) for one in shown["elements"]] == [
        ("health", "select", False),
        ("text", "textarea", False),
        ("next", "text", True),
    ]
    assert rig.engine.messages == []


async def test_a_typed_line_that_wants_a_form_opens_it_too(rig: Rig) -> None:
    delivered = await rig.mm.command(rig.url, "status", user=rig.mm.ben)
    assert delivered.json["text"] == ""
    assert rig.mm.dialog_of(rig.mm.ben) is not None
    assert rig.engine.messages == []


async def test_a_good_submission_is_recorded_and_carried(rig: Rig) -> None:
    form = await opened(rig)
    delivered = await rig.mm.submit_dialog(form, {"health": "red", "text": "replica lagging"})
    assert (delivered.status, delivered.json) == (200, {})
    [message] = rig.engine.messages
    assert message.via is Via.FORM
    assert message.intent == {"verb": "status", "run": "R7", "health": "red", "text": "replica lagging"}
    assert (message.actor.id, message.actor.handle) == (rig.mm.ana.id, "ana")
    assert message.place.channel == rig.mm.town.id
    assert rig.engine.carried == [message.key]


async def test_field_errors_are_shown_in_their_fields_and_not_recorded(rig: Rig) -> None:
    form = await opened(rig)
    rig.engine.errors = {"next": "Write 30m or 14:20."}
    delivered = await rig.mm.submit_dialog(form, {"health": "red", "text": "x", "next": "soonish"})
    assert delivered.json == {"errors": {"next": "Write 30m or 14:20."}}
    assert form.open
    assert rig.engine.messages == []
    rig.engine.errors = {}
    await rig.mm.submit_dialog(form, {"health": "red", "text": "x", "next": "30m"})
    assert len(rig.engine.messages) == 1


async def test_submitted_twice_is_one_message(rig: Rig) -> None:
    form = await opened(rig)
    sent = rig.mm.submission(form, {"health": "red", "text": "once"})
    first, second = await rig.mm.send_json(form.url, sent), await rig.mm.send_json(form.url, sent)
    assert first.body == second.body
    assert len(rig.engine.messages) == len(rig.engine.carried) == 1


async def test_two_openings_are_two_deliveries(rig: Rig) -> None:
    for form in (await opened(rig), await opened(rig)):
        await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})
    assert len(rig.engine.messages) == 2


async def test_cancelling_records_nothing(rig: Rig) -> None:
    form = await opened(rig)
    delivered = await rig.mm.send_json(form.url, rig.mm.submission(form, {}, cancelled=True))
    assert (delivered.status, delivered.json) == (200, {})
    assert rig.engine.messages == []


async def test_another_person_or_channel_or_state_is_401(rig: Rig) -> None:
    form = await opened(rig)
    good = rig.mm.submission(form, {"health": "red", "text": "x"})
    changes: list[dict[str, Any]] = [
        {"user_id": rig.mm.ben.id},
        {"channel_id": rig.mm.far.id},
        {"state": ""},
        {"state": None},
        {"state": good["state"].replace(rig.mm.ana.id, rig.mm.ben.id), "user_id": rig.mm.ben.id},
        {"state": good["state"][:-1]},
        {"user_id": rig.mm.ben.id, "cancelled": True},
    ]
    for change in changes:
        assert (await rig.mm.send_json(form.url, good | change)).status == 401, change
    assert rig.engine.messages == []


async def test_a_buttons_seal_is_no_state(rig: Rig) -> None:
    form = await opened(rig)
    [action] = (await rig.post(T3)).actions()
    sealed = "".join(action["integration"]["context"].values())
    assert (await rig.mm.send_json(form.url, rig.mm.submission(form, {}) | {"state": sealed})).status == 401


async def test_too_old_keeps_the_dialog_open_with_what_was_written(rig: Rig) -> None:
    form = await opened(rig)
    rig.ahead = timedelta(hours=25)
    delivered = await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})
    assert delivered.status == 200
    assert "too old" in delivered.json["error"]
    assert form.open
    assert rig.engine.messages == []


async def test_a_store_that_does_not_answer_keeps_it_open_and_the_second_try_is_recorded(rig: Rig) -> None:
    form = await opened(rig)
    rig.engine.broken = 1
    assert (
        "not surely recorded" in (await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})).json["error"]
    )
    assert form.open
    await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})
    assert len(rig.engine.messages) == 1


async def test_a_form_that_is_late_says_so_in_the_click(rig: Rig) -> None:
    rig.mm.fault("answer", method="POST", path="dialogs/open", status=500)
    delivered = await rig.mm.press(await rig.post(OPEN), "Form", rig.mm.ana)
    assert "could not open in time" in delivered.json["ephemeral_text"]
    rig.engine.form_seconds = 30
    delivered = await rig.mm.press(await rig.post(OPEN), "Form", rig.mm.ana)
    assert "could not open in time" in delivered.json["ephemeral_text"]
    assert delivered.seconds < 2.5


async def test_a_form_that_is_late_for_a_command_can_be_opened_again_by_a_button(rig: Rig) -> None:
    rig.mm.fault("answer", method="POST", path="dialogs/open", status=400, body='{"id": "expired"}')
    delivered = await rig.mm.command(rig.url, "status", user=rig.mm.ana)
    assert delivered.json["text"] == ""
    [shown] = await rig.mm.until(lambda: rig.mm.private(rig.mm.ana))
    assert "could not open in time" in shown.text
    assert rig.mm.dialog_of(rig.mm.ana) is None
    await rig.mm.press(shown, "Open again", rig.mm.ana)
    form = rig.mm.dialog_of(rig.mm.ana)
    assert form is not None
    await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})
    assert rig.engine.messages[0].reply.url.startswith(f"{rig.mm.url}/hooks/commands/")


async def test_who_may_not_is_told_why_with_what_can_be_done(rig: Rig) -> None:
    rig.engine.refuse_form = NotAllowed("not_allowed", who="Ana")
    delivered = await rig.mm.press(await rig.post(OPEN), "Form", rig.mm.gil)
    assert "Ana" in delivered.json["ephemeral_text"]
    rig.engine.refuse_form = NotAllowed("not_allowed", who="Ana", buttons=[Button("Show R7", T3)])
    await rig.mm.command(rig.url, "status", user=rig.mm.gil)
    shown = await rig.mm.until(lambda: next(iter(rig.mm.private(rig.mm.gil)[1:]), None))
    assert shown.labels == ["Show R7"]


async def test_search_fields_are_selects_of_what_the_snapshot_has(rig: Rig) -> None:
    rig.engine.shown = Form("more", "R7", "More", "Go", (Field("task", "Task", "search"),))
    rig.engine.found = [Option(f"T{n}", f"T{n} Task") for n in range(100)]
    [element] = (await opened(rig)).build_dialog["elements"]
    assert (element["type"], len(element["options"])) == ("select", 100)


def test_every_form_stays_within_the_limits_of_the_oldest_server() -> None:
    many = tuple(Option(f"v{n}", "x" * 300) for n in range(300))
    form = Form(
        about="more",
        run="R7",
        title="T" * 60,
        submit="S" * 60,
        intro=("hello @channel",),
        fields=(
            Field("a", "L" * 60, "choice", many, value="v250", hint="h" * 400),
            Field("b", "B", "choice", many, value="gone"),
            Field("c", "C", "search"),
            Field("d", "D", "line", value="x" * 200),
            Field("e", "E", "lines", value="y" * 9000, longest=9000),
            Field("f", "F", "when", longest=10),
        ),
    )
    shown = build_dialog(form, {}, "state")
    check_dialog(shown)
    assert [len(one.get("options", ())) for one in shown["elements"]] == [100, 100, 0, 0, 0, 0]
    assert shown["elements"][0]["default"] == "v250"
    assert "default" not in shown["elements"][1]
    assert [one["type"] for one in shown["elements"][2:]] == ["text", "textarea", "textarea", "text"]
    assert "@channel" not in shown["introduction_text"]
