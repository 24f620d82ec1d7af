"""A platform may still be executing a request whose answer was lost. It must never be done twice, nor be called
refused and then be done.
"""

import pytest

from adapters.errors import OutcomeUnknown
from adapters.results import Recovery
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.observation import effects_of, observe
from adapters.testing.suite.test_outcomes import fault_at
from adapters.testing.writes import NOTE, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("look", [1, 2, 3])
@contract("offered", network=True)
async def test_a_request_that_is_executed_late_is_done_once(harness: Harness, op: Op, look: int) -> None:
    """After the first, second or third look."""
    pending = await new_write(harness, op, **_words(op))
    before = effects_of(harness)
    fault = fault_at(harness, op, "late")

    async def execute_late(number: int) -> None:
        if number == look:
            fault.release.set()
            await fault.handled.wait()

    try:
        await pending.deliver(after_look=execute_late)
    except OutcomeUnknown:  # a person is asked
        assert fault.handled.is_set()
    assert effects_of(harness)[op] == before[op] + 1
    assert (await observe(pending)).duplicates == []


@contract("offered", network=True)
async def test_a_step_that_carries_a_text_is_not_idempotent(harness: Harness, op: Op) -> None:
    """Whatever its kind: sent again while the first request is still executed, the text would appear twice."""
    pending = await new_write(harness, op, **_words(op))
    for step in pending.steps:
        pending.step, seen = pending.with_run(step), len(harness.fake.seen)
        pending.results.append(await harness.adapter.execute(pending.step, pending.marker))
        bodies = [request.body.decode() for request in harness.fake.seen[seen:] if request.method != "GET"]
        if any(pending.marker.code in body or NOTE in body for body in bodies):
            assert pending.recovery is not Recovery.IDEMPOTENT, pending.step.step_key


def _words(op: Op) -> dict[str, str]:
    fields = {Op.FINISH: "note", Op.APPROVE: "note", Op.SKIP: "reason", Op.HOLD: "reason", Op.END: "text"}
    return {fields[op]: NOTE} if op in fields else {}
