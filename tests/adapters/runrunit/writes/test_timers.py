"""Begin and hold: timers are a person's real worked time."""

from typing import Any

import pytest

from adapters.errors import Conflict, OutcomeUnknown
from adapters.models import TaskState
from adapters.results import Applied, NotApplied
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import (
    BASELINE,
    BEN,
    EVE,
    MARKER,
    begin,
    execute,
    finish,
    hold,
    message_keys,
    sent_writes,
)


async def test_a_begin_assigns_the_task_and_starts_the_timer(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    results = await execute(runrunit, begin(run, first))
    assert message_keys(results) == ["timer"]
    assert results[-1].tasks[0].state is TaskState.RUNNING
    assert message_keys(await execute(runrunit, begin(run, second))) == []  # only once per run and person
    assert message_keys(await execute(runrunit, begin(run, fake.world.steps(run)[2], BEN))) == ["timer"]
    assert not first.assignment_of("ana-reis").working
    assert second.assignment_of("ana-reis").working
    assert message_keys(await execute(runrunit, begin(fake.world.run(), first))) == ["timer"]  # another run


async def test_beginning_twice_reports_already_done(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step))
    sent = len(sent_writes(fake))
    assert (await execute(runrunit, begin(run, step)))[-1].already
    assert len(sent_writes(fake)) == sent


