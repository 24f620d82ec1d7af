"""Checklists: shown with a task's instructions, and ticked as actions."""

import pytest

from adapters.errors import Rejected
from adapters.results import Applied, NotApplied
from adapters.runrunit.adapter import Runrunit
from adapters.writes import PerformAction
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import ANA, BASELINE, MARKER, execute, run_key, sent_writes
from tests.adapters.runrunit.world import FakeTask


def with_checklist(fake: RunrunitFake) -> tuple[FakeTask, FakeTask]:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.add_checklist(step, "Ask zone A", "Ask zone B")
    return run, step


async def ticks(runrunit: Runrunit, run: FakeTask) -> list[PerformAction]:
    read = await runrunit.read(str(run.id))
    return [
        PerformAction(run=read.key, by=ANA, action=action.id, label=action.label, task=action.task)
        for action in await runrunit.actions(read)
        if "tick:" in action.id
    ]


async def test_a_checklist_is_shown_with_the_instructions(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run, step = with_checklist(fake)
    fake.world.descriptions[step.id] = "From two zones"
    step.items[0].checked_at = fake.world.now()
    await runrunit.read(str(run.id))
    fake.seen.clear()
    assert await runrunit.instructions(str(step.id)) == "From two zones\n\n☑ Ask zone A\n☐ Ask zone B"
    assert len(fake.seen) == 2
    other = fake.world.step(run, 1)
    assert await runrunit.instructions(str(other.id)) == ""
    assert len(fake.seen) == 3  # nothing more for a task without a checklist


async def test_a_checklist_is_shown_after_a_restart(runrunit: Runrunit, fake: RunrunitFake) -> None:
    _, step = with_checklist(fake)
    assert await runrunit.instructions(str(step.id)) == "☐ Ask zone A\n☐ Ask zone B"


async def test_an_unreadable_checklist_hides_nothing_else(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run, step = with_checklist(fake)
    fake.world.descriptions[step.id] = "From two zones"
    fake.fault("answer", path="/items$", status=403, times=9)
    assert await runrunit.instructions(str(step.id)) == "From two zones"
    assert await ticks(runrunit, run) == []


async def test_items_are_ticked_and_unticked_once(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run, step = with_checklist(fake)
    first, _ = await ticks(runrunit, run)
    assert (first.task, first.label) == (str(step.id), "runrunit.offer_tick")
    (result,) = await execute(runrunit, first)
    assert (result.message, result.facts) == ("runrunit.ticked", {"item": "Ask zone A"})
    assert (await execute(runrunit, first))[0].already
    assert [bool(item.checked_at) for item in step.items] == [True, False]
    assert fake.calls("PUT", "/items/")[0].json == {"checklist_item": {"checked": True}}
    untick, _ = await ticks(runrunit, run)
    assert untick.label == "runrunit.offer_untick"
    await execute(runrunit, untick)
    assert [bool(item.checked_at) for item in step.items] == [False, False]
    assert len(sent_writes(fake)) == 2


async def test_an_item_that_stays_as_it_was_is_not_reported_as_ticked(
    runrunit: Runrunit, fake: RunrunitFake
) -> None:
    """That ``checked`` can be written is not documented."""
    run, _ = with_checklist(fake)
    fake.world.ticks_items = False
    first, _ = await ticks(runrunit, run)
    with pytest.raises(Rejected) as raised:
        await execute(runrunit, first)
    assert raised.value.key == "runrunit.not_ticked"


async def test_a_lost_tick_is_found(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run, step = with_checklist(fake)
    first, _ = await ticks(runrunit, run)
    assert await runrunit.reconcile(first, MARKER, BASELINE) == NotApplied()
    step.items[0].checked_at = fake.world.now()
    assert isinstance(await runrunit.reconcile(first, MARKER, BASELINE), Applied)


async def test_a_person_is_taken_off(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    for user in ("ana-reis", "ben-costa"):
        fake.world.add_assignment(step, user)
    actions = [action for action in await runrunit.actions(await runrunit.read(str(run.id))) if action.task]
    assert [(action.task, action.facts["person"]) for action in actions] == [
        (str(step.id), "Ana Reis"),
        (str(step.id), "Ben Costa"),
    ]
    off = PerformAction(run=run_key(run), by=ANA, action=actions[1].id, label="Take Ben off", task=str(step.id))
    assert await runrunit.reconcile(off, MARKER, BASELINE) == NotApplied()
    (result,) = await execute(runrunit, off)
    assert (result.message, result.facts) == ("runrunit.off", {"person": "Ben Costa"})
    assert [assignment.user for assignment in step.assignments] == ["ana-reis"]
    assert fake.calls("DELETE", "/assignments/")[0].json == {"destroy_worked_time": False}
    assert (await execute(runrunit, off))[0].already
    assert isinstance(await runrunit.reconcile(off, MARKER, BASELINE), Applied)
