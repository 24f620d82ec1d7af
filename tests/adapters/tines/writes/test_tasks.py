"""Changes to tasks: what is sent, who is named, and changes made by others."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unreachable
from adapters.http.client import HttpClients
from adapters.models import Person, TaskState
from adapters.results import Applied, NotApplied
from adapters.tines.adapter import Tines
from adapters.writes import AddTask, AssignTask, BeginTask, FinishTask, HoldTask, ReopenTask, SkipTask
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import (
    ANA,
    BASELINE,
    BEN,
    STRANGER,
    add_open_case,
    comment_texts,
    effects,
    execute_steps,
    make_marker,
    run_key,
)
from tests.adapters.tines.world import FakeUser


async def test_a_finish_comments_who_and_what(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Page the DBA")
    run = await tines.read(str(case.id))
    result = await execute_steps(
        tines, FinishTask(run=run_key(case), by=ANA, task=str(task.id), note="she is coming"), run
    )
    assert task.completed
    assert result[0].tasks[0].state is TaskState.DONE
    (comment,) = case.comments
    assert comment.by.first == "Ana"
    assert comment.value.startswith(
        f"**Page the DBA** (task {task.id})\nFinished: she is coming\n\nAna via Slack (7K"
    )
    shown = (await tines.comments(str(case.id), str(task.id)))[-1]
    assert (shown.text, shown.by, shown.task) == ("Finished: she is coming", "Ana via Slack", str(task.id))
    other = case.task("Promote the replica")
    assert await tines.comments(str(case.id), str(other.id)) == []


async def test_a_task_finished_by_others_is_not_claimed(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    run = await tines.read(str(case.id))
    task = case.task("Page the DBA")
    task.completed = True  # meanwhile, in Tines
    write = FinishTask(run=run_key(case), by=ANA, task=str(task.id))
    result = await execute_steps(tines, write, run)
    assert [item.already for item in result] == [True]
    assert (effects(fake), comment_texts(case)) == ([], [])
    task.completed = False
    await execute_steps(tines, write, run)
    assert "Finished" in comment_texts(case)[-1]


async def test_a_begun_task_is_running_and_assigned(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = str(case.task("Page the DBA").id)
    result = await execute_steps(
        tines, BeginTask(run=run_key(case), by=ANA, task=task), await tines.read(str(case.id))
    )
    assert {item.tasks[0].state for item in result if item.tasks} == {TaskState.RUNNING}
    shown = (await tines.read(str(case.id))).task(task)
    assert shown is not None
    assert (shown.state, shown.started_by) == (TaskState.RUNNING, "Ana via Slack")
    assert shown.started_at is not None
    assert [person.name for person in shown.assignees] == ["Ana Reis"]
    assert "Begun" in comment_texts(case)[0]
    again = await execute_steps(
        tines, BeginTask(run=run_key(case), by=BEN, task=task), await tines.read(str(case.id))
    )
    assert again[0].already
    assert len(case.comments) == 1
    assert effects(fake).count("metadata") == 1


async def test_an_assignee_keeps_a_task_that_somebody_else_begins(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.task("Page").assignees = [fake.world.users[1]]
    write = BeginTask(run=run_key(case), by=ANA, task=str(case.task("Page").id))
    assert [step.part for step in tines.steps(write, await tines.read(str(case.id)))] == ["", "note"]
    await execute_steps(tines, write)  # as if the run had not been read
    assert [user.first for user in case.task("Page").assignees] == ["Ben"]


async def test_somebody_outside_the_team_begins_without_being_assigned(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    for person, title in ((STRANGER, "Page"), (Person(name="Nobody at all"), "Repoint")):
        write = BeginTask(run=run_key(case), by=person, task=str(case.task(title).id))
        result = await execute_steps(tines, write, await tines.read(str(case.id)))
        assert "tines.nobody_assigned" in [item.message for item in result]
        assert case.task(title).assignees == []


async def test_a_completed_task_cannot_be_begun(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.task("Page").completed = True
    with pytest.raises(Conflict) as error:
        await execute_steps(tines, BeginTask(run=run_key(case), by=ANA, task=str(case.task("Page").id)))
    assert (error.value.key, error.value.already, effects(fake)) == ("changed.done", False, [])


async def test_an_assignment_adds_a_person_unless_they_take_the_task_over(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    _, ben, cleo = fake.world.users
    task = case.task("Page")
    task.assignees = [ben, cleo]
    assign = AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN)
    assert [result.already for result in await execute_steps(tines, assign)] == [True]
    take_over = assign.model_copy(update={"take_over": True})
    assert await tines.reconcile(take_over, make_marker(), BASELINE) == NotApplied()
    results = await execute_steps(tines, take_over)
    assert [person.name for person in results[0].tasks[0].assignees] == ["Ben Okoro"]
    assert task.assignees == [ben]
    await execute_steps(tines, assign.model_copy(update={"person": ANA}))
    assert [user.first for user in task.assignees] == ["Ben", "Ana"]


async def test_an_assignment_leaves_a_running_task_running(fake: TinesFake, tines: Tines) -> None:
    """The response to a change of one task does not contain the case's metadata."""
    case = add_open_case(fake)
    task = str(case.task("Page").id)
    await execute_steps(tines, BeginTask(run=run_key(case), by=ANA, task=task))
    run = await tines.read(str(case.id))
    result = await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=task, person=BEN), run)
    assert result[0].tasks[0].state is TaskState.RUNNING
    assert [person.name for person in result[0].tasks[0].assignees] == ["Ana Reis", "Ben Okoro"]


