"""Writes to tasks and runs: begin and finish with all their obstacles, comments, statuses and added tasks."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Conflict, OutcomeUnknown, Rejected, Unreachable, Unsupported
from adapters.models import Health, Task, TaskState
from adapters.results import Applied, Indeterminate, NotApplied
from adapters.writes import AddComment, AddTask, BeginTask, HoldTask, SetStatus, SkipTask
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.helpers import ANA, AT, BASELINE, MARKER, create_active_run, execute, finish, run_key
from tests.adapters.cutover.world import AUTOMATIC, BOT, DECISION

FIRST, SECOND, THIRD, FOURTH = (
    "Confirm the primary is down",
    "Page the DBA",
    "Promote the replica",
    "Repoint the app",
)
OTHER = "901"


def find_task(tasks: tuple[Task, ...], title: str) -> Task:
    return next(task for task in tasks if task.title == title)


async def test_finishing_a_startable_task_begins_it_first(fake: CutoverFake, cutover: Cutover) -> None:
    run = await cutover.read(create_active_run(fake).id)
    begun, finished = await execute(cutover, finish(run, run.tasks[0]), run)
    assert (begun.tasks[0].state, finished.tasks[0].state) == (TaskState.RUNNING, TaskState.DONE)
    assert [what for what, _, _ in fake.effects] == ["begin", "finish"]
    assert fake.calls("PATCH", "/finish$")[0].json == {"meta": {"override": False}}


async def test_a_running_task_is_only_finished(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    fake.world.begin(runbook, runbook.task(FIRST))
    run = await cutover.read(runbook.id)
    (result,) = await execute(cutover, finish(run, run.tasks[0]), run)
    assert not result.already


async def test_finishing_a_waiting_task_is_a_conflict(fake: CutoverFake, cutover: Cutover) -> None:
    run = await cutover.read(create_active_run(fake).id)
    third = find_task(run.tasks, THIRD)
    assert third.state is TaskState.WAITING
    assert third.waits_for == (run.tasks[0].id, run.tasks[1].id)
    with pytest.raises(Conflict) as raised:
        await execute(cutover, finish(run, third), run)
    assert raised.value.key == "cutover.task.not_startable"
    assert fake.effects == []


async def test_actions_on_a_stale_snapshot_report_already_done(fake: CutoverFake, cutover: Cutover) -> None:
    """Somebody else was faster: the result says that it was already done, with the task's real state."""
    runbook = create_active_run(fake)
    run = await cutover.read(runbook.id)
    fake.world.begin(runbook, runbook.task(FIRST), who=BOT)
    begun, finished = await execute(cutover, finish(run, run.tasks[0]), run)
    assert begun.already
    assert not finished.already
    results = await execute(cutover, finish(run, run.tasks[0]), run)
    assert [item.already for item in results] == [True, True]
    assert results[-1].tasks[0].state is TaskState.DONE
    with pytest.raises(Conflict) as raised:
        await execute(cutover, BeginTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert raised.value.key == "changed.done"


async def test_a_conflict_stays_a_conflict_if_the_reread_fails(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    fake.world.begin(runbook, runbook.task(FIRST))
    fake.fault("answer", method="GET", path=r"/tasks/\d+$", status=500, times=10)
    with pytest.raises(Conflict):
        await cutover.execute(BeginTask(run=run_key(runbook.id), by=ANA, task=runbook.task(FIRST).id), MARKER)


async def test_a_branch_unknown_without_forecast_is_asked_for(fake: CutoverFake, cutover: Cutover) -> None:
    """A server without ``forecast`` does not list a task's successors."""
    fake.forecast = "bare"
    runbook = create_active_run(fake)
    task = runbook.task(FIRST)
    task.type = DECISION
    run = await cutover.read(runbook.id)
    assert run.tasks[0].branches == ()
    with pytest.raises(Rejected) as raised:
        await execute(cutover, finish(run, run.tasks[0]), run)
    assert raised.value.key == "cutover.choose_branch"
    after = next(item.id for item in runbook.tasks.values() if task.id in item.before)
    await execute(cutover, finish(run, run.tasks[0], then=after), run)
    assert task.stage == "complete"


async def test_a_conflict_in_a_paused_run_names_the_pause(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    run, runbook.stage = await cutover.read(runbook.id), "paused"
    for write in (finish(run, run.tasks[0]), BeginTask(run=run.key, by=ANA, task=run.tasks[0].id)):
        with pytest.raises(Conflict) as raised:
            await execute(cutover, write, run)
        assert raised.value.key == "cutover.run_paused"
    assert fake.effects == []


async def test_a_task_that_everyone_must_finish(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    task = runbook.task(SECOND)
    task.end_requirements, task.people = "all_must_end", [BOT, OTHER]
    run = await cutover.read(runbook.id)
    _, result = await execute(cutover, finish(run, run.tasks[1]), run)
    assert result.message == "cutover.finish_recorded"
    assert result.tasks[0].state is TaskState.RUNNING
    assert result.tasks[0].mark == "everyone finishes their part"
    (result,) = await execute(cutover, finish(run, run.tasks[1]), await cutover.read(runbook.id))
    assert (result.already, result.message) == (True, "cutover.task.user_already_finished")
    fake.world.finish(runbook, task, None, who=OTHER)
    assert find_task((await cutover.read(runbook.id)).tasks, SECOND).state is TaskState.DONE


async def test_a_task_that_everyone_must_start(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    task = runbook.task(SECOND)
    task.start_requirements, task.people = "all_must_start", [BOT, OTHER]
    begin = BeginTask(run=run_key(runbook.id), by=ANA, task=task.id)
    (result,) = await execute(cutover, begin)
    assert result.message == "cutover.start_recorded"
    assert isinstance(await cutover.reconcile(begin, MARKER, BASELINE), NotApplied)  # invisible
    (result,) = await execute(cutover, begin)  # but Cutover recognizes the second one
    assert (result.already, result.message) == (True, "cutover.task.user_already_started")
    assert [what for what, _, _ in fake.effects] == ["begin"]


async def test_only_the_starter_can_finish_without_an_override(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    task = runbook.task(FIRST)
    task.end_requirements, task.people = "same_must_end", [BOT, OTHER]
    fake.world.begin(runbook, task, who=OTHER)
    run = await cutover.read(runbook.id)
    assert run.tasks[0].mark == "whoever started it finishes it"
    with pytest.raises(Rejected) as raised:
        await execute(cutover, finish(run, run.tasks[0]), run)
    assert raised.value.key == "cutover.task.same_must_finish"
    assert raised.value.retry_with == ("override=true",)
    await execute(cutover, finish(run, run.tasks[0], override="true"), run)
    assert task.stage == "complete"


async def test_an_automatic_task_cannot_be_begun(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    runbook.task(FIRST).type = AUTOMATIC
    with pytest.raises(Rejected) as raised:
        await execute(cutover, BeginTask(run=run_key(runbook.id), by=ANA, task=runbook.task(FIRST).id))
    assert raised.value.key == "cutover.task_type.auto_start_auto_finish_constraint"


async def test_a_decision_task_needs_a_branch(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    runbook.task(FIRST).type = DECISION
    runbook.task(FOURTH).before = [runbook.task(FIRST).id]
    run = await cutover.read(runbook.id)
    first, third, fourth = run.tasks[0], find_task(run.tasks, THIRD), find_task(run.tasks, FOURTH)
    assert first.branches == (third.id, fourth.id)
    with pytest.raises(Rejected) as raised:
        cutover.steps(finish(run, first), run)
    assert raised.value.key == "cutover.choose_branch"
    (begun,) = await execute(cutover, BeginTask(run=run.key, by=ANA, task=first.id), run)
    assert begun.tasks[0].branches == first.branches  # the response lacks them; they are kept
    with pytest.raises(Rejected) as raised:
        await cutover.execute(finish(run, first, then="T4"), MARKER)
    assert raised.value.key == "cutover.bad_branch"
    await cutover.execute(finish(run, first, then=fourth.id), MARKER)
    assert fake.calls("PATCH", "/finish$")[-1].json["meta"]["selected_successor_ids"] == [int(fourth.id)]
    now = await cutover.read(runbook.id)
    assert find_task(now.tasks, THIRD).state is TaskState.SKIPPED
    assert find_task(now.tasks, FOURTH).state is TaskState.READY


async def test_a_finish_note_becomes_a_comment(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    run = await cutover.read(runbook.id)
    steps = cutover.steps(finish(run, run.tasks[0], note="promoted by hand"), run)
    assert [step.step_key for step in steps] == [
        f"finish:{run.tasks[0].id}:begin",
        f"finish:{run.tasks[0].id}",
        f"finish:{run.tasks[0].id}:note",
    ]
    await execute(cutover, finish(run, run.tasks[0], note="promoted by hand"), run)
    (comment,) = await cutover.comments(runbook.id, run.tasks[0].id)
    assert (comment.text, comment.by, comment.task) == ("promoted by hand", "Ana via Slack", run.tasks[0].id)


async def test_a_comment_is_escaped_and_read_back_as_typed(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    text = 'lag < 40 s & "rising"\n<script>alert(1)</script>'
    await execute(cutover, AddComment(run=run_key(runbook.id), by=ANA, text=text))
    assert runbook.comments[0].content == (
        '<p>lag &lt; 40 s &amp; "rising"</p><p>&lt;script&gt;alert(1)&lt;/script&gt; — Ana via Slack (7K2F)</p>'
    )
    (comment,) = await cutover.comments(runbook.id, None)
    assert (comment.text, comment.by) == (text, "Ana via Slack")


async def test_a_hold_is_a_comment_on_the_task(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    task = runbook.task(FIRST).id
    await execute(cutover, HoldTask(run=run_key(runbook.id), by=ANA, task=task, reason="no DBA"))
    assert runbook.comments[0].task == task
    assert "On hold: no DBA" in runbook.comments[0].content


async def test_a_status_sends_only_what_changes(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    due = AT.replace(minute=20)
    write = SetStatus(run=run_key(runbook.id), by=ANA, health=Health.RED, text="replica is gone", next_at=due)
    (result,) = await execute(cutover, write)
    sent = fake.calls("PATCH", rf"/runbooks/{runbook.id}$")[0].json["data"]
    assert sent["attributes"].keys() == {"status", "status_message"}
    assert result.health is not None
    assert (result.health.health, result.health.text, result.health.due) == (Health.RED, "replica is gone", due)
    await execute(cutover, SetStatus(run=run_key(runbook.id), by=ANA, text="still gone"))
    run = await cutover.read(runbook.id)
    assert (run.health, run.health_text, run.health_by) == (Health.RED, "still gone", "Ana via Slack")
    assert run.update_due is None


async def test_a_lost_status_never_overwrites_a_newer_one(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    write = SetStatus(run=run_key(runbook.id), by=ANA, health=Health.RED, text="replica is gone")
    assert isinstance(await cutover.reconcile(write, MARKER, BASELINE), NotApplied)
    runbook.status, runbook.status_message, runbook.status_updated_at = "green", "solved", "2026-07-18T14:30:00Z"
    assert isinstance(await cutover.reconcile(write, MARKER, BASELINE), Indeterminate)


async def test_a_task_is_added_to_the_last_stage_by_default(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    run = await cutover.read(runbook.id)
    (result,) = await execute(cutover, AddTask(run=run.key, by=ANA, title="Tell support"), run)
    assert runbook.tasks[result.id].stream == runbook.streams[-1][0]  # the last stage by default
    runbook.dynamic = False
    with pytest.raises(Rejected) as raised:
        await execute(cutover, AddTask(run=run.key, by=ANA, title="Tell the press"), run)
    assert raised.value.key == "cutover.task.not_editable"


async def test_a_lost_added_task_is_found_by_title_if_descriptions_are_dropped(
    fake: CutoverFake, cutover: Cutover
) -> None:
    runbook = create_active_run(fake)
    baseline = BASELINE.model_copy(update={"ids": frozenset(runbook.tasks)})
    write = AddTask(run=run_key(runbook.id), by=ANA, title="Tell support", stage=runbook.streams[0][0])
    fake.fault("cut_after", method="POST", path="/tasks$")
    with pytest.raises(OutcomeUnknown):
        await cutover.execute(write, MARKER)
    added = runbook.task("Tell support")
    added.description = ""
    outcome = await cutover.reconcile(write, MARKER, baseline)
    assert isinstance(outcome, Applied)
    assert outcome.result.id == added.id
    added.description = "Added from chat — Ben via Slack (8M3Q)"
    assert isinstance(await cutover.reconcile(write, MARKER, baseline), NotApplied)


async def test_a_description_that_only_says_who_added_the_task_is_no_instruction(
    fake: CutoverFake, cutover: Cutover
) -> None:
    runbook = create_active_run(fake)
    write = AddTask(run=run_key(runbook.id), by=ANA, title="Tell support", stage=runbook.streams[0][0])
    await cutover.execute(write, MARKER)
    assert runbook.task("Tell support").description == "Added from chat — Ana via Slack (7K2F)"
    tasks = (await cutover.read(runbook.id)).tasks
    assert next(task for task in tasks if task.title == "Tell support").instructions == ""


async def test_an_unsupported_operation_is_rejected(fake: CutoverFake, cutover: Cutover) -> None:
    with pytest.raises(Unsupported) as raised:
        cutover.steps(SkipTask(run=run_key("1"), by=ANA, task="2", reason="x"), None)
    assert raised.value.key == "said.unsupported"


async def test_a_refused_connection_is_unreachable(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    await fake.stop()
    with pytest.raises(Unreachable):
        await cutover.execute(AddComment(run=run_key(runbook.id), by=ANA, text="x"), MARKER)
    assert runbook.comments == []
