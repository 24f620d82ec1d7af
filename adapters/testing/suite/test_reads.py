"""What an adapter declares and reads."""

import pytest

from adapters.errors import Unsupported as UnsupportedError
from adapters.models import Person, TaskState
from adapters.protocol import API_VERSION, AssignedTasks, CheckStatus, Emulated, Unsupported
from adapters.testing.fixtures import contract
from adapters.testing.harness import RUNBOOK, TASKS, Harness
from adapters.testing.writes import BEN, can_list_runbooks, new_start, new_write
from adapters.toolkit.messages import load_messages
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


@contract()
async def test_every_operation_is_declared_and_explained(harness: Harness) -> None:
    declared, messages = harness.adapter.capabilities, load_messages(harness.platform.messages)
    assert set(declared) == set(harness.platform.capabilities) == set(Op)
    for capabilities in (declared, harness.platform.capabilities):
        for capability in capabilities.values():
            if isinstance(capability, Emulated):
                assert messages.get(capability.how, capability.how).strip()
            if isinstance(capability, Unsupported):
                assert messages.get(capability.alternative, capability.alternative).strip()


@contract()
async def test_the_usual_instance_can_do_what_the_platform_declares(harness: Harness) -> None:
    declared = harness.platform.capabilities
    differs = [
        op for op, capability in harness.adapter.capabilities.items() if type(declared[op]) is not type(capability)
    ]
    assert differs == []


@contract()
async def test_the_api_version_is_this_one(harness: Harness) -> None:
    assert harness.platform.api_version == API_VERSION


@contract()
async def test_secrets_are_never_shown(harness: Harness) -> None:
    fields = harness.platform.settings.model_fields
    for name in harness.platform.secret_fields:
        assert "SecretStr" in str(fields[name].annotation)


@contract()
async def test_runbooks_are_found(harness: Harness) -> None:
    _require_runbooks(harness)
    for query in ("", "database", RUNBOOK):
        found = [runbook for runbook in await harness.adapter.runbooks(query) if runbook.title == RUNBOOK]
        assert len(found) == 1, f"for {query!r}"
        assert found[0].key.platform == harness.adapter.name


@contract()
async def test_a_runbook_can_be_read_before_it_is_started(harness: Harness) -> None:
    _require_runbooks(harness)
    found = next(runbook for runbook in await harness.adapter.runbooks(RUNBOOK) if runbook.title == RUNBOOK)
    runbook = await harness.adapter.runbook(found.key.id)
    assert runbook.title == RUNBOOK
    assert [task.title for task in runbook.tasks] == [title for _, title in TASKS]
    assert not await harness.adapter.runs("")


def _require_runbooks(harness: Harness) -> None:
    if not can_list_runbooks(harness):
        pytest.skip("this platform cannot list runbooks")


@contract([Op.START])
async def test_a_start_creates_exactly_one_run(harness: Harness, op: Op) -> None:
    start = await new_start(harness, "R9 Primary down in EU")
    await start.execute()
    listed = await harness.adapter.runs("")
    assert [summary.title for summary in listed] == ["R9 Primary down in EU"]
    run = await start.read_run(harness.connect())
    assert run.key == listed[0].key
    assert run.title == "R9 Primary down in EU"
    assert not run.state.is_over
    assert [task.title for task in run.tasks] == [title for _, title in TASKS]
    stages = {stage.id: stage.title for stage in run.stages}
    if stages:
        assert [stages.get(task.stage or "") for task in run.tasks] == [stage for stage, _ in TASKS]
    assert harness.effects(op) == 1


@contract()
async def test_a_new_run_has_its_first_tasks_ready(harness: Harness) -> None:
    run = await harness.new_run()
    assert [task.state for task in run.tasks[:2]] == [TaskState.READY, TaskState.READY]
    assert run.read_at is not None
    assert len({task.id for task in run.tasks}) == len(run.tasks)


@contract()
async def test_reading_changes_nothing(harness: Harness) -> None:
    run = await harness.new_run()
    again = await harness.adapter.read(run.key.id)
    assert again.model_copy(update={"read_at": run.read_at}) == run


@contract([Op.ASSIGN])
async def test_the_open_tasks_of_a_person_are_listed(harness: Harness, op: Op) -> None:
    """By an adapter that has read nothing else."""
    fresh = harness.connect()
    if not isinstance(fresh, AssignedTasks):
        pytest.skip("it does not list the tasks of a person")
    pending = await new_write(harness, op, person=BEN)
    await pending.execute()
    run, task = pending.write.run, pending.write.target
    try:
        listed = await fresh.assigned_tasks(BEN)
    except UnsupportedError:
        pytest.skip("this server does not list the tasks of a person")
    assert [(found.run.key, found.task.id) for found in listed if found.task.id == task] == [(run, task)]
    assert not any(found.task.state.is_over for found in listed)
    stranger = Person(id="U0EVE", name="Eve Stranger", handle="eve.stranger", email="eve@elsewhere.example")
    assert list(await fresh.assigned_tasks(stranger)) == []


@contract()
async def test_a_working_platform_has_no_problems(harness: Harness) -> None:
    results = await harness.adapter.check()
    assert results
    assert [result for result in results if result.status is CheckStatus.FIX] == []


@contract()
async def test_links_of_other_sites_are_not_recognized(harness: Harness) -> None:
    for link in ("", "https://example.com/runs/1", "not a link", "https://[broken", "javascript:alert(1)"):
        assert harness.adapter.parse_link(link) is None
