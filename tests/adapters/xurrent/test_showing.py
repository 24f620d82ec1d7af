"""What a run shows beyond its tasks' states: its people, why a task is held, what is urgent or expected."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.models import Health, RunState
from adapters.writes import HoldTask
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, a_run, an_approval, execute, key
from tests.adapters.xurrent.fake import XurrentFake


async def test_an_approval_says_who_gave_it_already(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = an_approval(fake, run, 58, 61, 60, required=2)
    task.approvals[1].status = "approved"
    shown = (await xurrent.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert shown.mark == "approval: Ana Reis, Rui Dias, Ben Thomas, 2 of 3 needed, given by Rui Dias"
    assert [person.email for person in shown.approvers] == ["ana@example.com", "ben@example.com"]


async def test_the_people_of_a_run_are_known_by_e_mail(xurrent: Xurrent, fake: XurrentFake) -> None:
    """A task tells a name alone; chats know people by their address."""
    run = a_run(fake)
    first, second, *_ = fake.world.tasks_of(run)
    first.member, second.member = 58, 60
    for _ in range(2):
        tasks = (await xurrent.read(str(run.id))).tasks
        assert [task.assignees[0].email for task in tasks[:2]] == ["ana@example.com", "ben@example.com"]
    (asked,) = fake.calls("GET", "/people$")
    assert (asked.query["id"], asked.query["fields"]) == ("58,60", "id,name,primary_email")


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 400}, {"status": 200, "body": "<html>"}])
async def test_people_that_are_not_told_have_their_names(
    xurrent: Xurrent, fake: XurrentFake, fault: dict[str, Any]
) -> None:
    run = a_run(fake)
    fake.world.tasks_of(run)[0].member = 58
    fake.fault("answer", method="GET", path="/people$", times=3, **fault)
    person = (await xurrent.read(str(run.id))).tasks[0].assignees[0]
    assert (person.name, person.email) == ("Ana Reis", None)


async def test_what_failed_still_stands_in_the_way(xurrent: Xurrent, fake: XurrentFake) -> None:
    """And the run that it has halted is red, until somebody says something newer."""
    run = a_run(fake)
    first, second, *_ = fake.world.tasks_of(run)
    fake.world.move(second, "completed", None)
    fake.world.move(first, "failed", None)
    for _ in range(2):
        made = await xurrent.read(str(run.id))
        assert made.tasks[2].waits_for == (str(first.id),)
    assert len(fake.calls("GET", "/predecessors$")) == 2
    assert (made.state, made.health) == (RunState.PAUSED, Health.RED)
    assert made.health_text == "progress halted: Confirm the primary is down"
    assert made.health_at is not None


async def test_urgency_and_what_is_expected_next(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    first, second, third, _ = fake.world.tasks_of(run)
    first.urgent = True
    second.status, second.waiting_until = "waiting_for", "2026-07-18T23:00:00+02:00"
    third.anticipated_assignment_at = "2026-07-18T22:00:00+02:00"
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.urgent for task in tasks] == [True, False, False, False]
    assert [task.expected_at for task in tasks[1:3]] == [
        datetime(2026, 7, 18, 21, tzinfo=UTC),
        datetime(2026, 7, 18, 20, tzinfo=UTC),
    ]


async def test_a_server_that_does_not_know_urgent_gives_the_rest(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    refused = '{"message":"Unknown field"}'
    fake.fault("answer", method="GET", path="/workflows/[0-9]+/tasks$", status=400, body=refused)
    for _ in range(2):
        assert len((await xurrent.read(str(run.id))).tasks) == 4
    asked = [seen.query["fields"].split(",") for seen in fake.calls("GET", "/workflows/[0-9]+/tasks$")]
    assert [("urgent" in names, "instructions" in names) for names in asked] == [
        (True, True),
        (False, True),
        (False, True),
    ]


async def test_a_held_task_says_why(xurrent: Xurrent, fake: XurrentFake) -> None:
    """The last that was said of it when it was first seen held; what is said later is a comment."""
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    fake.world.write_note(run, "Look at the console", task)
    fake.world.write_note(run, "No quorum\n\nBen via Slack (9P5R)", task)
    fake.world.write_note(run, "they never answer", task).internal = True
    fake.world.move(task, "waiting_for", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "No quorum"
    fake.world.write_note(run, "Still nothing", task)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "No quorum"
    assert len(fake.calls("GET", "/notes$")) == 1
    fake.world.move(task, "in_progress", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == ""
    fake.world.move(task, "waiting_for", None)
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "Still nothing"


async def test_a_reason_of_ours_is_not_asked_for(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = str(fake.world.tasks_of(run)[0].id)
    told = await execute(xurrent, HoldTask(run=key(run), by=ANA, task=task, reason="vendor"))
    assert told.tasks[0].reason == "vendor"
    assert (await xurrent.read(str(run.id))).tasks[0].reason == "vendor"
    assert fake.calls("GET", "/notes$") == []
