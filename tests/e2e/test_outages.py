"""A platform that refuses, breaks, is slow or away: said truly, nothing lost, nothing done twice."""

import re

import pytest

from tests.e2e.conftest import TITLE, Scene, on_one_chat

JSON = {"Content-Type": "application/json"}
SAYS_NO = '{"errors":[{"code":"no","title":"No","detail":"The task is locked by audit.","source":{"pointer":""}}]}'

REFUSALS = {
    "401": (401, "", "Cutover doesn't accept Liaison's token"),
    "403": (403, "", "Liaison's Cutover account isn't allowed to do this"),
    "404": (
        404,
        "",
        "Cutover can't find this: it doesn't exist, it's archived, or Liaison's account can't see it",
    ),
    "409": (409, SAYS_NO, "locked by audit"),
    "422": (422, SAYS_NO, "locked by audit"),
}


@pytest.mark.parametrize("how", sorted(REFUSALS))
@pytest.mark.parametrize("what", ["comment", "finish"])
async def test_a_refusal_is_told_with_its_reason_and_nothing_is_done(busy: Scene, what: str, how: str) -> None:
    scene, run = busy, busy.run(busy.cards()[0])
    run.task(TITLE).stage = "in_progress"
    if "running T1" not in scene.room.words():  # else nobody could tell when it was read
        await scene.room.command("show")
        await scene.sees("running T1")
    before = scene.effects(what)
    status, body, told = REFUSALS[how]
    method, path, line = _write(what, run.id)
    scene.cutover.fault("answer", method=method, path=path, status=status, body=body, headers=JSON)
    answer = await scene.room.answer(line)
    assert told in answer.words
    assert "our side" not in answer.words
    assert "Receipt" not in answer.words
    assert "Nothing changed" in answer.words or how in ("409", "422")
    assert scene.effects(what) == before
    works = await scene.room.answer("comment works again")
    assert "comment added" in works.words


def _write(what: str, run: str) -> tuple[str, str, str]:
    """Method and path of the last request of the command line."""
    if what == "comment":
        return "POST", f"/runbooks/{run}/comments$", "comment hello"
    return "PATCH", rf"/runbooks/{run}/tasks/\d+/finish$", "finish T1"


UNKNOWN = {
    "500": (500, ""),
    "502": (502, "<html>Bad Gateway</html>"),
    "garbage": (200, "<html>logged out</html>"),
    "half an answer": (201, '{"data": {'),
}


@on_one_chat
@pytest.mark.parametrize("how", sorted(UNKNOWN))
async def test_what_may_have_happened_is_called_neither_done_nor_failed(scene: Scene, how: str) -> None:
    run = scene.run(await scene.started())
    status, body = UNKNOWN[how]
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=status, body=body, headers=JSON)
    await scene.room.command("comment hello")
    await scene.sees(
        "Cutover hasn't confirmed .*sent at .*Checking whether it went through. No need to press again"
    )
    assert not re.search("(?i)failed|didn't go through|nothing changed|comment added", scene.room.words())
    assert scene.effects("comment") == 0
    scene.house.strays.append(run)  # half a minute later it is written once more


async def test_too_many_requests_waits_its_turn(scene: Scene) -> None:
    run = scene.run(await scene.started())
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=429, headers={"Retry-After": "1"})
    await scene.room.command("comment in its turn")
    await scene.sees("commented on .*in its turn")
    await scene.done("comment")


@on_one_chat
async def test_an_answer_that_takes_too_long_is_looked_for(scene: Scene) -> None:
    """It was done, and its answer never comes: longer than Liaison waits for one."""
    run = scene.run(await scene.started())
    fault = scene.cutover.fault("hold", method="PATCH", path=rf"/runbooks/{run.id}/tasks/\d+/finish$")
    await scene.room.command("finish T1")
    await scene.sees("finished T1", within=40)
    await scene.done("finish")
    fault.release.set()


async def test_an_answer_that_is_cut_off_is_looked_for(scene: Scene) -> None:
    run = scene.run(await scene.started())
    scene.cutover.fault("cut_after", method="PATCH", path=rf"/runbooks/{run.id}/tasks/\d+/finish$")
    await scene.room.command("finish T1")
    await scene.sees("finished T1")
    await scene.done("finish")


@on_one_chat
async def test_a_lost_comment_is_written_once_more_and_a_lost_start_is_a_persons_to_decide(scene: Scene) -> None:
    """Half a minute passes until the last look (DESIGN section 6, point 4); both are waited for together."""
    run = scene.run(await scene.started())
    other = scene.house.chat.room()
    copies = len(scene.cutover.calls("POST", "/core/runbooks$"))
    scene.cutover.fault("answer", method="POST", path=f"/runbooks/{run.id}/comments$", status=500)
    scene.cutover.fault("answer", method="POST", path="/core/runbooks$", status=500)
    await scene.room.command("comment lost on the way")
    await other.command('start "Database failover" --on cutover')
    await scene.done("comment", within=60)
    await scene.sees("commented on .*lost on the way")
    await other.with_button("Send it again")
    assert "It was done" in other.labels()
    assert len(scene.cutover.calls("POST", "/core/runbooks$")) == copies + 1, "never written again by itself"
    await other.press("Send it again", user="ben")
    await scene.done("start", 2)
    await other.sees("T1 Confirm the primary is down")
    await other.sees("started R")


async def test_an_outage_is_told_and_waited_out(scene: Scene) -> None:
    await scene.started()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.sees("(?s)isn't responding.*Nothing was sent yet. Retrying until")
    await scene.done("finish")


@on_one_chat
async def test_what_waits_for_a_platform_can_be_stopped(scene: Scene) -> None:
    await scene.started()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.room.press("Stop", user="ben")
        await scene.sees("(?s)[Ss]topped.*before anything was sent")
    await scene.room.command("comment it goes on")
    await scene.done("comment")
    assert scene.effects("finish") == 0


@on_one_chat
async def test_what_waits_for_a_platform_survives_a_restart(scene: Scene) -> None:
    await scene.started()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.sees("Retrying until")
        assert await scene.liaison.stop() == 0
        await scene.liaison.start()
    await scene.done("finish")
    await scene.sees("finished T1")


async def test_while_a_platform_is_away_its_last_state_is_shown_and_others_go_on(scene: Scene) -> None:
    handle = await scene.started()
    async with scene.without_cutover():
        answer = await scene.room.answer(f"show {handle}.T1")
        assert re.search("isn't responding. Showing the run as of", answer.words)
        await scene.started("local", room=scene.house.chat.room())
