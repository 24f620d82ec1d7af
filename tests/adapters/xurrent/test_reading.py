"""The new API's reads, over HTTP."""

import asyncio
import json
import time

import pytest

from adapters.errors import BadResponse, NotFound, RateLimited, Rejected
from adapters.http.client import HttpClients
from adapters.models import RunState, TaskState
from adapters.writes import AssignTask
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, NOBODY, a_run, an_approval, execute, key
from tests.adapters.xurrent.fake import ACCOUNT, XurrentFake
from tests.adapters.xurrent.subject import connected
from tests.adapters.xurrent.world import FakePerson
from tests.contract.subject import RUNBOOK, TASKS


@pytest.mark.parametrize(
    ("flavour", "header"), [("xurrent", "X-Xurrent-Account"), ("4me", "X-4me-Account"), ("itrp", "X-ITRP-Account")]
)
async def test_each_flavour_has_its_headers(http: HttpClients, flavour: str, header: str) -> None:
    async with XurrentFake(flavour=flavour) as fake:  # type: ignore[arg-type]
        assert isinstance(fake, XurrentFake)
        a_run(fake)
        await connected(fake, http).runs("")
        headers = fake.seen[0].headers
    assert headers[header] == ACCOUNT
    assert headers["Authorization"].startswith("Basic " if flavour == "itrp" else "Bearer ")
    assert sum(name.lower().endswith("-account") for name in headers) == 1


