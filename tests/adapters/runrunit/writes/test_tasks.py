"""Writes to tasks: several people, workflows, and checks before anything is sent."""

import asyncio

import pytest

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import TaskState
from adapters.results import Applied, NotApplied, Recovery
from adapters.runrunit.adapter import Runrunit
from adapters.writes import AssignTask, ReopenTask
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import (
    ANA,
    BASELINE,
    BEN,
    EVE,
    MARKER,
    begin,
    execute,
    finish,
    message_keys,
    run_key,
    sent_writes,
    skip,
    with_options,
)


async def test_a_finish_delivers_and_posts_the_note(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    results = await execute(runrunit, finish(run, step, "seen from two zones"))
    assert results[0].tasks[0].state is TaskState.DONE
    assert fake.world.texts(step.id) == ["seen from two zones\n— Ana via Slack (7K2F)"]
    assert sent_writes(fake) == [f"/tasks/{step.id}/deliver", "/comments"]
    assert fake.calls("POST", "deliver$")[0].body == b""


async def test_a_delivered_task_is_not_delivered_again(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.deliver(step)
    (result,) = await execute(runrunit, finish(run, step))
    assert result.already
    assert sent_writes(fake) == []


async def test_a_finish_by_somebody_else_in_between_counts_as_done(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """Somebody delivers the task between the read and the request, so the request is rejected without a reason."""
    run = fake.world.run()
    step = fake.world.step(run)
    fault = fake.fault("hold", method="GET", path="/tasks$")
    execution = asyncio.create_task(execute(runrunit, finish(run, step)))
    await fault.reached.wait()
    fake.world.deliver(step)
    fault.release.set()
    assert (await execution)[0].already


async def test_open_prerequisites_are_named_before_any_write(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    second.waits_for.append(first.id)
    for write in (finish(run, second), begin(run, second), skip(run, second)):
        with pytest.raises(Conflict) as raised:
            await execute(runrunit, write)
        assert raised.value.key == "runrunit.waits"
        assert raised.value.facts["others"] == "Confirm the primary is down"
    assert sent_writes(fake) == []


async def test_a_rejection_without_a_reason_says_so(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=422, body="")
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, finish(run, fake.world.step(run)))
    assert raised.value.key == "runrunit.refused_silently"


@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "[]"])
async def test_an_unreadable_success_is_an_unknown_outcome(
    runrunit: Runrunit, fake: RunrunitFake, body: str
) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=200, body=body)
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, finish(run, fake.world.step(run)))


# Several people


async def test_a_finish_asks_if_several_people_are_assigned(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, finish(run, step))
    assert raised.value.key == "runrunit.several"
    facts = raised.value.facts
    assert (facts["task"], facts["people"]) == ("Both check", "Ana Reis, Ben Costa")
    assert list(raised.value.choices) == ["runrunit.button.my_part", "runrunit.button.whole"]
    assert sent_writes(fake) == []


