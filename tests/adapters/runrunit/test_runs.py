"""Whole runs: the copy of a template, its key, statuses and stages, added tasks, the end."""

from datetime import UTC, datetime

import pytest

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import Health, RunState
from adapters.runrunit.adapter import Runrunit
from adapters.writes import AddTask, Applied, EndRun, Indeterminate, NotApplied
from tests.adapters.runrunit.acting import ANA, BEN, EVE, KNOWN, MARK, execute, key, said, start, status, writes
from tests.adapters.runrunit.fake import RunrunitFake


async def test_a_start_copies_the_template_in_one_request(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover", people=("ana-reis",))
    template.steps = [("Freeze writes", []), ("Promote", ["ben-costa"])]
    template.followers = ["ben-costa"]
    (told,) = await execute(runrunit, start(template.id))
    assert told.run is not None
    (sent,) = fake.calls("POST", "/tasks$")
    assert sent.json == {
        "task": {
            "title": "R9 Primary down [7K2F]",
            "on_going": False,
            "type_id": 1,
            "project_id": 7,
            "desired_date": None,
            "assignments": [{"assignee_id": "ana-reis", "team_id": 1}],
            "subtasks_data": [
                {"title": "Freeze writes"},
                {"title": "Promote", "assignments_data": [{"assignee_id": "ben-costa", "team_id": 1}]},
            ],
            "follower_ids": ["ben-costa"],
        }
    }
    run = await runrunit.read(told.run.id)
    assert (run.title, [task.title for task in run.tasks]) == ("R9 Primary down", ["Freeze writes", "Promote"])


async def test_a_template_without_a_type_has_the_settings_one(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover")
    template.type_id = None
    await execute(runrunit, start(template.id))
    assert fake.calls("POST", "/tasks$")[0].json["task"]["type_id"] == 1


async def test_the_owner_gets_the_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover", people=("ana-reis", "ben-costa"))
    (told,) = await execute(runrunit, start(template.id, owner=BEN))
    assert told.run is not None
    run = await runrunit.read(told.run.id)
    assert run.owner is not None
    assert run.owner.name == "Ben Costa"
    stranger = EVE.model_copy(update={"email": "eve@example.org"})
    assert said(await execute(runrunit, start(template.id, "R10 other", owner=stranger))) == ["nobody_assigned"]


async def test_a_start_shows_its_tasks_if_they_can_be_read(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template()
    (told,) = await execute(runrunit, start(template.id))
    assert told.snapshot is not None
    assert len(told.snapshot.tasks) == 4
    fake.fault("answer", method="GET", path="/subtasks$", status=404)
    (blind,) = await execute(runrunit, start(template.id, "R10 other"))
    assert blind.run is not None
    assert blind.snapshot is None


async def test_an_option_that_does_not_exist(runrunit: Runrunit, fake: RunrunitFake) -> None:
    template = fake.world.template("Failover")
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, start(template.id, options={"comms": "on"}))
    assert refused.value.key == "runrunit.no_option"
    assert fake.seen == []


async def test_a_start_that_is_refused_says_what_it_may_be(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.fault("answer", method="POST", path="/tasks$", status=400)
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, start(fake.world.template().id))
    assert refused.value.key == "runrunit.start_refused"


async def test_a_start_is_found_by_its_key_even_when_over(runrunit: Runrunit, fake: RunrunitFake) -> None:
    write = start(fake.world.template().id)
    fake.world.run("R9 Primary down [AAAA]")  # another store's R9
    assert await runrunit.reconcile(write, MARK, KNOWN) == NotApplied()
    fake.fault("cut_after", method="POST", path="/tasks$")
    with pytest.raises(OutcomeUnknown):
        await execute(runrunit, write)
    found = await runrunit.reconcile(write, MARK, KNOWN)
    assert isinstance(found, Applied)
    assert found.result.run is not None
    made = fake.world.tasks[int(found.result.run.id)]
    assert made.title == "R9 Primary down [7K2F]"
    fake.world.deliver(made)
    assert isinstance(await runrunit.reconcile(write, MARK, KNOWN), Applied)
    assert fake.seen[-1].query["bypass_status_default"] == "true"


async def test_too_many_tasks_to_look_through(runrunit: Runrunit, fake: RunrunitFake) -> None:
    write = start(fake.world.template().id)
    for number in range(12):
        fake.world.deliver(fake.world.task(f"old {number}"))
    fake.most = 2
    assert await runrunit.reconcile(write, MARK, KNOWN) == Indeterminate()


# Status


async def test_a_status_is_a_comment_with_its_colour_in_front(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.stages = fake.world.stages[:1]
    due = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    told = await execute(runrunit, status(run, "replica lagging", health=Health.AMBER, next_at=due))
    assert fake.world.texts(run.id) == [
        "[amber] replica lagging\n— Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC"
    ]
    assert said(told) == []
    assert told[-1].health is not None
    assert (told[-1].health.health, told[-1].health.text) == (Health.AMBER, "replica lagging")
    assert (await runrunit.comments(str(run.id), None))[-1].text == "[amber] replica lagging"


async def test_the_stage_of_that_colour_is_taken(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    told = await execute(runrunit, status(run, "replica lagging", health=Health.AMBER))
    assert said(told) == ["moved"]
    assert told[0].facts == {"stage": "Em risco: amarelo"}
    assert run.stage == 42
    again = await execute(runrunit, status(run, "still lagging", health=Health.AMBER))
    assert said(again) == []
    assert [what for what, _ in fake.world.effects] == ["move", "comment", "comment"]


async def test_two_stages_of_one_colour_are_none(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.world.stages.append((44, "Yellow too", "opened"))
    run = fake.world.run()
    assert said(await execute(runrunit, status(run, "lagging", health=Health.AMBER))) == []


async def test_a_stage_said_by_its_name(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    run.stage = 42
    assert said(await execute(runrunit, status(run, "  DOING "))) == ["moved"]
    assert run.stage == 41


async def test_a_closed_stage_is_for_the_end(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    told = await execute(runrunit, status(run, "delivered"))
    assert said(told) == ["closed_stage"]
    assert fake.world.texts(run.id) == ["delivered\n— Ana via Slack (7K2F)"]
    assert run.stage == 41


async def test_red_is_urgent_and_green_is_not(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    assert said(await execute(runrunit, status(run, "down", health=Health.RED))) == ["urgent"]
    assert (await runrunit.read(str(run.id))).health is Health.RED
    assert said(await execute(runrunit, status(run, "better", health=Health.AMBER))) == ["moved"]
    assert run.urgent
    assert said(await execute(runrunit, status(run, "fine", health=Health.GREEN))) == ["not_urgent"]
    assert not run.urgent


@pytest.mark.parametrize("answer", [403, 404])
async def test_a_board_that_is_not_shown_has_no_stages(
    runrunit: Runrunit, fake: RunrunitFake, answer: int
) -> None:
    run = fake.world.run()
    fake.fault("answer", path="/stages$", status=answer)
    assert said(await execute(runrunit, status(run, "lagging", health=Health.AMBER))) == []
    assert len(fake.world.texts(run.id)) == 1


@pytest.mark.parametrize("path", ["change_status$", "mark_as_urgent$", "comments$"])
async def test_each_half_of_a_status_is_found_again(runrunit: Runrunit, fake: RunrunitFake, path: str) -> None:
    fake.world.stages[1] = (42, "Red", "opened")
    run = fake.world.run()
    fake.fault("cut_after", method="POST", path=path)
    for step in runrunit.steps(status(run, "down", health=Health.RED), None):
        assert await runrunit.reconcile(step, MARK, KNOWN) == NotApplied()
        try:
            await runrunit.execute(step, MARK)
        except OutcomeUnknown:
            assert fake.seen[-1].path.endswith(path.removesuffix("$"))
        assert isinstance(await runrunit.reconcile(step, MARK, KNOWN), Applied)


# Added tasks, and the end


async def test_an_added_task_is_one_that_the_run_waits_for(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    (told,) = await execute(runrunit, AddTask(run=key(run), by=ANA, title="Tell support", assignee=BEN))
    assert told.tasks[0].title == "Tell support"
    assert [person.name for person in told.tasks[0].assignees] == ["Ben Costa"]
    assert fake.calls("POST", "/tasks$")[0].json["task"]["task_descendant_ids"] == [run.id]
    with pytest.raises(Conflict) as waits:
        await execute(runrunit, EndRun(run=key(run), by=ANA))
    assert waits.value.key == "runrunit.run_waits"
    assert waits.value.facts["others"] == "Tell support"
    fake.world.deliver(fake.world.tasks[int(told.id)])
    (ended,) = await execute(runrunit, EndRun(run=key(run), by=ANA))
    assert ended.state is RunState.FINISHED


async def test_a_task_of_the_same_title_that_was_there_is_not_ours(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    old = fake.world.task("Tell support")
    run.waits_for.append(old.id)
    write = AddTask(run=key(run), by=ANA, title="Tell support")
    known = KNOWN.model_copy(update={"ids": frozenset({str(old.id)})})
    assert await runrunit.reconcile(write, MARK, known) == NotApplied()
    (told,) = await execute(runrunit, write)
    found = await runrunit.reconcile(write, MARK, known)
    assert isinstance(found, Applied)
    assert found.result.id == told.id


async def test_the_end_with_its_words(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await execute(runrunit, EndRun(run=key(run), by=ANA, text="all good"))
    assert writes(fake) == [f"/tasks/{run.id}/deliver", "/comments"]
    assert fake.world.texts(run.id) == ["all good\n— Ana via Slack (7K2F)"]
    assert (await execute(runrunit, EndRun(run=key(run), by=ANA)))[0].already


async def test_an_end_that_is_refused(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", path="deliver$", status=400)
    with pytest.raises(Rejected) as refused:
        await execute(runrunit, EndRun(run=key(run), by=ANA))
    assert refused.value.key == "runrunit.end_refused"


async def test_a_status_of_what_is_over(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    fake.world.deliver(run)
    with pytest.raises(Conflict) as over:
        await execute(runrunit, status(run, "down", health=Health.RED))
    assert over.value.key == "runrunit.run_is_over"
