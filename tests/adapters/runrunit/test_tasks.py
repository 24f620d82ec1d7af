"""Changes to tasks: several people, chains, and what is refused before it is sent."""

import asyncio

import pytest

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import TaskState
from adapters.runrunit.adapter import Runrunit
from adapters.writes import Applied, AssignTask, NotApplied, ReopenTask
from tests.adapters.runrunit.acting import (
    ANA,
    BEN,
    EVE,
    KNOWN,
    MARK,
    again,
    begin,
    execute,
    finish,
    key,
    said,
    skip,
    writes,
)
from tests.adapters.runrunit.fake import RunrunitFake


async def test_finish_delivers_and_the_note_is_a_comment(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    told = await execute(runrunit, finish(run, step, "seen from two zones"))
    assert told[0].tasks[0].state is TaskState.DONE
    assert fake.world.texts(step.id) == ["seen from two zones\n— Ana via Slack (7K2F)"]
    assert writes(fake) == [f"/tasks/{step.id}/deliver", "/comments"]
    assert fake.calls("POST", "deliver$")[0].body == b""


async def test_what_is_delivered_is_not_delivered_again(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.deliver(step)
    (told,) = await execute(runrunit, finish(run, step))
    assert told.already
    assert writes(fake) == []


async def test_somebody_was_faster(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """Delivered by others between our look and our request: refused without words, and yet as asked."""
    run = fake.world.run()
    step = fake.world.step(run)
    held = fake.fault("hold", method="GET", path=rf"/tasks/{step.id}$")
    carrying = asyncio.create_task(execute(runrunit, finish(run, step)))
    await held.reached.wait()
    fake.world.deliver(step)
    held.release.set()
    assert (await carrying)[0].already


async def test_open_prerequisites_are_named_before_anything_is_sent(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    second.waits_for.append(first.id)
    for write in (finish(run, second), begin(run, second), skip(run, second)):
        with pytest.raises(Conflict) as waits:
            await execute(runrunit, write)
        assert waits.value.key == "runrunit.waits"
        assert waits.value.facts["others"] == "Confirm the primary is down"
    assert writes(fake) == []


async def test_a_wordless_refusal_says_so(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=422, body="")
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, finish(run, fake.world.step(run)))
    assert refused.value.key == "runrunit.refused_silently"


@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "[]"])
async def test_an_unreadable_yes_is_unknown(runrunit: Runrunit, fake: RunrunitFake, body: str) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=200, body=body)
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, finish(run, fake.world.step(run)))


# Several people


