"""Buttons defined on a Tines case. Their labels and URLs come from anyone who can edit cases on Tines."""

from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import make_button
from tests.e2e.conftest import Scene
from tests.e2e.platforms import FakePlatform
from tests.e2e.process import until
from tests.e2e.test_bad_input import HOSTILE


async def _start_run_with_buttons(scene: Scene, *labels: str) -> tuple[TinesFake, str]:
    """Starts a run whose case has these buttons. Returns (fake, handle)."""
    handle = await scene.start_run("tines")
    platform = scene.environment.platforms["tines"]
    assert isinstance(platform, FakePlatform)
    fake = platform.fake
    assert isinstance(fake, TinesFake)
    case = next(case for case in fake.world.cases.values() if case.name.startswith(f"{handle} "))
    case.actions = [make_button(fake, label) for label in labels]
    await scene.room.command("show")
    return fake, handle


def _count_presses(fake: TinesFake) -> int:
    return sum(request.path.startswith("/webhook/claim-case") for request in fake.seen)


async def test_a_label_is_shown_verbatim_and_notifies_nobody(scene: Scene) -> None:
    fake, _ = await _start_run_with_buttons(scene, HOSTILE[:60])
    before = _count_presses(fake)
    await scene.room.press(HOSTILE[:29] + "…")
    await scene.wait_for_text("(?s)Go ahead with “<!channel> @here @channel @ana.*This calls 127.0.0.1")
    assert all(text.startswith("@ana\nGo ahead with “") for text in scene.room.unsafe_texts()), (
        "only the mention of the person who is asked"
    )
    assert _count_presses(fake) == before


async def test_a_guest_cannot_press_a_button_and_a_member_confirms_it_once(scene: Scene) -> None:
    fake, _ = await _start_run_with_buttons(scene, "Isolate host")
    before = _count_presses(fake)
    await scene.room.press("Isolate host", user="gil")
    await scene.wait_for_text(r"\(to gil\).* can view runs but can't change runs.*Nothing changed")
    await scene.room.press("Isolate host")
    question = await scene.room.wait_for_button("Go ahead")
    # On Mattermost, clicks are answered in the card's thread.
    assert question.visible_to == "ana" or scene.chat_name == "mattermost"
    assert _count_presses(fake) == before
    await scene.room.click("Go ahead", question)
    await scene.room.click("Go ahead", question)
    # Both answers take the place of the question. The second press may be answered before the first is executed.
    await scene.wait_for_text("already handled this|“Isolate host” done")
    await until(lambda: _count_presses(fake) > before)
    assert _count_presses(fake) == before + 1
    assert "s3cr3t" not in scene.room.text()
    assert "s3cr3t" not in scene.liaison.log.read_text()


async def test_a_button_changed_after_the_confirmation_question_is_not_pressed(scene: Scene) -> None:
    fake, handle = await _start_run_with_buttons(scene, "Isolate host")
    before = _count_presses(fake)
    await scene.room.press("Isolate host")
    question = await scene.room.wait_for_button("Go ahead")
    case = next(case for case in fake.world.cases.values() if case.name.startswith(f"{handle} "))
    case.actions = [{**make_button(fake, "Isolate host"), "query_params": {"host": "everything"}}]
    await scene.room.click("Go ahead", question)
    await scene.wait_for_text("(?i)not .*any ?more|changed|is gone")
    assert _count_presses(fake) == before
