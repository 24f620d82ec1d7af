"""Whether a write whose answer was lost did happen, on the new API."""

import pytest

from adapters.errors import RateLimited
from adapters.writes import AddComment, AddTask, Applied, HoldTask, NotApplied, Recovery, SetStatus, TaskWrite
from adapters.xurrent import text as words
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, KNOWN, MARK, OTHER, a_run, execute, finish, key
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.world import FakeRun


async def lost(xurrent: Xurrent, fake: XurrentFake, write: TaskWrite) -> object:
    (step,) = xurrent.steps(write, None)
    return await xurrent.reconcile(step, MARK, KNOWN)


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return a_run(fake)


async def test_a_note_tells_whose_finish_it_was(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    task = fake.world.tasks_of(run)[0]
    write = finish(run, task, "by hand")
    assert isinstance(await lost(xurrent, fake, write), NotApplied)
    fake.writes.change(task, {"status": "completed", "note": words.signed("first", OTHER)})
    assert isinstance(await lost(xurrent, fake, write), NotApplied)  # sent again, it is told as done before
    assert (await execute(xurrent, write)).already
    fake.world.write_note(run, words.signed("by hand", MARK), task)
    assert isinstance(await lost(xurrent, fake, write), Applied)


async def test_where_notes_are_not_shown_the_status_decides(
    xurrent: Xurrent, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.world.tasks_of(run)[0]
    fake.unseen = "/notes$"
    write = HoldTask(run=key(run), by=ANA, task=str(task.id), reason="vendor")
    assert isinstance(await lost(xurrent, fake, write), NotApplied)
    fake.world.move(task, "waiting_for", None)
    assert isinstance(await lost(xurrent, fake, write), Applied)


async def test_what_makes_something_new_is_found_and_never_repeated_blindly(
    xurrent: Xurrent, run: FakeRun
) -> None:
    made = {
        "A111": AddTask(run=key(run), title="Tell support"),
        "B222": AddComment(run=key(run), text="here"),
        "C333": SetStatus(run=key(run), text="all well"),
    }
    assert [xurrent.recovery(step) for step in made.values()] == [Recovery.LOOKUP] * 3
    for code, step in made.items():
        mark = MARK.model_copy(update={"code": code})
        assert isinstance(await xurrent.reconcile(step, mark, KNOWN), NotApplied)
        await xurrent.execute(step, mark)
        assert isinstance(await xurrent.reconcile(step, mark, KNOWN), Applied)


async def test_waiting_is_told_and_nothing_was_sent(xurrent: Xurrent, fake: XurrentFake, run: FakeRun) -> None:
    fake.fault("answer", method="POST", status=429, body="{}", headers={"Retry-After": "30"})
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            await execute(xurrent, AddComment(run=key(run), by=ANA, text="here"))
        assert 25 < limited.value.retry_after <= 30
    assert len(fake.calls("POST", "")) == 1
