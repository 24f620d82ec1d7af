"""Writes to whole runs: starts, statuses with stages and the urgent flag, added tasks, and the end."""

from datetime import UTC, datetime

import pytest

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import Health, RunState
from adapters.results import Applied, Indeterminate, NotApplied
from adapters.runrunit.adapter import Runrunit
from adapters.writes import AddTask, EndRun
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import (
    ANA,
    BASELINE,
    BEN,
    EVE,
    MARKER,
    execute,
    message_keys,
    run_key,
    sent_writes,
    start,
    status,
)


async def test_a_start_copies_the_template_in_one_request(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover", people=("ana-reis",))
    template.steps = [("Freeze writes", []), ("Promote", ["ben-costa"])]
    template.followers = ["ben-costa"]
    (result,) = await execute(runrunit, start(template.id))
    assert result.run is not None
    (sent,) = fake.calls("POST", "/tasks$")
    assert sent.json == {
        "task": {
            "title": "R9 Primary down [7K2F]",
            "on_going": False,
            "type_id": 1,
            "project_id": 7,
            "desired_date": None,
            "assignments": [{"assignee_id": "ana-reis", "team_id": 1}],
            "subtasks_data": [
                {"title": "Freeze writes"},
                {"title": "Promote", "assignments_data": [{"assignee_id": "ben-costa", "team_id": 1}]},
            ],
            "follower_ids": ["ben-costa"],
        }
    }
    run = await runrunit.read(result.run.id)
    assert (run.title, [task.title for task in run.tasks]) == ("R9 Primary down", ["Freeze writes", "Promote"])


async def test_a_template_without_a_type_uses_the_setting(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover")
    template.type_id = None
    await execute(runrunit, start(template.id))
    assert fake.calls("POST", "/tasks$")[0].json["task"]["type_id"] == 1


async def test_the_owner_is_assigned_to_the_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover", people=("ana-reis", "ben-costa"))
    (result,) = await execute(runrunit, start(template.id, owner=BEN))
    assert result.run is not None
    run = await runrunit.read(result.run.id)
    assert run.owner is not None
    assert run.owner.name == "Ben Costa"
    stranger = EVE.model_copy(update={"email": "eve@example.org"})
    assert message_keys(await execute(runrunit, start(template.id, "R10 other", owner=stranger))) == [
        "nobody_assigned"
    ]


async def test_a_start_returns_the_tasks_if_they_can_be_read(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template()
    (result,) = await execute(runrunit, start(template.id))
    assert result.snapshot is not None
    assert len(result.snapshot.tasks) == 4
    fake.fault("answer", method="GET", path="/subtasks$", status=404)
    (without_tasks,) = await execute(runrunit, start(template.id, "R10 other"))
    assert without_tasks.run is not None
    assert without_tasks.snapshot is None


async def test_a_start_takes_three_requests(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Call the vendor")
    await runrunit.runs("")
    await execute(runrunit, start(template.id))
    fake.seen.clear()
    await execute(runrunit, start(template.id, "R10 Call the vendor"))
    assert len(fake.seen) == 3


async def test_a_start_says_that_a_workflow_is_not_copied(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Call the vendor")
    template.workflow = 9
    assert message_keys(await execute(runrunit, start(template.id))) == ["no_workflow"]


async def test_a_rehearsal_is_refused(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Call the vendor")
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, start(template.id, rehearsal=True))
    assert raised.value.key == "runrunit.no_rehearsal"
    assert sent_writes(fake) == []


async def test_an_unknown_option_is_rejected(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover")
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, start(template.id, options={"comms": "on"}))
    assert raised.value.key == "runrunit.no_option"
    assert fake.seen == []


async def test_a_rejected_start_suggests_reasons(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.fault("answer", method="POST", path="/tasks$", status=400)
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, start(fake.world.template().id))
    assert raised.value.key == "runrunit.start_refused"


async def test_a_lost_start_is_found_by_its_code_even_if_delivered(runrunit: Runrunit, fake: RunrunitFake) -> None:
    write = start(fake.world.template().id)
    fake.world.run("R9 Primary down [AAAA]")  # the R9 of another Liaison database
    assert await runrunit.reconcile(write, MARKER, BASELINE) == NotApplied()
    fake.fault("cut_after", method="POST", path="/tasks$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    outcome = await runrunit.reconcile(write, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert outcome.result.run is not None
    run = fake.world.tasks[int(outcome.result.run.id)]
    assert run.title == "R9 Primary down [7K2F]"
    fake.world.deliver(run)
    assert isinstance(await runrunit.reconcile(write, MARKER, BASELINE), Applied)
    assert fake.seen[-1].query["bypass_status_default"] == "true"


async def test_a_lost_start_is_indeterminate_with_too_many_tasks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    write = start(fake.world.template().id)
    for number in range(12):
        fake.world.deliver(fake.world.task(f"old {number}"))
    fake.max_page_size = 2
    assert await runrunit.reconcile(write, MARKER, BASELINE) == Indeterminate()


# Status


async def test_a_status_is_a_comment_that_begins_with_its_colour(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.stages = fake.world.stages[:1]
    due = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    results = await execute(runrunit, status(run, "replica lagging", health=Health.AMBER, next_at=due))
    assert fake.world.texts(run.id) == [
        "[amber] replica lagging\n— Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC"
    ]
    assert message_keys(results) == ["no_stage"]  # the colour is only in the comment
    assert results[-1].health is not None
    assert (results[-1].health.health, results[-1].health.text) == (Health.AMBER, "replica lagging")
    assert (await runrunit.comments(str(run.id), None))[-1].text == "[amber] replica lagging"


async def test_a_status_moves_the_run_to_the_stage_of_its_colour(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    results = await execute(runrunit, status(run, "replica lagging", health=Health.AMBER))
    assert message_keys(results) == ["moved"]
    assert results[0].facts == {"stage": "Em risco: amarelo"}
    assert run.stage == 42
    repeated = await execute(runrunit, status(run, "still lagging", health=Health.AMBER))
    assert message_keys(repeated) == []
    assert [what for what, _ in fake.world.effects] == ["move", "comment", "comment"]


async def test_two_stages_of_one_colour_move_nothing(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.world.stages.append((44, "Yellow too", "opened"))
    run = fake.world.run()
    assert message_keys(await execute(runrunit, status(run, "lagging", health=Health.AMBER))) == ["no_stage"]


async def test_a_status_that_names_a_stage_moves_the_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    run.stage = 42
    assert message_keys(await execute(runrunit, status(run, "  DOING "))) == ["moved"]
    assert run.stage == 41


async def test_a_status_does_not_move_to_a_closed_stage(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    results = await execute(runrunit, status(run, "delivered"))
    assert message_keys(results) == ["closed_stage"]
    assert fake.world.texts(run.id) == ["delivered\n— Ana via Slack (7K2F)"]
    assert run.stage == 41


async def test_red_sets_the_urgent_flag_and_green_removes_it(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    assert message_keys(await execute(runrunit, status(run, "down", health=Health.RED))) == ["urgent"]
    assert (await runrunit.read(str(run.id))).health is Health.RED
    assert message_keys(await execute(runrunit, status(run, "better", health=Health.AMBER))) == ["moved"]
    assert run.urgent
    assert message_keys(await execute(runrunit, status(run, "fine", health=Health.GREEN))) == ["not_urgent"]
    assert not run.urgent


@pytest.mark.parametrize("status_code", [403, 404])
async def test_an_unreadable_board_has_no_stages(runrunit: Runrunit, fake: RunrunitFake, status_code: int) -> None:
    run = fake.world.run()
    fake.fault("answer", path="/stages$", status=status_code)
    assert message_keys(await execute(runrunit, status(run, "lagging", health=Health.AMBER))) == ["no_stage"]
    assert len(fake.world.texts(run.id)) == 1


@pytest.mark.parametrize("path", ["change_status$", "mark_as_urgent$", "comments$"])
async def test_each_step_of_a_lost_status_is_found(runrunit: Runrunit, fake: RunrunitFake, path: str) -> None:
    fake.world.stages[1] = (42, "Red", "opened")
    run = fake.world.run()
    fake.fault("cut_after", method="POST", path=path)
    for step in runrunit.steps(status(run, "down", health=Health.RED), None):
        assert await runrunit.reconcile(step, MARKER, BASELINE) == NotApplied()
        try:
            await runrunit.execute(step, MARKER)
        except OutcomeUnknown:
            assert fake.seen[-1].path.endswith(path.removesuffix("$"))
        assert isinstance(await runrunit.reconcile(step, MARKER, BASELINE), Applied)


# Added tasks, and the end


async def test_an_added_task_blocks_the_end_of_the_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (result,) = await execute(runrunit, AddTask(run=run_key(run), by=ANA, title="Tell support", assignee=BEN))
    assert result.tasks[0].title == "Tell support"
    assert [person.name for person in result.tasks[0].assignees] == ["Ben Costa"]
    assert fake.calls("POST", "/tasks$")[0].json["task"]["task_descendant_ids"] == [run.id]
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, EndRun(run=run_key(run), by=ANA))
    assert raised.value.key == "runrunit.run_waits"
    assert raised.value.facts["others"] == "Tell support"
    fake.world.deliver(fake.world.tasks[int(result.id)])
    (ended,) = await execute(runrunit, EndRun(run=run_key(run), by=ANA))
    assert ended.state is RunState.FINISHED


async def test_an_older_task_of_the_same_title_is_not_the_added_one(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    old = fake.world.task("Tell support")
    run.waits_for.append(old.id)
    write = AddTask(run=run_key(run), by=ANA, title="Tell support")
    baseline = BASELINE.model_copy(update={"ids": frozenset({str(old.id)})})
    assert await runrunit.reconcile(write, MARKER, baseline) == NotApplied()
    (result,) = await execute(runrunit, write)
    outcome = await runrunit.reconcile(write, MARKER, baseline)
    assert isinstance(outcome, Applied)
    assert outcome.result.id == result.id


async def test_a_task_is_added_in_the_runs_own_project(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    run.project = 8
    write = AddTask(run=run_key(run), by=ANA, title="Tell support")
    (result,) = await execute(runrunit, write)
    assert fake.world.tasks[int(result.id)].project == 8


async def test_a_task_is_added_between_others(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    before, after = (str(second.id),), (str(first.id),)
    write = AddTask(run=run_key(run), by=ANA, title="Tell support", after=after, before=before)
    (result,) = await execute(runrunit, write)
    assert not result.complete  # the task after it waits now
    read = await runrunit.read(str(run.id))
    by_title = {task.title: task for task in read.tasks}
    assert by_title["Tell support"].waits_for == after
    assert by_title[second.title].waits_for == (result.id,)
    assert read.tasks.index(by_title["Tell support"]) < read.tasks.index(by_title[second.title])


async def test_an_end_of_a_chain_asks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.add_workflow(run, "ana-reis", "ben-costa")
    write = EndRun(run=run_key(run), by=ANA)
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, write)
    assert raised.value.key == "runrunit.workflow"
    assert sent_writes(fake) == []
    (step,) = raised.value.choices["runrunit.button.step"]
    chosen = write.model_copy(update={"options": {"step": step.partition("=")[2]}})
    assert await runrunit.reconcile(chosen, MARKER, BASELINE) == NotApplied()
    (result,) = await execute(runrunit, chosen)
    assert (result.partial, result.state, result.facts) == (True, None, {"person": "Ben Costa"})
    outcome = await runrunit.reconcile(chosen, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert outcome.result.partial
    assert run.closed_at is None
    (ended,) = await execute(runrunit, write)  # the last step ends the run
    assert ended.state is RunState.FINISHED


async def test_a_chain_can_be_ended_as_a_whole(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.add_workflow(run, "ana-reis", "ben-costa")
    await execute(runrunit, EndRun(run=run_key(run), by=ANA, options={"part": "whole"}))
    assert run.closed_at


async def test_an_end_with_a_closing_message(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await execute(runrunit, EndRun(run=run_key(run), by=ANA, text="all good"))
    assert sent_writes(fake) == [f"/tasks/{run.id}/deliver", "/comments"]
    assert fake.world.texts(run.id) == ["all good\n— Ana via Slack (7K2F)"]
    assert (await execute(runrunit, EndRun(run=run_key(run), by=ANA)))[0].already


async def test_a_rejected_end_suggests_a_reason(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=400)
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, EndRun(run=run_key(run), by=ANA))
    assert raised.value.key == "runrunit.end_refused"


async def test_a_status_of_a_delivered_run_is_a_conflict(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.deliver(run)
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, status(run, "down", health=Health.RED))
    assert raised.value.key == "changed.run_over"
