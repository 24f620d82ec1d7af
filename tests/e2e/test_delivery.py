"""Writes survive kills, restarts and repeated deliveries: none is lost and none is executed twice."""

import asyncio
import re

import pytest

from adapters.testing.fake_server import Fault
from tests.e2e.conftest import RUNBOOK, Scene

WRITES = {
    "finish": ("finish T1", "PATCH", r"/tasks/\d+/finish$", "finished T1"),
    "comment": ("comment still looking", "POST", "/comments$", "commented on .*still looking"),
    "status": ("status red it is bad", "PATCH", "$", r"RED · R\d+ .*\n+it is bad\n"),
}


async def test_each_write_has_one_effect_if_the_process_is_killed_before_the_response(scene: Scene) -> None:
    """The platform has executed a start, a finish, a comment and a status of four runs, but not answered yet."""
    rooms = {verb: scene.environment.chat.create_room() for verb in (*WRITES, "start")}
    runs = {verb: scene.cutover_run(await scene.start_run(room=rooms[verb])) for verb in WRITES}
    copies = _count_copies(scene)
    faults = [scene.cutover.fault("hold", method="POST", path="/core/runbooks$")]
    for verb, (_, method, path, _) in WRITES.items():
        faults.append(scene.cutover.fault("hold", method=method, path=rf"/runbooks/{runs[verb].id}{path}"))
    for verb, (line, *_) in WRITES.items():
        await rooms[verb].command(line)
    await rooms["start"].command(f'start "{RUNBOOK}" --on cutover')
    for fault in faults:
        await asyncio.wait_for(fault.reached.wait(), 20)
    await scene.liaison.kill()
    assert [scene.count_effects(verb) for verb in WRITES] == [1, 1, 1]
    for fault in faults:
        fault.release.set()
    await scene.liaison.start()
    for verb, (*_, activity) in WRITES.items():
        await rooms[verb].wait_for_text(activity)
    await rooms["start"].wait_for_text(f"(?s){RUNBOOK}.*T1 Confirm the primary is down")
    await rooms["finish"].command("comment afterwards")
    await scene.wait_for_effects("comment", 2)
    assert (scene.count_effects("finish"), scene.count_effects("status")) == (1, 1)
    assert (_count_copies(scene), scene.count_effects("start")) == (copies + 1, 4)


def _count_copies(scene: Scene) -> int:
    return [effect for effect, _, _ in scene.cutover.effects].count("copy")


async def test_a_command_delivered_twice_is_done_once_with_the_same_answer(scene: Scene) -> None:
    await scene.start_run()
    delivery = await scene.room.command("comment once only")
    repeated = await delivery.resend()
    assert (repeated.status, repeated.body) == (delivery.status, delivery.body)
    await scene.room.command("comment another")
    await scene.wait_for_effects("comment", 2)


async def test_a_click_delivered_twice_is_done_once(scene: Scene) -> None:
    await scene.start_run()
    delivery = await scene.room.press("Begin T1")
    repeated = await delivery.resend()
    assert (repeated.status, repeated.body) == (delivery.status, delivery.body)
    await scene.room.command("comment another")
    await scene.wait_for_effects("comment")
    await scene.wait_for_effects("begin")
    assert "already begun" not in scene.room.text()


async def test_a_form_delivered_twice_is_done_once(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.press("Update status")
    delivery = await scene.room.submit_form({"text": "said once"})
    repeated = await delivery.resend()
    assert (repeated.status, repeated.body) == (delivery.status, delivery.body)
    await scene.room.command("comment another")
    await scene.wait_for_effects("comment")
    await scene.wait_for_effects("status")


async def test_after_a_restart_a_repeated_delivery_is_ignored_and_old_buttons_work(scene: Scene) -> None:
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T1")
    delivery = await scene.room.command("comment before the restart")
    await scene.wait_for_effects("comment")
    assert await scene.liaison.stop() == 0
    await scene.liaison.start()
    repeated = await delivery.resend()
    assert (repeated.status, repeated.body) == (delivery.status, delivery.body)
    assert (await scene.room.click("Begin T1", card)).status == 200
    await scene.wait_for_effects("begin")
    await scene.room.command("comment after the restart")
    await scene.wait_for_effects("comment", 2)


async def test_500_deliveries_with_100_duplicates_have_400_effects(scene: Scene) -> None:
    await scene.start_run()

    async def send_comment(number: int) -> None:
        delivery = await scene.room.command(f"comment note {number}")
        assert delivery.status == 200
        if number % 4 == 0:
            repeated = await delivery.resend()
            assert (repeated.status, repeated.body) == (200, delivery.body)

    for begin in range(0, 400, 50):
        await asyncio.gather(*(send_comment(number) for number in range(begin, begin + 50)))
    await scene.wait_for_effects("comment", 400, within=60)
    await scene.room.command("comment the last")
    await scene.wait_for_effects("comment", 401)


async def _restart_during(fault: Fault, ending: str, scene: Scene) -> None:
    """While the platform holds the response to a request."""
    await asyncio.wait_for(fault.reached.wait(), 20)
    if ending == "killed":
        await scene.liaison.kill()
        fault.release.set()
    else:
        stopping = asyncio.create_task(scene.liaison.stop())
        await scene.liaison.wait_until_closed()
        fault.release.set()
        assert await stopping == 0
    await scene.liaison.start()


@pytest.mark.parametrize("ending", ["killed", "stopped"])
async def test_acknowledged_commands_are_executed_in_order_after_a_restart(scene: Scene, ending: str) -> None:
    """The process ends while the fourth of twenty comments is being sent."""
    run = scene.cutover_run(await scene.start_run())
    fault = scene.cutover.fault("hold", method="POST", path=f"/runbooks/{run.id}/comments$", after=3)
    for number in range(20):
        assert (await scene.room.command(f"comment number {number}")).status == 200
    await _restart_during(fault, ending, scene)
    await scene.wait_for_effects("comment", 20)
    numbers = [int(found[1]) for comment in run.comments if (found := re.search(r"number (\d+)", comment.content))]
    assert numbers == list(range(20))


@pytest.mark.parametrize("ending", ["killed", "stopped"])
async def test_a_start_of_several_steps_is_completed_after_a_restart(scene: Scene, ending: str) -> None:
    """The process ends while the template is being copied: the copy must not be left in planning."""
    copies = len(scene.cutover.calls("POST", "/core/runbooks$"))
    fault = scene.cutover.fault("hold", method="POST", path="/core/runbooks$")
    assert (await scene.room.command('start "Database failover" --on cutover')).status == 200
    await _restart_during(fault, ending, scene)
    await scene.wait_for_effects("start", within=60)
    assert len(scene.cutover.calls("POST", "/core/runbooks$")) == copies + 1
    await scene.room.wait_for_text("T1 Confirm the primary is down")


async def test_a_comment_whose_response_is_cut_off_is_looked_up_and_not_resent(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    scene.cutover.fault("cut_after", method="POST", path=f"/runbooks/{run.id}/comments$")
    await scene.room.command("comment cut off")
    await scene.wait_for_effects("comment")
    await scene.wait_for_text("commented on .*cut off")
    await scene.room.command("comment and on")
    await scene.wait_for_effects("comment", 2)
