"""Reads through the new API."""

import asyncio
import json
import time

import pytest

from adapters.errors import BadResponse, NotFound, RateLimited, Rejected
from adapters.http.client import HttpClients
from adapters.models import RunState, TaskState
from adapters.testing.harness import RUNBOOK, TASKS
from adapters.writes import AssignTask
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import ACCOUNT, XurrentFake
from tests.adapters.xurrent.fake_account import FakePerson
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import ANA, UNKNOWN_PERSON, add_approval, create_run, execute, run_key


@pytest.mark.parametrize(
    ("flavour", "header"), [("xurrent", "X-Xurrent-Account"), ("4me", "X-4me-Account"), ("itrp", "X-ITRP-Account")]
)
async def test_each_flavour_sends_its_headers(http: HttpClients, flavour: str, header: str) -> None:
    async with XurrentFake(flavour=flavour) as fake:  # type: ignore[arg-type]
        assert isinstance(fake, XurrentFake)
        create_run(fake)
        await connect_adapter(fake, http).runs("")
        headers = fake.seen[0].headers
    assert headers[header] == ACCOUNT
    assert headers["Authorization"].startswith("Basic " if flavour == "itrp" else "Bearer ")
    assert sum(name.lower().endswith("-account") for name in headers) == 1


async def test_a_run_being_created_is_read_without_tasks(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = fake.account.start(fake.template, "R7 Primary down")
    run.polls_until_created = 1
    read = await xurrent.read(str(run.id))
    assert (read.state, read.tasks) == (RunState.STARTING, ())
    assert fake.calls("GET", "/tasks$") == []
    read = await xurrent.read(str(run.id))
    assert read.state is RunState.ACTIVE
    assert [task.title for task in read.tasks] == [title for _, title in TASKS]


async def test_missing_tasks_mean_that_the_run_is_still_starting(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    """The run is in progress, but its task list is still a 404."""
    run = create_run(fake)
    fake.fault("answer", method="GET", path=r"/tasks$", status=404, body='{"message":"Not Found"}')
    read = await xurrent.read(str(run.id))
    assert (read.state, read.tasks) == (RunState.STARTING, ())


async def test_a_template_is_read_without_its_steps_if_they_are_forbidden(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    fake.forbidden_paths = "/task_templates$"
    runbook = await xurrent.runbook(str(fake.template.id))
    assert (runbook.title, runbook.tasks, runbook.task_count) == (RUNBOOK, (), None)


async def test_waiting_tasks_name_their_predecessors(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.state for task in tasks] == [TaskState.READY] * 2 + [TaskState.WAITING] * 2
    assert tasks[2].waits_for == (tasks[0].id, tasks[1].id)
    assert tasks[3].waits_for == (tasks[2].id,)


async def test_predecessors_are_read_once(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    for _ in range(3):
        await xurrent.read(str(run.id))
    assert len(fake.calls("GET", "/predecessors$")) == 2  # of the two waiting tasks
    first, *_ = fake.account.tasks_of(run)
    fake.account.set_status(first, "completed", None)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert tasks[2].waits_for == (tasks[1].id,)
    assert len(fake.calls("GET", "/predecessors$")) == 2


async def test_predecessors_are_read_again_after_a_new_task(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    await xurrent.read(str(run.id))
    count = len(fake.calls("GET", "/predecessors$"))
    last = fake.account.tasks_of(run)[-1]
    body = {"subject": "Look twice", "category": "implementation", "planned_duration": 60, "team_id": 14}
    added = fake.writes.add(run, body | {"successor_ids": [last.id]})
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert str(added.id) in tasks[str(last.id)].waits_for
    assert list(tasks)[-1] == str(last.id)  # the new task comes before the one that waits for it
    assert len(fake.calls("GET", "/predecessors$")) > count


async def test_a_task_is_waiting_even_if_its_predecessors_are_forbidden(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    run = create_run(fake)
    fake.forbidden_paths = "/predecessors$|/approvals$"
    add_approval(fake, run, 58, 61)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.state for task in tasks[2:4]] == [TaskState.WAITING] * 2
    assert [task.waits_for for task in tasks[2:4]] == [(), ()]
    assert tasks[4].mark == "approval"


async def test_an_approval_mark_names_its_approvers(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    shared, single = add_approval(fake, run, 58, 61, required=2), add_approval(fake, run, 61)
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert tasks[str(shared.id)].mark == "approval: Ana Reis, Rui Dias, 2 of 2 needed"
    assert tasks[str(single.id)].mark == "approval: Rui Dias"
    assert tasks[str(shared.id)].approval
    assert tasks[str(single.id)].approval
    single.status = "rejected"
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert tasks[str(single.id)].state is TaskState.FAILED


async def test_stages_are_phases(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = await xurrent.read(str(create_run(fake).id))
    assert [stage.title for stage in run.stages] == ["Triage", "Fail over"]


async def test_a_server_without_the_fields_parameter_can_be_read(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    fake.supports_fields = False
    run = create_run(fake)
    for _ in range(2):
        read = await xurrent.read(str(run.id))
        assert [task.title for task in read.tasks] == [title for _, title in TASKS]
    assert [("fields" in seen.query) for seen in fake.calls("GET", r"/tasks$")] == [True, True, False, False]


async def test_every_page_is_read(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    for number in range(120):
        fake.account.template(f"Runbook {number}")
    fake.account.templates[fake.template.id].disabled = True
    items = await xurrent.runbooks("")
    assert len(items) == 120
    assert RUNBOOK not in [item.title for item in items]
    assert len(fake.calls("GET", "/workflow_templates/enabled$")) == 2


async def test_a_next_page_on_another_site_is_not_requested(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.next_url = "https://evil.example.com/v1/tasks"
    with pytest.raises(BadResponse) as refused:
        await xurrent.runs("")
    assert refused.value.key == "platform.foreign_link"


async def test_a_malformed_link_header_is_parsed_quickly(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.fault("answer", status=200, body="[]", headers={"Link": "<" * 60_000})
    started = time.process_time()
    assert not await xurrent.runs("")
    assert time.process_time() - started < 2


async def test_an_overlong_id_sorts_last(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    rows = [{"id": "9" * 5000, "subject": "odd", "status": "in_progress"}, {"id": 7, "subject": "R7"}]
    fake.fault("answer", path="/workflows", status=200, body=json.dumps(rows))
    assert [run.title for run in await xurrent.runs("")] == ["R7", "odd"]


async def test_runs_are_the_open_ones_newest_first(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    over, first, second = create_run(fake), create_run(fake), fake.account.start(fake.template, "R8 Restore")
    over.status = "completed"
    summaries = await xurrent.runs("")
    assert [(summary.key.id, summary.state) for summary in summaries] == [
        (str(second.id), RunState.STARTING),
        (str(first.id), RunState.ACTIVE),
    ]


async def test_internal_notes_are_not_shown(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    fake.account.write_note(run, "Seen from two zones", task)
    fake.account.write_note(run, "Not for the channel").internal = True
    fake.account.write_note(run, "done\r\n\r\nBen via Slack (9P5R)")
    items = await xurrent.comments(str(run.id), None)
    assert [(item.text, item.by, item.task) for item in items] == [
        ("Seen from two zones", "Carla Cluster", str(task.id)),
        ("done", "Ben via Slack", None),
    ]
    (of_task,) = await xurrent.comments(str(run.id), str(task.id))
    assert of_task.text == "Seen from two zones"


async def test_requests_pause_when_the_hourly_limit_is_used_up(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.remaining = 0
    await xurrent.runs("")
    with pytest.raises(RateLimited):
        await xurrent.runs("")
    assert len(fake.seen) == 1


async def test_requests_do_not_pause_if_the_limit_was_already_reset(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    fake.remaining, fake.reset_in = 0, -5
    for _ in range(2):
        await asyncio.wait_for(xurrent.runs(""), 30)
    assert len(fake.seen) == 2


@pytest.mark.parametrize("id", ["", "7/../8", "a b", "7?x=1", "ü"])
async def test_an_invalid_id_is_not_requested(xurrent: XurrentAdapter, fake: XurrentFake, id: str) -> None:
    with pytest.raises(NotFound):
        await xurrent.read(id)
    assert fake.seen == []


async def test_an_invisible_run_is_not_found(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    with pytest.raises(NotFound):
        await xurrent.read("424242")
    fake.forbidden_paths = "/workflows"
    with pytest.raises(Rejected) as refused:
        await xurrent.runs("")
    assert refused.value.key == "xurrent.forbidden"


async def test_an_ignored_people_filter_finds_nobody_else(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.applies_filters = False
    fake.account.people[1] = FakePerson(1, "Somebody Else", "else@example.com")
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    await execute(xurrent, AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=ANA))
    assert task.member == 58
    with pytest.raises(Rejected):
        await execute(xurrent, AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=UNKNOWN_PERSON))
