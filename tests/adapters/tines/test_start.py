"""Starting a run: what is copied from the template, batches of tasks, and how a lost start is reconciled."""

from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, Rejected, Unreachable
from adapters.http.client import HttpClients
from adapters.models import Person, RunKey
from adapters.results import Applied, Indeterminate, NotApplied, Recovery
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import (
    BASELINE,
    BEN,
    STRANGER,
    build_start,
    effects,
    execute_steps,
    make_marker,
)


def created_case(fake: TinesFake) -> Any:
    return fake.calls("POST", r"/cases$")[-1].json


async def test_the_case_is_a_clone_of_the_template(fake: TinesFake, tines: Tines) -> None:
    template = fake.template
    template.description, template.priority = "The primary is gone", "HIGH"
    template.fields = {1: "Windows"}
    template.conditions = [{"name": "somebody has it", "formula": "=SIZE(team_case.assignees) > 0"}]
    template.task("Page the DBA").assignees = [fake.world.users[1]]
    template.task("Page the DBA").completed = True
    result = await execute_steps(tines, build_start(fake))
    assert result[0].run is not None
    case = fake.world.cases[int(result[0].run.id)]
    assert (case.name, case.description, case.priority, case.status) == (
        "R9 Primary down",
        "The primary is gone",
        "HIGH",
        "OPEN",
    )
    assert case.tags == ["database", "runbook-run"]
    assert (case.fields, case.conditions) == ({1: "Windows"}, template.conditions)
    assert (case.author.first, [item.first for item in case.assignees]) == ("Ana", ["Ana"])
    assert [task.description for task in case.tasks.values()] == [
        task.description for task in template.tasks.values()
    ]
    assert not any(task.completed for task in case.tasks.values())
    assert [user.first for user in case.task("Page the DBA").assignees] == ["Ben"]
    assert case.metadata["liaison_runbook"] == str(template.id)
    run = await tines.read(result[0].run.id)
    assert (run.runbook, run.runbook_id) == ("Database failover", str(template.id))


async def test_assignees_are_always_sent(fake: TinesFake, tines: Tines) -> None:
    """Otherwise Tines assigns the key's own user."""
    await execute_steps(tines, build_start(fake, owner=BEN))
    assert created_case(fake)["assignee_emails"] == ["ben@example.com"]
    assert created_case(fake)["author_email"] == "ana@example.com"
    await execute_steps(tines, build_start(fake, by=Person(name="Nobody")))
    assert created_case(fake)["assignee_emails"] == []
    assert "author_email" not in created_case(fake)
    await execute_steps(tines, build_start(fake, by=Person(name="Cleo Marsh")))
    assert created_case(fake)["assignee_emails"] == ["cleo@example.com"]


async def test_a_start_by_somebody_outside_the_team_assigns_nobody(
    fake: TinesFake, tines: Tines, http: HttpClients
) -> None:
    """The API does not state what a new case does with the email of an outsider, so it is not sent if known."""
    (result, *_) = await execute_steps(tines, build_start(fake, by=STRANGER))
    assert created_case(fake)["assignee_emails"] == []
    assert created_case(fake)["author_email"] == STRANGER.email
    assert (result.message, dict(result.facts)) == ("tines.owned_by_nobody", {"person": "Zoe"})
    fake.hides_members = True
    (result, *_) = await execute_steps(connect_adapter(fake, http), build_start(fake, by=STRANGER))
    assert created_case(fake)["assignee_emails"] == [STRANGER.email]
    assert result.message == ""


async def test_options_set_the_priority_and_fields(fake: TinesFake, tines: Tines) -> None:
    fake.template.fields = {1: "Windows"}
    await execute_steps(
        tines, build_start(fake, {"operating_system": "Linux", "Region": "eu-1", "priority": "Critical"})
    )
    assert created_case(fake)["field_values"] == {"1": "Linux", "2": "eu-1"}
    assert created_case(fake)["priority"] == "critical"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"shoe_size": "44"}, "tines.unknown_option"),
        ({"region": "mars-1"}, "tines.bad_option"),
        ({"priority": "worst"}, "tines.bad_option"),
    ],
)
async def test_an_invalid_option_starts_nothing(
    fake: TinesFake, tines: Tines, options: dict[str, str], key: str
) -> None:
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, build_start(fake, options))
    assert error.value.key == key
    assert effects(fake) == []


