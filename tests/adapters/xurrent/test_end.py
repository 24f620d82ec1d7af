"""Ending a run cancels its open tasks: Xurrent has no request that ends one."""

import pytest

from adapters.errors import Conflict, Rejected
from adapters.models import RunState
from adapters.writes import EndRun
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.text import SIGNER
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun
from tests.adapters.xurrent.helpers import ANA, MARKER, add_approval, create_run, run_key


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return create_run(fake)


async def end(adapter: XurrentAdapter, run: FakeRun, text: str = "") -> list[object]:
    write = EndRun(run=run_key(run), by=ANA, text=text)
    steps = adapter.steps(write, await adapter.read(str(run.id)))
    return [await adapter.execute(step, MARKER) for step in steps]


async def test_a_halted_run_is_ended_by_cancelling_the_rest(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    first, *others = fake.account.tasks_of(run)
    approval = add_approval(fake, run, 58, 61)
    fake.account.set_status(first, "failed", None)
    assert run.status == "progress_halted"
    await end(xurrent, run, "we go back to the old database")
    assert [task.status for task in (*others, approval)] == ["canceled"] * 4
    assert [note.text.splitlines()[0] for note in run.notes] == ["we go back to the old database"]
    assert (await xurrent.read(str(run.id))).state is RunState.FINISHED


async def test_an_end_that_was_refused_midway_says_its_words_once(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    """It is tried again by a new message, with a receipt of its own."""
    fake.fault("answer", method="PATCH", status=403, body='{"message": "Forbidden"}')
    with pytest.raises(Rejected):
        await end(xurrent, run, "we go back")
    fake.account.write_note(run, "why is it halted?")
    fake.account.write_note(run, "we go back")  # by somebody there, without our code
    write = EndRun(run=run_key(run), by=ANA, text="we go back")
    again = MARKER.model_copy(update={"code": "8M3Q"})
    for step in xurrent.steps(write, await xurrent.read(str(run.id))):
        await xurrent.execute(step, again)
    assert [note.text.splitlines()[0] for note in run.notes] == ["we go back", "why is it halted?", "we go back"]
    assert "8M3Q" not in run.notes[-1].text
    assert (await xurrent.read(str(run.id))).state is RunState.FINISHED


async def test_the_same_words_are_said_again_later(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    note = fake.account.write_note(run, SIGNER.sign("we go back", MARKER))
    note.created_at = "2020-01-01T00:00:00Z"
    await end(xurrent, run, "we go back")
    assert [one.text.splitlines()[0] for one in run.notes] == ["we go back", "we go back"]


async def test_the_last_tasks_are_cancelled_first_so_that_nothing_is_assigned(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    tasks = fake.account.tasks_of(run)
    await end(xurrent, run)
    assert [seen.path for seen in fake.calls("PATCH", "")] == [f"/v1/tasks/{task.id}" for task in reversed(tasks)]
    assert all(seen.json == {"status": "canceled"} for seen in fake.calls("PATCH", ""))


async def test_a_task_that_was_finished_meanwhile_stays_as_it_is(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    write = EndRun(run=run_key(run), by=ANA)
    steps = xurrent.steps(write, await xurrent.read(str(run.id)))
    second = fake.account.tasks_of(run)[1]
    fake.account.set_status(second, "completed", None)
    for step in steps:
        await xurrent.execute(step, MARKER)
    assert second.status == "completed"
    assert run.status == "completed"


async def test_a_run_that_is_not_over_after_all_says_so(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    steps = xurrent.steps(EndRun(run=run_key(run), by=ANA), await xurrent.read(str(run.id)))
    add_approval(fake, run, 58)
    *_, last = [await xurrent.execute(step, MARKER) for step in steps]
    assert last.message == "xurrent.still_open"


async def test_a_halted_run_without_open_tasks_is_closed_there(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    for task in fake.account.tasks_of(run):
        task.status = "canceled"
    run.status = "progress_halted"
    with pytest.raises(Conflict) as refused:
        await end(xurrent, run)
    assert "decides when it ends" in error_text(PLATFORM, refused.value)


async def test_the_old_api_has_the_words_with_the_last_task(itrp: XurrentAdapter, itrp_fake: XurrentFake) -> None:
    run = create_run(itrp_fake)
    await end(itrp, run, "not needed")
    sent = [seen.json for seen in itrp_fake.calls("PATCH", "")]
    assert sent == [{"status": "canceled"}] * 3 + [
        {"status": "canceled", "note": "not needed\n\nAna via Slack (7K2F)"}
    ]
    assert (await itrp.read(str(run.id))).state is RunState.FINISHED
