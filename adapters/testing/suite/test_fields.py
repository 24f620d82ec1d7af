"""Nothing is dropped silently: each field of a write has an effect, is refused, or is said to be left out."""

import pytest

from adapters.errors import AdapterError, Conflict, Rejected, Unsupported
from adapters.testing.fields import SAMPLES
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.observation import Observation, observe
from adapters.testing.writes import BEN, CLEO, PendingWrite, new_write
from adapters.toolkit.messages import load_messages
from adapters.writes import Op, SetStatus

pytestmark = pytest.mark.asyncio
BY_INSERTION = ("add.after", "add.before")


@contract(fields=list(SAMPLES))
async def test_a_field_is_taken_refused_or_said_to_be_left_out(harness: Harness, op: Op, field: str) -> None:
    """It is said by ``Platform.ignored_fields``, or by the message of a result."""
    name = f"{op}.{field}"
    if name in BY_INSERTION and not harness.shows_order:
        pytest.skip("sent, but the platform does not tell which task waits for which")
    if name == "add.stage" and not (await harness.new_run()).stages:
        pytest.skip("never sent for a run without stages")
    pending = await _with_field(harness, op, field)
    before = await observe(pending)
    try:
        await pending.execute()
    except (Rejected, Conflict, Unsupported) as refused:
        await _check_refused(pending, before, refused)
        return
    if SAMPLES[name].is_shown(pending, await observe(pending)):
        assert name not in harness.platform.ignored_fields, "it is not ignored"
        return
    assert name in harness.platform.ignored_fields or _is_said(pending), f"{name} is dropped silently"


@contract([Op.ASSIGN])
async def test_a_second_assignee_is_added_or_named_as_the_only_one(harness: Harness, op: Op) -> None:
    """Either both have the task afterwards, or what is known after the write shows that one has it alone."""
    first = await new_write(harness, op, person=BEN)
    await first.execute()
    run = await first.read_run()
    second = PendingWrite(harness, first.write.model_copy(update={"person": CLEO}), run)
    try:
        await second.execute()
    except (Rejected, Conflict, Unsupported):
        return
    observed = await observe(second)
    task = observed.run.task(second.write.target) if observed.run else None
    assert task is not None
    names = {person.shown.split()[0].capitalize() for person in task.assignees}
    assert CLEO.name in names
    results = [found for result in second.results for found in result.tasks if found.id == task.id]
    assert BEN.name in names or results, "nothing says who has the task now"


async def _with_field(harness: Harness, op: Op, field: str) -> PendingWrite:
    pending = await new_write(harness, op)
    run = pending.run or await harness.new_run()
    values = SAMPLES[f"{op}.{field}"].values(run)
    return PendingWrite(harness, pending.write.model_copy(update=values), pending.run)


async def _check_refused(pending: PendingWrite, before: Observation, refused: AdapterError) -> None:
    """Before anything was changed."""
    assert pending.results == [], refused
    assert (await observe(pending)).without_times == before.without_times


def _is_said(pending: PendingWrite) -> bool:
    messages = load_messages(pending.harness.platform.messages)
    if any(result.message in messages for result in pending.results if result.message):
        return True
    healths = [result.health for result in pending.results if result.health]
    wanted = pending.write
    return isinstance(wanted, SetStatus) and any(health.health is not wanted.health for health in healths)
