"""Other actions on a task: each sends one update, and is reconciled by the task's state."""

from typing import Any

import pytest

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected
from adapters.models import PlatformAction, TaskState
from adapters.results import Applied, NotApplied, Recovery
from adapters.writes import PerformAction
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun, FakeTask
from tests.adapters.xurrent.helpers import (
    ANA,
    BASELINE,
    MARKER,
    UNKNOWN_PERSON,
    add_approval,
    create_run,
    execute,
    run_key,
)


@pytest.fixture
def run(fake: XurrentFake) -> FakeRun:
    return create_run(fake)


def action_write(run: FakeRun, task: FakeTask, kind: str) -> PerformAction:
    return PerformAction(run=run_key(run), by=ANA, action=f"{kind}:{task.id}", label=kind, task=str(task.id))


async def listed_kinds(adapter: XurrentAdapter, run: FakeRun, task: FakeTask) -> list[str]:
    actions = await adapter.actions(await adapter.read(str(run.id)))
    return [action.id.partition(":")[0] for action in actions if action.task == str(task.id)]


BODIES: dict[str, dict[str, Any]] = {
    "accept": {"status": "accepted", "member_id": 58},
    "decline": {"status": "declined"},
    "fail": {"status": "failed"},
    "urgent": {"urgent": True},
    "calm": {"urgent": False},
    "wait": {"status": "waiting_for", "waiting_until": "2026-07-18T15:03:00Z"},
}


@pytest.mark.parametrize("kind", BODIES)
async def test_each_action_sends_one_update(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun, kind: str
) -> None:
    task = fake.account.tasks_of(run)[0]
    task.urgent, task.status = kind == "calm", "waiting_for" if kind == "wait" else "assigned"
    step = action_write(run, task, kind)
    assert kind in await listed_kinds(xurrent, run, task)
    assert xurrent.recovery(step) is (Recovery.LOOKUP if "note" in BODIES[kind] else Recovery.IDEMPOTENT)
    await execute(xurrent, step)
    (sent,) = fake.calls("PATCH", "")
    assert (sent.path, sent.json) == (f"/v1/tasks/{task.id}", BODIES[kind])
    assert kind not in await listed_kinds(xurrent, run, task)


@pytest.mark.parametrize("kind", ["accept", "fail", "wait"])
async def test_an_action_with_a_lost_response_is_found_by_the_task_state(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun, kind: str
) -> None:
    task = fake.account.tasks_of(run)[0]
    task.status = "waiting_for" if kind == "wait" else "assigned"
    step = action_write(run, task, kind)
    assert isinstance(await xurrent.reconcile(step, MARKER, BASELINE), NotApplied)
    fake.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, step)
    assert isinstance(await xurrent.reconcile(step, MARKER, BASELINE), Applied)
    assert (await execute(xurrent, step)).already
    assert len(fake.calls("PATCH", "")) == 1


@pytest.mark.parametrize("kind", ["decline", "fail"])
async def test_a_person_says_why_in_their_own_words(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun, kind: str
) -> None:
    task = fake.account.tasks_of(run)[0]
    actions = await xurrent.actions(await xurrent.read(str(run.id)))
    assert [action.takes_note for action in actions if action.id == f"{kind}:{task.id}"] == [True]
    write = action_write(run, task, kind).model_copy(update={"options": {"note": "the disk is broken"}})
    await execute(xurrent, write)
    assert [note.text for note in run.notes] == ["the disk is broken\n\nAna via Slack (7K2F)"]


async def test_an_action_on_a_task_that_is_over_is_refused_for_good(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    task.status, task.finished_at = "completed", fake.account.now()
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, action_write(run, task, "fail"))
    assert not refused.value.may_pass, "[Try again] would only be refused again"


async def test_only_possible_actions_are_listed_and_accepted(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    first, second, third, _ = fake.account.tasks_of(run)
    approval, first.category = add_approval(fake, run, 58), "automation"
    second.status, second.waiting_until = "waiting_for", "2026-07-18T21:00:00Z"
    actions = await xurrent.actions(await xurrent.read(str(run.id)))
    assert [action.id for action in actions] == [f"urgent:{second.id}", f"fail:{second.id}"]
    for task in (first, third, approval):
        for kind in BODIES:
            with pytest.raises(Conflict) as refused:
                await execute(xurrent, action_write(run, task, kind))
            assert error_text(PLATFORM, refused.value)
    assert fake.calls("PATCH", "") == []


async def test_every_action_has_a_label_and_a_warning(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    first, second, *_ = fake.account.tasks_of(run)
    first.status, second.urgent = "waiting_for", True
    actions = await xurrent.actions(await xurrent.read(str(run.id)))
    assert {action.label.removeprefix("xurrent.offer_") for action in actions} == set(BODIES)
    assert all(
        isinstance(action, PlatformAction) and action.warning == f"{action.label}_does" for action in actions
    )


async def test_an_unknown_person_cannot_accept_a_task(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    step = action_write(run, fake.account.tasks_of(run)[0], "accept").model_copy(update={"by": UNKNOWN_PERSON})
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, step)
    assert refused.value.key == "xurrent.unknown_person"
    assert fake.calls("PATCH", "") == []


async def test_a_finished_task_is_not_changed(xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun) -> None:
    task = fake.account.tasks_of(run)[0]
    fake.account.set_status(task, "completed", None)
    for kind in BODIES:
        with pytest.raises(Conflict) as refused:
            await execute(xurrent, action_write(run, task, kind))
        assert refused.value.key == "xurrent.over"


async def test_an_action_that_was_never_listed_is_refused(
    xurrent: XurrentAdapter, fake: XurrentFake, run: FakeRun
) -> None:
    task = fake.account.tasks_of(run)[0]
    for step in (
        action_write(run, task, "explode"),
        PerformAction(run=run_key(run), by=ANA, action="accept", label="x"),
    ):
        with pytest.raises(AdapterError) as refused:
            await execute(xurrent, step)
        assert error_text(PLATFORM, refused.value)
    assert fake.calls("PATCH", "") == []


async def test_the_old_api_has_the_same_actions(itrp: XurrentAdapter, itrp_fake: XurrentFake) -> None:
    run = create_run(itrp_fake)
    task = itrp_fake.account.tasks_of(run)[0]
    assert await listed_kinds(itrp, run, task) == ["accept", "decline", "urgent", "fail"]
    result = await execute(itrp, action_write(run, task, "fail"))
    assert result.tasks[0].state is TaskState.FAILED
    note = "Reported as failed from chat\n\nAna via Slack (7K2F)"
    assert [seen.json for seen in itrp_fake.calls("PATCH", "")] == [{**BODIES["fail"], "note": note}]
