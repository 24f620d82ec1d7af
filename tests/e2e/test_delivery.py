"""Nothing is lost, nothing is done twice: kills, repeats, outages (DESIGN section 6)."""

import asyncio

import pytest

from tests.e2e.conftest import Scene
from tests.e2e.process import until

WRITES = {
    "finish": ("finish T1", "finish", "PATCH", r"/tasks/\d+/finish$"),
    "comment": ("comment still looking", "comment", "POST", "/comments$"),
    "status": ("status red it is bad", "status", "PATCH", r"/runbooks/\d+$"),
}


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_killed_between_send_and_answer_has_one_effect(scene: Scene, name: str) -> None:
    line, what, method, path = WRITES[name]
    await scene.started()
    await scene.chat.command("begin T1")
    await scene.done("begin", 1)
    await asyncio.sleep(1.5)
    scene.cutover.fault("hold", method=method, path=path)
    fault = scene.cutover.faults[-1]
    await scene.chat.command(line)
    await asyncio.wait_for(fault.reached.wait(), 20)
    await scene.liaison.kill()
    assert scene.effects(what) == 1
    fault.release.set()
    await scene.liaison.start()
    await scene.sees(
        {"finish": "(?s)finished T1|T1.*done", "comment": "still looking", "status": "it is bad"}[name]
    )
    assert scene.effects(what) == 1
    await scene.chat.command("comment afterwards")
    await scene.done("comment", 2 if name == "comment" else 1)
    assert scene.effects(what) == (2 if name == "comment" else 1)


async def test_killed_while_starting_has_one_run(scene: Scene) -> None:
    scene.cutover.fault("hold", method="POST", path="/core/runbooks$")
    fault = scene.cutover.faults[-1]
    await scene.chat.command('start "Database failover"')
    await asyncio.wait_for(fault.reached.wait(), 20)
    await scene.liaison.kill()
    fault.release.set()
    await scene.liaison.start()
    await scene.done("start", 1)
    await scene.sees("T1 Confirm the primary is down")
    assert (scene.effects("copy"), scene.effects("start")) == (1, 1)


async def test_a_command_sent_twice_is_done_once(scene: Scene) -> None:
    await scene.started()
    fake = getattr(scene.chat, "fake")  # noqa: B009
    if scene.chat.name != "slack":
        pytest.skip("Mattermost never sends a command twice")
    user, channel = scene.chat.users["ana"], scene.chat.channels["ops"]  # type: ignore[attr-defined]
    sent = await fake.command(scene.liaison.url, "comment once only", user=user, channel=channel)
    again = await fake.again(sent)
    assert (again.status, again.body) == (sent.status, sent.body)
    await scene.done("comment", 1)
    await scene.chat.command("comment another")
    await scene.done("comment", 2)
    assert scene.effects("comment") == 2


async def test_500_deliveries_with_100_duplicates_are_400_effects(scene: Scene) -> None:
    await scene.started()
    if scene.chat.name != "slack":
        pytest.skip("Mattermost never sends a command twice")
    fake = getattr(scene.chat, "fake")  # noqa: B009
    user, channel = scene.chat.users["ana"], scene.chat.channels["ops"]  # type: ignore[attr-defined]

    async def one(number: int) -> None:
        sent = await fake.command(scene.liaison.url, f"comment note {number}", user=user, channel=channel)
        assert sent.status == 200
        if number % 4 == 0:
            again = await fake.again(sent)
            assert (again.status, again.body) == (200, sent.body)

    for begin in range(0, 400, 50):
        await asyncio.gather(*(one(number) for number in range(begin, begin + 50)))
    await until(lambda: scene.effects("comment") >= 400, within=60)
    await scene.chat.command("comment the last")
    await until(lambda: scene.effects("comment") >= 401, within=60)
    assert scene.effects("comment") == 401


async def test_an_outage_is_told_and_waited_out(scene: Scene) -> None:
    await scene.started()
    await scene.cutover.stop()
    await scene.chat.command("finish T1")
    await scene.sees("(?s)does not answer.*Nothing was sent")
    await scene.cutover.start()
    await scene.done("finish", 1)


async def test_an_answer_cut_off_is_looked_for_and_not_repeated(scene: Scene) -> None:
    await scene.started()
    await scene.chat.command("begin T1")
    await scene.done("begin", 1)
    scene.cutover.fault("cut_after", method="POST", path="/comments$")
    await scene.chat.command("comment cut off")
    await scene.done("comment", 1)
    await scene.sees("cut off")
    await scene.chat.command("comment and on")
    await scene.done("comment", 2)
    assert scene.effects("comment") == 2
