"""What is true after a request that went wrong, for every write of a platform with a network."""

import contextlib
from typing import Any

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Unreachable
from adapters.results import Applied, Indeterminate, NotApplied, Recovery
from adapters.testing.fake_server import Fault, FaultKind
from adapters.testing.fixtures import ErrorText, contract
from adapters.testing.harness import Harness
from adapters.testing.observation import created, effects_of
from adapters.testing.writes import PendingWrite, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


def fault_at(harness: Harness, op: Op, kind: FaultKind, **options: Any) -> Fault:
    """A fault at the changing request of ``op``, and at no other."""
    method, path = harness.write_request(op)
    fault: Fault = harness.fake.fault(kind, method=method, path=path, **options)
    return fault


@contract("offered", network=True)
async def test_a_write_whose_response_is_lost_is_found(harness: Harness, op: Op, error_text: ErrorText) -> None:
    pending = await new_write(harness, op)
    before, baseline = harness.effects(op), await pending.baseline()
    fault = fault_at(harness, op, "cut_after")
    with pytest.raises(OutcomeUnknown) as unknown:
        await pending.execute()
    assert fault.reached.is_set()
    assert error_text(unknown.value)
    reconciliation = await pending.reconcile(baseline)
    assert isinstance(reconciliation, Indeterminate if pending.recovery is Recovery.MANUAL else Applied)
    assert harness.effects(op) == before + 1
    if pending.recovery is Recovery.IDEMPOTENT:
        created_before = created(harness)
        with contextlib.suppress(Conflict):
            await pending.execute_again()  # it is done, or says that it was done before
        assert created(harness) == created_before


@contract("offered", network=True)
async def test_a_write_that_did_not_arrive_is_not_found(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op)
    before, baseline = harness.effects(op), await pending.baseline()
    fault = fault_at(harness, op, "cut_before")
    with pytest.raises((OutcomeUnknown, Unreachable)):
        await pending.execute()
    assert fault.reached.is_set()
    reconciliation = await pending.reconcile(baseline)
    assert isinstance(reconciliation, Indeterminate if pending.recovery is Recovery.MANUAL else NotApplied)
    assert harness.effects(op) == before
    await pending.execute_again()
    assert harness.effects(op) == before + 1


@contract("offered", network=True)
async def test_a_refused_connection_means_that_nothing_was_sent(
    harness: Harness, op: Op, error_text: ErrorText
) -> None:
    pending = await new_write(harness, op)
    before = harness.effects(op)
    await harness.fake.stop()
    with pytest.raises(Unreachable) as refused:
        await pending.execute()
    assert error_text(refused.value)
    assert harness.effects(op) == before


@contract([Op.START, Op.FINISH, Op.STATUS, Op.COMMENT], network=True)
async def test_a_response_that_comes_too_late_is_unknown(harness_type: type[Harness], op: Op) -> None:
    async with harness_type.open(timeout=1.5) as harness:
        pending = await new_write(harness, op)
        fault_at(harness, op, "slow", seconds=60)
        with pytest.raises(OutcomeUnknown):
            await pending.execute()


@contract("offered", network=True)
async def test_an_error_page_leaves_it_unknown(harness: Harness, op: Op, error_text: ErrorText) -> None:
    pending = await new_write(harness, op)
    page = "<html><body><h1>Server Error</h1></body></html>"
    fault_at(harness, op, "answer", status=500, body=page, headers={"Content-Type": "text/html"})
    with pytest.raises(OutcomeUnknown) as unknown:
        await pending.execute()
    assert "<" not in error_text(unknown.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
@contract("offered", network=True)
async def test_a_refusal_is_certain(harness: Harness, op: Op, status: int, error_text: ErrorText) -> None:
    """Whatever its text: nothing was done, and it is never called unknown or unreachable."""
    pending = await new_write(harness, op)
    before = harness.effects(op)
    headers = {"Content-Type": "application/json", "Retry-After": "3"}
    fault_at(harness, op, "answer", status=status, body="{}", headers=headers)
    with pytest.raises(AdapterError) as refused:
        await pending.execute()
    assert not isinstance(refused.value, OutcomeUnknown | Unreachable)
    assert error_text(refused.value)
    assert harness.effects(op) == before


@pytest.mark.parametrize("fault", ["cut_after", "cut_before"])
@contract("offered", network=True)
async def test_whichever_request_is_lost_the_write_is_done_once(
    harness_type: type[Harness], op: Op, fault: FaultKind
) -> None:
    """A write may take several requests. Any of them, or its response, may be lost."""
    async with harness_type.open() as harness:
        pending = await new_write(harness, op)
        before, seen = effects_of(harness), len(harness.fake.seen)
        await pending.deliver()
        wanted = _since(before, harness)
        sent = [request for request in harness.fake.seen[seen:] if request.method not in ("GET", "HEAD")]
    assert sent
    for lost in range(len(sent)):
        async with harness_type.open() as harness:
            pending = await new_write(harness, op)
            before = effects_of(harness)
            cut = harness.fake.fault(fault, method="PATCH|POST|PUT|DELETE", after=lost)
            await _execute_with_lost_request(pending, is_done=fault == "cut_after")
            assert cut.reached.is_set()
            assert _since(before, harness) == wanted, f"{fault} {sent[lost].method} {sent[lost].path}"


async def _execute_with_lost_request(pending: PendingWrite, *, is_done: bool) -> None:
    """``is_done``: whether the platform did what it did not respond to."""
    for step in pending.steps:
        pending.step = pending.with_run(step)
        baseline = await pending.baseline()
        try:
            pending.results.append(await pending.adapter.execute(pending.step, pending.marker))
        except Unreachable:
            pending.results.append(await pending.adapter.execute(pending.step, pending.marker))
        except OutcomeUnknown:
            reconciliation = await pending.reconcile(baseline)
            if is_done and pending.recovery is not Recovery.MANUAL:
                assert isinstance(reconciliation, Applied), f"{pending.step.step_key} was done, but is not found"
                pending.results.append(reconciliation.result)
            elif not is_done:
                assert not isinstance(reconciliation, Applied), (
                    f"{pending.step.step_key} is found, but was not done"
                )
                pending.results.append(await pending.adapter.execute(pending.step, pending.marker))


def _since(before: Any, harness: Harness) -> dict[Op, int]:
    return {op: count - before[op] for op, count in effects_of(harness).items()}