async def test_delivering_my_part_keeps_the_others_open(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    (result,) = await execute(runrunit, finish(run, step, part="mine"))
    assert message_keys([result]) == ["my_part"]
    assert (result.tasks[0].state, result.tasks[0].mark) == (TaskState.READY, "1 of 2 done")
    assert result.partial
    (repeated,) = await execute(runrunit, finish(run, step, part="mine"))
    assert repeated.already
    (result,) = await execute(runrunit, finish(run, step, by=BEN))  # one open part left: no question
    assert result.tasks[0].state is TaskState.DONE


async def test_the_last_part_closes_the_task_if_the_account_does_that(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    await execute(runrunit, finish(run, step, part="mine"))
    (result,) = await execute(runrunit, finish(run, step, by=BEN, part="mine"))
    assert result.tasks[0].state is TaskState.DONE
    assert message_keys([result]) == []
    assert not result.partial


async def test_the_whole_task_can_be_finished_for_everybody(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    (result,) = await execute(runrunit, finish(run, step, part="whole"))
    assert result.tasks[0].state is TaskState.DONE


async def test_a_person_without_a_part_can_only_finish_the_whole_task(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("liaison-bot", "ben-costa"))
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, finish(run, step))
    assert list(raised.value.choices) == ["runrunit.button.whole"]
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, finish(run, step, part="mine"))
    assert raised.value.key == "runrunit.no_part"


async def test_a_lost_part_is_found(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    write = finish(run, step, part="mine")
    assert await runrunit.reconcile(write, MARKER, BASELINE) == NotApplied()
    fake.fault("cut_after", method="POST", path="deliver$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    outcome = await runrunit.reconcile(write, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert (outcome.result.partial, outcome.result.message) == (True, "runrunit.my_part")  # the task is not done
    assert not outcome.result.tasks[0].state.is_over


# Workflows


async def test_a_workflow_asks_and_passes_to_the_next_person(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Approve", parent=run.id)
    fake.world.add_workflow(step, "ana-reis", "ben-costa")
    write = finish(run, step)
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, write)
    assert (raised.value.facts["task"], raised.value.facts["person"]) == ("Approve", "Ben Costa")
    assert list(raised.value.choices) == ["runrunit.button.step", "runrunit.button.whole"]
    chosen = with_options(write, {"step": raised.value.choices["runrunit.button.step"]})
    (result,) = await execute(runrunit, chosen)
    assert (message_keys([result]), result.partial) == (["handed_on"], True)
    assert result.tasks[0].assignees[0].name == "Ben Costa"
    await execute(runrunit, chosen)  # a second press does not complete Ben's step
    assert [item.completed for item in step.elements] == [True, False]
    outcome = await runrunit.reconcile(chosen, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert (outcome.result.partial, outcome.result.facts) == (True, {"person": "Ben Costa"})
    assert runrunit.recovery(chosen) is Recovery.LOOKUP  # sent twice at once, it would complete Ben's step too
    assert runrunit.recovery(write) is Recovery.IDEMPOTENT
    await execute(runrunit, finish(run, step, by=BEN))  # the last step delivers the task
    assert step.closed_at


async def test_a_workflow_step_of_another_task_is_ignored(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    item, other = fake.world.task("Approve", parent=run.id), fake.world.task("Sign", parent=run.id)
    for task in (item, other):
        fake.world.add_workflow(task, "ana-reis", "ben-costa")
    with pytest.raises(Rejected):
        await execute(runrunit, finish(run, other, step=f"{item.id}:{item.elements[0].id}"))
    assert fake.world.effects == []


async def test_a_whole_workflow_can_be_finished(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Approve", parent=run.id)
    fake.world.add_workflow(step, "ana-reis", "ben-costa")
    await execute(runrunit, finish(run, step, part="whole"))
    assert step.closed_at


# Skip, reopen, assign


async def test_a_skip_delivers_and_says_so(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    results = await execute(runrunit, skip(run, step, "not needed"))
    assert message_keys(results) == ["counts_as_delivered"]
    assert fake.world.texts(step.id) == ["Skipped: not needed\n— Ana via Slack (7K2F)"]
    await execute(runrunit, skip(run, fake.world.step(run)))
    assert fake.world.texts(fake.world.step(run).id) == ["Skipped\n— Ana via Slack (7K2F)"]


async def test_a_reopen_asks_before_reopening_descendants(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    second.waits_for.append(first.id)
    fake.world.deliver(first)
    fake.world.deliver(second)
    write = ReopenTask(run=run_key(run), by=ANA, task=str(first.id))
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, write)
    assert raised.value.key == "runrunit.reopen_refused"
    assert raised.value.retry_with == ("descendants=true",)
    (result,) = await execute(runrunit, write.model_copy(update={"options": {"descendants": "true"}}))
    assert result.tasks[0].state is TaskState.READY
    assert second.closed_at is None
    assert (await execute(runrunit, write))[0].already


async def test_assigning_keeps_the_other_assignees(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    ben = AssignTask(run=run_key(run), by=ANA, task=str(step.id), person=BEN)
    assert message_keys(await execute(runrunit, ben)) == []
    results = await execute(runrunit, ben.model_copy(update={"person": ANA}))
    assert message_keys(results) == ["still_with"]
    assert [person.name for person in results[0].tasks[0].assignees] == ["Ben Costa", "Ana Reis"]
    assert (await execute(runrunit, ben))[0].already
    assert len(sent_writes(fake)) == 2


async def test_an_assignment_since_the_last_read_stays_and_is_named(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    """Even one that slips in just before the request: its response has all assignments."""
    run = fake.world.run()
    step = fake.world.step(run)
    await runrunit.read(str(run.id))

    def assign_ana() -> None:
        fake.world.add_assignment(step, "ana-reis")

    fake.before_write("POST", "create_assignments$", assign_ana)
    write = AssignTask(run=run_key(run), by=ANA, task=str(step.id), person=BEN)
    fake.seen.clear()
    (result,) = await execute(runrunit, write)
    assert [part.user for part in step.assignments] == ["ana-reis", "ben-costa"]
    assert (result.message, result.facts) == ("runrunit.still_with", {"person": "Ana Reis"})
    assert fake.seen[-1].method == "POST"  # no read after it


async def test_a_person_without_an_email_is_assigned_by_name(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    named = EVE.model_copy(update={"id": "", "handle": None, "name": "béN costa"})
    await execute(runrunit, AssignTask(run=run_key(run), by=ANA, task=str(step.id), person=named))
    assert [part.user for part in step.assignments] == ["ben-costa"]


async def test_an_unknown_person_cannot_be_assigned(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    stranger = BEN.model_copy(update={"email": "who@example.org"})
    with pytest.raises(Rejected) as raised:
        await execute(
            runrunit, AssignTask(run=run_key(run), by=ANA, task=str(fake.world.step(run).id), person=stranger)
        )
    assert raised.value.key == "runrunit.unknown_person"
    assert sent_writes(fake) == []


async def test_only_partners_may_be_assigned(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="create_assignments$", status=400)
    with pytest.raises(Rejected) as raised:
        await execute(
            runrunit, AssignTask(run=run_key(run), by=ANA, task=str(fake.world.step(run).id), person=BEN)
        )
    assert raised.value.key == "runrunit.assign_refused"
    assert raised.value.facts["person"] == "Ben Costa"


async def test_a_skip_says_so_after_a_lost_answer_as_well(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    write = skip(run, fake.world.step(run), "not needed")
    fake.fault("cut_after", method="POST", path="/deliver$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    found = await runrunit.reconcile(runrunit.steps(write, None)[0], MARKER, BASELINE)
    assert isinstance(found, Applied)
    assert found.result.message == "runrunit.counts_as_delivered"
