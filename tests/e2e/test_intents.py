"""Start, finish, status and comment through the real process, by command, mention and button, in each chat."""

from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene


async def test_tasks_can_be_changed_by_command(scene: Scene) -> None:
    room, handle = scene.room, await scene.start_run()
    await room.command("begin T1")
    await scene.wait_for_effects("begin")
    await room.command("finish T1 checked on the host")
    await scene.wait_for_effects("finish")
    await room.command('status amber "replica lagging" --next 15m')
    await scene.wait_for_effects("status")
    await room.command("comment don't fail over yet")
    await scene.wait_for_effects("comment", 2)  # including the note of the finish

    await scene.wait_for_text(r"AMBER · R\d+ .*\n+replica lagging")
    await scene.wait_for_text("commented on .*don't fail over yet")
    contents = [comment.content for comment in scene.cutover_run(handle).comments]
    assert any("don&#x27;t fail over yet" in text or "don't fail over yet" in text for text in contents)
    assert all("via" in text for text in contents), "names who wrote it"


async def test_runs_can_be_started_and_changed_by_mention(scene: Scene) -> None:
    room = scene.room
    await room.mention(f'start "{RUNBOOK}" --on cutover')
    await scene.wait_for_effects("start")
    await scene.wait_for_text("T1 Confirm the primary is down")
    await room.mention("finish T1")
    await scene.wait_for_effects("finish")
    await room.mention("status green all good again")
    await scene.wait_for_effects("status")
    await room.mention("comment T2: paged twice")
    await scene.wait_for_effects("comment")
    await scene.wait_for_text("commented on T2 Page the DBA: paged twice")


async def test_a_mention_in_a_cards_thread_is_about_that_run(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')
    await scene.room.press("Start another")
    other = await scene.wait_for_card(before=[handle])
    card = next(
        message
        for message in scene.room.bot_messages()
        if f"{other} {RUNBOOK}" in message.text and not message.visible_to
    )
    await scene.room.mention("finish T1", thread=card.id)
    await scene.wait_for_effects("finish")
    assert scene.cutover_run(other).task(FIRST_TASK).stage == "complete"
    assert scene.cutover_run(handle).task(FIRST_TASK).stage != "complete"


async def test_runs_can_be_started_and_changed_by_button(scene: Scene) -> None:
    room = scene.room
    await room.command("runbooks --on cutover")
    await room.press(f"Start {RUNBOOK}")
    await scene.wait_for_effects("start")
    await room.press("Begin T1")
    await scene.wait_for_effects("begin")
    await room.press("Finish T1", user="ben")
    await scene.wait_for_effects("finish")
    await room.press("Update status")
    await room.submit_form({"health": "red", "text": "replica is gone"})
    await scene.wait_for_effects("status")
    await scene.wait_for_text(r"RED · R\d+ .*\n+replica is gone")
    await room.press("Comment")
    await room.submit_form({"text": "said with buttons alone", "task": "T1"})
    await scene.wait_for_effects("comment")
    await scene.wait_for_text("said with buttons alone")


async def test_a_start_stopped_by_checks_continues_with_the_same_copy(scene: Scene) -> None:
    scene.cutover.template.checks = [("runbooks.start.unassigned_tasks", "3 tasks are unassigned", False)]
    try:
        await scene.room.command(f'start "{RUNBOOK}" --on cutover')
        await scene.wait_for_text("3 tasks are unassigned")
        copies = [effect for effect, _, _ in scene.cutover.effects].count("copy")
        await scene.room.press("Do it anyway")
        await scene.wait_for_effects("start")
        assert [effect for effect, _, _ in scene.cutover.effects].count("copy") == copies
        await scene.wait_for_text("T1 Confirm the primary is down")
    finally:
        scene.cutover.template.checks = []


async def test_a_planned_runbook_shown_before_gets_a_new_handle_when_started(scene: Scene) -> None:
    title = f"Yearly exercise {scene.room.name} {scene.chat_name}"
    planned = scene.cutover.world.planned(title)
    shown = await scene.room.private_answer(f"show cutover:{planned.id}")
    assert title in shown.text
    await scene.room.command(f'start "{title}"')
    await scene.room.press("Start live")
    await scene.wait_for_effects("start")
    planned_as = shown.text.split()[0]
    await scene.wait_for_text(rf"started (?!{planned_as} )R\d+ {title}")
    await scene.room.command("finish T1")
    await scene.wait_for_effects("finish")


async def test_a_task_added_on_the_platform_is_found_by_name_immediately(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    first, id = run.task(FIRST_TASK), scene.cutover.world.id()
    run.tasks[id] = type(first)(id, "Tell the partners", first.stream, stage="in_progress")
    await scene.room.command("finish tell the partners")
    await scene.wait_for_effects("finish")
    assert run.tasks[id].stage == "complete"


async def test_a_run_given_by_its_platform_id_is_read_before_it_is_changed(scene: Scene) -> None:
    planned = scene.cutover.world.planned("Live already")
    planned.stage, planned.run_type = "active", "live"
    planned.task(FIRST_TASK).stage = "in_progress"
    await scene.room.command(f"finish T1 --run cutover:{planned.id}")
    await scene.wait_for_effects("finish")
    assert planned.task(FIRST_TASK).stage == "complete"
