"""Every write that a platform offers is done once and can be read back; what it does not offer is not tried."""

import pytest

from adapters.errors import Unsupported
from adapters.models import Health, TaskState
from adapters.protocol import Native
from adapters.writes import Op
from tests.contract.subject import Subject
from tests.contract.subjects import CAN, CANNOT, is_told, sentences
from tests.contract.writes import BEN, NEW_TASK, TEXT, Doing, a_write


@pytest.mark.parametrize(("kind", "op"), CAN)
async def test_it_is_done_once_and_is_there(subject: Subject, kind: str, op: Op) -> None:
    doing = await a_write(subject, op)
    before = subject.effects(op)
    await doing.execute()
    assert subject.effects(op) == before + 1
    for told in doing.told:
        assert not told.already
        assert not told.message or told.message in sentences(kind)
    if isinstance(subject.adapter.capabilities[op], Native):
        await _is_there(doing, op)


async def _is_there(doing: Doing, op: Op) -> None:
    run = await doing.now()
    task = run.task(doing.write.target) if doing.write.target else None
    match op:
        case Op.FINISH | Op.BEGIN | Op.SKIP | Op.HOLD:
            wanted = {
                Op.FINISH: TaskState.DONE,
                Op.BEGIN: TaskState.RUNNING,
                Op.SKIP: TaskState.SKIPPED,
                Op.HOLD: TaskState.HELD,
            }
            assert task is not None
            assert task.state is wanted[op]
        case Op.REOPEN:
            assert task is not None
            assert not task.state.is_over
        case Op.ASSIGN:
            assert task is not None
            assert [person.name.split()[0] for person in task.assignees] == [BEN.name]
        case Op.ADD:
            assert [one.title for one in run.tasks].count(NEW_TASK) == 1
        case Op.STATUS:
            assert (run.health, run.health_text) == (Health.AMBER, TEXT)
            assert run.health_by.startswith("Ana")
        case Op.COMMENT:
            comments = await doing.subject.adapter.comments(run.key.id, None)
            assert comments[-1].text == TEXT
            assert comments[-1].by.startswith("Ana")
        case Op.END:
            assert run.state.is_over
        case _:
            assert not run.state.is_over


@pytest.mark.parametrize(("kind", "op"), CAN)
async def test_its_steps_are_told_apart(subject: Subject, op: Op) -> None:
    doing = await a_write(subject, op)
    steps = doing.steps
    assert len({step.step_key for step in steps}) == len(steps) > 0
    assert [step.step_key for step in doing.steps] == [step.step_key for step in steps]
    for step in steps:
        assert step.model_validate_json(step.model_dump_json()) == step


@pytest.mark.parametrize(("kind", "op"), CANNOT)
async def test_what_is_not_offered_is_refused_before_any_call(subject: Subject, kind: str, op: Op) -> None:
    doing = await a_write(subject, op)
    calls = len(subject.fake.seen) if subject.fake else 0
    with pytest.raises(Unsupported) as refused:
        await doing.execute()
    assert is_told(kind, refused.value)
    assert (len(subject.fake.seen) if subject.fake else 0) == calls
