"""Steps of Slack's Workflow Builder."""

from tests.e2e.conftest import RUNBOOK, Scene, on_slack
from tests.e2e.slack_chat import SlackChat

pytestmark = on_slack


async def _step(scene: Scene, step: str, *, person: str = "ana", **inputs: str) -> str:
    chat = scene.environment.chat
    assert isinstance(chat, SlackChat)
    shared = {"person": chat.user_id(person), "channel": scene.room.id}
    return await chat.fake.run_step(scene.liaison.url, step, {**inputs, **shared})


async def test_a_workflow_starts_a_run_finishes_a_task_and_posts_a_status(scene: Scene) -> None:
    handle = await _step(scene, "start_run", runbook=f"cutover:{_runbook_id(scene)}")
    assert handle.startswith("R")
    await scene.wait_for_text(f"{handle} {RUNBOOK}")
    assert await _step(scene, "finish_task", person="ben", task="T1", run=handle) == handle
    await scene.wait_for_effects("finish")
    assert await _step(scene, "post_status", health="amber", text="replica lags", next="30m") == handle
    await scene.wait_for_text("replica lags")
    assert "(to " not in scene.room.text()


async def test_a_step_that_is_refused_says_why(scene: Scene) -> None:
    handle = await scene.start_run()
    refused = await _step(scene, "finish_task", person="gil", task="T1", run=handle)
    assert refused.startswith("error: ")
    assert "can't change runs" in refused
    assert "purple" not in await _step(scene, "post_status", health="purple", text="hm", run=handle)
    assert (await _step(scene, "finish_task", task="T99", run=handle)).startswith("error: ")
    assert scene.count_effects("finish") == 0


def _runbook_id(scene: Scene) -> str:
    return next(book.id for book in scene.cutover.runbooks.values() if book.name == RUNBOOK)