async def test_a_begin_starts_only_the_own_timer(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.add_assignment(step, "ben-costa")
    results = await execute(runrunit, begin(run, step))
    assert message_keys(results) == ["joined", "timer"]
    assert results[0].facts == {"person": "Ben Costa"}
    assert [(part.user, part.working) for part in step.assignments] == [("ben-costa", False), ("ana-reis", True)]


async def test_a_begin_returns_the_instructions(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    fake.world.descriptions |= {first.id: "Ask from two zones", second.id: "Call 555"}
    fake.world.add_assignment(first, "ana-reis")
    fake.world.add_assignment(second, "ana-reis")
    results = await execute(runrunit, begin(run, first))
    assert results[-1].tasks[0].instructions == "Ask from two zones"
    fake.fault("cut_after", method="GET", path="/description$", times=3)
    results = await execute(runrunit, begin(run, second))  # the timer runs even if the instructions can't be read
    assert (results[-1].tasks[0].state, results[-1].tasks[0].instructions) == (TaskState.RUNNING, "")


async def test_a_begin_that_also_assigns_leaves_the_instructions_out(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    """They would be a fourth request, and 100 a minute are for everybody. Showing the task reads them."""
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.descriptions[step.id] = "Ask from two zones"
    results = await execute(runrunit, begin(run, step))
    assert (results[-1].tasks[0].state, results[-1].tasks[0].instructions) == (TaskState.RUNNING, "")
    assert await runrunit.instructions(str(step.id)) == "Ask from two zones"


@pytest.mark.parametrize("assigned", [True, False])
async def test_a_begin_and_a_finish_take_at_most_three_requests(
    runrunit: Runrunit, fake: RunrunitFake, assigned: bool
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    if assigned:
        fake.world.add_assignment(step, "ana-reis")
    await runrunit.read(str(run.id))  # knows the users
    fake.seen.clear()
    await execute(runrunit, begin(run, step))
    assert len(fake.seen) == 3
    fake.seen.clear()
    await execute(runrunit, finish(run, step, "from two zones"))
    assert [seen.method for seen in fake.seen] == ["GET", "POST", "POST"]


async def test_a_begin_plays_the_assignment_that_it_has_when_ids_changed_in_between(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)

    def assign_ben() -> None:
        fake.world.add_assignment(step, "ben-costa")

    fake.before_write("POST", "/play$", assign_ben)
    results = await execute(runrunit, begin(run, step))
    assert not results[-1].already
    assert step.assignment_of("ana-reis").working
    assert len(fake.calls("POST", "/play$")) == 2  # the first was refused


async def test_a_begin_works_although_assignment_ids_change(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    bens_assignment = fake.world.add_assignment(step, "ben-costa").id
    await execute(runrunit, begin(run, step))
    assert step.assignment_of("ben-costa").id != bens_assignment
    assert step.assignment_of("ana-reis").working


@pytest.mark.parametrize("state", ["delivered", "waiting"])
async def test_a_task_that_cannot_begin_gets_no_comment(
    runrunit: Runrunit, fake: RunrunitFake, state: str
) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    if state == "delivered":
        fake.world.deliver(second)
    else:
        second.waits_for.append(first.id)
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, begin(run, second, EVE))
    assert raised.value.key == ("changed.done" if state == "delivered" else "runrunit.waits")
    assert sent_writes(fake) == []


@pytest.mark.parametrize("by", [EVE, EVE.model_copy(update={"email": "eve@example.org"})])
async def test_a_person_without_a_user_gets_a_comment_and_no_timer(
    runrunit: Runrunit, fake: RunrunitFake, by: Any
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    write = begin(run, step, by)
    results = await execute(runrunit, write)
    assert message_keys(results) == ["no_timer"]
    assert results[-1].comment is not None
    assert results[-1].comment.text == "Being worked on"
    assert {what for what, _ in fake.world.effects} == {"comment"}
    assert step.assignments == []
    assert isinstance(await runrunit.reconcile(write, MARKER, BASELINE), Applied)
    other = MARKER.model_copy(update={"code": "ZZZZ"})
    assert await runrunit.reconcile(write, other, BASELINE) == NotApplied()


async def test_beginning_a_delivered_task_is_a_conflict(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    await execute(runrunit, finish(run, step, part="mine"))
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, begin(run, step))
    assert raised.value.key == "runrunit.part_is_over"
    fake.world.deliver(step)
    with pytest.raises(Conflict) as raised:
        await execute(runrunit, begin(run, step))
    assert raised.value.key == "changed.done"


async def test_the_assignment_is_read_again_before_it_is_played(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.add_assignment(step, "ana-reis")
    await runrunit.read(str(run.id))
    step.assignments.clear()
    fake.world.add_assignment(step, "ana-reis")  # the same person with another assignment id
    await execute(runrunit, begin(run, step))
    assert step.assignment_of("ana-reis").working


async def test_a_hold_pauses_the_own_timer_and_posts_the_reason(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step))
    results = await execute(runrunit, hold(run, step))
    assert message_keys(results) == ["paused"]
    assert results[0].tasks[0].state is TaskState.READY
    assert fake.world.texts(step.id) == ["On hold: waiting for the vendor\n— Ana via Slack (7K2F)"]


async def test_a_hold_leaves_other_timers_running(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step, BEN))
    results = await execute(runrunit, hold(run, step))
    assert message_keys(results) == ["others_run"]
    assert results[0].facts == {"person": "Ben Costa"}
    assert step.assignment_of("ben-costa").working


@pytest.mark.parametrize("part", ["take", ""])
async def test_a_lost_begin_is_found(runrunit: Runrunit, fake: RunrunitFake, part: str) -> None:
    run = fake.world.run()
    write = begin(run, fake.world.step(run)).model_copy(update={"part": part})
    assert await runrunit.reconcile(write, MARKER, BASELINE) == NotApplied()
    await execute(runrunit, begin(run, fake.world.step(run)))
    assert isinstance(await runrunit.reconcile(write, MARKER, BASELINE), Applied)


async def test_a_reconciled_begin_explains_the_timer(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    write = begin(run, fake.world.step(run))
    fake.fault("cut_after", method="POST", path="/play$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    outcome = await runrunit.reconcile(write, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert message_keys([outcome.result]) == ["timer"]


async def test_a_hold_without_a_timer_has_nothing_to_pause(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """So that nobody is told that a part went through if the comment is refused."""
    run = fake.world.run()
    pause, comment = await execute(runrunit, hold(run, fake.world.step(run)))
    assert pause.already
    assert not comment.already
    assert sent_writes(fake) == ["/comments"]


async def test_the_comment_of_a_hold_is_not_sent_again_for_a_task_that_was_delivered_since(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    write = hold(run, step)
    fake.fault("cut_before", method="POST", path="/comments$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    fake.world.deliver(step)
    with pytest.raises(Conflict):
        await runrunit.execute(runrunit.steps(write, None)[-1], MARKER)
    assert fake.world.texts(step.id) == []
