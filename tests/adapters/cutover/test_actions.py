"""Skipping, pausing, resuming and cancelling: only with the setting, and only if the server knows them."""

from collections.abc import AsyncIterator

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.http.client import HttpClients
from adapters.models import Person, RunState, TaskState
from adapters.protocol import Native
from adapters.protocol import Unsupported as NotSupported
from adapters.results import Applied, NotApplied, Recovery, WriteResult
from adapters.writes import AssignTask, EndRun, Op, PerformAction, SkipTask
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.fake_with_extras import CutoverFakeWithExtras
from tests.adapters.cutover.harness import connect_adapter
from tests.adapters.cutover.helpers import ANA, BASELINE, MARKER, create_active_run, run_key


@pytest.fixture
async def fake() -> AsyncIterator[CutoverFakeWithExtras]:
    fake = CutoverFakeWithExtras()
    async with fake:
        yield fake


@pytest.fixture
async def adapter(fake: CutoverFakeWithExtras, http: HttpClients) -> Cutover:
    return connect_adapter(fake, http, extras="true")


def skip(fake: CutoverFake) -> SkipTask:
    run = create_active_run(fake)
    return SkipTask(run=run_key(run.id), by=ANA, task=next(iter(run.tasks)), reason="not <needed>")


async def press(adapter: Cutover, id: str, verb: str) -> WriteResult:
    (action,) = await adapter.actions(await adapter.read(id))
    assert action.id == verb
    step = PerformAction(run=run_key(id), by=ANA, action=verb, label="Pause the run")
    return await adapter.execute(step, MARKER)


async def test_extras_are_unsupported_without_the_setting(fake: CutoverFakeWithExtras, cutover: Cutover) -> None:
    run = await cutover.read(create_active_run(fake).id)
    for op in (Op.SKIP, Op.END, Op.ACTION):
        assert isinstance(cutover.capabilities[op], NotSupported)
    assert await cutover.actions(run) == ()
    with pytest.raises(Unsupported):
        cutover.steps(skip(fake), run)
    assert fake.calls("PATCH", "") == []


async def test_a_skip_sends_the_reason(fake: CutoverFakeWithExtras, adapter: Cutover) -> None:
    step = skip(fake)
    assert isinstance(adapter.capabilities[Op.SKIP], Native)
    assert adapter.steps(step, None) == [step]
    result = await adapter.execute(step, MARKER)
    assert result.tasks[0].state is TaskState.SKIPPED
    assert fake.calls("PATCH", "/skip$")[0].json == {
        "meta": {"comment": "not &lt;needed&gt; — Ana via Slack (7K2F)"}
    }
    assert (await adapter.execute(step, MARKER)).already
    assert [what for what, _, _ in fake.effects] == ["skip"]


async def test_skipping_a_finished_task_is_a_conflict(fake: CutoverFakeWithExtras, adapter: Cutover) -> None:
    step = skip(fake)
    run = fake.runbooks[step.run.id if step.run else ""]
    fake.world.begin(run, run.tasks[step.task])
    fake.world.finish(run, run.tasks[step.task], None)
    with pytest.raises(Conflict):
        await adapter.execute(step, MARKER)


async def test_a_run_is_paused_resumed_and_cancelled(fake: CutoverFakeWithExtras, adapter: Cutover) -> None:
    run = create_active_run(fake)
    assert (await press(adapter, run.id, "pause")).state is RunState.PAUSED
    assert fake.calls("PATCH", "/pause$")[0].json == {
        "meta": {"message": "Pause the run — Ana via Slack (7K2F)", "notify": False}
    }
    assert (await press(adapter, run.id, "resume")).state is RunState.ACTIVE
    result = await adapter.execute(EndRun(run=run_key(run.id), by=ANA, text="all is well"), MARKER)
    assert result.state is RunState.CANCELLED
    assert (await adapter.execute(EndRun(run=run_key(run.id), by=ANA), MARKER)).already
    assert [what for what, _, _ in fake.effects] == ["pause", "resume", "cancel"]
    assert await adapter.actions(await adapter.read(run.id)) == ()