async def test_there_are_no_rehearsals(fake: TinesFake, tines: Tines) -> None:
    with pytest.raises(Rejected) as error:
        tines.steps(build_start(fake, rehearsal=True), None)
    assert error.value.key == "tines.no_rehearsal"


def fill_template(fake: TinesFake, total: int) -> list[str]:
    """Fills the template up to ``total`` tasks, some with the same description, and returns all descriptions."""
    for number in range(len(fake.template.tasks), total):
        fake.world.add_task(fake.template, f"Check host {number % 40}")
    return [task.description for task in fake.template.tasks.values()]


async def test_more_tasks_than_one_request_holds(fake: TinesFake, tines: Tines) -> None:
    descriptions = fill_template(fake, 60)
    await tines.runbook(str(fake.template.id))
    parts = [step.part for step in tines.steps(build_start(fake), None)]
    assert parts == ["", "tasks2", "tasks3"]
    result = await execute_steps(tines, build_start(fake))
    assert result[0].run is not None
    run = await tines.read(result[0].run.id)
    assert [task.title for task in run.tasks] == descriptions
    assert [len(call.json["tasks"]) for call in fake.calls("POST", r"/batch$")] == [25, 10]


async def test_an_unread_template_is_cloned_completely(fake: TinesFake, tines: Tines) -> None:
    """As after a restart in the middle of a start."""
    descriptions = fill_template(fake, 30)
    result = await execute_steps(tines, build_start(fake))
    assert result[0].run is not None
    assert len((await tines.read(result[0].run.id)).tasks) == len(descriptions)
    assert effects(fake) == ["case", "batch"]


async def test_a_template_that_grew_is_not_truncated(fake: TinesFake, tines: Tines) -> None:
    await tines.runbooks("")
    write = build_start(fake)
    steps = tines.steps(write, None)
    fill_template(fake, 26)
    with pytest.raises(Rejected) as error:
        await tines.execute(steps[0], make_marker())
    assert (error.value.key, effects(fake)) == ("tines.more_tasks", [])
    assert [step.part for step in tines.steps(write, None)] == ["", "tasks2"]


