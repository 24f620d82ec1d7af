"""A start that the platform refused in the middle: what the run lacks is counted, and can be sent again."""

from tests.e2e.conftest import Scene, on_one_chat
from tests.e2e.platforms import FakePlatform
from tests.e2e.process import until


@on_one_chat
async def test_the_tasks_that_are_missing_are_counted_and_sent_again(scene: Scene) -> None:
    platform = scene.environment.platforms["tines"]
    assert isinstance(platform, FakePlatform)
    fake, world = platform.fake, platform.fake.world
    book = world.add_case("Data centre move", tags=["runbook-template"])
    for number in range(58):
        world.add_task(book, f"Move rack {number}")
    fake.fault("answer", method="POST", path=r"/batch$", status=422, body="{}")
    answer = await scene.room.private_answer('start "Data centre move" --on tines')
    assert "33 of 58 tasks are missing in Tines" in answer.text
    assert "Try again" in answer.labels
    await scene.wait_for_text("ana: only part of starting R\\d+ went through: 33 of 58 tasks are missing")
    (run,) = [case for case in world.cases.values() if case.name.endswith("Data centre move") and case is not book]
    assert len(run.tasks) == 25
    await scene.room.click("Try again", answer)
    await until(lambda: len(run.tasks) == 58)
    await scene.wait_for_text(r"ana started R\d+ Data centre move")
    await scene.room.click("Try again", answer)
    await scene.wait_for_text("(?i)nothing changed|already")
    assert len(run.tasks) == 58
    assert len([case for case in world.cases.values() if case.name.endswith("Data centre move")]) == 2
