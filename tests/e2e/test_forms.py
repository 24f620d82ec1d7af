"""Forms: what they are filled with, what they refuse, and how soon they say what became of them."""

import time
from pathlib import Path

from tests.e2e.conftest import RUNBOOK, Scene, on_mattermost, on_slack

FORM_SECONDS = {"slack": 1.5, "mattermost": 2.0}


async def test_a_status_form_is_filled_with_the_present_status(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.command("status amber replica lagging --next 30m")
    await scene.wait_for_text(r"(?i)amber(?s:.*)replica lagging(?s:.*)next update")
    await scene.room.press("Update status")
    values = await scene.room.form_values()
    assert (values["health"], values["soon"], values["text"]) == ("amber", "30m", "")
    await scene.room.submit_form({"health": "red", "text": "replica is gone", "soon": "1h"})
    await scene.wait_for_effects("status", 2)
    await scene.wait_for_text("replica is gone")


async def test_each_verb_has_a_form_of_its_own(scene: Scene) -> None:
    handle = await scene.start_run("local")
    await scene.room.press("Hold…")
    assert await scene.room.form_title() == "Hold a task"
    await scene.room.submit_form({"task": "T1", "reason": "waiting for the vendor"})
    await scene.wait_for_text("waiting for the vendor")
    await scene.room.press("Assign…")
    await scene.room.submit_form({"task": "T2", "person": scene.environment.chat.user_id("ben")})
    await scene.wait_for_text(rf"(?i)assigned T2 .*to ben|T2 assigned to ben|{handle}.*T2.*ben")


async def test_who_may_not_submit_a_form_is_told_before_it_opens(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.press("Update status", user="gil")
    await scene.wait_for_text(r"\(to gil\).* can view runs but can't change runs")
    assert "can view runs" not in scene.room.public_text()


async def test_a_form_shows_what_became_of_it_while_it_is_open(scene: Scene) -> None:
    await scene.start_run("local")
    await scene.room.press("Update status")
    await scene.room.form_title()
    await scene.room.command("end --yes", user="ben")
    await scene.wait_for_text("(?i)ben.* ended")
    started = time.monotonic()
    delivery = await scene.room.submit_form({"text": "too late"})
    assert time.monotonic() - started < FORM_SECONDS[scene.chat_name]
    assert b"Nothing changed" in delivery.body
    assert "too late" not in scene.room.public_text()


async def test_a_form_answers_in_time_even_if_the_platform_does_not(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.press("Update status")
    await scene.room.form_title()
    async with scene.without_cutover():
        started = time.monotonic()
        await scene.room.submit_form({"text": "said during an outage"})
        assert time.monotonic() - started < FORM_SECONDS[scene.chat_name] + 0.3
    await scene.wait_for_effects("status", within=60)


@on_slack
async def test_a_runbook_without_values_starts_with_two_taps(scene: Scene) -> None:
    room = scene.room
    await room.command("start")
    values = await room.form_values()
    assert values == {
        "runbook": "", "name": "", "owner": scene.environment.chat.user_id("ana"), "channel": room.id,
        "rehearsal": "no",
    }  # fmt: skip
    await room.choose("runbook", "local:failover.md")
    await room.submit_form({})
    await scene.wait_for_card()
    assert RUNBOOK in room.public_text()


@on_slack
async def test_the_start_form_asks_for_the_values_of_the_chosen_runbook(scene: Scene) -> None:
    folder = Path(scene.environment.platforms["local"].settings()["path"])
    (folder / "region.md").write_text("# Switch the region\n\n- [ ] Move traffic to {{region}}\n")
    try:
        await scene.room.command("start")
        await scene.room.form_title()
        await scene.room.choose("runbook", "local:region.md")
        assert "set.region" in await scene.room.form_values()
        await scene.room.submit_form({"set.region": "eu-1"})
        await scene.wait_for_text("Move traffic to eu-1")
    finally:
        (folder / "region.md").unlink()


@on_slack
async def test_the_card_goes_where_the_form_says(scene: Scene) -> None:
    other = scene.environment.chat.create_room()
    await scene.room.command("start")
    await scene.room.form_title()
    await scene.room.choose("runbook", "local:failover.md")
    await scene.room.submit_form({"channel": other.id})
    await scene.wait_for_card(other)
    assert scene.card_handles() == []


@on_mattermost
async def test_an_older_server_asks_for_the_runbook_by_a_menu_first(scene: Scene) -> None:
    room, other = scene.room, scene.environment.chat.create_room()
    await room.command("start")
    await room.press(f"{RUNBOOK} (local)")
    assert (await room.form_values())["runbook"] == "local:failover.md"
    await room.submit_form({"channel": other.id})
    await scene.wait_for_card(other)
    assert scene.card_handles() == []


async def test_a_task_is_given_to_each_of_several_people_once_where_the_platform_can(scene: Scene) -> None:
    await scene.start_run("tines")
    await scene.room.command("assign T1 @ana and @ben")
    await scene.wait_for_text("(?i)T1.*assigned to ana|assigned T1.* to ana")
    await scene.wait_for_text("(?i)T1.*assigned to ben|assigned T1.* to ben")
    await scene.wait_for_effects("assign", 2, on="tines")


async def test_where_a_task_has_one_assignee_it_is_asked_which_of_them(scene: Scene) -> None:
    await scene.start_run("local")
    await scene.room.command("assign T1 @ana and @ben")
    await scene.wait_for_text("allows only one assignee for a task")
    label = next(label for label in scene.room.button_labels() if label.lower() == "ben")
    await scene.room.press(label)
    await scene.wait_for_text("(?i)T1.*assigned to ben|assigned T1.* to ben")


async def test_a_line_that_lacks_a_value_is_completed_in_a_form(scene: Scene) -> None:
    handle, room = await scene.start_run(on="local"), scene.room
    await room.mention("hold T1")
    await room.wait_for_text("Add a reason, for example: hold T1 waiting for the vendor")
    await room.press("Hold…")
    assert (await room.form_values())["task"] == "T1"
    await room.submit_form({"reason": "the vendor is asleep"})
    await room.wait_for_text("held T1 Confirm the primary is down: the vendor is asleep")
    await room.command(f"resume {handle}.T1")
    await room.wait_for_text("took T1 Confirm the primary is down off hold")
    assert "reopened" not in room.text()


async def test_words_after_end_are_asked_about_before_they_end_the_run(scene: Scene) -> None:
    handle, room = await scene.start_run(on="local"), scene.room
    question = await room.private_answer("end all good again")
    assert "find an active run called “all good again”" in question.text
    await room.click(f"End {handle}", question)
    await room.wait_for_text(f"ended {handle} {RUNBOOK}: “all good again”")