async def test_a_long_template_in_a_list_is_taken_as_incomplete(fake: TinesFake, tines: Tines) -> None:
    fill_template(fake, 25)
    (found,) = await tines.runbooks("")
    assert found.task_count is None
    assert len(tines.steps(build_start(fake), None)) > 2


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
async def test_a_lost_batch_is_found_by_its_tasks(fake: TinesFake, tines: Tines, fault: Any) -> None:
    fill_template(fake, 60)
    await tines.runbook(str(fake.template.id))
    first, second, third = tines.steps(build_start(fake), None)
    run = (await tines.execute(first, make_marker())).run
    lost_step = second.model_copy(update={"run": run})
    fake.fault(fault, method="POST", path=r"/batch$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(lost_step, make_marker())
    reconciliation = await tines.reconcile(lost_step, make_marker(), BASELINE)
    if fault == "cut_after":
        assert isinstance(reconciliation, Applied)
    else:
        assert reconciliation == NotApplied("tines.tasks_missing", {"missing": "35", "total": "60"})
    assert tines.recovery(lost_step) is Recovery.LOOKUP
    last = third.model_copy(update={"run": run})
    assert isinstance(
        await tines.reconcile(last, make_marker(), BASELINE), NotApplied if fault == "cut_after" else Indeterminate
    )


async def test_half_a_batch_is_indeterminate(fake: TinesFake, tines: Tines) -> None:
    descriptions = fill_template(fake, 60)
    await tines.runbook(str(fake.template.id))
    first, second, _ = tines.steps(build_start(fake), None)
    run = (await tines.execute(first, make_marker())).run
    assert run is not None
    fake.world.add_task(fake.world.cases[int(run.id)], descriptions[30])
    reconciliation = await tines.reconcile(second.model_copy(update={"run": run}), make_marker(), BASELINE)
    assert reconciliation == Indeterminate("tines.tasks_missing", {"missing": "34", "total": "60"})


async def test_a_lost_start_is_found_only_by_its_key(fake: TinesFake, tines: Tines) -> None:
    step, marker = tines.steps(build_start(fake), None)[0], make_marker()
    await tines.execute(step, make_marker())  # another start with the same name
    assert isinstance(await tines.reconcile(step, marker, BASELINE), NotApplied)
    fake.fault("cut_after", method="POST", path=r"/cases$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(step, marker)
    reconciliation = await tines.reconcile(step, marker, BASELINE)
    assert isinstance(reconciliation, Applied)
    newest = max(fake.world.cases)
    assert reconciliation.result.run == RunKey(platform="tines", id=str(newest))
    asked = fake.calls("GET", r"/cases$")[-1].json["filters"]["metadata"]
    assert fake.world.cases[newest].metadata[asked["key"]] == asked["value"]


async def test_a_lost_start_is_found_if_filters_are_dropped(fake: TinesFake, tines: Tines) -> None:
    fake.drops_get_bodies = True
    step, marker = tines.steps(build_start(fake), None)[0], make_marker()
    assert isinstance(await tines.reconcile(step, marker, BASELINE), NotApplied)
    result = await tines.execute(step, marker)
    reconciliation = await tines.reconcile(step, marker, BASELINE)
    assert isinstance(reconciliation, Applied)
    assert reconciliation.result.run == result.run


async def test_an_endless_list_is_indeterminate(fake: TinesFake, tines: Tines) -> None:
    fake.endless = True
    assert isinstance(
        await tines.reconcile(tines.steps(build_start(fake), None)[0], make_marker(), BASELINE), Indeterminate
    )


async def test_a_response_without_a_case_is_unknown(fake: TinesFake, tines: Tines) -> None:
    fake.fault("answer", method="POST", path=r"/cases$", status=200, body='{"ok": true}')
    with pytest.raises(OutcomeUnknown):
        await execute_steps(tines, build_start(fake))


async def test_an_unreadable_template_sends_nothing(fake: TinesFake, tines: Tines) -> None:
    fake.fault("answer", method="GET", status=500, times=9)
    with pytest.raises(Unreachable):
        await execute_steps(tines, build_start(fake))
    assert fake.calls("POST", "") == []


async def test_the_buttons_are_copied(fake: TinesFake, tines: Tines) -> None:
    button = {"url": "https://tenant.example.com/webhook/a", "label": "Isolate", "action_type": "webhook"}
    more = {"action_text": "Isolate now", "query_params": {"host": "db-1"}}  # only in the list of actions
    fake.template.actions = [{**button, **more}]
    await tines.runbook(str(fake.template.id))
    assert [step.part for step in tines.steps(build_start(fake), None)] == ["", "buttons"]
    result = await execute_steps(tines, build_start(fake))
    assert result[0].run is not None
    case = fake.world.cases[int(result[0].run.id)]
    assert case.actions == [{**button, **more}]
    last = tines.steps(build_start(fake), None)[-1].model_copy(update={"run": result[0].run})
    assert isinstance(await tines.reconcile(last, make_marker(), BASELINE), Applied)
    case.actions = []
    assert isinstance(await tines.reconcile(last, make_marker(), BASELINE), NotApplied)


async def test_step_keys_are_stable_across_restarts(fake: TinesFake, tines: Tines) -> None:
    """Steps in the effect log from before a restart are found under the same keys after it."""
    fill_template(fake, 60)
    after_restart = [step.step_key for step in tines.steps(build_start(fake), None)]
    await tines.runbook(str(fake.template.id))
    before = [step.step_key for step in tines.steps(build_start(fake), None)]
    assert set(before) <= set(after_restart)
