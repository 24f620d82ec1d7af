"""Copying and starting: the requests, the report of the checks, and the second attempt."""

from datetime import datetime, timedelta

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import RunState
from adapters.results import Applied, Baseline, NotApplied, Recovery
from adapters.writes import StartRun
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.helpers import BASELINE, MARKER, execute, start

UNASSIGNED = ("runbooks.start.unassigned_tasks", "3 tasks in this runbook are unassigned", False)
NO_PHONE = ("runbooks.start.users_with_no_phone", "1 users in this runbook have not entered a phone number", False)
TOO_MANY = ("runbooks.start.max_tasks_exceeded", "Your runbook has 900 tasks, but the max is 500", True)


async def test_a_template_is_copied_and_the_copy_is_started(fake: CutoverFake, cutover: Cutover) -> None:
    await cutover.runbooks("")
    copied, started = await execute(cutover, start(fake.template.id))
    run = copied.run
    assert run is not None
    assert (copied.state, started.state) == (RunState.STARTING, RunState.ACTIVE)
    post = fake.calls("POST", "/core/runbooks$")[0]
    assert post.json == {
        "data": {
            "type": "runbook",
            "attributes": {"name": "R9 Primary down"},
            "relationships": {
                "workspace": {"data": {"id": "3", "type": "workspace"}},
                "runbook_type": {"data": {"id": "22", "type": "runbook_type"}},
            },
        },
        "meta": {"copy": {"source_runbook_id": fake.template.id, "tasks": True, "teams": True, "users": True}},
    }
    patch = fake.calls("PATCH", "/start$")[0]
    assert patch.path == f"/core/runbooks/{run.id}/start"
    assert patch.json == {
        "meta": {
            "comms": "off",
            "run_type": "live",
            "validation_level": "warning",
            "disable_task_notify": False,
            "rebaseline": True,
            "shift_fixed_times": False,
        }
    }
    for seen in (post, patch):
        assert seen.headers["Api-Version"] == "2022-02-22"
        assert seen.headers["Accept"] == seen.headers["Content-Type"] == "application/json"
        assert seen.headers["Authorization"] == f"Bearer {fake.token}"
    assert fake.effects == [("copy", run.id, "900"), ("start", run.id, "900")]


async def test_a_planned_runbook_is_started_without_a_copy(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Quarterly restore test")
    runbooks = {runbook.title: runbook for runbook in await cutover.runbooks("")}
    assert runbooks["Quarterly restore test"].irreversible
    assert not runbooks["Database failover"].irreversible
    steps = cutover.steps(start(planned.id), None)
    assert [step.part for step in steps] == ["start"]
    await execute(cutover, start(planned.id))
    assert fake.effects == [("start", planned.id, "900")]
    assert fake.calls("PATCH", "/start$")[0].json["meta"]["rebaseline"] is False


async def test_an_unknown_runbook_is_read_before_it_is_copied(fake: CutoverFake, cutover: Cutover) -> None:
    """After a restart the adapter does not know which runbooks are templates, so it reads before it copies."""
    planned = fake.world.planned("Quarterly restore test")
    copied, _ = await execute(cutover, start(planned.id))
    assert copied.run is not None
    assert copied.run.id == planned.id
    assert fake.effects == [("start", planned.id, "900")]
    await execute(cutover, start(fake.template.id))
    assert [what for what, _, _ in fake.effects] == ["start", "copy", "start"]


async def test_a_rehearsal_starts_as_a_rehearsal(fake: CutoverFake, cutover: Cutover) -> None:
    results = await execute(cutover, start(fake.template.id, rehearsal=True))
    assert results[0].run is not None
    assert fake.runbooks[results[0].run.id].run_type == "rehearsal"
    assert (await cutover.read(results[0].run.id)).rehearsal


async def test_options_are_sent_with_the_start(fake: CutoverFake, cutover: Cutover) -> None:
    options = {"comms": "test", "validation_level": "error", "rebaseline": "false"}
    await execute(cutover, start(fake.template.id, options))
    meta = fake.calls("PATCH", "/start$")[0].json["meta"]
    assert (meta["comms"], meta["validation_level"], meta["rebaseline"]) == ("test", "error", False)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"comms": "loud"}, "cutover.bad_option"),
        ({"run_type": "dry"}, "cutover.bad_option"),
        ({"rebaseline": "yes"}, "cutover.bad_option"),
        ({"region": "eu"}, "cutover.unknown_option"),
        ({"copied": "7008"}, "cutover.unknown_option"),
        ({"comms": "on", "alert": "yes"}, "cutover.unknown_option"),
    ],
)
async def test_invalid_options_are_rejected_before_any_request(
    fake: CutoverFake, cutover: Cutover, options: dict[str, str], key: str
) -> None:
    with pytest.raises(Rejected) as raised:
        cutover.steps(start(fake.template.id, options), None)
    assert raised.value.key == key
    assert fake.seen == []


async def test_messaging_people_needs_confirmation(fake: CutoverFake, cutover: Cutover) -> None:
    fake.template.checks = [UNASSIGNED]
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(fake.template.id, {"comms": "on"}))
    assert raised.value.key == "cutover.comms_on"
    assert raised.value.retry_with == ("_alert=yes",)
    assert fake.effects == []
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(fake.template.id, {"comms": "on", "_alert": "yes"}))
    copy_id = next(id for what, id, _ in fake.effects if what == "copy")
    # Earlier confirmations are kept, and the next attempt continues with the copy that was made.
    assert raised.value.retry_with == ("_alert=yes", "validation_level=error", f"_copied={copy_id}")
    fake.template.checks = []
    results = await execute(cutover, start(fake.template.id, {"comms": "on", "_alert": "yes"}))
    assert results[0].run is not None
    assert fake.runbooks[results[0].run.id].run_comms == "on"