async def test_several_people_are_asked_about(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    with pytest.raises(Rejected) as asked:
        await execute(runrunit, finish(run, step))
    assert asked.value.key == "runrunit.several"
    facts = asked.value.facts
    assert (facts["task"], facts["people"]) == ("Both check", "Ana Reis, Ben Costa")
    assert list(asked.value.choices) == ["runrunit.button.my_part", "runrunit.button.whole"]
    assert writes(fake) == []


async def test_my_part_leaves_the_others_theirs(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    (mine,) = await execute(runrunit, finish(run, step, part="mine"))
    assert said([mine]) == ["my_part"]
    assert (mine.tasks[0].state, mine.tasks[0].mark) == (TaskState.READY, "1 of 2 done")
    assert mine.partial
    (twice,) = await execute(runrunit, finish(run, step, part="mine"))
    assert twice.already
    (bens,) = await execute(runrunit, finish(run, step, by=BEN))  # nobody else is left: not asked
    assert bens.tasks[0].state is TaskState.DONE


async def test_the_last_part_closes_the_task_where_the_account_says_so(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    await execute(runrunit, finish(run, step, part="mine"))
    (told,) = await execute(runrunit, finish(run, step, by=BEN, part="mine"))
    assert told.tasks[0].state is TaskState.DONE
    assert said([told]) == []
    assert not told.partial


async def test_the_whole_task_is_for_everybody(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    (told,) = await execute(runrunit, finish(run, step, part="whole"))
    assert told.tasks[0].state is TaskState.DONE


async def test_who_has_no_part_is_only_offered_the_whole(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("liaison-bot", "ben-costa"))
    with pytest.raises(Rejected) as asked:
        await execute(runrunit, finish(run, step))
    assert list(asked.value.choices) == ["runrunit.button.whole"]
    with pytest.raises(Rejected) as none:
        await execute(runrunit, finish(run, step, part="mine"))
    assert none.value.key == "runrunit.no_part"


async def test_my_part_is_found_again(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    write = finish(run, step, part="mine")
    assert await runrunit.reconcile(write, MARK, KNOWN) == NotApplied()
    fake.fault("cut_after", method="POST", path="deliver$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    assert isinstance(await runrunit.reconcile(write, MARK, KNOWN), Applied)


# Chains


async def test_a_chain_asks_then_hands_on(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Approve", parent=run.id)
    fake.world.add_chain(step, "ana-reis", "ben-costa")
    write = finish(run, step)
    with pytest.raises(Rejected) as asked:
        await execute(runrunit, write)
    assert (asked.value.facts["task"], asked.value.facts["person"]) == ("Approve", "Ben Costa")
    assert list(asked.value.choices) == ["runrunit.button.step", "runrunit.button.whole"]
    chosen = again(write, {"step": asked.value.choices["runrunit.button.step"]})
    (told,) = await execute(runrunit, chosen)
    assert (said([told]), told.partial) == (["handed_on"], True)
    assert told.tasks[0].assignees[0].name == "Ben Costa"
    await execute(runrunit, chosen)  # pressed twice, it is still Ben's
    assert [one.completed for one in step.chain] == [True, False]
    assert isinstance(await runrunit.reconcile(chosen, MARK, KNOWN), Applied)
    await execute(runrunit, finish(run, step, by=BEN))  # the last step is the task
    assert step.closed_at


async def test_the_step_of_another_task_is_no_answer(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    one, other = fake.world.task("Approve", parent=run.id), fake.world.task("Sign", parent=run.id)
    for task in (one, other):
        fake.world.add_chain(task, "ana-reis", "ben-costa")
    with pytest.raises(Rejected):
        await execute(runrunit, finish(run, other, step=f"{one.id}:{one.chain[0].id}"))
    assert fake.world.effects == []


async def test_the_whole_of_a_chain(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Approve", parent=run.id)
    fake.world.add_chain(step, "ana-reis", "ben-costa")
    await execute(runrunit, finish(run, step, part="whole"))
    assert step.closed_at


# Skip, reopen, assign


async def test_skip_counts_as_delivered_and_says_so(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    told = await execute(runrunit, skip(run, step, "not needed"))
    assert said(told) == ["counts_as_delivered"]
    assert fake.world.texts(step.id) == ["Skipped: not needed\n— Ana via Slack (7K2F)"]
    await execute(runrunit, skip(run, fake.world.step(run)))
    assert fake.world.texts(fake.world.step(run).id) == ["Skipped\n— Ana via Slack (7K2F)"]


async def test_reopen_asks_before_it_reopens_others(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    second.waits_for.append(first.id)
    fake.world.deliver(first)
    fake.world.deliver(second)
    write = ReopenTask(run=key(run), by=ANA, task=str(first.id))
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, write)
    assert refused.value.key == "runrunit.reopen_refused"
    assert refused.value.retry_with == ("descendants=true",)
    (told,) = await execute(runrunit, write.model_copy(update={"options": {"descendants": "true"}}))
    assert told.tasks[0].state is TaskState.READY
    assert second.closed_at is None
    assert (await execute(runrunit, write))[0].already


async def test_assigning_takes_it_from_nobody(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    ben = AssignTask(run=key(run), by=ANA, task=str(step.id), person=BEN)
    assert said(await execute(runrunit, ben)) == []
    told = await execute(runrunit, ben.model_copy(update={"person": ANA}))
    assert said(told) == ["still_with"]
    assert [person.name for person in told[0].tasks[0].assignees] == ["Ben Costa", "Ana Reis"]
    assert (await execute(runrunit, ben))[0].already
    assert len(writes(fake)) == 2


async def test_assigning_by_name_where_there_is_no_address(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    named = EVE.model_copy(update={"id": "", "handle": None, "name": "béN costa"})
    await execute(runrunit, AssignTask(run=key(run), by=ANA, task=str(step.id), person=named))
    assert [part.user for part in step.parts] == ["ben-costa"]


async def test_assigning_to_a_stranger(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    stranger = BEN.model_copy(update={"email": "who@example.org"})
    with pytest.raises(Rejected) as unknown:
        await execute(
            runrunit, AssignTask(run=key(run), by=ANA, task=str(fake.world.step(run).id), person=stranger)
        )
    assert unknown.value.key == "runrunit.unknown_person"
    assert writes(fake) == []


async def test_only_partners_may_be_assigned(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="create_assignments$", status=400)
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, AssignTask(run=key(run), by=ANA, task=str(fake.world.step(run).id), person=BEN))
    assert refused.value.key == "runrunit.assign_refused"
    assert refused.value.facts["person"] == "Ben Costa"
