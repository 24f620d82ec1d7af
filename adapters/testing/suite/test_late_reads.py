"""A platform may show a write only seconds later. That is no reason to do it again.

An adapter that reads before it writes may refuse what the old state does not allow: then a person looks, and
nothing was done twice.
"""

from collections.abc import Mapping

import pytest

from adapters.errors import AdapterError
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.observation import CREATES, effects_of, observe
from adapters.testing.suite.test_outcomes import fault_at
from adapters.testing.writes import NOTE, PendingWrite, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio
LATE = 60.0  # seconds; the tests do not wait for it


async def _late_write(harness: Harness, op: Op) -> PendingWrite:
    pending = await new_write(harness, op, **({"note": NOTE} if op is Op.FINISH else {}))
    harness.fake.lag = LATE
    return pending


async def _deliver(pending: PendingWrite) -> bool:
    """Whether it is called a success."""
    try:
        await pending.deliver()
    except AdapterError:
        return False
    finally:
        pending.harness.fake.lag = 0
        pending.harness.fake.catch_up()
    return True


async def _check_nothing_is_doubled(pending: PendingWrite, before: Mapping[Op, int]) -> None:
    """A state may be set again; nothing may be created twice."""
    now = effects_of(pending.harness)
    assert [other for other in CREATES if other in now and now[other] > before[other] + 1] == []
    assert (await observe(pending)).duplicates == []


@contract("offered", network=True)
async def test_a_write_that_shows_late_is_not_sent_again(harness: Harness, op: Op) -> None:
    pending = await _late_write(harness, op)
    before = effects_of(harness)
    is_delivered = await _deliver(pending)
    assert not is_delivered or effects_of(harness)[op] > before[op]
    await _check_nothing_is_doubled(pending, before)


@contract("offered", network=True)
async def test_a_write_that_shows_late_and_has_no_response_is_not_sent_again(harness: Harness, op: Op) -> None:
    pending = await _late_write(harness, op)
    before = effects_of(harness)
    fault_at(harness, op, "cut_after")
    is_delivered = await _deliver(pending)
    assert is_delivered == (effects_of(harness)[op] > before[op])
    await _check_nothing_is_doubled(pending, before)
