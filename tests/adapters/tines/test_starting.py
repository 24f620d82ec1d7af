"""A start: what the new case gets from the template, tasks by the batch, and how a lost answer is found out."""

from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, Rejected, Unreachable
from adapters.http.client import HttpClients
from adapters.models import Person, RunKey
from adapters.tines.adapter import Tines
from adapters.writes import Applied, Indeterminate, NotApplied, Recovery
from tests.adapters.tines.acting import BEN, KNOWN, STRANGER, a_mark, done, execute, start
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import connected


def created(fake: TinesFake) -> Any:
    return fake.calls("POST", r"/cases$")[-1].json


async def test_the_case_is_a_clone_of_the_template(fake: TinesFake, tines: Tines) -> None:
    template = fake.template
    template.description, template.priority = "The primary is gone", "HIGH"
    template.fields = {1: "Windows"}
    template.conditions = [{"name": "somebody has it", "formula": "=SIZE(team_case.assignees) > 0"}]
    template.task("Page the DBA").assignees = [fake.world.users[1]]
    template.task("Page the DBA").completed = True
    told = await execute(tines, start(fake))
    assert told[0].run is not None
    made = fake.world.cases[int(told[0].run.id)]
    assert (made.name, made.description, made.priority, made.status) == (
        "R9 Primary down",
        "The primary is gone",
        "HIGH",
        "OPEN",
    )
    assert made.tags == ["database", "runbook-run"]
    assert (made.fields, made.conditions) == ({1: "Windows"}, template.conditions)
    assert (made.author.first, [one.first for one in made.assignees]) == ("Ana", ["Ana"])
    assert [task.description for task in made.tasks.values()] == [
        task.description for task in template.tasks.values()
    ]
    assert not any(task.completed for task in made.tasks.values())
    assert [user.first for user in made.task("Page the DBA").assignees] == ["Ben"]
    assert made.metadata["liaison_runbook"] == str(template.id)
    run = await tines.read(told[0].run.id)
    assert (run.runbook, run.runbook_id) == ("Database failover", str(template.id))


async def test_assignees_are_always_named(fake: TinesFake, tines: Tines) -> None:
    """Else Tines assigns the key's own user."""
    await execute(tines, start(fake, owner=BEN))
    assert created(fake)["assignee_emails"] == ["ben@example.com"]
    assert created(fake)["author_email"] == "ana@example.com"
    await execute(tines, start(fake, by=Person(name="Nobody")))
    assert created(fake)["assignee_emails"] == []
    assert "author_email" not in created(fake)
    await execute(tines, start(fake, by=Person(name="Cleo Marsh")))
    assert created(fake)["assignee_emails"] == ["cleo@example.com"]


async def test_a_start_by_somebody_who_is_not_in_the_team(
    fake: TinesFake, tines: Tines, http: HttpClients
) -> None:
    """What Tines makes of a stranger's e-mail in a new case is not stated: it is not tried where that is known."""
    (told, *_) = await execute(tines, start(fake, by=STRANGER))
    assert created(fake)["assignee_emails"] == []
    assert created(fake)["author_email"] == STRANGER.email
    assert (told.message, dict(told.facts)) == ("tines.owned_by_nobody", {"person": "Zoe"})
    fake.hides_members = True
    (told, *_) = await execute(connected(fake, http), start(fake, by=STRANGER))
    assert created(fake)["assignee_emails"] == [STRANGER.email]
    assert told.message == ""


async def test_inputs_of_the_run(fake: TinesFake, tines: Tines) -> None:
    fake.template.fields = {1: "Windows"}
    await execute(tines, start(fake, {"operating_system": "Linux", "Region": "eu-1", "priority": "Critical"}))
    assert created(fake)["field_values"] == {"1": "Linux", "2": "eu-1"}
    assert created(fake)["priority"] == "critical"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"shoe_size": "44"}, "tines.unknown_option"),
        ({"region": "mars-1"}, "tines.bad_option"),
        ({"priority": "worst"}, "tines.bad_option"),
    ],
)
async def test_a_wrong_input_starts_nothing(
    fake: TinesFake, tines: Tines, options: dict[str, str], key: str
) -> None:
    with pytest.raises(Rejected) as refused:
        await execute(tines, start(fake, options))
    assert refused.value.key == key
    assert done(fake) == []