async def test_a_run_that_is_being_created_has_no_tasks_and_no_error(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = fake.world.start(fake.template, "R7 Primary down")
    run.looks = 1
    made = await xurrent.read(str(run.id))
    assert (made.state, made.tasks) == (RunState.STARTING, ())
    assert fake.calls("GET", "/tasks$") == []
    made = await xurrent.read(str(run.id))
    assert made.state is RunState.ACTIVE
    assert [task.title for task in made.tasks] == [title for _, title in TASKS]


async def test_tasks_that_are_not_there_yet_are_no_error_either(xurrent: Xurrent, fake: XurrentFake) -> None:
    """The run says that it is in progress, its list is still a 404."""
    run = a_run(fake)
    fake.fault("answer", method="GET", path=r"/tasks$", status=404, body='{"message":"Not Found"}')
    made = await xurrent.read(str(run.id))
    assert (made.state, made.tasks) == (RunState.STARTING, ())


async def test_a_template_whose_steps_are_not_shown_can_be_started(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.unseen = "/task_templates$"
    runbook = await xurrent.runbook(str(fake.template.id))
    assert (runbook.title, runbook.tasks, runbook.task_count) == (RUNBOOK, (), None)


async def test_who_waits_for_whom(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.state for task in tasks] == [TaskState.READY] * 2 + [TaskState.WAITING] * 2
    assert tasks[2].waits_for == (tasks[0].id, tasks[1].id)
    assert tasks[3].waits_for == (tasks[2].id,)


async def test_who_waits_for_whom_is_asked_once(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    for _ in range(3):
        await xurrent.read(str(run.id))
    assert len(fake.calls("GET", "/predecessors$")) == 2  # of the two that wait
    first, *_ = fake.world.tasks_of(run)
    fake.world.move(first, "completed", None)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert tasks[2].waits_for == (tasks[1].id,)
    assert len(fake.calls("GET", "/predecessors$")) == 2


async def test_a_new_task_makes_it_asked_again(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    await xurrent.read(str(run.id))
    asked = len(fake.calls("GET", "/predecessors$"))
    last = fake.world.tasks_of(run)[-1]
    body = {"subject": "Look twice", "category": "implementation", "planned_duration": 60, "team_id": 14}
    made = fake.writes.add(run, body | {"successor_ids": [last.id]})
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert str(made.id) in tasks[str(last.id)].waits_for
    assert list(tasks)[-1] == str(last.id)  # newer, and yet before the one that waits for it
    assert len(fake.calls("GET", "/predecessors$")) > asked


async def test_without_the_right_to_see_them_a_task_waits_all_the_same(
    xurrent: Xurrent, fake: XurrentFake
) -> None:
    run = a_run(fake)
    fake.unseen = "/predecessors$|/approvals$"
    an_approval(fake, run, 58, 61)
    tasks = (await xurrent.read(str(run.id))).tasks
    assert [task.state for task in tasks[2:4]] == [TaskState.WAITING] * 2
    assert [task.waits_for for task in tasks[2:4]] == [(), ()]
    assert tasks[4].mark == "approval"


async def test_an_approval_says_whose_it_is(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    both, one = an_approval(fake, run, 58, 61, required=2), an_approval(fake, run, 61)
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert tasks[str(both.id)].mark == "approval: Ana Reis, Rui Dias, 2 of 2 needed"
    assert tasks[str(one.id)].mark == "approval: Rui Dias"
    assert tasks[str(both.id)].approval
    assert tasks[str(one.id)].approval
    one.status = "rejected"
    tasks = {task.id: task for task in (await xurrent.read(str(run.id))).tasks}
    assert tasks[str(one.id)].state is TaskState.FAILED


async def test_stages_are_phases(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = await xurrent.read(str(a_run(fake).id))
    assert [stage.title for stage in run.stages] == ["Triage", "Fail over"]


async def test_a_server_that_knows_no_fields_is_read_all_the_same(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.knows_fields = False
    run = a_run(fake)
    for _ in range(2):
        made = await xurrent.read(str(run.id))
        assert [task.title for task in made.tasks] == [title for _, title in TASKS]
    assert [("fields" in seen.query) for seen in fake.calls("GET", r"/tasks$")] == [True, True, False, False]


async def test_every_page_is_read(xurrent: Xurrent, fake: XurrentFake) -> None:
    for number in range(120):
        fake.world.template(f"Runbook {number}")
    fake.world.templates[fake.template.id].disabled = True
    found = await xurrent.runbooks("")
    assert len(found) == 120
    assert RUNBOOK not in [one.title for one in found]
    assert len(fake.calls("GET", "/workflow_templates/enabled$")) == 2


async def test_a_page_elsewhere_is_not_asked_for(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.next_url = "https://evil.example.com/v1/tasks"
    with pytest.raises(BadResponse) as refused:
        await xurrent.runs("")
    assert refused.value.key == "platform.foreign_link"


async def test_a_link_without_end_keeps_nobody_waiting(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.fault("answer", status=200, body="[]", headers={"Link": "<" * 60_000})
    began = time.process_time()
    assert await xurrent.runs("") == []
    assert time.process_time() - began < 2


async def test_an_id_longer_than_any_number_sorts_last(xurrent: Xurrent, fake: XurrentFake) -> None:
    rows = [{"id": "9" * 5000, "subject": "odd", "status": "in_progress"}, {"id": 7, "subject": "R7"}]
    fake.fault("answer", path="/workflows", status=200, body=json.dumps(rows))
    assert [run.title for run in await xurrent.runs("")] == ["R7", "odd"]


async def test_runs_are_the_open_ones_newest_first(xurrent: Xurrent, fake: XurrentFake) -> None:
    over, first, second = a_run(fake), a_run(fake), fake.world.start(fake.template, "R8 Restore")
    over.status = "completed"
    heads = await xurrent.runs("")
    assert [(head.key.id, head.state) for head in heads] == [
        (str(second.id), RunState.STARTING),
        (str(first.id), RunState.ACTIVE),
    ]


async def test_internal_notes_stay_inside(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    fake.world.write_note(run, "Seen from two zones", task)
    fake.world.write_note(run, "Not for the channel").internal = True
    fake.world.write_note(run, "done\r\n\r\nBen via Slack (9P5R)")
    found = await xurrent.comments(str(run.id), None)
    assert [(one.text, one.by, one.task) for one in found] == [
        ("Seen from two zones", "Carla Cluster", str(task.id)),
        ("done", "Ben via Slack", None),
    ]
    (of_task,) = await xurrent.comments(str(run.id), str(task.id))
    assert of_task.text == "Seen from two zones"


async def test_a_spent_hour_stops_everybody_for_a_while(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.remaining = 0
    await xurrent.runs("")
    with pytest.raises(RateLimited):
        await xurrent.runs("")
    assert len(fake.seen) == 1


async def test_a_window_that_is_over_stops_nobody(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.remaining, fake.reset_in = 0, -5
    for _ in range(2):
        await asyncio.wait_for(xurrent.runs(""), 30)
    assert len(fake.seen) == 2


@pytest.mark.parametrize("id", ["", "7/../8", "a b", "7?x=1", "ü"])
async def test_what_cannot_be_an_id_is_not_asked_for(xurrent: Xurrent, fake: XurrentFake, id: str) -> None:
    with pytest.raises(NotFound):
        await xurrent.read(id)
    assert fake.seen == []


async def test_a_run_that_is_not_shown_to_us(xurrent: Xurrent, fake: XurrentFake) -> None:
    with pytest.raises(NotFound):
        await xurrent.read("424242")
    fake.unseen = "/workflows"
    with pytest.raises(Rejected) as refused:
        await xurrent.runs("")
    assert refused.value.key == "xurrent.forbidden"


async def test_a_filter_that_is_ignored_takes_nobody_else(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.filters = False
    fake.world.people[1] = FakePerson(1, "Somebody Else", "else@example.com")
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    await execute(xurrent, AssignTask(run=key(run), by=ANA, task=str(task.id), person=ANA))
    assert task.member == 58
    with pytest.raises(Rejected):
        await execute(xurrent, AssignTask(run=key(run), by=ANA, task=str(task.id), person=NOBODY))
