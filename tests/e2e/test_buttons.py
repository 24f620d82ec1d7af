"""Buttons that several people press, late, twice, or without the right to."""

import asyncio

from tests.e2e.conftest import RUNBOOK, TITLE, Scene
from tests.e2e.process import until


def _all_running(scene: Scene, handle: str) -> None:
    """As if somebody had begun every task on the platform itself."""
    for task in scene.run(handle).tasks.values():
        task.before, task.stage = [], "in_progress"


async def test_three_people_finish_three_tasks_within_a_second(scene: Scene) -> None:
    handle = await scene.started()
    _all_running(scene, handle)
    await scene.room.command("show")
    await scene.sees("4 running")
    lists = [await scene.room.answer("next", user=user) for user in ("ana", "ben", "cam")]
    presses = [
        scene.room.click(f"Finish {handle}.T{number}", on, user=user)
        for number, user, on in zip((1, 2, 3), ("ana", "ben", "cam"), lists, strict=True)
    ]
    assert {sent.status for sent in await asyncio.gather(*presses)} == {200}
    await scene.done("finish", 3)
    await scene.sees("3 of 4 done")
    finished = {task.name for task in scene.run(handle).tasks.values() if task.stage == "complete"}
    assert finished == {TITLE, "Page the DBA", "Promote the replica"}
    assert "Nothing changed" not in scene.room.words()


async def test_two_people_finish_two_tasks_on_the_live_card_at_once(scene: Scene) -> None:
    handle = await scene.started()
    _all_running(scene, handle)
    await scene.room.command("show")
    card = await scene.room.with_button("Finish T2")
    await asyncio.gather(
        scene.room.click("Finish T1", card, user="ana"), scene.room.click("Finish T2", card, user="ben")
    )
    await scene.done("finish", 2)
    await scene.sees("2 of 4 done")
    assert "Nothing changed" not in scene.room.words()


async def test_a_button_works_as_long_as_its_own_task_has_not_moved(scene: Scene) -> None:
    await scene.started()
    old = await scene.room.with_button("Begin T2")
    await scene.room.command("finish T1", user="ben")
    await scene.sees("1 of 4 done")
    await scene.room.click("Begin T2", old)
    await scene.sees("running T2 Page the DBA")
    assert "Nothing changed" not in scene.room.words()


async def test_a_button_whose_own_task_has_moved_says_who_did_it(scene: Scene) -> None:
    await scene.started()
    old = await scene.room.with_button("Begin T1")
    await scene.room.command("finish T1", user="ben")
    await scene.sees("1 of 4 done")
    await scene.room.click("Begin T1", old)
    await scene.sees(
        r"T1 Confirm the primary is down was already finished by (?i:ben) via \w+ at .*Nothing changed"
    )
    assert "Begin T1" not in scene.room.shown()[0].labels


async def test_two_people_press_the_same_button_and_the_second_is_told_by_whom(scene: Scene) -> None:
    await scene.started()
    card = await scene.room.with_button("Begin T1")
    await scene.room.click("Begin T1", card, user="ben")
    await scene.done("begin")
    await scene.room.click("Begin T1", card, user="ana")
    await scene.sees(r"T1 Confirm the primary is down was already begun by (?i:ben) .*Nothing changed")
    await scene.done("begin")


async def test_a_guest_may_look_and_not_touch(scene: Scene) -> None:
    await scene.started()
    assert TITLE in (await scene.room.answer("next", user="gil")).words
    assert (await scene.room.press("Begin T1", user="gil")).status == 200
    await scene.sees(r"\(to gil\).* can view runs but can't change runs.*Nothing changed")
    assert scene.effects("begin") == 0
    assert "can view runs" not in scene.room.public_words()


async def test_a_choice_is_completed_once_and_by_whom_is_said(scene: Scene) -> None:
    first = await scene.started()
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')
    await scene.room.press("Start another")
    second = str(await until(lambda: next((one for one in scene.cards() if one != first), None)))
    choice = await scene.room.answer("finish T1 by hand")
    assert "Several runs are active here. Which one do you mean?" in choice.words
    await scene.room.click(f"{second} {RUNBOOK}", choice)
    await scene.done("finish")
    await scene.done("comment")
    assert scene.run(second).task(TITLE).stage == "complete"
    assert any("by hand" in comment.content for comment in scene.run(second).comments)
    await scene.room.click(f"{first} {RUNBOOK}", choice)
    await scene.sees(r"(?i)ana.* already handled this at .*Nothing changed")
    await scene.done("finish")


async def test_a_form_that_is_filled_wrongly_stays_open_and_changes_nothing(scene: Scene) -> None:
    await scene.started()
    await scene.room.press("Update status")
    wrong = await scene.room.fill({"text": "all good", "next": "whenever"})
    assert wrong.status == 200
    assert b"isn't a time" in wrong.body
    await scene.room.fill({"text": "all good", "next": "30m"})
    await scene.done("status")
    await scene.sees("all good")
