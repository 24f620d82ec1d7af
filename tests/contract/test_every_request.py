"""A write may take several requests. Any of them, or its answer, may be lost: all of it still happens once."""

from collections.abc import Mapping

import pytest

from adapters.errors import OutcomeUnknown, Unreachable
from adapters.writes import Applied, Op, Recovery
from tests.contract.subject import Subject
from tests.contract.subjects import CAN_ON_A_WIRE, WRITES, maker, supports
from tests.contract.writes import Doing, a_write
from tests.fakes.serving import Fake, FaultKind


def fake_of(subject: Subject) -> Fake:
    assert subject.fake is not None
    return subject.fake


def _effects(subject: Subject, kind: str) -> Mapping[Op, int]:
    return {op: subject.effects(op) for op in WRITES if supports(kind, op)}


def _since(before: Mapping[Op, int], now: Mapping[Op, int]) -> Mapping[Op, int]:
    return {op: now[op] - before[op] for op in now}


async def _carried(doing: Doing, *, done: bool = True) -> None:
    """As the effect log does it: an unknown step is settled by reading, and the next one follows.

    ``done``: whether the server did what it did not answer.
    """
    for step in doing.steps:
        doing.at = doing.placed(step)
        known = await doing.known()
        try:
            doing.told.append(await doing.subject.adapter.execute(doing.at, doing.mark))
        except Unreachable:
            doing.told.append(await doing.subject.adapter.execute(doing.at, doing.mark))
        except OutcomeUnknown:
            settled = await doing.reconcile(known)
            if done and doing.recovery is not Recovery.MANUAL:
                assert isinstance(settled, Applied), f"{doing.at.step_key} was done, and is not found"
                doing.told.append(settled.result)
            elif not done:
                assert not isinstance(settled, Applied), f"{doing.at.step_key} was not done, and is found"
                doing.told.append(await doing.subject.adapter.execute(doing.at, doing.mark))


@pytest.mark.parametrize("fault", ["cut_after", "cut_before"])
@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_whichever_request_is_cut_all_is_done_once(kind: str, op: Op, fault: FaultKind) -> None:
    async with maker(kind)() as subject:
        doing = await a_write(subject, op)
        before, seen = _effects(subject, kind), len(fake_of(subject).seen)
        await _carried(doing)
        wanted = _since(before, _effects(subject, kind))
        sent = [one for one in fake_of(subject).seen[seen:] if one.method not in ("GET", "HEAD")]
    assert sent
    for lost in range(len(sent)):
        async with maker(kind)() as subject:
            doing = await a_write(subject, op)
            before = _effects(subject, kind)
            cut = fake_of(subject).fault(fault, method="PATCH|POST|PUT|DELETE", after=lost)
            await _carried(doing, done=fault == "cut_after")
            assert cut.reached.is_set()
            now = _since(before, _effects(subject, kind))
            assert now == wanted, f"{fault} {sent[lost].method} {sent[lost].path}"
