"""Reading runs, runbooks and comments."""

import pytest

from adapters.errors import Rejected
from adapters.models import Health, RunState, TaskState
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake


async def test_run_and_task_states(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, third, _ = fake.world.steps(run)
    fake.world.add_assignment(first, "ana-reis")
    fake.world.play(first, first.assignment_of("ana-reis"))
    fake.world.deliver(second)
    third.waits_for.append(first.id)
    run.stage = 42
    result = await runrunit.read(str(run.id))
    assert [task.state for task in result.tasks] == [
        TaskState.RUNNING,
        TaskState.DONE,
        TaskState.WAITING,
        TaskState.READY,
    ]
    assert result.tasks[2].waits_for == (str(first.id),)
    assert result.tasks[0].assignees[0].email == "ana@example.com"
    assert result.tasks[0].started_by == "Ana Reis"
    assert result.title == "R7 Primary down"  # without its code
    assert (result.health, result.health_text) == (Health.AMBER, "Em risco: amarelo")
    fake.world.deliver(run)
    assert (await runrunit.read(str(run.id))).state is RunState.FINISHED


async def test_added_tasks_come_after_the_subtasks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await runrunit.read(str(run.id))
    added = fake.world.task("Tell support")
    run.waits_for.append(added.id)
    assert [task.title for task in (await runrunit.read(str(run.id))).tasks][-1] == "Tell support"
    fake.world.deliver(added)
    assert (await runrunit.read(str(run.id))).tasks[-1].state is TaskState.DONE


async def test_reading_again_costs_two_requests(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await runrunit.read(str(run.id))
    fake.seen.clear()
    await runrunit.read(str(run.id))
    assert len(fake.seen) == 2


async def test_assignees_are_shown_even_if_users_cannot_be_listed(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.fault("answer", path="/users$", status=403, times=99)
    run = fake.world.run()
    fake.world.add_assignment(fake.world.step(run), "ana-reis")
    result = await runrunit.read(str(run.id))
    assert [person.name for person in result.tasks[0].assignees] == ["Ana Reis"]
    await runrunit.read(str(run.id))
    assert len(fake.calls("GET", "/users$")) == 1


async def test_subtasks_and_added_tasks_are_not_listed_as_runs(runrunit: Runrunit, fake: RunrunitFake) -> None:
    old, new, raised = fake.world.run("R1 old [AAAA]"), fake.world.run("R2 new [BBBB]"), fake.world.run("R3 over")
    added = fake.world.task("Tell support")
    old.waits_for.append(added.id)
    fake.world.deliver(fake.world.step(old))
    fake.world.deliver(raised)
    fake.world.task("another project's").project = 99
    summaries = await runrunit.runs("")
    assert [(summary.title, summary.done, summary.total) for summary in summaries] == [
        ("R2 new", 0, 4),
        ("R1 old", 1, 4),
    ]
    assert summaries[0].link == f"{fake.url}/pt-BR/tasks/{new.id}"
    query = fake.calls("GET", "/tasks$")[0].query
    assert query == {"project_id": "7", "limit": "100", "is_closed": "false"}


async def test_a_runbook_has_its_description(runrunit: Runrunit, fake: RunrunitFake) -> None:
    (template,) = fake.world.templates.values()
    assert (await runrunit.runbook(str(template.id))).description == ""
    fake.world.descriptions[template.id] = (
        "<p>When the <b>primary</b> is gone.</p><p>Not for the cache &amp; co.</p>"
    )
    runbook = await runrunit.runbook(str(template.id))
    assert runbook.description == "When the primary is gone.\nNot for the cache & co."
    fake.fault("answer", path="/descriptions$", status=403)
    assert len((await runrunit.runbook(str(template.id))).tasks) == 4  # it can still be read


async def test_a_tasks_instructions_are_its_description(runrunit: Runrunit, fake: RunrunitFake) -> None:
    step = fake.world.step(fake.world.run())
    assert await runrunit.instructions(str(step.id)) == ""
    fake.world.descriptions[step.id] = "Ask from two zones: ping < 5 ms"
    assert await runrunit.instructions(str(step.id)) == "Ask from two zones: ping < 5 ms"
    fake.fault("answer", path="/description$", status=500, times=3)
    assert await runrunit.instructions(str(step.id)) == ""


async def test_comments_have_their_authors(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.comment(step.id, "by hand", user="ben-costa")
    fake.world.comment(step.id, "moved", user=None)
    fake.world.comment(step.id, "gone").deleted = True
    fake.world.comment(step.id, "seen\nfrom two zones\n— Ana via Slack (7K2F)")
    fake.world.comment(run.id, "of the run")
    comments = await runrunit.comments(str(run.id), str(step.id))
    assert [(comment.text, comment.by, comment.task) for comment in comments] == [
        ("by hand", "Ben Costa", str(step.id)),
        ("moved", "Runrun.it", str(step.id)),
        ("seen\nfrom two zones", "Ana via Slack", str(step.id)),
    ]


async def test_a_step_is_not_read_as_a_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    with pytest.raises(Rejected) as raised:
        await runrunit.read(str(fake.world.step(run).id))
    assert raised.value.key == "runrunit.is_subtask"
