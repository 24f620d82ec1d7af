"""A case's own buttons, whose labels and addresses are written by whoever may change cases on Tines."""

from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import make_button
from tests.e2e.conftest import Scene
from tests.e2e.platforms import Counted
from tests.e2e.process import until
from tests.e2e.test_bad_input import HOSTILE


async def _with(scene: Scene, *labels: str) -> tuple[TinesFake, str]:
    """A run whose case has these buttons."""
    handle = await scene.started("tines")
    platform = scene.house.platforms["tines"]
    assert isinstance(platform, Counted)
    fake = platform.fake
    assert isinstance(fake, TinesFake)
    case = next(case for case in fake.world.cases.values() if case.name.startswith(f"{handle} "))
    case.actions = [make_button(fake, label) for label in labels]
    await scene.room.command("show")
    return fake, handle


def _pressed(fake: TinesFake) -> int:
    return sum(seen.path.startswith("/webhook/claim-case") for seen in fake.seen)


async def test_a_label_is_shown_as_it_is_and_rings_for_nobody(scene: Scene) -> None:
    fake, _ = await _with(scene, HOSTILE[:60])
    before = _pressed(fake)
    await scene.room.press(HOSTILE[:29] + "…")
    await scene.sees("(?s)Go ahead with “<!channel> @here @channel @ana.*This calls 127.0.0.1")
    assert all(alarm.startswith("@ana\nGo ahead with “") for alarm in scene.room.alarms()), (
        "none but hers whose question it is"
    )
    assert _pressed(fake) == before


async def test_who_may_only_look_presses_nothing_and_who_may_is_asked_once(scene: Scene) -> None:
    fake, _ = await _with(scene, "Isolate host")
    before = _pressed(fake)
    await scene.room.press("Isolate host", user="gil")
    await scene.sees(r"\(to gil\).* can view runs but can't change runs.*Nothing changed")
    await scene.room.press("Isolate host")
    asked = await scene.room.with_button("Go ahead")
    assert asked.to == "ana" or scene.chat == "mattermost"  # there a click is answered in the card's thread
    assert _pressed(fake) == before
    await scene.room.click("Go ahead", asked)
    await scene.room.click("Go ahead", asked)
    await scene.sees("already handled this")
    await until(lambda: _pressed(fake) > before)  # the second press may be answered while the first is carried out
    assert _pressed(fake) == before + 1
    assert "s3cr3t" not in scene.room.words()
    assert "s3cr3t" not in scene.liaison.log.read_text()


async def test_a_button_that_was_changed_after_the_question_is_not_pressed(scene: Scene) -> None:
    fake, handle = await _with(scene, "Isolate host")
    before = _pressed(fake)
    await scene.room.press("Isolate host")
    asked = await scene.room.with_button("Go ahead")
    case = next(case for case in fake.world.cases.values() if case.name.startswith(f"{handle} "))
    case.actions = [{**make_button(fake, "Isolate host"), "query_params": {"host": "everything"}}]
    await scene.room.click("Go ahead", asked)
    await scene.sees("(?i)not .*any ?more|changed|is gone")
    assert _pressed(fake) == before
