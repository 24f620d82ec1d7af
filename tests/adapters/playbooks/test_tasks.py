"""Tasks are known by id here and by position there: what we change is what was meant, or it is said."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Person, TaskState
from adapters.protocol import Emulated, Native
from adapters.writes import (
    AddTask,
    Applied,
    AssignTask,
    BeginTask,
    FinishTask,
    NotApplied,
    Op,
    ReopenTask,
    SkipTask,
)
from tests.adapters.playbooks.doing import ANA, BEN, STRANGER, a_mark, do, known_now
from tests.adapters.playbooks.subject import PlaybooksSubject, connect

WRITES = r"/checklists/"


async def test_a_finish_is_one_read_one_write_one_read(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    await either.adapter.read(run.key.id)
    either.fake.seen.clear()
    [told] = await do(either, FinishTask(run=run.key, by=ANA, task=run.tasks[1].id), run)
    assert [seen.method for seen in either.fake.seen] == ["GET", "PUT", "GET"]
    assert either.fake.seen[1].path.endswith("/checklists/0/item/1/state")
    assert either.fake.seen[1].json == {"new_state": "closed"}
    assert told.snapshot is not None
    assert [task.state for task in told.snapshot.tasks] == [TaskState.READY, TaskState.DONE] + [
        TaskState.READY
    ] * 2


async def test_the_position_is_looked_up_just_before_the_write(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    either.fake.world.move(run.key.id, 0, 0, 1)
    [told] = await do(either, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert either.fake.calls("PUT", "/item/1/state$")
    assert told.snapshot is not None
    done = told.snapshot.task(run.tasks[0].id)
    assert done is not None
    assert done.state is TaskState.DONE
    assert done.finished_at is not None


async def test_a_list_moved_between_read_and_write_is_said(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    either.fake.world.meanwhile.append(lambda: either.fake.world.move(run.key.id, 0, 0, 1))
    write, mark = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), a_mark()
    with pytest.raises(OutcomeUnknown) as wrong:
        await either.adapter.execute(write, mark)
    assert wrong.value.key == "playbooks.wrong_place"
    assert wrong.value.facts["task"] == "Confirm the primary is down"
    assert wrong.value.facts["other"] == "Page the DBA"
    assert isinstance(await either.adapter.reconcile(write, mark, known_now(run)), NotApplied)


async def test_a_change_overwritten_by_another_is_unknown_until_looked_at(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    item = either.fake.run(run.key.id)["checklists"][0]["items"][0]
    either.fake.world.afterwards.append(lambda: item.update(state=""))
    with pytest.raises(OutcomeUnknown) as lost:
        await do(either, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert lost.value.key == "playbooks.overwritten"


async def test_what_is_so_already_is_not_written_again(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id)
    await do(either, write, run)
    either.fake.seen.clear()
    [told] = await do(either, write, run)
    assert told.already
    assert not either.fake.calls("PUT", WRITES)


async def test_a_task_that_is_gone_is_said_with_the_link(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    either.fake.run(run.key.id)["checklists"][0]["items"].pop(0)
    with pytest.raises(NotFound) as gone:
        await do(either, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert gone.value.facts["link"] == f"{either.fake.site}/playbooks/runs/{run.key.id}"
    assert not either.fake.calls("PUT", WRITES)


async def test_a_500_is_read_again_before_it_is_called_unknown(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    items = either.fake.run(run.key.id)["checklists"][0]["items"]
    either.fake.world.meanwhile.append(items.clear)
    with pytest.raises(NotFound) as gone:
        await do(either, FinishTask(run=run.key, by=ANA, task=run.tasks[1].id), run)
    assert gone.value.key == "playbooks.task_gone"


async def test_an_unknown_run_is_not_found_and_nothing_is_sent(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    key = run.key.model_copy(update={"id": "z" * 26})
    with pytest.raises(NotFound) as unknown:
        await do(either, FinishTask(run=key, by=ANA, task=run.tasks[0].id), run)
    assert unknown.value.key == "playbooks.hidden"


@pytest.mark.parametrize("id", ["", "../../users", "A" * 26, "a" * 25, "a" * 26 + "\n"])
async def test_only_ids_are_put_into_a_path(either: PlaybooksSubject, id: str) -> None:
    either.fake.seen.clear()
    with pytest.raises(NotFound) as bad:
        await either.adapter.read(id)
    assert bad.value.key == "playbooks.bad_id"
    assert either.fake.seen == []


async def test_without_ids_titles_tell_tasks_apart(recorded_one: PlaybooksSubject) -> None:
    key = (await recorded_one.a_run()).key
    _take_ids_away(recorded_one, key.id)
    run = await recorded_one.adapter.read(key.id)
    assert len({task.id for task in run.tasks}) == 4
    [told] = await do(recorded_one, FinishTask(run=key, by=ANA, task=run.tasks[2].id), run)
    assert told.snapshot is not None
    assert [task.title for task in told.snapshot.tasks if task.state is TaskState.DONE] == ["Promote the replica"]


async def test_without_ids_two_alike_are_refused(recorded_one: PlaybooksSubject) -> None:
    key = (await recorded_one.a_run()).key
    _take_ids_away(recorded_one, key.id)
    items = recorded_one.fake.run(key.id)["checklists"][0]["items"]
    items[1]["title"] = items[0]["title"]
    run = await recorded_one.adapter.read(key.id)
    assert len({task.id for task in run.tasks}) == 4
    for task in run.tasks[:2]:
        with pytest.raises(Rejected) as alike:
            await do(recorded_one, FinishTask(run=key, by=ANA, task=task.id), run)
        assert alike.value.key == "playbooks.alike"
        assert "/playbooks/runs/" in str(alike.value.facts["link"])
    assert not recorded_one.fake.calls("PUT", WRITES)


def _take_ids_away(subject: PlaybooksSubject, run: str) -> None:
    for checklist in subject.fake.run(run)["checklists"]:
        checklist["id"] = ""
        for item in checklist["items"]:
            item["id"] = ""


async def test_begin_takes_a_task_that_nobody_has(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    told = await do(either, BeginTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    task = told[-1].snapshot.tasks[0] if told[-1].snapshot else None
    assert task is not None
    assert (task.state, [person.name for person in task.assignees]) == (TaskState.RUNNING, ["Ana Reis"])
    assert either.fake.calls("PUT", "/assignee$")[0].json == {"assignee_id": either.fake.ana}


async def test_begin_leaves_a_task_to_whom_it_belongs(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    task = run.tasks[0].id
    await do(either, AssignTask(run=run.key, by=ANA, task=task, person=BEN), run)
    now = await either.adapter.read(run.key.id)
    assert len(either.adapter.steps(BeginTask(run=run.key, by=ANA, task=task), now)) == 1
    told = await do(either, BeginTask(run=run.key, by=ANA, task=task), run)  # the snapshot knew nobody yet
    assert told[-1].snapshot is not None
    assert [person.name for person in told[-1].snapshot.tasks[0].assignees] == ["Ben Cole"]


async def test_begin_by_somebody_without_an_account_says_so_and_is_done(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    told = await do(either, BeginTask(run=run.key, by=STRANGER, task=run.tasks[0].id), run)
    assert told[-1].message == "playbooks.nobody_assigned"
    assert told[-1].facts == {"person": "Zoe"}
    assert not either.fake.calls("PUT", "/assignee$")


async def test_assigning_somebody_without_an_account_is_refused(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    with pytest.raises(Rejected) as refused:
        await do(either, AssignTask(run=run.key, by=ANA, task=run.tasks[0].id, person=STRANGER), run)
    assert refused.value.key == "playbooks.unknown_person"
    assert not either.fake.calls("PUT", "/assignee$")


async def test_people_are_found_by_id_by_mail_and_by_name(either: PlaybooksSubject) -> None:
    either.fake.core.welcoming = False
    ana, run = either.fake.ana, await either.a_run()
    by = {
        "id": Person(id=ana, name="x"),
        "mail": Person(id="U1", email="ana@example.com", handle="other"),
        "name": Person(id="U2", email="unknown@example.com", handle="@Ana"),
    }
    for number, person in enumerate(by.values()):
        await do(either, AssignTask(run=run.key, by=ANA, task=run.tasks[number].id, person=person), run)
        assert either.fake.calls("PUT", "/assignee$")[-1].json == {"assignee_id": ana}
    asked = len(either.fake.calls("GET", "/users/"))
    await do(either, AssignTask(run=run.key, by=ANA, task=run.tasks[3].id, person=by["mail"]), run)
    assert len(either.fake.calls("GET", "/users/")) == asked


async def test_a_server_that_can_skip_skips_and_restores(current: PlaybooksSubject) -> None:
    assert isinstance(current.adapter.capabilities[Op.SKIP], Native)
    run = await current.a_run()
    task = run.tasks[0].id
    [told] = await do(current, SkipTask(run=run.key, by=ANA, task=task), run)
    assert told.snapshot is not None
    assert told.snapshot.tasks[0].state is TaskState.SKIPPED
    assert told.snapshot.tasks[0].finished_at is not None
    [told] = await do(current, ReopenTask(run=run.key, by=ANA, task=task), told.snapshot)
    assert current.fake.calls("PUT", "/item/0/restore$")
    assert told.snapshot is not None
    assert told.snapshot.tasks[0].state is TaskState.READY


async def test_skipping_by_other_means(recorded_one: PlaybooksSubject) -> None:
    capability = recorded_one.adapter.capabilities[Op.SKIP]
    assert isinstance(capability, Emulated)
    assert "closed" in capability.how
    run = await recorded_one.a_run()
    for number, reason in enumerate(("", "not needed")):
        write = SkipTask(run=run.key, by=ANA, task=run.tasks[number].id, reason=reason)
        told = await do(recorded_one, write, run)
        assert told[0].snapshot is not None
        assert told[0].snapshot.tasks[number].state is TaskState.DONE
        assert told[1].comment is not None
        assert told[1].comment.text == ("Skipped: not needed" if reason else "Skipped")
    assert not recorded_one.fake.calls("PUT", "/skip$")
    with pytest.raises(Conflict) as done:
        await do(recorded_one, SkipTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert done.value.key == "playbooks.done"


async def test_whether_the_server_skips_is_tried_once(recorded_one: PlaybooksSubject) -> None:
    key = (await recorded_one.a_run()).key
    recorded_one.fake.run(key.id).pop("active_stage")  # now nothing in a run tells the generation
    http = HttpClients()
    recorded_one.adapter = connect(recorded_one.fake, http)
    run = await recorded_one.adapter.read(key.id)
    for number in (0, 1):
        told = await do(recorded_one, SkipTask(run=key, by=ANA, task=run.tasks[number].id), run)
        assert told[1].comment is not None
        assert told[1].comment.text == "Skipped"
    assert len(recorded_one.fake.calls("PUT", "/skip$")) == 1
    assert len(recorded_one.fake.calls("PUT", "/state$")) == 2
    await http.close()


async def test_adding_knows_the_generation(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    right = "PUT" if either.fake.routes.generation == "1.20" else "POST"
    told = []
    for title in ("Tell support", "Tell the press"):
        mark = a_mark()
        told += await do(either, AddTask(run=run.key, by=ANA, title=title, stage=run.stages[0].id), run, mark)
        sent = either.fake.calls(right, "/checklists/0/add$")[-1].json
        assert sent == {"title": title, "description": f"Added by Ana via Slack ({mark.code})"}
    wrong = "POST" if right == "PUT" else "PUT"
    assert len(either.fake.calls(wrong, "/add$")) == 0
    assert len(either.fake.calls(right, "/add$")) == 2
    assert told[1].snapshot is not None
    assert told[1].snapshot.task(told[1].id) is not None
    assert either.fake.effects["add"] == 2


@pytest.mark.parametrize("refusal", [(405, ""), (404, "404 page not found\n"), (404, '{"error":"no such path"}')])
async def test_adding_learns_which_method_the_server_takes(
    recorded_one: PlaybooksSubject, refusal: tuple[int, str]
) -> None:
    """A server of the older kind that takes POST only, as its document says."""
    run, (status, body) = await recorded_one.a_run(), refusal
    recorded_one.fake.fault("answer", method="PUT", path="/add$", status=status, body=body, times=99)
    recorded_one.fake.routes.adds_by = "POST"
    for title in ("Tell support", "Tell the press"):
        await do(recorded_one, AddTask(run=run.key, by=ANA, title=title), run)
    assert len(recorded_one.fake.calls("PUT", "/add$")) == 1
    assert recorded_one.fake.effects["add"] == 2


async def test_an_added_task_is_told_from_anothers_of_the_same_title(either: PlaybooksSubject) -> None:
    run, mark = await either.a_run(), a_mark()
    known = known_now(run)
    write = AddTask(run=run.key, by=ANA, title="Tell support")
    await do(either, write.model_copy(update={"by": BEN}), run)  # Ben's, with another code
    assert isinstance(await either.adapter.reconcile(write, mark, known), NotApplied)
    [told] = await do(either, write, run, mark)
    settled = await either.adapter.reconcile(write, mark, known)
    assert isinstance(settled, Applied)
    assert settled.result.id == told.id


async def test_adding_for_somebody(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    [told] = await do(either, AddTask(run=run.key, by=ANA, title="Tell support", assignee=BEN), run)
    assert told.snapshot is not None
    added = told.snapshot.task(told.id)
    assert added is not None
    assert [person.name for person in added.assignees] == ["Ben Cole"]
    assert added.stage == run.stages[-1].id


async def test_a_task_hidden_by_a_condition_is_not_shown_but_counted(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    current.fake.run(run.key.id)["checklists"][0]["items"][0]["condition_action"] = "hidden"
    now = await current.adapter.read(run.key.id)
    assert now.tasks[0].title == "Page the DBA"
    await do(current, FinishTask(run=run.key, by=ANA, task=now.tasks[0].id), now)
    assert current.fake.calls("PUT", "/item/1/state$")
