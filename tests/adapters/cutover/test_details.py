"""What a run and its tasks show besides their states, and tasks that decide what comes next."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Rejected
from adapters.http.client import HttpClients
from adapters.models import TaskState
from adapters.results import Applied, NotApplied
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import connect_adapter
from tests.adapters.cutover.helpers import BASELINE, MARKER, create_active_run, execute, finish
from tests.adapters.cutover.world import AUTOMATIC, DECISION, MAIL


async def test_tasks_that_a_cancelled_run_abandoned_have_not_failed(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    first, second, *_ = runbook.tasks.values()
    first.stage, first.completion_type = "complete", "complete_normal"
    second.stage, second.completion_type = "complete", "complete_abandoned"
    states = [task.state for task in (await cutover.read(runbook.id)).tasks]
    assert states[:2] == [TaskState.DONE, TaskState.FAILED]
    runbook.stage = "canceled"
    run = await cutover.read(runbook.id)
    assert [task.state for task in run.tasks[:2]] == [TaskState.DONE, TaskState.SKIPPED]
    assert run.tasks[1].reason == "cancelled"


async def test_a_task_shows_what_its_type_does_by_itself(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    first, second, third, _ = runbook.tasks.values()
    first.type, second.type, third.type = AUTOMATIC, MAIL, DECISION
    second.stage, second.end_requirements = "in_progress", "all_must_end"
    tasks = (await cutover.read(runbook.id)).tasks
    assert [task.automatic for task in tasks] == [True, True, False, False]
    assert [task.mark for task in tasks] == [
        "automatic",
        "everyone finishes their part, automatic, sends email",
        "",
        "",
    ]


async def test_a_stream_is_named_with_the_one_that_it_is_part_of(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    (triage, _), (fail_over, _) = runbook.streams
    runbook.parent_streams = {fail_over: triage}
    assert [stage.title for stage in (await cutover.read(runbook.id)).stages] == ["Triage", "Triage / Fail over"]
    runbook.parent_streams = {fail_over: triage, triage: fail_over}
    assert len((await cutover.read(runbook.id)).stages) == 2, "parents in a circle"


async def test_custom_fields_are_shown(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    runbook.fields = {"Change number": "CHG-1", "Region": None}
    next(iter(runbook.tasks.values())).fields = {"Ticket": "T-9"}
    run = await cutover.read(runbook.id)
    assert run.notes[0].facts == {"fields": "Change number: CHG-1"}
    assert run.tasks[0].instructions.endswith("Ticket: T-9")
    assert "Change number: CHG-1" in (await cutover.runbook(runbook.id)).description


@pytest.mark.parametrize("was_read", [True, False])
async def test_only_a_task_that_decides_takes_a_branch(
    fake: CutoverFake, http: HttpClients, was_read: bool
) -> None:
    runbook = create_active_run(fake)
    run = await connect_adapter(fake, http).read(runbook.id)
    cutover = connect_adapter(fake, http)
    if was_read:
        await cutover.read(runbook.id)
    with pytest.raises(Rejected) as raised:
        await execute(cutover, finish(run, run.tasks[0], then=run.tasks[2].id), run)
    assert raised.value.key == "changed.no_branches"
    assert fake.calls("PATCH", "") == []


async def test_a_branch_is_one_of_those_that_the_task_leads_to(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    next(iter(runbook.tasks.values())).type = DECISION
    run = await cutover.read(runbook.id)
    with pytest.raises(Rejected) as raised:
        await execute(cutover, finish(run, run.tasks[0], then=run.tasks[3].id), run)
    assert raised.value.key == "changed.no_branches"
    await execute(cutover, finish(run, run.tasks[0], then=run.tasks[2].id), run)
    assert fake.calls("PATCH", "/finish$")[0].json["meta"]["selected_successor_ids"] == [int(run.tasks[2].id)]


async def test_lost_fields_of_a_task_are_found(fake: CutoverFake, cutover: Cutover) -> None:
    run = await cutover.read(create_active_run(fake).id)
    fields, begin, *_ = cutover.steps(finish(run, run.tasks[0], **{"field:Ticket": "T-9"}), run)
    assert (fields.part, begin.part) == ("fields", "begin")
    assert isinstance(await cutover.reconcile(fields, MARKER, BASELINE), NotApplied)
    await cutover.execute(fields, MARKER)
    assert isinstance(await cutover.reconcile(fields, MARKER, BASELINE), Applied)
    body = fake.calls("PATCH", r"/tasks/\d+$")[0].json
    assert body["data"]["attributes"] == {"custom_field_values": [{"name": "Ticket", "value": "T-9"}]}
