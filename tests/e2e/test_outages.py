"""When a platform rejects, fails, is slow or is down, answers are accurate and no write is lost or repeated."""

import re

import pytest

from tests.e2e.conftest import FIRST_TASK, Scene, on_one_chat
from tests.e2e.process import until

JSON = {"Content-Type": "application/json"}
LOCKED = '{"errors":[{"code":"no","title":"No","detail":"The task is locked by audit.","source":{"pointer":""}}]}'

RUNNING = r"T1 [^\n]+(\n| — )running"
REFUSALS = {
    "401": (401, "", "Cutover doesn't accept Liaison's token"),
    "403": (403, "", "Liaison's Cutover account isn't allowed to do this"),
    "404": (
        404,
        "",
        "Cutover can't find this: it doesn't exist, it's archived, or Liaison's account can't see it",
    ),
    "409": (409, LOCKED, "locked by audit"),
    "422": (422, LOCKED, "locked by audit"),
}


@pytest.mark.parametrize("status", sorted(REFUSALS))
@pytest.mark.parametrize("verb", ["comment", "finish"])
async def test_a_rejected_write_is_reported_with_its_reason_and_changes_nothing(
    shared_scene: Scene, verb: str, status: str
) -> None:
    scene, run = shared_scene, shared_scene.cutover_run(shared_scene.card_handles()[0])
    run.task(FIRST_TASK).stage = "in_progress"
    if not re.search(RUNNING, scene.room.text()):  # make sure the card is current
        await scene.room.command("show")
        await scene.wait_for_text(RUNNING)
    before = scene.count_effects(verb)
    code, body, reason = REFUSALS[status]
    method, path, line = _last_request(verb, run.id)
    scene.cutover.fault("answer", method=method, path=path, status=code, body=body, headers=JSON)
    answer = await scene.room.private_answer(line)
    assert reason in answer.text
    assert "our side" not in answer.text
    assert "Receipt" not in answer.text
    assert "Nothing changed" in answer.text or status in ("409", "422")
    assert scene.count_effects(verb) == before
    next_answer = await scene.room.private_answer("comment works again")
    assert "comment added" in next_answer.text


def _last_request(verb: str, run: str) -> tuple[str, str, str]:
    """(method, path, command): the command's last request to Cutover."""
    if verb == "comment":
        return "POST", f"/runbooks/{run}/comments$", "comment hello"
    return "PATCH", rf"/runbooks/{run}/tasks/\d+/finish$", "finish T1"


UNCLEAR_RESPONSES = {
    "500": (500, ""),
    "502": (502, "<html>Bad Gateway</html>"),
    "garbage": (200, "<html>logged out</html>"),
    "half an answer": (201, '{"data": {'),
}


@on_one_chat
@pytest.mark.parametrize("case", sorted(UNCLEAR_RESPONSES))
async def test_a_write_with_an_unclear_outcome_is_reported_as_unconfirmed(scene: Scene, case: str) -> None:
    run = scene.cutover_run(await scene.start_run())
    status, body = UNCLEAR_RESPONSES[case]
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=status, body=body, headers=JSON)
    await scene.room.command("comment hello")
    await scene.wait_for_text(
        "Cutover hasn't confirmed .*sent at .*Checking whether it went through. No need to press again"
    )
    assert not re.search("(?i)failed|didn't go through|nothing changed|comment added", scene.room.text())
    assert scene.count_effects("comment") == 0
    scene.environment.ignored_runs.append(run)  # half a minute later the comment is sent again


async def test_a_rate_limited_write_is_sent_later(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=429, headers={"Retry-After": "1"})
    await scene.room.command("comment in its turn")
    await scene.wait_for_text("commented on .*in its turn")
    await scene.wait_for_effects("comment")


@on_one_chat
async def test_a_write_whose_response_times_out_is_looked_up(scene: Scene) -> None:
    """The platform executes the write, but its response takes longer than Liaison's timeout."""
    run = scene.cutover_run(await scene.start_run())
    fault = scene.cutover.fault("hold", method="PATCH", path=rf"/runbooks/{run.id}/tasks/\d+/finish$")
    await scene.room.command("finish T1")
    await scene.wait_for_text("finished T1", within=40)
    await scene.wait_for_effects("finish")
    fault.release.set()


