"""Nothing is lost, nothing is done twice: kills, repeats, restarts (DESIGN section 6)."""

import asyncio
import re

import pytest

from tests.e2e.conftest import RUNBOOK, Scene

WRITES = {
    "finish": ("finish T1", "PATCH", r"/tasks/\d+/finish$", "finished T1"),
    "comment": ("comment still looking", "POST", "/comments$", "commented on .*still looking"),
    "status": ("status red it is bad", "PATCH", "$", "RED it is bad"),
}


async def test_killed_between_send_and_answer_each_write_has_one_effect(scene: Scene) -> None:
    """A start, a finish, a comment and a status, of four runs, all done by the platform and not yet answered."""
    rooms = {what: scene.house.chat.room() for what in (*WRITES, "start")}
    runs = {what: scene.run(await scene.started(room=rooms[what])) for what in WRITES}
    copies = _copies(scene)
    faults = [scene.cutover.fault("hold", method="POST", path="/core/runbooks$")]
    for what, (_, method, path, _) in WRITES.items():
        faults.append(scene.cutover.fault("hold", method=method, path=rf"/runbooks/{runs[what].id}{path}"))
    for what, (line, *_) in WRITES.items():
        await rooms[what].command(line)
    await rooms["start"].command(f'start "{RUNBOOK}" --on cutover')
    for fault in faults:
        await asyncio.wait_for(fault.reached.wait(), 20)
    await scene.liaison.kill()
    assert [scene.effects(what) for what in WRITES] == [1, 1, 1]
    for fault in faults:
        fault.release.set()
    await scene.liaison.start()
    for what, (*_, told) in WRITES.items():
        await rooms[what].sees(told)
    await rooms["start"].sees(f"(?s){RUNBOOK}.*T1 Confirm the primary is down")
    await rooms["finish"].command("comment afterwards")
    await scene.done("comment", 2)
    assert (scene.effects("finish"), scene.effects("status")) == (1, 1)
    assert (_copies(scene), scene.effects("start")) == (copies + 1, 4)


def _copies(scene: Scene) -> int:
    return [what for what, _, _ in scene.cutover.effects].count("copy")


async def test_a_command_delivered_twice_is_done_once_with_the_same_answer(scene: Scene) -> None:
    await scene.started()
    sent = await scene.room.command("comment once only")
    again = await sent.again()
    assert (again.status, again.body) == (sent.status, sent.body)
    await scene.room.command("comment another")
    await scene.done("comment", 2)


async def test_a_click_delivered_twice_is_done_once(scene: Scene) -> None:
    await scene.started()
    sent = await scene.room.press("Begin T1")
    again = await sent.again()
    assert (again.status, again.body) == (sent.status, sent.body)
    await scene.room.command("comment another")
    await scene.done("comment")
    await scene.done("begin")
    assert "already begun" not in scene.room.words()


async def test_a_form_delivered_twice_is_done_once(scene: Scene) -> None:
    await scene.started()
    await scene.room.press("Update status")
    sent = await scene.room.fill({"text": "said once"})
    again = await sent.again()
    assert (again.status, again.body) == (sent.status, sent.body)
    await scene.room.command("comment another")
    await scene.done("comment")
    await scene.done("status")


async def test_after_a_restart_a_repeated_delivery_is_known_and_old_buttons_work(scene: Scene) -> None:
    await scene.started()
    card = await scene.room.with_button("Begin T1")
    sent = await scene.room.command("comment before the restart")
    await scene.done("comment")
    assert await scene.liaison.stop() == 0
    await scene.liaison.start()
    again = await sent.again()
    assert (again.status, again.body) == (sent.status, sent.body)
    assert (await scene.room.click("Begin T1", card)).status == 200
    await scene.done("begin")
    await scene.room.command("comment after the restart")
    await scene.done("comment", 2)


async def test_500_deliveries_with_100_duplicates_are_400_effects(scene: Scene) -> None:
    await scene.started()

    async def one(number: int) -> None:
        sent = await scene.room.command(f"comment note {number}")
        assert sent.status == 200
        if number % 4 == 0:
            again = await sent.again()
            assert (again.status, again.body) == (200, sent.body)

    for begin in range(0, 400, 50):
        await asyncio.gather(*(one(number) for number in range(begin, begin + 50)))
    await scene.done("comment", 400, within=60)
    await scene.room.command("comment the last")
    await scene.done("comment", 401)


@pytest.mark.parametrize("how", ["killed", "told to stop"])
async def test_what_was_acknowledged_is_carried_out_in_order_after_a_restart(scene: Scene, how: str) -> None:
    """The fourth of twenty is on its way when the process ends."""
    run = scene.run(await scene.started())
    fault = scene.cutover.fault("hold", method="POST", path=f"/runbooks/{run.id}/comments$", after=3)
    for number in range(20):
        assert (await scene.room.command(f"comment number {number}")).status == 200
    await asyncio.wait_for(fault.reached.wait(), 20)
    if how == "killed":
        await scene.liaison.kill()
        fault.release.set()
    else:
        stopping = asyncio.create_task(scene.liaison.stop())
        await scene.liaison.refusing()
        fault.release.set()
        assert await stopping == 0
    await scene.liaison.start()
    await scene.done("comment", 20)
    numbers = [int(found[1]) for one in run.comments if (found := re.search(r"number (\d+)", one.content))]
    assert numbers == list(range(20))


async def test_an_answer_cut_off_is_looked_for_and_not_repeated(scene: Scene) -> None:
    run = scene.run(await scene.started())
    scene.cutover.fault("cut_after", method="POST", path=f"/runbooks/{run.id}/comments$")
    await scene.room.command("comment cut off")
    await scene.done("comment")
    await scene.sees("commented on .*cut off")
    await scene.room.command("comment and on")
    await scene.done("comment", 2)