async def test_there_are_no_rehearsals(fake: TinesFake, tines: Tines) -> None:
    with pytest.raises(Rejected) as refused:
        tines.steps(start(fake, rehearsal=True), None)
    assert refused.value.key == "tines.no_rehearsal"


def more_tasks(fake: TinesFake, total: int) -> list[str]:
    """The template has so many now; some are called alike."""
    for number in range(len(fake.template.tasks), total):
        fake.world.add_task(fake.template, f"Check host {number % 40}")
    return [task.description for task in fake.template.tasks.values()]


async def test_more_tasks_than_one_call_takes(fake: TinesFake, tines: Tines) -> None:
    wanted = more_tasks(fake, 60)
    await tines.runbook(str(fake.template.id))
    parts = [step.part for step in tines.steps(start(fake), None)]
    assert parts == ["", "tasks2", "tasks3"]
    told = await execute(tines, start(fake))
    assert told[0].run is not None
    run = await tines.read(told[0].run.id)
    assert [task.title for task in run.tasks] == wanted
    assert [len(call.json["tasks"]) for call in fake.calls("POST", r"/batch$")] == [25, 10]


async def test_a_template_nobody_has_read_is_cloned_whole(fake: TinesFake, tines: Tines) -> None:
    """As after a restart in the middle of a start."""
    wanted = more_tasks(fake, 30)
    told = await execute(tines, start(fake))
    assert told[0].run is not None
    assert len((await tines.read(told[0].run.id)).tasks) == len(wanted)
    assert done(fake) == ["case", "batch"]


async def test_a_template_that_grew_is_not_cut_short(fake: TinesFake, tines: Tines) -> None:
    await tines.runbooks("")
    write = start(fake)
    steps = tines.steps(write, None)
    more_tasks(fake, 26)
    with pytest.raises(Rejected) as refused:
        await tines.execute(steps[0], a_mark())
    assert (refused.value.key, done(fake)) == ("tines.more_tasks", [])
    assert [step.part for step in tines.steps(write, None)] == ["", "tasks2"]


