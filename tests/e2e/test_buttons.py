"""Buttons pressed by several people, late, twice, or without permission."""

import asyncio

from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene


def _all_running(scene: Scene, handle: str) -> None:
    """Makes every task running, as if begun on the platform."""
    for task in scene.cutover_run(handle).tasks.values():
        task.before, task.stage = [], "in_progress"


async def test_three_people_finish_three_tasks_within_a_second(scene: Scene) -> None:
    handle = await scene.start_run()
    _all_running(scene, handle)
    await scene.room.command("show")
    await scene.wait_for_text("4 running")
    lists = [await scene.room.private_answer("next", user=user) for user in ("ana", "ben", "cam")]
    presses = [
        scene.room.click(f"Finish {handle}.T{number}", message, user=user)
        for number, user, message in zip((1, 2, 3), ("ana", "ben", "cam"), lists, strict=True)
    ]
    assert {delivery.status for delivery in await asyncio.gather(*presses)} == {200}
    await scene.wait_for_effects("finish", 3)
    await scene.wait_for_text("3 of 4 done")
    finished = {task.name for task in scene.cutover_run(handle).tasks.values() if task.stage == "complete"}
    assert finished == {FIRST_TASK, "Page the DBA", "Promote the replica"}
    assert "Nothing changed" not in scene.room.text()


async def test_two_people_finish_two_tasks_on_the_live_card_at_once(scene: Scene) -> None:
    handle = await scene.start_run()
    _all_running(scene, handle)
    await scene.room.command("show")
    card = await scene.room.wait_for_button("Finish T2")
    await asyncio.gather(
        scene.room.click("Finish T1", card, user="ana"), scene.room.click("Finish T2", card, user="ben")
    )
    await scene.wait_for_effects("finish", 2)
    await scene.wait_for_text("2 of 4 done")
    assert "Nothing changed" not in scene.room.text()


async def test_an_old_button_works_if_its_own_task_is_unchanged(scene: Scene) -> None:
    await scene.start_run()
    old = await scene.room.wait_for_button("Begin T2")
    await scene.room.command("finish T1", user="ben")
    await scene.wait_for_text("1 of 4 done")
    await scene.room.click("Begin T2", old)
    await scene.wait_for_text(r"T2 Page the DBA(\n| — )running")
    assert "Nothing changed" not in scene.room.text()


async def test_an_old_button_whose_task_changed_says_who_changed_it(scene: Scene) -> None:
    await scene.start_run()
    old = await scene.room.wait_for_button("Begin T1")
    await scene.room.command("finish T1", user="ben")
    await scene.wait_for_text("1 of 4 done")
    await scene.room.click("Begin T1", old)
    await scene.wait_for_text(
        r"T1 Confirm the primary is down was already finished by (?i:ben) at .*Nothing changed"
    )
    assert "Begin T1" not in scene.room.bot_messages()[0].labels


async def test_the_second_person_to_press_a_button_is_told_who_pressed_first(scene: Scene) -> None:
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T1")
    await scene.room.click("Begin T1", card, user="ben")
    await scene.wait_for_effects("begin")
    await scene.room.click("Begin T1", card, user="ana")
    await scene.wait_for_text(r"T1 Confirm the primary is down was already begun by (?i:ben) .*Nothing changed")
    await scene.wait_for_effects("begin")


async def test_a_guest_can_view_runs_but_not_change_them(scene: Scene) -> None:
    await scene.start_run()
    assert FIRST_TASK in (await scene.room.private_answer("next", user="gil")).text
    assert (await scene.room.press("Begin T1", user="gil")).status == 200
    await scene.wait_for_text(r"\(to gil\).* can view runs but can't change runs.*Nothing changed")
    assert scene.count_effects("begin") == 0
    assert "can view runs" not in scene.room.public_text()


