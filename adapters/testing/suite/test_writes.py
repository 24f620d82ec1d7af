"""What a write does when everything goes well: once, as asked, and so that anybody can read it afterwards."""

from collections.abc import Collection
from contextlib import suppress

import pytest

from adapters.errors import Conflict, Unsupported
from adapters.models import Health, TaskState
from adapters.protocol import Emulated, Native
from adapters.results import Recovery
from adapters.testing.fixtures import ErrorText, contract
from adapters.testing.harness import Harness
from adapters.testing.observation import created, observe
from adapters.testing.writes import BEN, NEW_TASK, NOTE, TEXT, PendingWrite, new_write
from adapters.toolkit.messages import load_messages
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


@contract("offered")
async def test_it_is_done_once_and_can_be_read(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op)
    before = harness.effects(op)
    await pending.execute()
    assert harness.effects(op) == before + 1
    messages = load_messages(harness.platform.messages)
    assert not pending.results[-1].already  # a part before it may have had nothing to do
    for result in pending.results:
        assert not result.message or result.message in messages
    if isinstance(harness.adapter.capabilities[op], Native):
        await _check_native(pending, op)


async def _check_native(pending: PendingWrite, op: Op) -> None:
    adapter = pending.harness.connect()
    run = await pending.read_run(adapter)
    task = run.task(pending.write.target) if pending.write.target else None
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
            assert [other.title for other in run.tasks].count(NEW_TASK) == 1
        case Op.STATUS:
            assert (run.health, run.health_text) == (Health.AMBER, TEXT)
            assert run.health_by.startswith("Ana")
        case Op.COMMENT:
            comments = await adapter.comments(run.key.id, None)
            assert comments[-1].text == TEXT
            assert comments[-1].by.startswith("Ana")
        case Op.END:
            assert run.state.is_over
        case _:
            assert not run.state.is_over


@contract("offered", capability=Emulated)
async def test_an_emulated_write_leaves_a_trace(harness: Harness, op: Op) -> None:
    """Another adapter, which remembers nothing, sees that something was done, and for a task sees it there."""
    pending = await new_write(harness, op)
    before = await observe(pending)
    await pending.execute()
    after = await observe(pending)
    assert after.without_times != before.without_times
    if op is Op.BEGIN and after.run is not None:
        task = after.run.task(pending.write.target)
        is_running = task is not None and task.state is TaskState.RUNNING
        assert is_running or len(after.comments) > len(before.comments)


@contract([Op.FINISH])
async def test_the_note_of_a_finish_is_written_once(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op, note=NOTE)
    await pending.execute()
    await _check_text(pending, NOTE)
    await _check_done_once(pending, op)


@contract([Op.SKIP, Op.HOLD])
async def test_the_reason_is_written_once(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op, reason=NOTE)
    await pending.execute()
    observed = await observe(pending)
    task = observed.run.task(pending.write.target) if observed.run else None
    shown = [task.reason, task.title] if task else []
    texts = [comment.text for comment in observed.comments]
    assert any(NOTE in text for text in (*shown, *texts))
    assert sum(NOTE in text for text in texts) <= 1


@contract([Op.END])
async def test_the_closing_words_are_written_once(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op, text=NOTE)
    await pending.execute()
    await _check_text(pending, NOTE)
    await _check_done_once(pending, op)


async def _check_text(pending: PendingWrite, text: str) -> None:
    observed = await observe(pending)
    assert sum(text in comment.text for comment in observed.comments) == 1


async def _check_done_once(pending: PendingWrite, op: Op) -> None:
    """Also where the platform would refuse a second one: it is not even sent."""
    harness = pending.harness
    assert harness.effects(op) == 1
    if harness.fake is not None:
        sent = harness.fake.calls(*harness.write_request(op))
        target = pending.write.target
        assert len([seen for seen in sent if seen.path == sent[0].path]) == 1, target


@contract("offered")
async def test_sent_again_an_idempotent_step_changes_nothing(harness: Harness, op: Op) -> None:
    """``Recovery.IDEMPOTENT`` is a promise, and this is the test of it."""
    pending = await new_write(harness, op, **_texts(op))
    steps = []
    for step in pending.steps:
        pending.step = pending.with_run(step)
        pending.results.append(await harness.adapter.execute(pending.step, pending.marker))
        steps.append(pending.step)
    repeatable = [step for step in steps if harness.adapter.recovery(step) is Recovery.IDEMPOTENT]
    if not repeatable:
        return
    before, created_before = await observe(pending), created(harness)
    for step in repeatable:
        with suppress(Conflict):  # it says that it was done before
            await harness.adapter.execute(step, pending.marker)
    assert (await observe(pending)).without_times == before.without_times
    assert created(harness) == created_before


def _texts(op: Op) -> dict[str, str]:
    return {"note": NOTE} if op is Op.FINISH else {}


@contract("offered")
async def test_its_steps_have_keys_of_their_own(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op)
    steps = pending.steps
    assert len({step.step_key for step in steps}) == len(steps) > 0
    assert [step.step_key for step in pending.steps] == [step.step_key for step in steps]
    for step in steps:
        assert step.model_validate_json(step.model_dump_json()) == step


@contract("unsupported")
async def test_what_is_not_offered_is_refused_before_any_call(
    harness: Harness, op: Op, error_text: ErrorText
) -> None:
    pending = await new_write(harness, op)
    calls = _calls(harness)
    with pytest.raises(Unsupported) as refused:
        await pending.execute()
    assert error_text(refused.value)
    assert _calls(harness) == calls


def _calls(harness: Harness) -> Collection[object]:
    return tuple(harness.fake.seen) if harness.fake is not None else ()
