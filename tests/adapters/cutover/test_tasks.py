"""Tasks and what is written on them: begin and finish with everything that can stand in the way."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Conflict, OutcomeUnknown, Rejected, Unreachable, Unsupported
from adapters.models import Health, Task, TaskState
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    BeginTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    SetStatus,
    SkipTask,
)
from tests.adapters.cutover.acting import ANA, AT, KNOWN, MARK, a_live_run, execute, finish, key
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import AUTOMATIC, BOT, DECISION

FIRST, SECOND, THIRD, FOURTH = (
    "Confirm the primary is down",
    "Page the DBA",
    "Promote the replica",
    "Repoint the app",
)
OTHER = "901"


def named(tasks: tuple[Task, ...], title: str) -> Task:
    return next(task for task in tasks if task.title == title)


async def test_a_startable_task_is_begun_and_finished(fake: CutoverFake, cutover: Cutover) -> None:
    run = await cutover.read(a_live_run(fake).id)
    begun, finished = await execute(cutover, finish(run, run.tasks[0]), run)
    assert (begun.tasks[0].state, finished.tasks[0].state) == (TaskState.RUNNING, TaskState.DONE)
    assert [what for what, _, _ in fake.effects] == ["begin", "finish"]
    assert fake.calls("PATCH", "/finish$")[0].json == {"meta": {"override": False}}


async def test_a_running_task_is_only_finished(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    fake.world.begin(live, live.task(FIRST))
    run = await cutover.read(live.id)
    (told,) = await execute(cutover, finish(run, run.tasks[0]), run)
    assert not told.already


async def test_what_waits_is_told_so(fake: CutoverFake, cutover: Cutover) -> None:
    run = await cutover.read(a_live_run(fake).id)
    third = named(run.tasks, THIRD)
    assert third.state is TaskState.WAITING
    assert third.waits_for == (run.tasks[0].id, run.tasks[1].id)
    with pytest.raises(Conflict) as refused:
        await execute(cutover, finish(run, third), run)
    assert refused.value.key == "cutover.task.not_startable"
    assert fake.effects == []


async def test_a_stale_snapshot_costs_nothing(fake: CutoverFake, cutover: Cutover) -> None:
    """Others were faster: what is so already is told as such, with the task as it really is."""
    live = a_live_run(fake)
    run = await cutover.read(live.id)
    fake.world.begin(live, live.task(FIRST), who=BOT)
    begun, finished = await execute(cutover, finish(run, run.tasks[0]), run)
    assert begun.already
    assert not finished.already
    told = await execute(cutover, finish(run, run.tasks[0]), run)
    assert [one.already for one in told] == [True, True]
    assert told[-1].tasks[0].state is TaskState.DONE
    with pytest.raises(Conflict) as over:
        await execute(cutover, BeginTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert over.value.key == "cutover.task_is_over"


async def test_a_refusal_stays_certain_when_the_look_after_it_fails(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    fake.world.begin(live, live.task(FIRST))
    fake.fault("answer", method="GET", path=r"/tasks/\d+$", status=500, times=10)
    with pytest.raises(Conflict):
        await cutover.execute(BeginTask(run=key(live.id), by=ANA, task=live.task(FIRST).id), MARK)


async def test_a_branch_that_nobody_could_see_is_asked_for(fake: CutoverFake, cutover: Cutover) -> None:
    """A Core without ``forecast`` does not say who comes after whom."""
    fake.forecast = "bare"
    live = a_live_run(fake)
    task = live.task(FIRST)
    task.type = DECISION
    run = await cutover.read(live.id)
    assert run.tasks[0].branches == ()
    with pytest.raises(Rejected) as which:
        await execute(cutover, finish(run, run.tasks[0]), run)
    assert which.value.key == "cutover.choose_branch"
    after = next(one.id for one in live.tasks.values() if task.id in one.before)
    await execute(cutover, finish(run, run.tasks[0], then=after), run)
    assert task.stage == "complete"


async def test_in_a_paused_run_it_is_the_run_that_rests(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    run, live.stage = await cutover.read(live.id), "paused"
    for write in (finish(run, run.tasks[0]), BeginTask(run=run.key, by=ANA, task=run.tasks[0].id)):
        with pytest.raises(Conflict) as resting:
            await execute(cutover, write, run)
        assert resting.value.key == "cutover.run_paused"
    assert fake.effects == []


async def test_everybody_must_finish(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    task = live.task(SECOND)
    task.end_requirements, task.people = "all_must_end", [BOT, OTHER]
    run = await cutover.read(live.id)
    _, told = await execute(cutover, finish(run, run.tasks[1]), run)
    assert told.message == "cutover.finish_recorded"
    assert told.tasks[0].state is TaskState.RUNNING
    assert told.tasks[0].mark == "everyone finishes their part"
    (told,) = await execute(cutover, finish(run, run.tasks[1]), await cutover.read(live.id))
    assert (told.already, told.message) == (True, "cutover.task.user_already_finished")
    fake.world.finish(live, task, None, who=OTHER)
    assert named((await cutover.read(live.id)).tasks, SECOND).state is TaskState.DONE


async def test_everybody_must_start(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    task = live.task(SECOND)
    task.start_requirements, task.people = "all_must_start", [BOT, OTHER]
    begin = BeginTask(run=key(live.id), by=ANA, task=task.id)
    (told,) = await execute(cutover, begin)
    assert told.message == "cutover.start_recorded"
    assert isinstance(await cutover.reconcile(begin, MARK, KNOWN), NotApplied)  # it cannot be seen
    (told,) = await execute(cutover, begin)  # but a second one is told from the first
    assert (told.already, told.message) == (True, "cutover.task.user_already_started")
    assert [what for what, _, _ in fake.effects] == ["begin"]


async def test_only_who_started_may_finish(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    task = live.task(FIRST)
    task.end_requirements, task.people = "same_must_end", [BOT, OTHER]
    fake.world.begin(live, task, who=OTHER)
    run = await cutover.read(live.id)
    assert run.tasks[0].mark == "whoever started it finishes it"
    with pytest.raises(Rejected) as refused:
        await execute(cutover, finish(run, run.tasks[0]), run)
    assert refused.value.key == "cutover.task.same_must_finish"
    assert refused.value.retry_with == ("override=true",)
    await execute(cutover, finish(run, run.tasks[0], override="true"), run)
    assert task.stage == "complete"


async def test_a_task_that_acts_by_itself(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    live.task(FIRST).type = AUTOMATIC
    with pytest.raises(Rejected) as refused:
        await execute(cutover, BeginTask(run=key(live.id), by=ANA, task=live.task(FIRST).id))
    assert refused.value.key == "cutover.task_type.auto_start_auto_finish_constraint"


async def test_a_decision_needs_its_branch(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    live.task(FIRST).type = DECISION
    live.task(FOURTH).before = [live.task(FIRST).id]
    run = await cutover.read(live.id)
    first, third, fourth = run.tasks[0], named(run.tasks, THIRD), named(run.tasks, FOURTH)
    assert first.branches == (third.id, fourth.id)
    with pytest.raises(Rejected) as refused:
        cutover.steps(finish(run, first), run)
    assert refused.value.key == "cutover.choose_branch"
    (begun,) = await execute(cutover, BeginTask(run=run.key, by=ANA, task=first.id), run)
    assert begun.tasks[0].branches == first.branches  # an answer does not say them, and must not lose them
    with pytest.raises(Rejected) as odd:
        await cutover.execute(finish(run, first, then="T4"), MARK)
    assert odd.value.key == "cutover.bad_branch"
    await cutover.execute(finish(run, first, then=fourth.id), MARK)
    assert fake.calls("PATCH", "/finish$")[-1].json["meta"]["selected_successor_ids"] == [int(fourth.id)]
    now = await cutover.read(live.id)
    assert named(now.tasks, THIRD).state is TaskState.SKIPPED
    assert named(now.tasks, FOURTH).state is TaskState.READY


async def test_a_note_is_a_comment_of_its_own(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    run = await cutover.read(live.id)
    steps = cutover.steps(finish(run, run.tasks[0], note="promoted by hand"), run)
    assert [step.step_key for step in steps] == [
        f"finish:{run.tasks[0].id}:begin",
        f"finish:{run.tasks[0].id}",
        f"finish:{run.tasks[0].id}:note",
    ]
    await execute(cutover, finish(run, run.tasks[0], note="promoted by hand"), run)
    (comment,) = await cutover.comments(live.id, run.tasks[0].id)
    assert (comment.text, comment.by, comment.task) == ("promoted by hand", "Ana via Slack", run.tasks[0].id)


async def test_a_comment_is_escaped_and_read_back_as_typed(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    text = 'lag < 40 s & "rising"\n<script>alert(1)</script>'
    await execute(cutover, AddComment(run=key(live.id), by=ANA, text=text))
    assert live.comments[0].content == (
        '<p>lag &lt; 40 s &amp; "rising"</p><p>&lt;script&gt;alert(1)&lt;/script&gt; — Ana via Slack (7K2F)</p>'
    )
    (comment,) = await cutover.comments(live.id, None)
    assert (comment.text, comment.by) == (text, "Ana via Slack")


async def test_a_hold_is_a_comment_on_the_task(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    task = live.task(FIRST).id
    await execute(cutover, HoldTask(run=key(live.id), by=ANA, task=task, reason="no DBA"))
    assert live.comments[0].task == task
    assert "On hold: no DBA" in live.comments[0].content


async def test_a_status_changes_only_what_it_says(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    due = AT.replace(minute=20)
    write = SetStatus(run=key(live.id), by=ANA, health=Health.RED, text="replica is gone", next_at=due)
    (told,) = await execute(cutover, write)
    sent = fake.calls("PATCH", rf"/runbooks/{live.id}$")[0].json["data"]
    assert sent["attributes"].keys() == {"status", "status_message"}
    assert told.health is not None
    assert (told.health.health, told.health.text, told.health.due) == (Health.RED, "replica is gone", due)
    await execute(cutover, SetStatus(run=key(live.id), by=ANA, text="still gone"))
    run = await cutover.read(live.id)
    assert (run.health, run.health_text, run.health_by) == (Health.RED, "still gone", "Ana via Slack")
    assert run.update_due is None


async def test_a_lost_status_never_overwrites_a_newer_one(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    write = SetStatus(run=key(live.id), by=ANA, health=Health.RED, text="replica is gone")
    assert isinstance(await cutover.reconcile(write, MARK, KNOWN), NotApplied)
    live.status, live.status_message, live.status_updated_at = "green", "solved", "2026-07-18T14:30:00Z"
    assert isinstance(await cutover.reconcile(write, MARK, KNOWN), Indeterminate)


async def test_a_task_is_added_to_its_stage(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    run = await cutover.read(live.id)
    (told,) = await execute(cutover, AddTask(run=run.key, by=ANA, title="Tell support"), run)
    assert live.tasks[told.id].stream == live.streams[-1][0]  # the last stage, where none is named
    live.dynamic = False
    with pytest.raises(Rejected) as refused:
        await execute(cutover, AddTask(run=run.key, by=ANA, title="Tell the press"), run)
    assert refused.value.key == "cutover.task.not_editable"


async def test_a_lost_task_is_found_where_descriptions_are_dropped(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    known = KNOWN.model_copy(update={"ids": frozenset(live.tasks)})
    write = AddTask(run=key(live.id), by=ANA, title="Tell support", stage=live.streams[0][0])
    fake.fault("cut_after", method="POST", path="/tasks$")
    with pytest.raises(OutcomeUnknown):
        await cutover.execute(write, MARK)
    made = live.task("Tell support")
    made.description = ""
    settled = await cutover.reconcile(write, MARK, known)
    assert isinstance(settled, Applied)
    assert settled.result.id == made.id
    made.description = "Added from chat — Ben via Slack (8M3Q)"
    assert isinstance(await cutover.reconcile(write, MARK, known), NotApplied)


async def test_what_cutover_cannot_do_says_what_to_do(fake: CutoverFake, cutover: Cutover) -> None:
    with pytest.raises(Unsupported) as refused:
        cutover.steps(SkipTask(run=key("1"), by=ANA, task="2", reason="x"), None)
    assert refused.value.key == "said.unsupported"


async def test_a_closed_door_is_no_answer(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    await fake.stop()
    with pytest.raises(Unreachable):
        await cutover.execute(AddComment(run=key(live.id), by=ANA, text="x"), MARK)
    assert live.comments == []