@pytest.mark.parametrize("verb", ["skip", "pause", "cancel"])
async def test_a_lost_response_is_reconciled_by_the_resulting_state(
    fake: CutoverFakeWithExtras, adapter: Cutover, verb: str
) -> None:
    run = create_active_run(fake)
    step = {
        "skip": SkipTask(run=run_key(run.id), by=ANA, task=next(iter(run.tasks)), reason="no"),
        "pause": PerformAction(run=run_key(run.id), by=ANA, action="pause", label="Pause"),
        "cancel": EndRun(run=run_key(run.id), by=ANA),
    }[verb]
    assert adapter.recovery(step) is Recovery.LOOKUP
    assert isinstance(await adapter.reconcile(step, MARKER, BASELINE), NotApplied)
    fake.fault("cut_after", method="PATCH", path=f"/{verb}$")
    with pytest.raises(OutcomeUnknown):
        await adapter.execute(step, MARKER)
    assert isinstance(await adapter.reconcile(step, MARKER, BASELINE), Applied)
    assert (await adapter.execute(step, MARKER)).already, "a second request does not count as the first"
    assert [what for what, _, _ in fake.effects] == [verb]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_an_unknown_verb_is_requested_only_once(
    fake: CutoverFakeWithExtras, adapter: Cutover, status: int
) -> None:
    fake.status_of_unknown_verbs = status
    step, run = skip(fake), create_active_run(fake)
    for _ in range(2):
        with pytest.raises(Unsupported) as raised:
            await adapter.execute(step, MARKER)
        assert raised.value.key == "cutover.too_old"
    assert len(fake.calls("PATCH", "/skip$")) == 1
    assert isinstance(adapter.capabilities[Op.SKIP], NotSupported)
    assert isinstance(adapter.capabilities[Op.ACTION], Native), "the other verbs may still be supported"
    with pytest.raises(Unsupported):
        await press(adapter, run.id, "pause")
    assert await adapter.actions(await adapter.read(run.id)) == ()


async def test_a_missing_task_does_not_disable_skipping(fake: CutoverFakeWithExtras, adapter: Cutover) -> None:
    step = skip(fake).model_copy(update={"task": "999"})
    with pytest.raises(NotFound):
        await adapter.execute(step, MARKER)
    assert isinstance(adapter.capabilities[Op.SKIP], Native)


async def test_a_task_is_assigned_to_the_user_with_that_address(
    fake: CutoverFakeWithExtras, adapter: Cutover
) -> None:
    run = await adapter.read(create_active_run(fake).id)
    ben = Person(name="Ben", email="Ben@example.com")
    step = AssignTask(run=run.key, by=ANA, task=run.tasks[0].id, person=ben)
    assert isinstance(await adapter.reconcile(step, MARKER, BASELINE), NotApplied)
    result = await adapter.execute(step, MARKER)
    assert [person.name for person in result.tasks[0].assignees] == ["Ben Silva"]
    assert isinstance(await adapter.reconcile(step, MARKER, BASELINE), Applied)
    read = (await adapter.read(run.key.id)).tasks[0]
    assert [(person.name, person.email) for person in read.assignees] == [("Ben Silva", "ben@example.com")]


async def test_who_takes_a_task_over_has_it_alone(fake: CutoverFakeWithExtras, adapter: Cutover) -> None:
    active = create_active_run(fake)
    next(iter(active.tasks.values())).assignees.append(("user", "902"))
    run = await adapter.read(active.id)
    ben = Person(name="Ben", email="ben@example.com")
    task = run.tasks[0]
    write = AssignTask(run=run.key, by=ben, task=task.id, person=ben, take_over=True, expected=task.assignees)
    for step in adapter.steps(write, run):
        await adapter.execute(step, MARKER)
    assert isinstance(await adapter.reconcile(step, MARKER, BASELINE), Applied)
    read = (await adapter.read(active.id)).tasks[0]
    assert [person.name for person in read.assignees] == ["Ben Silva"]


@pytest.mark.parametrize(
    ("email", "expected"), [("cleo@example.com", "cutover.no_user"), ("ben@example.com", "cutover.not_in_runbook")]
)
async def test_an_assignment_that_cutover_ignores_is_refused(
    fake: CutoverFakeWithExtras, adapter: Cutover, email: str, expected: str
) -> None:
    fake.outsiders = ("901",)
    run = await adapter.read(create_active_run(fake).id)
    step = AssignTask(run=run.key, by=ANA, task=run.tasks[0].id, person=Person(name="X", email=email))
    with pytest.raises(Rejected) as raised:
        await adapter.execute(step, MARKER)
    assert raised.value.key == expected
