"""What is true after a call that went wrong, for every write on every platform with a network."""

import contextlib
from typing import Any

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Unreachable
from adapters.writes import Applied, Indeterminate, NotApplied, Op, Recovery
from tests.contract.subject import Subject
from tests.contract.subjects import CAN_ON_A_WIRE, is_told, maker
from tests.contract.writes import a_write
from tests.fakes.serving import Fake, Fault, FaultKind

SLOW = [(kind, op) for kind, op in CAN_ON_A_WIRE if op in (Op.START, Op.FINISH, Op.STATUS, Op.COMMENT)]


def fake_of(subject: Subject) -> Fake:
    assert subject.fake is not None
    return subject.fake


def aimed(subject: Subject, op: Op, kind: FaultKind, **how: Any) -> Fault:
    """A fault at the changing request of ``op``, and at no other."""
    method, path = subject.write_paths(op)
    return fake_of(subject).fault(kind, method=method, path=path, **how)


@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_cut_after_the_work_it_is_found(subject: Subject, kind: str, op: Op) -> None:
    doing = await a_write(subject, op)
    before, known = subject.effects(op), await doing.known()
    fault = aimed(subject, op, "cut_after")
    with pytest.raises(OutcomeUnknown) as unknown:
        await doing.execute()
    assert fault.reached.is_set()
    assert is_told(kind, unknown.value)
    settled = await doing.reconcile(known)
    assert isinstance(settled, Indeterminate if doing.recovery is Recovery.MANUAL else Applied)
    assert subject.effects(op) == before + 1
    if doing.recovery is Recovery.IDEMPOTENT:
        with contextlib.suppress(Conflict):
            await doing.again()  # sent again, it is done, or it is told that it was


@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_cut_before_the_work_it_is_not_there(subject: Subject, op: Op) -> None:
    doing = await a_write(subject, op)
    before, known = subject.effects(op), await doing.known()
    fault = aimed(subject, op, "cut_before")
    with pytest.raises((OutcomeUnknown, Unreachable)):
        await doing.execute()
    assert fault.reached.is_set()
    settled = await doing.reconcile(known)
    assert isinstance(settled, Indeterminate if doing.recovery is Recovery.MANUAL else NotApplied)
    assert subject.effects(op) == before
    await doing.again()
    assert subject.effects(op) == before + 1


@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_refused_at_the_door_nothing_was_sent(subject: Subject, kind: str, op: Op) -> None:
    doing = await a_write(subject, op)
    before = subject.effects(op)
    await fake_of(subject).stop()
    with pytest.raises(Unreachable) as refused:
        await doing.execute()
    assert is_told(kind, refused.value)
    assert subject.effects(op) == before


@pytest.mark.parametrize(("kind", "op"), SLOW)
async def test_an_answer_that_comes_too_late_is_unknown(kind: str, op: Op) -> None:
    async with maker(kind)(timeout=1.5) as subject:
        doing = await a_write(subject, op)
        aimed(subject, op, "slow", seconds=60)
        with pytest.raises(OutcomeUnknown):
            await doing.execute()


@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_an_error_page_leaves_it_unknown(subject: Subject, kind: str, op: Op) -> None:
    doing = await a_write(subject, op)
    page = "<html><body><h1>Server Error</h1></body></html>"
    aimed(subject, op, "answer", status=500, body=page, headers={"Content-Type": "text/html"})
    with pytest.raises(OutcomeUnknown) as unknown:
        await doing.execute()
    assert "<" not in is_told(kind, unknown.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
@pytest.mark.parametrize(("kind", "op"), CAN_ON_A_WIRE)
async def test_a_refusal_is_certain(subject: Subject, kind: str, op: Op, status: int) -> None:
    """Whatever the words: nothing was done, and it is never called unknown or unreachable."""
    doing = await a_write(subject, op)
    before = subject.effects(op)
    headers = {"Content-Type": "application/json", "Retry-After": "3"}
    aimed(subject, op, "answer", status=status, body="{}", headers=headers)
    with pytest.raises(AdapterError) as refused:
        await doing.execute()
    assert not isinstance(refused.value, OutcomeUnknown | Unreachable)
    assert is_told(kind, refused.value)
    assert subject.effects(op) == before
