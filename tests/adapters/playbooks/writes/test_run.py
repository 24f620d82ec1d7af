"""The status of a run, and finishing it."""

from datetime import timedelta

import pytest

from adapters.errors import Conflict, OutcomeUnknown
from adapters.models import Health, RunState
from adapters.results import Applied, Indeterminate, NotApplied, Recovery
from adapters.writes import AddTask, EndRun, FinishTask, SetStatus
from tests.adapters.playbooks.harness import PlatformHarness
from tests.adapters.playbooks.helpers import ANA, execute_steps, make_baseline, make_marker


async def test_a_status_has_a_colour_and_a_reminder(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    write = SetStatus(run=run.key, by=ANA, health=Health.AMBER, text="@here replica lags")
    next_at = marker.at + timedelta(minutes=30)
    [result] = await execute_steps(harness, write.model_copy(update={"next_at": next_at}), run, marker)
    sent = harness.fake.calls("POST", "/status$")[0].json
    assert sent["message"] == f"[amber] `@here` replica lags\n\nAna via Slack ({marker.code})"
    assert sent["description"] == ""
    assert 1740 < sent["reminder"] <= 1800
    assert result.health is not None
    assert (result.health.health, result.health.text, result.health.by) == (Health.AMBER, write.text, marker.who)
    assert result.snapshot is not None
    assert result.snapshot.update_due is not None
    assert abs((result.snapshot.update_due - next_at).total_seconds()) < 60


async def test_a_reminder_is_never_zero(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    past = write.model_copy(update={"next_at": make_marker().at - timedelta(hours=1)})
    expected = [(write, 3600), (past, 60), (write, 60)]  # the default, the minimum, the previous one
    for number, (step, reminder) in enumerate(expected):
        await execute_steps(harness, step, run)
        assert harness.fake.calls("POST", "/status$")[number].json["reminder"] == reminder
    harness.fake.run(run.key.id).update(previous_reminder=0, reminder_timer_default_seconds=900)
    await execute_steps(harness, write, run)
    assert harness.fake.calls("POST", "/status$")[-1].json["reminder"] == 900


async def test_an_internal_error_after_a_status_is_unknown(playbooks_2: PlatformHarness) -> None:
    """Playbooks 2 responds with 400 even if the post was created and a later step failed."""
    run, marker, baseline = await playbooks_2.new_run(), make_marker(), make_baseline()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    playbooks_2.fake.routes.status_breaks = True
    with pytest.raises(OutcomeUnknown):
        await execute_steps(playbooks_2, write, run, marker)
    assert isinstance(await playbooks_2.adapter.reconcile(write, marker, baseline), Applied)


async def test_a_lost_status_is_found_by_its_code(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    await execute_steps(harness, write, run)  # the same text for another receipt
    baseline = make_baseline(run)
    assert isinstance(await harness.adapter.reconcile(write, marker, baseline), NotApplied)
    await execute_steps(harness, write, run, marker)
    assert isinstance(await harness.adapter.reconcile(write, marker, baseline), Applied)
    harness.fake.core.channels[harness.fake.run(run.key.id)["channel_id"]].members.discard(harness.fake.bot)
    assert isinstance(await harness.adapter.reconcile(write, marker, baseline), Indeterminate)
    assert harness.adapter.recovery(write) is Recovery.LOOKUP


async def test_a_run_is_finished_with_a_message_and_only_once(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    write = EndRun(run=run.key, by=ANA, text="all good")
    note, ended = await execute_steps(harness, write, run)
    assert note.comment is not None
    assert (note.comment.text, note.comment.by) == ("all good", "Ana via Slack")
    assert ended.state is RunState.FINISHED
    assert not ended.already
    [again] = await execute_steps(harness, EndRun(run=run.key, by=ANA), run)
    assert again.already
    assert harness.fake.effects["end"] == 1
    assert isinstance(await harness.adapter.reconcile(write, make_marker(), make_baseline(run)), Applied)


async def test_an_older_server_finishes_by_another_route(playbooks_1: PlatformHarness) -> None:
    playbooks_1.fake.routes.finish_route = "end"
    for _ in range(2):
        run = await playbooks_1.new_run()
        await execute_steps(playbooks_1, EndRun(run=run.key, by=ANA), run)
        assert (await playbooks_1.adapter.read(run.key.id)).state is RunState.FINISHED
    assert len(playbooks_1.fake.calls("PUT", "/finish$")) == 1
    assert len(playbooks_1.fake.calls("PUT", "/end$")) == 2


async def test_a_finished_run_accepts_no_changes(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    await execute_steps(playbooks_2, EndRun(run=run.key, by=ANA), run)
    with pytest.raises(Conflict) as error:
        await execute_steps(playbooks_2, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert error.value.key == "changed.run_over"
    with pytest.raises(Conflict) as error:  # AddTask has no guard: the server refuses it
        await execute_steps(playbooks_2, AddTask(run=run.key, by=ANA, title="Tell support"), run)
    assert error.value.key == "playbooks.finished"


async def test_a_status_is_dated_by_the_server(harness: PlatformHarness) -> None:
    """Its own status has no text: if it seemed newer, the card would lose what was typed."""
    run, marker = await harness.new_run(), make_marker()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    clock = harness.fake.core.clock
    now = clock.now
    clock.now = lambda: now() + 5000  # type: ignore[method-assign]
    [result] = await execute_steps(harness, write, run, marker)
    found = await harness.adapter.reconcile(write, marker, make_baseline(run))
    assert isinstance(found, Applied)
    health_at = (await harness.adapter.read(run.key.id)).health_at
    for dated in (result, found.result):
        assert dated.health is not None
        assert dated.health.at == health_at


async def test_a_lost_end_links_to_the_retrospective_as_well(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    write = EndRun(run=run.key, by=ANA)
    [ended] = await execute_steps(playbooks_2, write, run)
    found = await playbooks_2.adapter.reconcile(write, make_marker(), make_baseline(run))
    assert isinstance(found, Applied)
    assert found.result.message == ended.message == "playbooks.retrospective"
