"""Skipping, pausing, resuming and cancelling: only where the settings say so, and only where the Core can."""

from collections.abc import AsyncIterator

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Conflict, NotFound, OutcomeUnknown, Unsupported
from adapters.http.client import HttpClients
from adapters.models import RunState, TaskState
from adapters.protocol import Native
from adapters.protocol import Unsupported as NotOffered
from adapters.writes import Applied, EndRun, NotApplied, Op, PerformAction, Recovery, SkipTask, WriteResult
from tests.adapters.cutover.acting import ANA, KNOWN, MARK, a_live_run, key
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.newer import NewerFake
from tests.adapters.cutover.subject import connected


@pytest.fixture
async def fake() -> AsyncIterator[NewerFake]:
    fake = NewerFake()
    async with fake:
        yield fake


@pytest.fixture
async def newer(fake: NewerFake, http: HttpClients) -> Cutover:
    return connected(fake, http, extras="true")


def skip(fake: CutoverFake) -> SkipTask:
    run = a_live_run(fake)
    return SkipTask(run=key(run.id), by=ANA, task=next(iter(run.tasks)), reason="not <needed>")


async def press(newer: Cutover, id: str, verb: str) -> WriteResult:
    (offer,) = await newer.actions(await newer.read(id))
    assert offer.id == verb
    step = PerformAction(run=key(id), by=ANA, action=verb, label="Pause the run")
    return await newer.execute(step, MARK)


async def test_none_of_it_without_the_setting(fake: NewerFake, cutover: Cutover) -> None:
    run = await cutover.read(a_live_run(fake).id)
    for op in (Op.SKIP, Op.END, Op.ACTION):
        assert isinstance(cutover.capabilities[op], NotOffered)
    assert await cutover.actions(run) == ()
    with pytest.raises(Unsupported):
        cutover.steps(skip(fake), run)
    assert fake.calls("PATCH", "") == []


async def test_a_task_is_skipped_with_the_reason(fake: NewerFake, newer: Cutover) -> None:
    step = skip(fake)
    assert isinstance(newer.capabilities[Op.SKIP], Native)
    assert newer.steps(step, None) == [step]
    told = await newer.execute(step, MARK)
    assert told.tasks[0].state is TaskState.SKIPPED
    assert fake.calls("PATCH", "/skip$")[0].json == {
        "meta": {"comment": "not &lt;needed&gt; — Ana via Slack (7K2F)"}
    }
    assert (await newer.execute(step, MARK)).already
    assert [what for what, _, _ in fake.effects] == ["skip"]


async def test_a_skip_that_comes_too_late_is_a_conflict(fake: NewerFake, newer: Cutover) -> None:
    step = skip(fake)
    run = fake.runbooks[step.run.id if step.run else ""]
    fake.world.begin(run, run.tasks[step.task])
    fake.world.finish(run, run.tasks[step.task], None)
    with pytest.raises(Conflict):
        await newer.execute(step, MARK)


async def test_a_run_is_paused_resumed_and_cancelled(fake: NewerFake, newer: Cutover) -> None:
    run = a_live_run(fake)
    assert (await press(newer, run.id, "pause")).state is RunState.PAUSED
    assert fake.calls("PATCH", "/pause$")[0].json == {
        "meta": {"message": "Pause the run — Ana via Slack (7K2F)", "notify": False}
    }
    assert (await press(newer, run.id, "resume")).state is RunState.ACTIVE
    told = await newer.execute(EndRun(run=key(run.id), by=ANA, text="all is well"), MARK)
    assert told.state is RunState.CANCELLED
    assert (await newer.execute(EndRun(run=key(run.id), by=ANA), MARK)).already
    assert [what for what, _, _ in fake.effects] == ["pause", "resume", "cancel"]
    assert await newer.actions(await newer.read(run.id)) == ()


@pytest.mark.parametrize("verb", ["skip", "pause", "cancel"])
async def test_a_lost_answer_is_found_by_what_became_of_it(fake: NewerFake, newer: Cutover, verb: str) -> None:
    run = a_live_run(fake)
    step = {
        "skip": SkipTask(run=key(run.id), by=ANA, task=next(iter(run.tasks)), reason="no"),
        "pause": PerformAction(run=key(run.id), by=ANA, action="pause", label="Pause"),
        "cancel": EndRun(run=key(run.id), by=ANA),
    }[verb]
    assert newer.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await newer.reconcile(step, MARK, KNOWN), NotApplied)
    fake.fault("cut_after", method="PATCH", path=f"/{verb}$")
    with pytest.raises(OutcomeUnknown):
        await newer.execute(step, MARK)
    assert isinstance(await newer.reconcile(step, MARK, KNOWN), Applied)
    assert (await newer.execute(step, MARK)).already, "a second one is told from the first"
    assert [what for what, _, _ in fake.effects] == [verb]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_core_that_does_not_know_it_is_asked_once(fake: NewerFake, newer: Cutover, status: int) -> None:
    fake.lacking = status
    step, run = skip(fake), a_live_run(fake)
    for _ in range(2):
        with pytest.raises(Unsupported) as lacking:
            await newer.execute(step, MARK)
        assert lacking.value.key == "cutover.too_old"
    assert len(fake.calls("PATCH", "/skip$")) == 1
    assert isinstance(newer.capabilities[Op.SKIP], NotOffered)
    assert isinstance(newer.capabilities[Op.ACTION], Native), "that says nothing of the others"
    with pytest.raises(Unsupported):
        await press(newer, run.id, "pause")
    assert await newer.actions(await newer.read(run.id)) == ()


async def test_what_is_not_there_is_no_sign_of_an_old_core(fake: NewerFake, newer: Cutover) -> None:
    step = skip(fake).model_copy(update={"task": "999"})
    with pytest.raises(NotFound):
        await newer.execute(step, MARK)
    assert isinstance(newer.capabilities[Op.SKIP], Native)
