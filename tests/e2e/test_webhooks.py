"""A platform's webhook is only a hint: Liaison reads the run again and updates its card."""

import aiohttp

from tests.adapters.xurrent.helpers import find_run
from tests.e2e.conftest import HOOK_SECRET, Scene


async def _post(scene: Scene, path: str, body: object = None) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{scene.liaison.url}{path}", json=body or {}) as response,
    ):
        return response.status


async def test_a_change_on_the_platform_appears_on_the_card_after_a_webhook(scene: Scene) -> None:
    handle = await scene.start_run()
    task = scene.cutover_run(handle).task("Page the DBA")
    task.stage, task.completion_type = "complete", "complete_normal"
    assert await _post(scene, f"/hooks/cutover/{HOOK_SECRET}") == 200
    await scene.wait_for_text(rf"{handle} (?s:.*)1 of 4 done")


async def test_a_webhook_that_names_a_run_updates_only_that_run(scene: Scene) -> None:
    """Tried once for each task: runs are also read some seconds after a write, and in turn, which may come first
    for the other run."""
    room, other = scene.environment.chat.create_room(), scene.environment.chat.create_room()
    handles = [await scene.start_run(room=other), await scene.start_run(room=room)]
    runs = [scene.cutover_run(handle) for handle in handles]
    for number, title in enumerate([task.name for task in runs[1].tasks.values()], 1):
        for run in runs:
            task = run.task(title)
            task.stage, task.completion_type = "complete", "complete_normal"
        body = {"type": "core.event", "meta": {"runbook": {"id": runs[1].id}}}
        assert await _post(scene, f"/hooks/cutover/{HOOK_SECRET}", body) == 200
        await room.wait_for_text(rf"{handles[1]} (?s:.*){number} of 4 done")
        if f"{number} of 4 done" not in other.text():
            return
    raise AssertionError("the other run is updated too")


async def test_a_halted_run_is_reported_once_in_its_thread(scene: Scene) -> None:
    handle = await scene.start_run("xurrent")
    account, run = scene.environment.xurrent.account, find_run(scene.environment.xurrent, handle)
    account.task(run, "Page the DBA").status = "failed"
    account.update_statuses(run)
    halted = {"event": "workflow.status-changed", "object_id": run.id, "payload": {"status": "progress_halted"}}
    for _ in range(2):
        assert await _post(scene, f"/hooks/xurrent/{HOOK_SECRET}", halted) == 200
    await scene.wait_for_text(rf"{handle} .* is halted in Xurrent until someone acts on it\. .*Page the DBA")
    await scene.room.command("show")
    await scene.wait_for_text("1 failed")
    assert scene.room.text().count("is halted") == 1


async def test_a_webhook_without_its_secret_gets_404(scene: Scene) -> None:
    assert await _post(scene, "/hooks/cutover/guessed-secret-of-many-words") == 404
    assert await _post(scene, f"/hooks/nowhere/{HOOK_SECRET}") == 404
