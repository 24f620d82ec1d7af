"""What a write says beside "done" ("nobody was assigned") is also said if its response was lost and it was found.

Otherwise people believe that it was done as they asked.
"""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from adapters.errors import AdapterError
from adapters.models import Person
from adapters.results import Recovery
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.writes import PendingWrite, new_write
from adapters.writes import READS, Op

pytestmark = pytest.mark.asyncio

REMARKABLE = [op for op in Op if op not in (*READS, Op.ACTION)]  # an action's message says what it did
STRANGER = Person(id="U0ZED", name="Zed", handle="zed", email="zed@nowhere.example")


@pytest.mark.parametrize("person", [None, STRANGER], ids=["known", "stranger"])
@contract(REMARKABLE, network=True)
async def test_a_write_that_is_found_says_the_same(
    harness_type: type[Harness], op: Op, person: Person | None
) -> None:
    """Whichever of its responses was lost, for people whom the platform knows and for strangers."""
    async with harness_type.open() as harness:
        pending = await new_write(harness, op, **_by(person, op))
        seen = len(harness.fake.seen)
        try:
            await pending.deliver()
        except AdapterError:
            return  # strangers can't do it there
        if any(pending.adapter.recovery(step) is Recovery.MANUAL for step in pending.steps):
            return  # a person looks, and only says whether it was done
        sent = [request for request in harness.fake.seen[seen:] if request.method not in ("GET", "HEAD")]
    said = _messages(pending)
    for lost in range(len(sent)):
        async with harness_type.open() as harness:
            pending = await new_write(harness, op, **_by(person, op))
            cut = harness.fake.fault("cut_after", method="PATCH|POST|PUT|DELETE", after=lost)
            await pending.deliver()
            assert cut.reached.is_set()
            assert _messages(pending) == said, f"{sent[lost].method} {sent[lost].path}"


def _by(person: Person | None, op: Op) -> Mapping[str, Any]:
    if person is None:
        return {}
    return {"assignee": person} if op is Op.ADD else {"by": person}


def _messages(pending: PendingWrite) -> Collection[str]:
    return {result.message for result in pending.results if result.message}