async def test_a_write_whose_response_is_cut_off_is_looked_up(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    scene.cutover.fault("cut_after", method="PATCH", path=rf"/runbooks/{run.id}/tasks/\d+/finish$")
    await scene.room.command("finish T1")
    await scene.wait_for_text("finished T1")
    await scene.wait_for_effects("finish")


@on_one_chat
async def test_a_lost_comment_is_sent_again_but_a_lost_start_needs_a_persons_decision(scene: Scene) -> None:
    """Both in one test, because the last look comes a minute after the write."""
    run = scene.cutover_run(await scene.start_run())
    other = scene.environment.chat.create_room()
    copies = len(scene.cutover.calls("POST", "/core/runbooks$"))
    scene.cutover.fault("answer", method="POST", path=f"/runbooks/{run.id}/comments$", status=500)
    scene.cutover.fault("answer", method="POST", path="/core/runbooks$", status=500)
    await scene.room.command("comment lost on the way")
    await other.command('start "Database failover" --on cutover')
    await scene.wait_for_effects("comment", within=90)
    await scene.wait_for_text("commented on .*lost on the way")
    await other.wait_for_button("Send it again", within=30)
    assert "It was done" in other.button_labels()
    assert len(scene.cutover.calls("POST", "/core/runbooks$")) == copies + 1, "never sent again automatically"
    await other.press("Send it again", user="ben")
    await scene.wait_for_effects("start", 2)
    await other.wait_for_text("T1 Confirm the primary is down")
    await other.wait_for_text("started R")


@on_one_chat
async def test_a_lost_note_is_named_and_holds_up_nobody(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    scene.cutover.fault("answer", method="POST", path=f"/runbooks/{run.id}/comments$", status=500)
    await scene.room.command("finish T1 checked twice")
    await scene.wait_for_text("finishing T1 went through, but Cutover hasn't confirmed the note on T1")
    await scene.room.command("finish T2", user="ben")
    await scene.wait_for_text("ben finished T2", within=8)
    assert scene.count_effects("comment") == 0
    await scene.wait_for_text("finished T1.*checked twice")
    await scene.wait_for_effects("comment")
    await scene.wait_for_effects("finish", 2)


async def test_a_write_during_an_outage_is_announced_and_sent_afterwards(scene: Scene) -> None:
    await scene.start_run()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.wait_for_text("(?s)isn't responding.*Nothing was sent yet. Retrying until")
        await scene.wait_for_text("1 change not sent yet")
    await scene.wait_for_effects("finish")
    await until(lambda: "change not sent yet" not in scene.room.public_text())


@on_one_chat
async def test_a_write_waiting_for_a_platform_can_be_stopped(scene: Scene) -> None:
    await scene.start_run()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.wait_for_text("1 change not sent yet")
        await scene.room.press("Stop", user="ben")
        await scene.wait_for_text("(?s)[Ss]topped.*before anything was sent")
        await until(lambda: "change not sent yet" not in scene.room.public_text())
    await scene.room.command("comment it goes on")
    await scene.wait_for_effects("comment")
    assert scene.count_effects("finish") == 0


@on_one_chat
async def test_a_write_waiting_for_a_platform_survives_a_restart(scene: Scene) -> None:
    await scene.start_run()
    async with scene.without_cutover():
        await scene.room.command("finish T1")
        await scene.wait_for_text("Retrying until")
        assert await scene.liaison.stop() == 0
        await scene.liaison.start()
    await scene.wait_for_effects("finish")
    await scene.wait_for_text("finished T1")


async def test_during_an_outage_the_last_known_state_is_shown_and_other_platforms_work(scene: Scene) -> None:
    handle = await scene.start_run()
    async with scene.without_cutover():
        answer = await scene.room.private_answer(f"show {handle}.T1")
        assert re.search("isn't responding. Showing the run as of", answer.text)
        await scene.start_run("local", room=scene.environment.chat.create_room())


async def test_a_run_is_shown_as_last_read_while_its_platform_is_down(scene: Scene) -> None:
    handle, room = await scene.start_run(), scene.room

    def cards() -> set[str]:
        shown = [message for message in room.bot_messages() if f"T1 {FIRST_TASK}" in message.text]
        return {message.id for message in shown if handle in message.text}

    before = cards()
    async with scene.without_cutover():
        await room.command("show")
        await scene.wait_for_text("Cutover isn't responding. Showing the run as of")
        await until(lambda: cards() - before)
