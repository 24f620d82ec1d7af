"""Details of a run: email addresses, hold reasons, urgency and expected times."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.models import Health, RunState
from adapters.writes import HoldTask
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.helpers import ANA, add_approval, create_run, execute, run_key


async def test_an_approval_mark_names_who_approved_already(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = add_approval(fake, run, 58, 61, 60, required=2)
    task.approvals[1].status = "approved"
    shown = (await xurrent.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert shown.mark == "approval: Ana Reis, Rui Dias, Ben Thomas, 2 of 3 needed, given by Rui Dias"
    assert [person.email for person in shown.approvers] == ["ana@example.com", "ben@example.com"]


async def test_people_of_a_run_have_their_email_addresses(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    """Tasks only have names, but chats find people by email address."""
    run = create_run(fake)
    first, second, *_ = fake.account.tasks_of(run)
    first.member, second.member = 58, 60
    for _ in range(2):
        tasks = (await xurrent.read(str(run.id))).tasks
        assert [task.assignees[0].email for task in tasks[:2]] == ["ana@example.com", "ben@example.com"]
    (request,) = fake.calls("GET", "/people$")
    assert (request.query["id"], request.query["fields"]) == ("58,60", "id,name,primary_email")


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 400}, {"status": 200, "body": "<html>"}])
async def test_people_keep_their_names_if_their_records_are_forbidden(
    xurrent: XurrentAdapter, fake: XurrentFake, fault: dict[str, Any]
) -> None:
    run = create_run(fake)
    fake.account.tasks_of(run)[0].member = 58
    fake.fault("answer", method="GET", path="/people$", times=3, **fault)
    person = (await xurrent.read(str(run.id))).tasks[0].assignees[0]
    assert (person.name, person.email) == ("Ana Reis", None)


async def test_a_failed_task_still_blocks_its_successors(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    """The run is halted, and its health is red."""
    run = create_run(fake)
    first, second, *_ = fake.account.tasks_of(run)
    fake.account.set_status(second, "completed", None)
    fake.account.set_status(first, "failed", None)
    for _ in range(2):
        read = await xurrent.read(str(run.id))
        assert read.tasks[2].waits_for == (str(first.id),)
    assert len(fake.calls("GET", "/predecessors$")) == 2
    assert (read.state, read.health) == (RunState.PAUSED, Health.RED)
    assert read.health_text == "Progress halted: Confirm the primary is down"
    assert read.health_at is not None


async def test_urgency_and_expected_times_are_read(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    first, second, third, _ = fake.account.tasks_of(run)
    first.urgent = True
    second.status, second.waiting_until = "waiting_for", "2026-07-18T23:00:00+02:00"
    third.anticipated_assignment_at = "2026-07-18T22:00:00+02:00"
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.urgent for task in tasks] == [True, False, False, False]
    assert [task.expected_at for task in tasks[1:3]] == [
        datetime(2026, 7, 18, 21, tzinfo=UTC),
        datetime(2026, 7, 18, 20, tzinfo=UTC),
    ]


async def test_a_server_without_the_urgent_field_can_be_read(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    refused = '{"message":"Unknown field"}'
    fake.fault("answer", method="GET", path="/workflows/[0-9]+/tasks$", status=400, body=refused)
    for _ in range(2):
        assert len((await xurrent.read(str(run.id))).tasks) == 4
    fields = [seen.query["fields"].split(",") for seen in fake.calls("GET", "/workflows/[0-9]+/tasks$")]
    assert [("urgent" in names, "instructions" in names) for names in fields] == [
        (True, True),
        (False, True),
        (False, True),
    ]


async def test_a_held_task_shows_its_reason(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    """The last note at the time it was first seen held. Later notes are comments."""
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    fake.account.write_note(run, "Look at the console", task)
    fake.account.write_note(run, "No quorum\n\nBen via Slack (9P5R)", task)
    fake.account.write_note(run, "they never answer", task).internal = True
    fake.account.set_status(task, "waiting_for", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "No quorum"
    fake.account.write_note(run, "Still nothing", task)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "No quorum"
    assert len(fake.calls("GET", "/notes$")) == 1
    fake.account.set_status(task, "in_progress", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == ""
    fake.account.set_status(task, "waiting_for", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "Still nothing"


async def test_a_reason_given_here_is_not_read_back(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = str(fake.account.tasks_of(run)[0].id)
    result = await execute(xurrent, HoldTask(run=run_key(run), by=ANA, task=task, reason="vendor"))
    assert result.tasks[0].reason == "vendor"
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "vendor"
    assert fake.calls("GET", "/notes$") == []


async def test_the_card_shows_the_impact_and_when_the_run_may_begin(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    run = create_run(fake)
    assert (await xurrent.read(str(run.id))).notes == ()
    run.impact, run.start_at = "high", "2036-03-14T03:14:17-06:00"
    impact, start = (await xurrent.read(str(run.id))).notes
    assert (impact.key, start.key) == ("xurrent.note_impact_high", "xurrent.note_start_at")
    assert start.times["at"].isoformat() == "2036-03-14T09:14:17+00:00"
    run.start_at = "2016-03-14T03:14:17-06:00"
    assert [note.key for note in (await xurrent.read(str(run.id))).notes] == ["xurrent.note_impact_high"]


async def test_the_old_api_shows_the_highest_impact_of_the_open_tasks(
    itrp: XurrentAdapter, itrp_fake: XurrentFake
) -> None:
    run = create_run(itrp_fake)
    first, second, third, _ = itrp_fake.account.tasks_of(run)
    first.impact, second.impact, third.impact = "top", "low", "medium"
    itrp_fake.account.set_status(first, "completed", None)
    assert [note.key for note in (await itrp.read(str(run.id))).notes] == ["xurrent.note_impact_medium"]


async def test_runbooks_of_one_title_are_told_apart(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    (runbook,) = await xurrent.runbooks("")
    assert runbook.folder == "Windows Server"
    assert runbook.created_at is not None
    fake.template.disabled = True
    assert (await xurrent.runbook(runbook.key.id)).warning == "xurrent.template_disabled"
