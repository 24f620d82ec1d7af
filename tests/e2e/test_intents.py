"""The four intents through the real process, by command, mention and button, from each chat."""

from tests.e2e.conftest import RUNBOOK, TITLE, Scene
from tests.e2e.process import until


async def test_by_command(scene: Scene) -> None:
    room, handle = scene.room, await scene.started()
    await room.command("begin T1")
    await scene.done("begin")
    await room.command("finish T1 checked on the host")
    await scene.done("finish")
    await room.command('status amber "replica lagging" --next 15m')
    await scene.done("status")
    await room.command("comment don't fail over yet")
    await scene.done("comment", 2)  # the note of the finish is one too

    await scene.sees("AMBER replica lagging")
    await scene.sees("commented on .*don't fail over yet")
    contents = [comment.content for comment in scene.run(handle).comments]
    assert any("don&#x27;t fail over yet" in text or "don't fail over yet" in text for text in contents)
    assert all("via" in text for text in contents), "says who wrote it"


async def test_by_mention(scene: Scene) -> None:
    room = scene.room
    await room.mention(f'start "{RUNBOOK}" --on cutover')
    await scene.done("start")
    await scene.sees("T1 Confirm the primary is down")
    await room.mention("finish T1")
    await scene.done("finish")
    await room.mention("status green all good again")
    await scene.done("status")
    await room.mention("comment T2: paged twice")
    await scene.done("comment")
    await scene.sees("commented on T2 Page the DBA: paged twice")


async def test_by_mention_in_the_thread_of_the_card(scene: Scene) -> None:
    handle = await scene.started()
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')
    await scene.room.press("Start another")
    other = str(await until(lambda: next((one for one in scene.cards() if one != handle), None)))
    card = next(one for one in scene.room.shown() if f"{other} {RUNBOOK}" in one.words and not one.to)
    await scene.room.mention("finish T1", thread=card.id)
    await scene.done("finish")
    assert scene.run(other).task(TITLE).stage == "complete"
    assert scene.run(handle).task(TITLE).stage != "complete"


async def test_by_button(scene: Scene) -> None:
    room = scene.room
    await room.command("runbooks --on cutover")
    await room.press(f"Start {RUNBOOK}")
    await scene.done("start")
    await room.press("Begin T1")
    await scene.done("begin")
    await room.press("Finish T1", user="ben")
    await scene.done("finish")
    await room.press("Update status")
    await room.fill({"health": "red", "text": "replica is gone"})
    await scene.done("status")
    await scene.sees("RED replica is gone")
    await room.press("More…")
    await room.fill({"do": "comment", "text": "said with buttons alone", "task": "T1"})
    await scene.done("comment")
    await scene.sees("said with buttons alone")


async def test_a_start_held_up_by_checks_goes_on_with_the_same_copy(scene: Scene) -> None:
    scene.cutover.template.checks = [("runbooks.start.unassigned_tasks", "3 tasks are unassigned", False)]
    try:
        await scene.room.command(f'start "{RUNBOOK}" --on cutover')
        await scene.sees("3 tasks are unassigned")
        copies = [what for what, _, _ in scene.cutover.effects].count("copy")
        await scene.room.press("Do it anyway")
        await scene.done("start")
        assert [what for what, _, _ in scene.cutover.effects].count("copy") == copies
        await scene.sees("T1 Confirm the primary is down")
    finally:
        scene.cutover.template.checks = []


async def test_a_planned_runbook_that_was_shown_before_keeps_one_handle_when_started(scene: Scene) -> None:
    title = f"Yearly exercise {scene.room.name} {scene.chat}"
    planned = scene.cutover.world.planned(title)
    shown = await scene.room.answer(f"show cutover:{planned.id}")
    assert title in shown.words
    await scene.room.command(f'start "{title}"')
    await scene.room.press("Start live")
    await scene.done("start")
    planned_as = shown.words.split()[0]
    await scene.sees(rf"started (?!{planned_as} )R\d+ {title}")
    await scene.room.command("finish T1")
    await scene.done("finish")


async def test_a_task_added_on_the_platform_is_found_by_name_at_once(scene: Scene) -> None:
    run = scene.run(await scene.started())
    first, id = run.task(TITLE), scene.cutover.world.id()
    run.tasks[id] = type(first)(id, "Tell the partners", first.stream, stage="in_progress")
    await scene.room.command("finish tell the partners")
    await scene.done("finish")
    assert run.tasks[id].stage == "complete"


async def test_a_run_known_only_by_its_id_is_read_before_it_is_written(scene: Scene) -> None:
    planned = scene.cutover.world.planned("Live already")
    planned.stage, planned.run_type = "active", "live"
    planned.task(TITLE).stage = "in_progress"
    await scene.room.command(f"finish T1 --run cutover:{planned.id}")
    await scene.done("finish")
    assert planned.task(TITLE).stage == "complete"
