"""Changes to tasks, which the server knows by position and Liaison by id."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import TaskState
from adapters.playbooks import PLATFORM
from adapters.protocol import Emulated, Native
from adapters.results import Applied, NotApplied
from adapters.testing.harness import ForeignChange
from adapters.toolkit.messages import message_text
from adapters.writes import AddTask, AssignTask, BeginTask, FinishTask, Op, ReopenTask, SkipTask
from tests.adapters.playbooks.harness import PlatformHarness, connect_adapter
from tests.adapters.playbooks.helpers import ANA, BEN, STRANGER, execute_steps, make_baseline, make_marker

WRITES = r"/checklists/"


async def test_a_finish_is_one_read_one_write_and_one_read(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    await harness.adapter.read(run.key.id)
    harness.fake.seen.clear()
    [result] = await execute_steps(harness, FinishTask(run=run.key, by=ANA, task=run.tasks[1].id), run)
    assert [seen.method for seen in harness.fake.seen] == ["GET", "PUT", "GET"]
    assert harness.fake.seen[1].path.endswith("/checklists/0/item/1/state")
    assert harness.fake.seen[1].json == {"new_state": "closed"}
    assert result.snapshot is not None
    assert [task.state for task in result.snapshot.tasks] == [TaskState.READY, TaskState.DONE] + [
        TaskState.READY
    ] * 2


async def test_the_position_is_looked_up_just_before_the_write(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    harness.fake.world.move(run.key.id, 0, 0, 1)
    [result] = await execute_steps(harness, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert harness.fake.calls("PUT", "/item/1/state$")
    assert result.snapshot is not None
    done = result.snapshot.task(run.tasks[0].id)
    assert done is not None
    assert done.state is TaskState.DONE
    assert done.finished_at is not None


async def test_a_list_moved_between_read_and_write_is_reported(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    harness.fake.world.before_change.append(lambda: harness.fake.world.move(run.key.id, 0, 0, 1))
    write, marker = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), make_marker()
    with pytest.raises(OutcomeUnknown) as error:
        await harness.adapter.execute(write, marker)
    assert error.value.key == "playbooks.wrong_place"
    assert error.value.facts["task"] == "Confirm the primary is down"
    assert error.value.facts["other"] == "Page the DBA"
    assert isinstance(await harness.adapter.reconcile(write, marker, make_baseline(run)), NotApplied)


async def test_an_overwritten_change_is_unknown(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    item = harness.fake.run(run.key.id)["checklists"][0]["items"][0]
    harness.fake.world.after_change.append(lambda: item.update(state=""))
    with pytest.raises(OutcomeUnknown) as error:
        await execute_steps(harness, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert error.value.key == "playbooks.overwritten"


async def test_a_finished_task_is_not_written_again(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id)
    await execute_steps(harness, write, run)
    harness.fake.seen.clear()
    [result] = await execute_steps(harness, write, run)
    assert result.already
    assert not harness.fake.calls("PUT", WRITES)


async def test_a_deleted_task_is_reported_with_the_link(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    harness.fake.run(run.key.id)["checklists"][0]["items"].pop(0)
    with pytest.raises(NotFound) as error:
        await execute_steps(harness, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert error.value.facts["link"] == f"{harness.fake.site}/playbooks/runs/{run.key.id}"
    assert not harness.fake.calls("PUT", WRITES)


async def test_a_server_error_is_checked_by_a_read(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    items = harness.fake.run(run.key.id)["checklists"][0]["items"]
    harness.fake.world.before_change.append(items.clear)
    with pytest.raises(NotFound) as error:
        await execute_steps(harness, FinishTask(run=run.key, by=ANA, task=run.tasks[1].id), run)
    assert error.value.key == "playbooks.task_gone"


async def test_an_unknown_run_is_not_found(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    key = run.key.model_copy(update={"id": "z" * 26})
    with pytest.raises(NotFound) as error:
        await execute_steps(harness, FinishTask(run=key, by=ANA, task=run.tasks[0].id), run)
    assert error.value.key == "playbooks.hidden"


@pytest.mark.parametrize("id", ["", "../../users", "A" * 26, "a" * 25, "a" * 26 + "\n"])
async def test_only_valid_ids_are_requested(harness: PlatformHarness, id: str) -> None:
    harness.fake.seen.clear()
    with pytest.raises(NotFound) as error:
        await harness.adapter.read(id)
    assert error.value.key == "playbooks.bad_id"
    assert harness.fake.seen == []


async def test_tasks_without_ids_are_found_by_title(playbooks_1: PlatformHarness) -> None:
    key = (await playbooks_1.new_run()).key
    _take_ids_away(playbooks_1, key.id)
    run = await playbooks_1.adapter.read(key.id)
    assert len({task.id for task in run.tasks}) == 4
    [result] = await execute_steps(playbooks_1, FinishTask(run=key, by=ANA, task=run.tasks[2].id), run)
    assert result.snapshot is not None
    assert [task.title for task in result.snapshot.tasks if task.state is TaskState.DONE] == [
        "Promote the replica"
    ]


async def test_tasks_without_ids_and_with_the_same_title_are_refused(playbooks_1: PlatformHarness) -> None:
    key = (await playbooks_1.new_run()).key
    _take_ids_away(playbooks_1, key.id)
    items = playbooks_1.fake.run(key.id)["checklists"][0]["items"]
    items[1]["title"] = items[0]["title"]
    run = await playbooks_1.adapter.read(key.id)
    assert len({task.id for task in run.tasks}) == 4
    for task in run.tasks[:2]:
        with pytest.raises(Rejected) as error:
            await execute_steps(playbooks_1, FinishTask(run=key, by=ANA, task=task.id), run)
        assert error.value.key == "playbooks.alike"
        assert "/playbooks/runs/" in str(error.value.facts["link"])
    assert not playbooks_1.fake.calls("PUT", WRITES)


def _take_ids_away(harness: PlatformHarness, run: str) -> None:
    for checklist in harness.fake.run(run)["checklists"]:
        checklist["id"] = ""
        for item in checklist["items"]:
            item["id"] = ""


async def test_begin_assigns_an_unassigned_task(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    result = await execute_steps(harness, BeginTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    task = result[-1].snapshot.tasks[0] if result[-1].snapshot else None
    assert task is not None
    assert (task.state, [person.name for person in task.assignees]) == (TaskState.RUNNING, ["Ana Reis"])
    assert harness.fake.calls("PUT", "/assignee$")[0].json == {"assignee_id": harness.fake.ana}


async def test_begin_keeps_the_assignee(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    task = run.tasks[0].id
    await execute_steps(harness, AssignTask(run=run.key, by=ANA, task=task, person=BEN), run)
    now = await harness.adapter.read(run.key.id)
    assert len(harness.adapter.steps(BeginTask(run=run.key, by=ANA, task=task), now)) == 1
    result = await execute_steps(
        harness, BeginTask(run=run.key, by=ANA, task=task), run
    )  # the snapshot has no assignee yet
    assert result[-1].snapshot is not None
    assert [person.name for person in result[-1].snapshot.tasks[0].assignees] == ["Ben Cole"]


async def test_begin_by_somebody_without_an_account_assigns_nobody(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    result = await execute_steps(harness, BeginTask(run=run.key, by=STRANGER, task=run.tasks[0].id), run)
    assert result[-1].message == "playbooks.nobody_assigned"
    assert result[-1].facts == {"person": "Zoe"}
    assert not harness.fake.calls("PUT", "/assignee$")


async def test_assigning_somebody_without_an_account_is_refused(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, AssignTask(run=run.key, by=ANA, task=run.tasks[0].id, person=STRANGER), run)
    assert error.value.key == "playbooks.unknown_person"
    assert not harness.fake.calls("PUT", "/assignee$")


async def test_a_task_is_skipped_and_restored(playbooks_2: PlatformHarness) -> None:
    assert isinstance(playbooks_2.adapter.capabilities[Op.SKIP], Native)
    run = await playbooks_2.new_run()
    task = run.tasks[0].id
    [result] = await execute_steps(playbooks_2, SkipTask(run=run.key, by=ANA, task=task), run)
    assert result.snapshot is not None
    assert result.snapshot.tasks[0].state is TaskState.SKIPPED
    assert result.snapshot.tasks[0].finished_at is not None
    [result] = await execute_steps(playbooks_2, ReopenTask(run=run.key, by=ANA, task=task), result.snapshot)
    assert playbooks_2.fake.calls("PUT", "/item/0/restore$")
    assert result.snapshot is not None
    assert result.snapshot.tasks[0].state is TaskState.READY


async def test_skip_is_emulated_on_older_servers(playbooks_1: PlatformHarness) -> None:
    capability = playbooks_1.adapter.capabilities[Op.SKIP]
    assert isinstance(capability, Emulated)
    assert "closed" in message_text(PLATFORM.messages, capability.how)
    run = await playbooks_1.new_run()
    for number, reason in enumerate(("", "not needed")):
        write = SkipTask(run=run.key, by=ANA, task=run.tasks[number].id, reason=reason)
        result = await execute_steps(playbooks_1, write, run)
        assert result[0].snapshot is not None
        assert result[0].snapshot.tasks[number].state is TaskState.DONE
        assert result[0].message == "playbooks.closed"
        assert result[1].comment is not None
        assert result[1].comment.text == ("Skipped: not needed" if reason else "Skipped")
    assert not playbooks_1.fake.calls("PUT", "/skip$")
    with pytest.raises(Conflict) as error:
        await execute_steps(playbooks_1, SkipTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert error.value.key == "changed.done"


async def test_skip_is_tried_once_on_an_unknown_server(playbooks_1: PlatformHarness) -> None:
    key = (await playbooks_1.new_run()).key
    playbooks_1.fake.run(key.id).pop("active_stage")  # now nothing in a run shows the generation
    http = HttpClients()
    playbooks_1.adapter = connect_adapter(playbooks_1.fake, http)
    run = await playbooks_1.adapter.read(key.id)
    for number in (0, 1):
        result = await execute_steps(playbooks_1, SkipTask(run=key, by=ANA, task=run.tasks[number].id), run)
        assert result[0].message == "playbooks.closed"
        assert result[1].comment is not None
        assert result[1].comment.text == "Skipped"
    assert len(playbooks_1.fake.calls("PUT", "/skip$")) == 1
    assert len(playbooks_1.fake.calls("PUT", "/state$")) == 2
    await http.close()


async def test_add_uses_the_method_of_the_generation(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    right = "PUT" if harness.fake.routes.generation == "1.20" else "POST"
    result = []
    for title in ("Tell support", "Tell the press"):
        marker = make_marker()
        result += await execute_steps(
            harness, AddTask(run=run.key, by=ANA, title=title, stage=run.stages[0].id), run, marker
        )
        sent = harness.fake.calls(right, "/checklists/0/add$")[-1].json
        assert sent == {"title": title, "description": f"Added by Ana via Slack ({marker.code})"}
    wrong = "POST" if right == "PUT" else "PUT"
    assert len(harness.fake.calls(wrong, "/add$")) == 0
    assert len(harness.fake.calls(right, "/add$")) == 2
    assert result[1].snapshot is not None
    assert result[1].snapshot.task(result[1].id) is not None
    assert harness.fake.effects["add"] == 2


@pytest.mark.parametrize("refusal", [(405, ""), (404, "404 page not found\n"), (404, '{"error":"no such path"}')])
async def test_add_learns_the_method_of_the_server(playbooks_1: PlatformHarness, refusal: tuple[int, str]) -> None:
    """An older server that accepts only POST, as in the API reference."""
    run, (status, body) = await playbooks_1.new_run(), refusal
    playbooks_1.fake.fault("answer", method="PUT", path="/add$", status=status, body=body, times=99)
    playbooks_1.fake.routes.add_method = "POST"
    for title in ("Tell support", "Tell the press"):
        await execute_steps(playbooks_1, AddTask(run=run.key, by=ANA, title=title), run)
    assert len(playbooks_1.fake.calls("PUT", "/add$")) == 1
    assert playbooks_1.fake.effects["add"] == 2


async def test_a_lost_add_is_found_by_its_code_not_by_its_title(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    baseline = make_baseline(run)
    write = AddTask(run=run.key, by=ANA, title="Tell support")
    await execute_steps(harness, write.model_copy(update={"by": BEN}), run)  # Ben's task, with another code
    assert isinstance(await harness.adapter.reconcile(write, marker, baseline), NotApplied)
    [result] = await execute_steps(harness, write, run, marker)
    reconciliation = await harness.adapter.reconcile(write, marker, baseline)
    assert isinstance(reconciliation, Applied)
    assert reconciliation.result.id == result.id


async def test_a_task_is_added_with_an_assignee(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    [result] = await execute_steps(harness, AddTask(run=run.key, by=ANA, title="Tell support", assignee=BEN), run)
    assert result.snapshot is not None
    added = result.snapshot.task(result.id)
    assert added is not None
    assert [person.name for person in added.assignees] == ["Ben Cole"]
    assert added.stage == run.stages[-1].id


async def test_a_hidden_task_counts_for_positions(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    playbooks_2.fake.run(run.key.id)["checklists"][0]["items"][0]["condition_action"] = "hidden"
    now = await playbooks_2.adapter.read(run.key.id)
    assert now.tasks[0].title == "Page the DBA"
    await execute_steps(playbooks_2, FinishTask(run=run.key, by=ANA, task=now.tasks[0].id), now)
    assert playbooks_2.fake.calls("PUT", "/item/1/state$")


async def test_an_added_task_that_nobody_was_given_says_so_after_a_lost_answer(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    write = AddTask(run=run.key, by=ANA, title="Tell support", assignee=STRANGER)
    [added] = await execute_steps(harness, write, run, marker)
    found = await harness.adapter.reconcile(write, marker, make_baseline(run))
    assert isinstance(found, Applied)
    assert found.result.message == added.message == "playbooks.nobody_assigned"


async def test_a_lost_emulated_skip_says_that_the_task_is_closed(playbooks_1: PlatformHarness) -> None:
    run, marker = await playbooks_1.new_run(), make_marker()
    write = SkipTask(run=run.key, by=ANA, task=run.tasks[0].id, reason="not needed")
    await execute_steps(playbooks_1, write, run, marker)
    found = await playbooks_1.adapter.reconcile(
        playbooks_1.adapter.steps(write, run)[0], marker, make_baseline(run)
    )
    assert isinstance(found, Applied)
    assert found.result.message == "playbooks.closed"


async def test_a_lost_finish_that_somebody_else_did_there_is_theirs(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id)
    harness.change_there(run.key.id, write.task, ForeignChange.FINISHED)
    found = await harness.adapter.reconcile(write, marker, make_baseline(run))
    assert isinstance(found, Applied)
    assert found.result.already
    own = write.model_copy(update={"task": run.tasks[1].id})
    await execute_steps(harness, own, run, marker)
    found = await harness.adapter.reconcile(own, marker, make_baseline(run))
    assert isinstance(found, Applied)
    assert not found.result.already
