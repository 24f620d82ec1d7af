"""Begin and hold: timers are people's real worked time."""

from typing import Any

import pytest

from adapters.errors import Conflict, OutcomeUnknown
from adapters.models import TaskState
from adapters.runrunit.adapter import Runrunit
from adapters.writes import Applied, NotApplied
from tests.adapters.runrunit.acting import BEN, EVE, KNOWN, MARK, begin, execute, finish, hold, said, writes
from tests.adapters.runrunit.fake import RunrunitFake


async def test_begin_takes_it_and_starts_the_timer(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    told = await execute(runrunit, begin(run, first))
    assert said(told) == ["timer"]
    assert told[-1].tasks[0].state is TaskState.RUNNING
    assert said(await execute(runrunit, begin(run, second))) == []  # once a run and person
    assert said(await execute(runrunit, begin(run, fake.world.steps(run)[2], BEN))) == ["timer"]
    assert not first.part("ana-reis").working
    assert second.part("ana-reis").working
    assert said(await execute(runrunit, begin(fake.world.run(), first))) == ["timer"]  # another run


async def test_begin_twice_is_already_so(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step))
    sent = len(writes(fake))
    assert (await execute(runrunit, begin(run, step)))[-1].already
    assert len(writes(fake)) == sent


async def test_nobody_elses_timer_is_started(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.add_part(step, "ben-costa")
    told = await execute(runrunit, begin(run, step))
    assert said(told) == ["joined", "timer"]
    assert told[0].facts == {"person": "Ben Costa"}
    assert [(part.user, part.working) for part in step.parts] == [("ben-costa", False), ("ana-reis", True)]


async def test_begin_tells_what_is_to_be_done(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    fake.world.descriptions |= {first.id: "Ask from two zones", second.id: "Call 555"}
    told = await execute(runrunit, begin(run, first))
    assert told[-1].tasks[0].instructions == "Ask from two zones"
    fake.fault("cut_after", method="GET", path="/description$", times=3)
    told = await execute(runrunit, begin(run, second))  # the timer runs, whether they can be read or not
    assert (told[-1].tasks[0].state, told[-1].tasks[0].instructions) == (TaskState.RUNNING, "")


async def test_joining_somebody_gives_all_parts_other_ids(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    bens = fake.world.add_part(step, "ben-costa").id
    await execute(runrunit, begin(run, step))
    assert step.part("ben-costa").id != bens
    assert step.part("ana-reis").working


@pytest.mark.parametrize("over", ["delivered", "waiting"])
async def test_nobody_is_said_to_be_on_what_cannot_be_begun(
    runrunit: Runrunit, fake: RunrunitFake, over: str
) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    if over == "delivered":
        fake.world.deliver(second)
    else:
        second.waits_for.append(first.id)
    with pytest.raises(Conflict) as refused:
        await execute(runrunit, begin(run, second, EVE))
    assert refused.value.key == ("runrunit.task_is_over" if over == "delivered" else "runrunit.waits")
    assert writes(fake) == []


@pytest.mark.parametrize("by", [EVE, EVE.model_copy(update={"email": "eve@example.org"})])
async def test_nothing_is_played_for_a_person_without_a_user(
    runrunit: Runrunit, fake: RunrunitFake, by: Any
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    write = begin(run, step, by)
    told = await execute(runrunit, write)
    assert said(told) == ["no_timer"]
    assert told[-1].comment is not None
    assert told[-1].comment.text == "Being worked on"
    assert {what for what, _ in fake.world.effects} == {"comment"}
    assert step.parts == []
    assert isinstance(await runrunit.reconcile(write, MARK, KNOWN), Applied)
    other = MARK.model_copy(update={"code": "ZZZZ"})
    assert await runrunit.reconcile(write, other, KNOWN) == NotApplied()


async def test_begin_of_what_is_over(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.task("Both check", parent=run.id, people=("ana-reis", "ben-costa"))
    await execute(runrunit, finish(run, step, part="mine"))
    with pytest.raises(Conflict) as mine:
        await execute(runrunit, begin(run, step))
    assert mine.value.key == "runrunit.part_is_over"
    fake.world.deliver(step)
    with pytest.raises(Conflict) as over:
        await execute(runrunit, begin(run, step))
    assert over.value.key == "runrunit.task_is_over"


async def test_the_assignment_is_read_anew_before_it_is_played(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.add_part(step, "ana-reis")
    await runrunit.read(str(run.id))
    step.parts.clear()
    fake.world.add_part(step, "ana-reis")  # the same person, under another id
    await execute(runrunit, begin(run, step))
    assert step.part("ana-reis").working


async def test_hold_pauses_my_timer_and_says_why(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step))
    told = await execute(runrunit, hold(run, step))
    assert said(told) == ["paused"]
    assert told[0].tasks[0].state is TaskState.READY
    assert fake.world.texts(step.id) == ["On hold: waiting for the vendor\n— Ana via Slack (7K2F)"]


async def test_hold_leaves_the_others_timers_running(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await execute(runrunit, begin(run, step, BEN))
    told = await execute(runrunit, hold(run, step))
    assert said(told) == ["others_run"]
    assert told[0].facts == {"person": "Ben Costa"}
    assert step.part("ben-costa").working


@pytest.mark.parametrize("part", ["take", ""])
async def test_begin_is_found_again(runrunit: Runrunit, fake: RunrunitFake, part: str) -> None:
    run = fake.world.run()
    write = begin(run, fake.world.step(run)).model_copy(update={"part": part})
    assert await runrunit.reconcile(write, MARK, KNOWN) == NotApplied()
    await execute(runrunit, begin(run, fake.world.step(run)))
    assert isinstance(await runrunit.reconcile(write, MARK, KNOWN), Applied)


async def test_a_timer_whose_start_was_only_found_is_told_too(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    write = begin(run, fake.world.step(run))
    fake.fault("cut_after", method="POST", path="/play$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    found = await runrunit.reconcile(write, MARK, KNOWN)
    assert isinstance(found, Applied)
    assert said([found.result]) == ["timer"]
