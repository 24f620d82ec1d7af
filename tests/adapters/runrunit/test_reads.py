"""Reading runs, runbooks and comments."""

import pytest

from adapters.errors import Rejected
from adapters.models import Health, RunState, TaskState
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import ANA, EVE
from tests.adapters.runrunit.world import FakeTask


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
    assert raised.value.key == "runrunit.is_subtask_of"
    assert raised.value.facts["link"] == f"{fake.url}/pt-BR/tasks/{run.id}"
    fake.world.deliver(run)  # closed runs are too many to look for
    with pytest.raises(Rejected) as raised:
        await runrunit.read(str(fake.world.step(run).id))
    assert raised.value.key == "runrunit.is_subtask"


async def test_comments_of_others_are_plain_text(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """The API documentation does not say how comments are rendered."""
    run = fake.world.run()
    fake.world.comment(run.id, "<p>use <b>ssh</b><br>not &amp; never telnet</p>", user="ben-costa")
    fake.world.comment(run.id, "a < b and b > c", user="ben-costa")
    fake.world.comment(run.id, "<p>seen &lt;here&gt;<br>— Ana via Slack (7K2F)</p>")
    comments = await runrunit.comments(str(run.id), None)
    assert [(comment.text, comment.by) for comment in comments] == [
        ("use ssh\nnot & never telnet", "Ben Costa"),
        ("a < b and b > c", "Ben Costa"),
        ("seen <here>", "Ana via Slack"),
    ]
    assert all(comment.at is not None for comment in comments)


# Order


async def titles(runrunit: Runrunit, run: FakeTask) -> list[str]:
    return [task.title for task in (await runrunit.read(str(run.id))).tasks]


@pytest.mark.parametrize("lists_prerequisites", [False, True])
async def test_steps_come_after_those_they_wait_for(
    runrunit: Runrunit, fake: RunrunitFake, lists_prerequisites: bool
) -> None:
    """Also once these are delivered, whether or not the server still lists them."""
    fake.world.lists_prerequisites = lists_prerequisites
    run = fake.world.task("R9 Move")
    copy, check, freeze = (fake.world.task(title, parent=run.id) for title in ("Copy", "Check", "Freeze"))
    copy.waits_for.append(freeze.id)
    check.waits_for.append(copy.id)
    assert await titles(runrunit, run) == ["Freeze", "Copy", "Check"]
    fake.world.deliver(freeze)
    assert await titles(runrunit, run) == ["Freeze", "Copy", "Check"]
    fake.world.task("Thaw", parent=run.id)
    assert await titles(runrunit, run) == ["Freeze", "Copy", "Check", "Thaw"]


async def test_steps_that_wait_for_each_other_are_all_shown(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.task("R9 Move")
    one, two, _ = (fake.world.task(title, parent=run.id) for title in ("One", "Two", "Three"))
    one.waits_for.append(two.id)
    two.waits_for.append(one.id)
    assert await titles(runrunit, run) == ["Three", "One", "Two"]


# A person's tasks


async def test_a_persons_open_tasks_are_found_by_the_platform(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run, over = fake.world.run("R1 Move [AAAA]"), fake.world.run("R2 Over [BBBB]")
    first, second, third, _ = fake.world.steps(run)
    added, alone = fake.world.task("Tell support"), fake.world.task("R3 Rotate keys [CCCC]")
    run.waits_for.append(added.id)
    for task in (first, second, third, added, alone, fake.world.step(over), fake.world.task("Lunch")):
        fake.world.add_assignment(task, "ana-reis")
    for task in (first, third, run):
        fake.world.add_assignment(task, "ben-costa")
    fake.world.deliver(second)
    fake.world.deliver_assignment(third, third.assignment_of("ana-reis"))  # her part; Ben's is open
    over.closed_at = fake.world.now()
    await runrunit.runs("")
    fake.seen.clear()
    listing = await runrunit.assigned_tasks(ANA)
    assert [(item.run.title, item.task.title) for item in listing] == [
        ("R1 Move", "Confirm the primary is down"),
        ("R1 Move", "Tell support"),
        ("R3 Rotate keys", "R3 Rotate keys"),
        ("Lunch", "Lunch"),
    ]
    assert listing.complete
    assert len(fake.seen) == 3  # with the list of users, once an hour
    query = {"responsible_id": "ana-reis", "is_closed": "false", "limit": "100"}
    assert query in [seen.query for seen in fake.calls("GET", "/tasks$")]
    assert list(await runrunit.assigned_tasks(EVE)) == []  # anybody can choose this name


async def test_a_long_list_of_tasks_is_said_to_be_cut_short(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    for step in fake.world.steps(run):
        fake.world.add_assignment(step, "ana-reis")
    fake.max_page_size = 3
    listing = await runrunit.assigned_tasks(ANA)
    assert (len(listing), listing.complete) == (3, False)
