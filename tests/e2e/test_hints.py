"""A platform's webhook is only a hint: the run is read again, and its card says what is true there now."""

import aiohttp

from tests.adapters.xurrent.helpers import find_run
from tests.e2e.conftest import HOOK_SECRET, Scene


async def _post(scene: Scene, path: str, body: object = None) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{scene.liaison.url}{path}", json=body or {}) as answer,
    ):
        return answer.status


async def test_what_others_do_on_the_platform_shows_on_the_card_after_a_hint(scene: Scene) -> None:
    handle = await scene.started()
    task = scene.run(handle).task("Page the DBA")
    task.stage, task.completion_type = "complete", "complete_normal"
    assert await _post(scene, f"/hooks/cutover/{HOOK_SECRET}") == 200
    await scene.sees(rf"{handle} (?s:.*)1 of 4 done")


async def test_a_hint_that_names_a_run_is_about_that_run_alone(scene: Scene) -> None:
    other = scene.house.chat.room()
    handles = [await scene.started(room=other), await scene.started()]
    for handle in handles:
        task = scene.run(handle).task("Page the DBA")
        task.stage, task.completion_type = "complete", "complete_normal"
    named = {"type": "core.event", "meta": {"runbook": {"id": scene.run(handles[1]).id}}}
    assert await _post(scene, f"/hooks/cutover/{HOOK_SECRET}", named) == 200
    await scene.sees(rf"{handles[1]} (?s:.*)1 of 4 done")
    assert "1 of 4 done" not in other.words()


async def test_a_run_that_stands_still_says_so_once_in_its_thread(scene: Scene) -> None:
    handle = await scene.started("xurrent")
    account, run = scene.house.xurrent.account, find_run(scene.house.xurrent, handle)
    account.task(run, "Page the DBA").status = "failed"
    account.update_statuses(run)
    halted = {"event": "workflow.status-changed", "object_id": run.id, "payload": {"status": "progress_halted"}}
    for _ in range(2):
        assert await _post(scene, f"/hooks/xurrent/{HOOK_SECRET}", halted) == 200
    await scene.sees(rf"{handle} .* is halted in Xurrent until someone acts on it\. .*Page the DBA")
    await scene.room.command("show")
    await scene.sees("1 failed")
    assert scene.room.words().count("is halted") == 1


async def test_a_hint_without_its_secret_is_nobody(scene: Scene) -> None:
    assert await _post(scene, "/hooks/cutover/guessed-secret-of-many-words") == 404
    assert await _post(scene, f"/hooks/nowhere/{HOOK_SECRET}") == 404