async def test_a_long_template_in_a_list_is_not_believed_to_be_whole(fake: TinesFake, tines: Tines) -> None:
    more_tasks(fake, 25)
    (found,) = await tines.runbooks("")
    assert found.task_count is None
    assert len(tines.steps(start(fake), None)) > 2


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
async def test_a_lost_batch_is_found_by_its_tasks(fake: TinesFake, tines: Tines, fault: Any) -> None:
    more_tasks(fake, 60)
    await tines.runbook(str(fake.template.id))
    first, second, third = tines.steps(start(fake), None)
    run = (await tines.execute(first, a_mark())).run
    lost = second.model_copy(update={"run": run})
    fake.fault(fault, method="POST", path=r"/batch$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(lost, a_mark())
    settled = await tines.reconcile(lost, a_mark(), KNOWN)
    assert isinstance(settled, Applied if fault == "cut_after" else NotApplied)
    assert tines.recovery(lost) is Recovery.LOOKUP
    last = third.model_copy(update={"run": run})
    assert isinstance(
        await tines.reconcile(last, a_mark(), KNOWN), NotApplied if fault == "cut_after" else Indeterminate
    )


async def test_half_a_batch_is_for_a_person_to_judge(fake: TinesFake, tines: Tines) -> None:
    wanted = more_tasks(fake, 60)
    await tines.runbook(str(fake.template.id))
    first, second, _ = tines.steps(start(fake), None)
    run = (await tines.execute(first, a_mark())).run
    assert run is not None
    fake.world.add_task(fake.world.cases[int(run.id)], wanted[30])
    assert isinstance(
        await tines.reconcile(second.model_copy(update={"run": run}), a_mark(), KNOWN), Indeterminate
    )


async def test_a_lost_start_is_found_by_its_key_only(fake: TinesFake, tines: Tines) -> None:
    step, mark = tines.steps(start(fake), None)[0], a_mark()
    await tines.execute(step, a_mark())  # somebody else's, of the same name
    assert isinstance(await tines.reconcile(step, mark, KNOWN), NotApplied)
    fake.fault("cut_after", method="POST", path=r"/cases$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(step, mark)
    settled = await tines.reconcile(step, mark, KNOWN)
    assert isinstance(settled, Applied)
    newest = max(fake.world.cases)
    assert settled.result.run == RunKey(platform="tines", id=str(newest))
    asked = fake.calls("GET", r"/cases$")[-1].json["filters"]["metadata"]
    assert fake.world.cases[newest].metadata[asked["key"]] == asked["value"]


async def test_a_lost_start_is_found_where_bodies_of_reads_are_lost(fake: TinesFake, tines: Tines) -> None:
    fake.drops_bodies = True
    step, mark = tines.steps(start(fake), None)[0], a_mark()
    assert isinstance(await tines.reconcile(step, mark, KNOWN), NotApplied)
    told = await tines.execute(step, mark)
    settled = await tines.reconcile(step, mark, KNOWN)
    assert isinstance(settled, Applied)
    assert settled.result.run == told.run


async def test_an_unending_list_proves_nothing(fake: TinesFake, tines: Tines) -> None:
    fake.endless = True
    assert isinstance(await tines.reconcile(tines.steps(start(fake), None)[0], a_mark(), KNOWN), Indeterminate)


async def test_an_answer_without_a_case_is_unknown(fake: TinesFake, tines: Tines) -> None:
    fake.fault("answer", method="POST", path=r"/cases$", status=200, body='{"ok": true}')
    with pytest.raises(OutcomeUnknown):
        await execute(tines, start(fake))


async def test_nothing_was_sent_while_the_template_could_not_be_read(fake: TinesFake, tines: Tines) -> None:
    fake.fault("answer", method="GET", status=500, times=9)
    with pytest.raises(Unreachable):
        await execute(tines, start(fake))
    assert fake.calls("POST", "") == []


async def test_the_buttons_come_along(fake: TinesFake, tines: Tines) -> None:
    button = {"url": "https://tenant.example.com/webhook/a", "label": "Isolate", "action_type": "webhook"}
    more = {"action_text": "Isolate now", "query_params": {"host": "db-1"}}  # only the list of actions tells these
    fake.template.actions = [{**button, **more}]
    await tines.runbook(str(fake.template.id))
    assert [step.part for step in tines.steps(start(fake), None)] == ["", "buttons"]
    told = await execute(tines, start(fake))
    assert told[0].run is not None
    made = fake.world.cases[int(told[0].run.id)]
    assert made.actions == [{**button, **more}]
    last = tines.steps(start(fake), None)[-1].model_copy(update={"run": told[0].run})
    assert isinstance(await tines.reconcile(last, a_mark(), KNOWN), Applied)
    made.actions = []
    assert isinstance(await tines.reconcile(last, a_mark(), KNOWN), NotApplied)


async def test_steps_are_the_same_when_carried_out_again(fake: TinesFake, tines: Tines) -> None:
    """What the log knows of a start made before a restart is found under the same names after it."""
    more_tasks(fake, 60)
    after_restart = [step.step_key for step in tines.steps(start(fake), None)]
    await tines.runbook(str(fake.template.id))
    before = [step.step_key for step in tines.steps(start(fake), None)]
    assert set(before) <= set(after_restart)
