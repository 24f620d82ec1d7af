"""Lists of the chat's own people in messages, where Liaison asks for a person."""

import pytest

from tests.e2e.conftest import Scene

CHECKLIST = "# Flood\n\n- [ ] Close the valves\n- [ ] Call the plumber\n"


async def _start(scene: Scene) -> None:
    (scene.liaison.folder / "runbooks" / "flood.md").write_text(CHECKLIST)
    await scene.room.command("start Flood --on local")
    await scene.wait_for_text("Flood: started")


async def test_who_is_asked_for_can_be_chosen_from_a_list_of_people(scene: Scene) -> None:
    await _start(scene)
    question = await scene.room.private_answer("assign T1")
    assert "Say who to assign it to" in question.text
    assert (await scene.room.pick_person("ben", question)).status == 200
    await scene.wait_for_text("(?i)ana.* assigned T1 .*to ben")


@pytest.mark.parametrize("words", ["@all", "somebody unknown"])
async def test_a_name_that_is_nobodys_can_be_replaced_by_a_choice(scene: Scene, words: str) -> None:
    await _start(scene)
    refusal = await scene.room.private_answer(f"assign T1 {words}")
    assert (await scene.room.pick_person("cam", refusal)).status == 200
    await scene.wait_for_text("(?i)ana.* assigned T1 .*to cam")


async def test_a_choice_counts_once(scene: Scene) -> None:
    await _start(scene)
    question = await scene.room.private_answer("assign T1")
    delivery = await scene.room.pick_person("ben", question)
    await scene.wait_for_text("(?i)ana.* assigned T1 .*to ben")
    assert (await delivery.resend()).status == 200
    assert (await scene.room.pick_person("cam", question)).status == 200
    await scene.wait_for_text("You already handled this")
    assert "valves to cam" not in scene.room.text().lower()
