"""Actions: commands and update requests, which are sent once, and those that set a state."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.models import Person, PlatformAction, Run
from adapters.results import Applied, Indeterminate, NotApplied, Recovery
from adapters.testing.harness import ForeignChange
from adapters.writes import BeginTask, EndRun, PerformAction, SetStatus
from tests.adapters.playbooks.harness import PAGE, PlatformHarness
from tests.adapters.playbooks.helpers import ANA, BEN, STRANGER, execute_steps, make_baseline, make_marker


def build_step(run: Run, action: PlatformAction, by: Person = ANA) -> PerformAction:
    return PerformAction(run=run.key, by=by, action=action.id, label="As listed", task=action.task)


async def find_action(harness: PlatformHarness, run: Run, id: str) -> PlatformAction:
    return next(item for item in await harness.adapter.actions(run) if item.id == id)


async def command_action(harness: PlatformHarness, run: Run) -> PlatformAction:
    return next(item for item in await harness.adapter.actions(run) if item.task)


async def test_a_command_is_run_at_the_current_position_of_its_task(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    action = await command_action(harness, run)
    assert (action.task, action.label, action.facts) == (
        run.tasks[1].id,
        "playbooks.offer_command",
        {"command": PAGE, "whole": PAGE},
    )
    harness.fake.world.move(run.key.id, 0, 0, 1)
    await execute_steps(harness, build_step(run, action))
    (seen,) = harness.fake.calls("POST", "/run$")
    assert seen.path.endswith("/checklists/0/item/0/run")
    assert seen.body == b""
    assert harness.fake.effects["do"] == 1


async def test_only_the_confirmed_command_is_run(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    action = await command_action(harness, run)
    harness.fake.run(run.key.id)["checklists"][0]["items"][1]["command"] = "/drop database"
    with pytest.raises(Conflict) as error:
        await execute_steps(harness, build_step(run, action))
    assert error.value.key == "playbooks.command_changed"
    assert harness.fake.effects["do"] == 0
    gone = build_step(run, action).model_copy(update={"task": "x" * 26})
    with pytest.raises(NotFound):
        await execute_steps(harness, gone)


async def test_a_lost_command_is_indeterminate(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    step = build_step(run, await command_action(harness, run))
    harness.fake.fault("cut_after", method="POST", path="/item/1/run$")
    with pytest.raises(OutcomeUnknown):
        await execute_steps(harness, step)
    assert harness.adapter.recovery(step) is Recovery.MANUAL
    assert await harness.adapter.reconcile(step, make_marker(), make_baseline(run)) == Indeterminate()


async def test_a_long_command_is_cut_in_its_label(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    long = run.model_copy(
        update={"tasks": (run.tasks[0].model_copy(update={"command": "/page\n" + "dba " * 40}),)}
    )
    action = await command_action(harness, long)
    assert len(action.facts["command"]) <= 60
    assert "\n" not in action.facts["command"]
    assert action.facts["whole"].endswith("dba dba"), "the question must show the whole command"


async def test_a_finished_run_lists_its_retrospective(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    await execute_steps(harness, EndRun(run=run.key, by=ANA), run)
    actions = await harness.adapter.actions(await harness.adapter.read(run.key.id))
    newer = harness.fake.routes.generation == "2.x"
    assert [item.id for item in actions] == (["restore"] if newer else []) + ["retrospective"]
    assert actions[-1].link == f"{harness.fake.site}/playbooks/runs/{run.key.id}/retrospective"


async def test_a_run_is_reopened(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    await execute_steps(playbooks_2, EndRun(run=run.key, by=ANA), run)
    over = await playbooks_2.adapter.read(run.key.id)
    step = build_step(over, await find_action(playbooks_2, over, "restore"))
    assert playbooks_2.adapter.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await playbooks_2.adapter.reconcile(step, make_marker(), make_baseline(over)), NotApplied)
    playbooks_2.fake.fault("cut_after", method="PUT", path="/restore$")
    with pytest.raises(OutcomeUnknown):
        await execute_steps(playbooks_2, step)
    reconciliation = await playbooks_2.adapter.reconcile(step, make_marker(), make_baseline(over))
    assert isinstance(reconciliation, Applied)
    assert reconciliation.result.snapshot is not None
    assert not reconciliation.result.snapshot.state.is_over
    assert playbooks_2.fake.effects["restore"] == 1


async def test_a_run_is_taken_over(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    step = build_step(run, await find_action(harness, run, "own"), BEN)
    assert isinstance(await harness.adapter.reconcile(step, make_marker(), make_baseline(run)), NotApplied)
    if harness.fake.routes.generation == "1.20":
        with pytest.raises(Rejected) as error:  # not in the run's channel yet
            await execute_steps(harness, step)
        assert error.value.key == "playbooks.owner"
        harness.fake.core.channels[harness.fake.run(run.key.id)["channel_id"]].members.add(harness.fake.ben)
    [result] = await execute_steps(harness, step)
    assert harness.fake.calls("POST", "/owner$")[-1].json == {"owner_id": harness.fake.ben}
    assert result.snapshot is not None
    assert result.snapshot.owner is not None
    assert result.snapshot.owner.name == "Ben Cole"
    [again] = await execute_steps(harness, step)
    assert again.already
    assert harness.fake.effects["own"] == 1
    assert isinstance(await harness.adapter.reconcile(step, make_marker(), make_baseline(run)), Applied)
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, build_step(run, await find_action(harness, run, "own"), STRANGER))
    assert error.value.key == "playbooks.unknown_person"


async def test_the_next_update_is_snoozed(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    assert not [item for item in await playbooks_2.adapter.actions(run) if item.id.startswith("snooze")]
    [status] = await execute_steps(playbooks_2, SetStatus(run=run.key, by=ANA, text="all quiet"), run)
    assert status.snapshot is not None
    step = build_step(run, await find_action(playbooks_2, status.snapshot, "snooze15"))
    baseline = make_baseline(run)
    assert isinstance(await playbooks_2.adapter.reconcile(step, make_marker(), baseline), NotApplied)
    [result] = await execute_steps(playbooks_2, step)
    assert playbooks_2.fake.calls("POST", "/reminder$")[-1].json == {"new_reminder_seconds": 900}
    assert result.snapshot is not None
    assert result.snapshot.update_due is not None
    assert 800 < (result.snapshot.update_due - baseline.sent_at).total_seconds() < 1100
    assert result.snapshot.health_at == status.snapshot.health_at, "a snooze is not a status"
    assert isinstance(await playbooks_2.adapter.reconcile(step, make_marker(), baseline), Applied)


async def test_a_running_task_gets_a_due_date(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    begun = (await execute_steps(playbooks_2, BeginTask(run=run.key, by=ANA, task=run.tasks[2].id), run))[
        -1
    ].snapshot
    assert begun is not None
    [action] = [item for item in await playbooks_2.adapter.actions(begun) if item.id.startswith("due")]
    assert action.task == run.tasks[2].id
    step, baseline = build_step(begun, action), make_baseline(begun)
    assert playbooks_2.adapter.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await playbooks_2.adapter.reconcile(step, make_marker(), baseline), NotApplied)
    playbooks_2.fake.fault("cut_after", method="PUT", path="/checklists/1/item/0/duedate$")
    with pytest.raises(OutcomeUnknown):
        await execute_steps(playbooks_2, step)
    assert isinstance(await playbooks_2.adapter.reconcile(step, make_marker(), baseline), Applied)
    [result] = await execute_steps(playbooks_2, step)
    assert result.snapshot is not None
    due = result.snapshot.tasks[2].due_at
    assert due is not None
    assert 3500 < (due - baseline.sent_at).total_seconds() < 3800
    assert not [item for item in await playbooks_2.adapter.actions(result.snapshot) if item.id.startswith("due")]
    body = '{"error":"checklist item due date feature is not covered by playbooks_2 server license"}'
    playbooks_2.fake.fault("answer", method="PUT", path="/duedate$", status=403, body=body)
    with pytest.raises(Rejected) as error:
        await execute_steps(playbooks_2, step)
    assert error.value.key == "playbooks.licence"


async def test_an_unknown_action_is_refused(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    with pytest.raises(Conflict) as error:
        await execute_steps(harness, build_step(run, PlatformAction(id="something-else", label="x")))
    assert error.value.key == "playbooks.offer_gone"


async def test_an_update_is_requested(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    action = await find_action(playbooks_2, run, "update")
    await execute_steps(playbooks_2, build_step(run, action))
    assert playbooks_2.fake.effects["request-update"] == 1
    (seen,) = playbooks_2.fake.calls("POST", "/request-update$")
    assert seen.body == b""


async def test_a_missing_route_for_update_requests_is_remembered(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    action = await find_action(playbooks_2, run, "update")
    text = {"content-type": "text/plain; charset=utf-8"}
    playbooks_2.fake.fault(
        "answer", method="POST", path="/request-update$", status=404, body="404 page not found\n", headers=text
    )
    with pytest.raises(Unsupported):
        await execute_steps(playbooks_2, build_step(run, action))
    assert [item.id for item in await playbooks_2.adapter.actions(run) if item.task is None] == ["own"]


async def test_playbooks_1_lists_no_update_request(playbooks_1: PlatformHarness) -> None:
    run = await playbooks_1.new_run()
    assert [item.task or item.id for item in await playbooks_1.adapter.actions(run)] == [run.tasks[1].id, "own"]


async def test_the_same_command_on_two_tasks_is_two_actions(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    twice = run.model_copy(
        update={"tasks": tuple(task.model_copy(update={"command": PAGE}) for task in run.tasks[:2])}
    )
    ids = [item.id for item in await harness.adapter.actions(twice) if item.task]
    assert len(set(ids)) == 2
    assert all(len(id) < 40 for id in ids)


async def test_an_action_on_a_run_that_has_ended_since_is_refused(harness: PlatformHarness) -> None:
    """Playbooks 1 would run the command all the same."""
    run = await harness.new_run()
    steps = [build_step(run, action) for action in await harness.adapter.actions(run)]
    harness.change_there(run.key.id, run.tasks[0].id, ForeignChange.RUN_ENDED)
    before = len(harness.fake.calls("POST|PUT", "/runs/"))
    for step in steps:
        with pytest.raises(Conflict) as error:
            await execute_steps(harness, step)
        assert error.value.key == "changed.run_over"
    assert len(harness.fake.calls("POST|PUT", "/runs/")) == before


async def test_a_due_date_that_somebody_set_since_stays(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    playbooks_2.change_there(run.key.id, run.tasks[0].id, ForeignChange.BEGUN)
    run = await playbooks_2.adapter.read(run.key.id)
    [action] = [item for item in await playbooks_2.adapter.actions(run) if item.id.startswith("due")]
    item = playbooks_2.fake.run(run.key.id)["checklists"][0]["items"][0]
    item["due_date"] = 4_000_000_000_000
    with pytest.raises(Conflict):
        await execute_steps(playbooks_2, build_step(run, action))
    assert item["due_date"] == 4_000_000_000_000


async def test_a_run_that_somebody_reopened_since_is_not_reopened_again(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    step = build_step(run, PlatformAction(id="restore", label="playbooks.offer_restore"))
    [result] = await execute_steps(playbooks_2, step)
    assert result.already
    assert playbooks_2.fake.effects["restore"] == 0
