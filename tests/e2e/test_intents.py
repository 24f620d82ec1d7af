"""The mission's four intents, through the real process, from every surface of each chat."""

from tests.e2e.conftest import Scene


async def test_four_intents_by_command(scene: Scene) -> None:
    await scene.started()
    await scene.chat.command("begin T1")
    await scene.done("begin", 1)
    await scene.chat.command("finish T1 checked on the host")
    await scene.done("finish", 1)
    await scene.chat.command('status amber "replica lagging" --next 15m')
    await scene.done("status", 1)
    await scene.chat.command("comment don't fail over yet")
    await scene.done("comment", 2)  # the note of the finish is one too

    await scene.sees(r"(?i)amber")
    await scene.sees("replica lagging")
    await scene.sees("don't fail over yet")
    contents = [comment.content for run in scene.cutover.runbooks.values() for comment in run.comments]
    assert any("don&#x27;t fail over yet" in text or "don't fail over yet" in text for text in contents)
    assert any("via" in text for text in contents), "says who wrote it"


async def test_four_intents_by_mention(scene: Scene) -> None:
    await scene.chat.mention('start "Database failover"')
    await scene.done("start", 1)
    await scene.sees("T1 Confirm the primary is down")
    await scene.chat.mention("finish T1")
    await scene.done("finish", 1)
    await scene.chat.mention("status green all good again")
    await scene.done("status", 1)
    await scene.chat.mention("comment T2: paged twice")
    await scene.done("comment", 1)
    await scene.sees("paged twice")


async def test_four_intents_by_button(scene: Scene) -> None:
    await scene.chat.command("runbooks")
    await scene.chat.press("Start Database failover")
    await scene.done("start", 1)
    await scene.chat.press("Begin T1")
    await scene.done("begin", 1)
    await scene.chat.press("Finish T1")
    await scene.done("finish", 1)
    await scene.chat.press("Update status")
    await scene.chat.fill({"health": "red", "text": "replica is gone"})
    await scene.done("status", 1)
    await scene.sees("replica is gone")
    await scene.chat.press("More…")
    await scene.chat.fill({"do": "comment", "text": "said with buttons alone"})
    await scene.done("comment", 1)


async def test_a_blocked_task_says_by_which(scene: Scene) -> None:
    await scene.started()
    await scene.chat.command("finish T3")
    await scene.sees("T3 Promote the replica waits for T1 Confirm the primary is down.*Nothing changed")
    assert scene.effects("finish") == 0


async def test_a_guest_may_look_and_not_touch(scene: Scene) -> None:
    await scene.started()
    assert await scene.chat.command("show", user="gil") == 200
    assert await scene.chat.press("Begin T1", user="gil") == 200
    await scene.sees("(?i)nothing changed")
    assert scene.effects("begin") == 0


async def test_three_people_finish_three_tasks_on_one_card_within_a_second(scene: Scene) -> None:
    await scene.started()
    run = next(run for run in scene.cutover.runbooks.values() if not run.is_template)
    for task in run.tasks.values():
        task.before, task.stage = [], "in_progress"
    await scene.chat.command("show")
    await scene.sees("4 running")
    for user, handle in (("ana", "T1"), ("ben", "T2"), ("ana", "T3")):
        await scene.chat.command(f"finish {handle}", user=user)
    await scene.done("finish", 3)
    assert {task.name for task in run.tasks.values() if task.stage == "complete"} == {
        "Confirm the primary is down",
        "Page the DBA",
        "Promote the replica",
    }
    assert "Nothing changed" not in scene.chat.words()


async def test_a_start_held_up_by_checks_goes_on_with_the_same_copy(scene: Scene) -> None:
    scene.cutover.template.checks = [("runbooks.start.unassigned_tasks", "3 tasks are unassigned", False)]
    await scene.chat.command('start "Database failover"')
    await scene.sees("3 tasks are unassigned")
    await scene.chat.press("Start anyway" if "Start anyway" in scene.chat.labels() else "Do it anyway")
    await scene.done("start", 1)
    assert scene.effects("copy") == 1
    await scene.sees("T1 Confirm the primary is down")


async def test_a_planned_runbook_that_was_shown_before_keeps_one_handle_when_started(scene: Scene) -> None:
    planned = scene.cutover.world.planned("Yearly exercise")
    await scene.chat.command(f"show cutover:{planned.id}")
    await scene.sees("R1")
    await scene.chat.command('start "Yearly exercise"')
    await scene.chat.press("Start live")
    await scene.done("start", 1)
    await scene.sees("R2 Yearly exercise.*(?s:.*)T1 Confirm")
    await scene.chat.command("finish T1")
    await scene.done("finish", 1)