async def test_a_reopened_task_is_ready(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = str(case.task("Page").id)
    for write in (
        BeginTask(run=run_key(case), by=ANA, task=task),
        FinishTask(run=run_key(case), by=ANA, task=task),
    ):
        await execute_steps(tines, write, await tines.read(str(case.id)))
    reopen = ReopenTask(run=run_key(case), by=BEN, task=task)
    run = await tines.read(str(case.id))
    assert [step.part for step in tines.steps(reopen, run)] == ["", "mark", "note"]
    await execute_steps(tines, reopen, run)
    shown = (await tines.read(str(case.id))).task(task)
    assert shown is not None
    assert (shown.state, shown.started_at) == (TaskState.READY, None)


async def test_a_skip_is_written_into_the_description_and_removed_again(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Repoint")
    task.description = "Repoint the app\n\nkubectl rollout restart <@user-1>"
    write = SkipTask(run=run_key(case), by=ANA, task=str(task.id), reason="no need [see #12]")
    await execute_steps(tines, write, await tines.read(str(case.id)))
    assert task.completed
    assert task.description.startswith("[SKIPPED: no need (see #12)] Repoint the app\n")
    shown = (await tines.read(str(case.id))).task(str(task.id))
    assert shown is not None
    assert (shown.state, shown.title, shown.reason) == (TaskState.SKIPPED, "Repoint the app", "no need (see #12)")
    assert shown.instructions == "kubectl rollout restart <@user-1>"
    await execute_steps(
        tines, ReopenTask(run=run_key(case), by=ANA, task=str(task.id)), await tines.read(str(case.id))
    )
    assert not task.completed
    assert task.description == "Repoint the app\n\nkubectl rollout restart <@user-1>"


async def test_a_finished_task_cannot_be_skipped(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.task("Page").completed = True
    with pytest.raises(Conflict):
        await execute_steps(
            tines, SkipTask(run=run_key(case), by=ANA, task=str(case.task("Page").id), reason="late")
        )
    assert effects(fake) == []


async def test_assigning_keeps_the_other_assignees(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Page")
    task.assignees = [fake.world.users[2]]
    await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN))
    assert [user.first for user in task.assignees] == ["Cleo", "Ben"]
    assert "Assigned to Ben Okoro" in comment_texts(case)[0]
    result = await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN))
    assert result[0].already
    assert effects(fake).count("assign") == 1


async def test_an_assignee_with_a_hidden_email_keeps_the_task(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Page")
    task.assignees = [FakeUser(77, "Old", "Hand", "")]
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN))
    assert (error.value.key, effects(fake)) == ("tines.hidden_assignee", [])
    fake.world.users.append(FakeUser(77, "Old", "Hand", "old@example.com"))  # in the list of members
    await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN))
    assert [user.first for user in task.assignees] == ["Old", "Ben"]


@pytest.mark.parametrize(
    ("person", "key"),
    [
        (STRANGER, "tines.not_a_member"),
        (Person(name="Nobody"), "tines.no_email"),
    ],
)
async def test_assigning_an_unknown_user_is_refused(
    fake: TinesFake, tines: Tines, person: Person, key: str
) -> None:
    case = add_open_case(fake)
    task = case.task("Page")
    task.assignees = [fake.world.users[2]]
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=person))
    assert error.value.key == key
    assert [user.first for user in task.assignees] == ["Cleo"]
    assert comment_texts(case) == []


async def test_people_are_found_by_name_or_id_in_the_team(
    fake: TinesFake, tines: Tines, http: HttpClients
) -> None:
    """The team is read once, and again only for somebody who is not in it: they may have just been invited."""
    case = add_open_case(fake)
    task = str(case.task("Page").id)
    for person in (Person(name="cleo marsh"), Person(id="12")):
        await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=task, person=person))
    assert [user.first for user in case.task("Page").assignees] == ["Cleo", "Ben"]
    assert len(fake.calls("GET", "/members$")) == 1
    fake.world.users.append(FakeUser(77, "Dan", "Lee", "dan@example.com"))
    await execute_steps(tines, AssignTask(run=run_key(case), by=ANA, task=task, person=Person(name="Dan Lee")))
    assert len(fake.calls("GET", "/members$")) == 2
    fake.hides_members = True
    with pytest.raises(Rejected):
        await execute_steps(
            connect_adapter(fake, http),
            AssignTask(run=run_key(case), by=ANA, task=task, person=Person(name="Ana Reis")),
        )