async def test_the_report_lists_every_finding_and_the_override(fake: CutoverFake, cutover: Cutover) -> None:
    fake.template.checks = [UNASSIGNED, NO_PHONE]
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(fake.template.id))
    error = raised.value
    copy_id = next(id for what, id, _ in fake.effects if what == "copy")
    assert error.key == "cutover.start_checks"
    assert error.reasons[:2] == (UNASSIGNED[1], NO_PHONE[1])
    assert "R9 Primary down" in error.reasons[2]
    assert error.retry_with == ("validation_level=error", f"_copied={copy_id}")
    assert error.facts["copied"] == copy_id
    assert fake.runbooks[copy_id].stage == "planning"
    await execute(cutover, start(fake.template.id, {"validation_level": "error"}))
    assert fake.effects[-1][0] == "start"


async def test_a_start_can_continue_with_an_existing_copy(fake: CutoverFake, cutover: Cutover) -> None:
    copy = fake.world.copy(fake.template, "R9 Primary down", tasks=True)
    fake.effects.clear()
    options = {"validation_level": "error", "_copied": copy.id}
    await execute(cutover, start(fake.template.id, options, title="R10 Primary down"))
    assert fake.effects == [("change", copy.id, "900"), ("start", copy.id, "900")]
    assert (copy.name, copy.stage) == ("R10 Primary down", "active")


async def test_some_findings_cannot_be_overridden(fake: CutoverFake, cutover: Cutover) -> None:
    fake.template.checks = [UNASSIGNED, TOO_MANY]
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(fake.template.id))
    assert raised.value.key == "cutover.start_checks_hard"
    assert raised.value.retry_with == ()
    assert TOO_MANY[1] in raised.value.reasons


async def test_findings_that_block_an_override_offer_no_retry(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Quarterly restore test")
    planned.checks = [("runbooks.start.late_tasks", "2 tasks have a start time in the past", True)]
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(planned.id, {"validation_level": "error"}))
    assert raised.value.retry_with == ()


async def test_a_run_that_is_already_running_counts_as_started(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Quarterly restore test")
    await cutover.runbooks("")
    fake.world.start(planned, run_type="live", comms="off", strict=False)
    results = await execute(cutover, start(planned.id))
    assert results[-1].already
    assert results[-1].state is RunState.ACTIVE
    planned.stage = "canceled"
    with pytest.raises(Conflict) as raised:
        await execute(cutover, start(planned.id))
    assert raised.value.key == "cutover.run_is_over"


async def test_a_lost_copy_is_found_by_its_name(fake: CutoverFake, cutover: Cutover) -> None:
    await cutover.runbooks("")
    step = cutover.steps(start(fake.template.id), None)[0]
    assert cutover.recovery(step) is Recovery.LOOKUP
    assert isinstance(await cutover.reconcile(step, MARKER, BASELINE), NotApplied)
    fake.fault("cut_after", method="POST", path="/core/runbooks$")
    with pytest.raises(OutcomeUnknown):
        await cutover.execute(step, MARKER)
    outcome = await cutover.reconcile(step, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert outcome.result.run is not None
    assert fake.runbooks[outcome.result.run.id].name == "R9 Primary down"


async def test_an_older_run_of_the_same_name_is_not_the_copy(fake: CutoverFake, cutover: Cutover) -> None:
    old = fake.world.planned("R9 Primary down")
    old.stage = "complete"
    step = cutover.steps(start(fake.template.id), None)[0]
    assert isinstance(await cutover.reconcile(step, MARKER, BASELINE), NotApplied)


async def test_a_lost_copy_that_was_started_by_hand_is_found(fake: CutoverFake, cutover: Cutover) -> None:
    started_by_hand = fake.world.planned("R9 Primary down")
    fake.world.start(started_by_hand, run_type="live", comms="off", strict=False)
    step = cutover.steps(start(fake.template.id), None)[0]
    outcome = await cutover.reconcile(
        step, MARKER, Baseline(sent_at=datetime.fromisoformat(started_by_hand.created_at))
    )
    assert isinstance(outcome, Applied)
    assert outcome.result.run is not None
    assert outcome.result.run.id == started_by_hand.id
    later = Baseline(sent_at=datetime.fromisoformat(started_by_hand.created_at) + timedelta(hours=1))
    assert isinstance(await cutover.reconcile(step, MARKER, later), NotApplied), "an older one of that name"


async def test_an_empty_search_does_not_prove_that_the_copy_is_missing(
    fake: CutoverFake, cutover: Cutover
) -> None:
    fake.world.planned("R9 Primary down")
    empty = '{"data": [], "links": {"self": "x", "first": "x"}, "meta": {"page": {}}}'
    fake.fault("answer", path="/core/runbooks$", status=200, body=empty)
    step = cutover.steps(start(fake.template.id), None)[0]
    assert isinstance(await cutover.reconcile(step, MARKER, BASELINE), Applied)


async def test_a_copy_response_without_an_id_is_an_unknown_outcome(fake: CutoverFake, cutover: Cutover) -> None:
    await cutover.runbooks("")
    fake.fault("answer", method="POST", status=201, body='{"data": {"type": "runbook"}}')
    step = cutover.steps(start(fake.template.id), None)[0]
    with pytest.raises(OutcomeUnknown):
        await cutover.execute(step, MARKER)


async def test_steps_survive_serialization(fake: CutoverFake, cutover: Cutover) -> None:
    await cutover.runbooks("")
    for step in cutover.steps(start(fake.template.id), None):
        assert isinstance(step, StartRun)
        assert StartRun.model_validate_json(step.model_dump_json()) == step