async def test_a_choice_can_be_made_once_and_names_who_made_it(scene: Scene) -> None:
    first = await scene.start_run()
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')
    await scene.room.press("Start another")
    second = await scene.wait_for_card(before=[first])
    choice = await scene.room.private_answer("finish T1 by hand")
    assert "Several runs are active here. Which one do you mean?" in choice.text
    labels = {label.split()[0]: label for label in choice.labels if RUNBOOK in label}
    assert len(labels) == 2, "two runs of one runbook, platform, owner and day differ by their handles"
    await scene.room.click(labels[second], choice)
    await scene.wait_for_effects("finish")
    await scene.wait_for_effects("comment")
    assert scene.cutover_run(second).task(FIRST_TASK).stage == "complete"
    assert any("by hand" in comment.content for comment in scene.cutover_run(second).comments)
    await scene.room.click(labels[first], choice)
    await scene.wait_for_text(r"You already handled this at .*Nothing changed")
    await scene.wait_for_effects("finish")


async def test_a_form_with_an_invalid_value_stays_open_and_changes_nothing(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.press("Update status")
    invalid = await scene.room.submit_form({"text": "all good", "next": "whenever"})
    assert invalid.status == 200
    assert b"isn't a time" in invalid.body
    await scene.room.submit_form({"text": "all good", "next": "30m"})
    await scene.wait_for_effects("status")
    await scene.wait_for_text("all good")


async def test_all_tasks_of_a_run_are_listed_from_its_menu(scene: Scene) -> None:
    """In the menu that also opens the forms. The list is for the person alone."""
    await scene.start_run("local")
    await scene.room.press("All tasks")
    await scene.wait_for_text(r"(?s)Tasks of R\d+ .*T1 Confirm the primary is down.*T4 Repoint the app")
    listed = scene.room.bot_messages()[-1]
    assert listed.visible_to == "ana"
    assert "Tasks of" in (await scene.room.private_answer("show --tasks", user="ben")).text


async def test_a_task_is_begun_from_a_menu(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.press("Begin T2")
    await scene.wait_for_text(r"began T2 Page the DBA")
    assert scene.count_effects("begin") == 1


async def test_a_press_that_changes_nothing_is_answered_to_that_person_alone(scene: Scene) -> None:
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T1")
    await scene.room.click("Begin T1", card, user="ben")
    await scene.wait_for_effects("begin")
    await scene.room.click("Begin T1", card, user="ana")
    await scene.wait_for_text(r"\(to ana\) T1 Confirm the primary is down was already begun by (?i:ben) ")
    assert "already begun" not in scene.room.public_text()


async def test_who_presses_an_old_button_again_is_told_that_it_was_them(scene: Scene) -> None:
    await scene.start_run()
    answer = await scene.room.private_answer("next")
    label = next(label for label in answer.labels if label.endswith("T1"))
    await scene.room.click(label, answer)
    await scene.wait_for_effects("begin")
    await scene.room.click(label, answer)
    await scene.wait_for_text(r"\(to ana\) T1 Confirm the primary is down was already begun by you at \d")
    await scene.wait_for_effects("begin")


async def test_a_late_success_shows_on_the_card_and_a_late_refusal_to_its_person(scene: Scene) -> None:
    """Later than the response to a click can wait."""
    room, run = scene.room, scene.cutover_run(await scene.start_run())
    old = await room.wait_for_button("Begin T1")
    scene.cutover.fault("slow", method="PATCH", path=rf"/runbooks/{run.id}/tasks/\d+/start$", seconds=3)
    await room.click("Begin T1", old)
    await scene.wait_for_text("began T1 Confirm the primary is down")
    await scene.wait_for_text(r"T1 Confirm the primary is down(\n| — )running")
    await room.private_answer("whoami")
    public = [message for message in room.bot_messages() if not message.visible_to]
    assert not any(room.mentioned(message) for message in public)
    scene.cutover.fault("slow", method="GET", path=rf"/runbooks/{run.id}", seconds=3, times=9)
    await room.click("Begin T1", old)
    await scene.wait_for_text("T1 Confirm the primary is down was already begun by you at")
    told = [message for message in room.bot_messages() if "was already begun by you" in message.text]
    assert all(message.visible_to == "ana" or room.mentioned(message) == {"ana"} for message in told)
