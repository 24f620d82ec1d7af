"""Reconciles writes whose response was lost, on the new API."""

import pytest

from adapters.errors import RateLimited
from adapters.results import Applied, NotApplied, Recovery
from adapters.writes import AddComment, AddTask, HoldTask, SetStatus
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.text import SIGNER
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun
from tests.adapters.xurrent.helpers import (
    ANA,
    BASELINE,
    MARKER,
    OTHER_MARKER,
    create_run,
    execute,
    finish_write,
    run_key,
)


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return create_run(fake)


async def test_a_finish_is_recognized_by_the_status_and_its_note_by_the_code(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    """So both may still be under way when they are looked for, and neither is done twice."""
    task = fake.account.tasks_of(run)[0]
    finish, note = xurrent.steps(finish_write(run, task, "by hand"), None)
    assert [xurrent.recovery(finish), xurrent.recovery(note)] == [Recovery.IDEMPOTENT, Recovery.LOOKUP]
    assert isinstance(await xurrent.reconcile(finish, MARKER, BASELINE), NotApplied)
    fake.account.set_status(task, "completed", None)
    assert isinstance(await xurrent.reconcile(finish, MARKER, BASELINE), Applied)
    fake.account.write_note(run, SIGNER.sign("by hand", OTHER_MARKER), task)
    assert isinstance(await xurrent.reconcile(note, MARKER, BASELINE), NotApplied)
    fake.account.write_note(run, SIGNER.sign("by hand", MARKER), task)
    assert isinstance(await xurrent.reconcile(note, MARKER, BASELINE), Applied)


async def test_the_status_of_a_hold_is_found_where_notes_are_forbidden(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    fake.forbidden_paths = "/notes$"
    write = HoldTask(run=run_key(run), by=ANA, task=str(task.id), reason="vendor")
    hold = xurrent.steps(write, None)[0]
    assert isinstance(await xurrent.reconcile(hold, MARKER, BASELINE), NotApplied)
    fake.account.set_status(task, "waiting_for", None)
    assert isinstance(await xurrent.reconcile(hold, MARKER, BASELINE), Applied)


async def test_new_records_are_looked_up_before_a_retry(xurrent: XurrentAdapter, run: FakeRun) -> None:
    steps = {
        "A111": AddTask(run=run_key(run), title="Tell support"),
        "B222": AddComment(run=run_key(run), text="here"),
        "C333": SetStatus(run=run_key(run), text="all well"),
    }
    assert [xurrent.recovery(step) for step in steps.values()] == [Recovery.LOOKUP] * 3
    for code, step in steps.items():
        marker = MARKER.model_copy(update={"code": code})
        assert isinstance(await xurrent.reconcile(step, marker, BASELINE), NotApplied)
        await xurrent.execute(step, marker)
        assert isinstance(await xurrent.reconcile(step, marker, BASELINE), Applied)


async def test_a_rate_limited_write_is_not_sent_again(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    fake.fault("answer", method="POST", status=429, body="{}", headers={"Retry-After": "30"})
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            await execute(xurrent, AddComment(run=run_key(run), by=ANA, text="here"))
        assert 25 < limited.value.retry_after <= 30
    assert len(fake.calls("POST", "")) == 1