async def test_a_begin_stands_if_tines_refuses_the_assignment(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    write = BeginTask(run=run_key(case), by=STRANGER, task=str(case.task("Page").id))
    fake.fault("answer", method="PUT", path=r"/tasks/\d+$", status=422, body='{"errors": ["not in the team"]}')
    result = await execute_steps(tines, write, await tines.read(str(case.id)))
    assert "tines.assign_refused" in [item.message for item in result]
    assert (await tines.read(str(case.id))).task(write.task).state is TaskState.RUNNING  # type: ignore[union-attr]
    assert len(comment_texts(case)) == 1


async def test_an_added_task_names_who_added_it(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    (result,) = await execute_steps(
        tines, AddTask(run=run_key(case), by=ANA, title="Tell <@user-1>", assignee=BEN)
    )
    task = case.tasks[int(result.id)]
    assert "<@user" not in task.description
    assert "Added by Ana via Slack (7K" in task.description
    assert result.tasks[0].title == "Tell <@user-1>"
    assert [user.first for user in task.assignees] == ["Ben"]
    (other,) = await execute_steps(
        tines, AddTask(run=run_key(case), by=ANA, title="Look", assignee=Person(name="Nobody"))
    )
    assert other.message == "tines.nobody_assigned"


async def test_a_hold_is_a_comment_on_the_task(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = str(case.task("Promote").id)
    await execute_steps(tines, HoldTask(run=run_key(case), by=ANA, task=task, reason="no quorum"))
    (comment,) = await tines.comments(str(case.id), task)
    assert (comment.text, comment.by) == ("On hold: no quorum", "Ana via Slack")


async def test_a_deleted_task_is_not_found(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    for task in ("999999", "no/such"):
        with pytest.raises(NotFound):
            await execute_steps(tines, FinishTask(run=run_key(case), by=ANA, task=task))
        with pytest.raises(NotFound):
            await execute_steps(tines, HoldTask(run=run_key(case), by=ANA, task=task, reason="why"))
    assert effects(fake) == []


async def test_a_response_without_the_change_is_reconciled(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Page")
    body = f'{{"task": {{"id": {task.id}, "description": "Page the DBA", "completed": false}}}}'
    fake.fault("answer", method="PUT", path=r"/tasks/\d+$", status=200, body=body)
    write = FinishTask(run=run_key(case), by=ANA, task=str(task.id))
    with pytest.raises(OutcomeUnknown):
        await execute_steps(tines, write)
    assert isinstance(await tines.reconcile(write, make_marker(), BASELINE), NotApplied)
    task.completed = True
    assert isinstance(await tines.reconcile(write, make_marker(), BASELINE), Applied)


async def test_a_delayed_first_attempt_counts_as_done(fake: TinesFake, tines: Tines) -> None:
    """A second attempt while the first was only slow: the task is done, and nothing is refused."""
    case = add_open_case(fake)
    task = case.task("Page")
    write = FinishTask(run=run_key(case), by=ANA, task=str(task.id))
    fake.fault("cut_before", method="PUT", path=r"/tasks/\d+$")
    with pytest.raises(OutcomeUnknown):
        await execute_steps(tines, write)
    task.completed = True
    assert (await tines.execute(write, make_marker())).already


async def test_a_failed_read_before_a_write_sends_nothing(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    fake.fault("answer", method="GET", path=r"/tasks/\d+$", status=502, times=9)
    with pytest.raises(Unreachable):
        await execute_steps(tines, FinishTask(run=run_key(case), by=ANA, task=str(case.task("Page").id)))
    assert effects(fake) == []


async def test_an_added_task_that_nobody_was_given_says_so_after_a_lost_answer(
    fake: TinesFake, tines: Tines
) -> None:
    case = add_open_case(fake)
    write = AddTask(run=run_key(case), by=ANA, title="Tell support", assignee=STRANGER)
    marker = make_marker()
    added = await tines.execute(write, marker)
    found = await tines.reconcile(write, marker, BASELINE)
    assert isinstance(found, Applied)
    assert found.result.message == added.message == "tines.nobody_assigned"


async def test_a_lost_finish_is_not_found_in_a_task_that_somebody_skipped(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    task = case.task("Page")
    write = FinishTask(run=run_key(case), by=ANA, task=str(task.id))
    task.completed, task.description = True, f"[SKIPPED: not needed] {task.description}"
    assert isinstance(await tines.reconcile(write, make_marker(), BASELINE), NotApplied)
