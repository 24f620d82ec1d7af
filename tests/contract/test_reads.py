"""What every platform tells: its capabilities, its runbooks, and a run that reads the same twice."""

import pytest

from adapters.models import TaskState
from adapters.protocol import CheckStatus, Emulated, Unsupported
from adapters.writes import Op
from tests.contract.subject import RUNBOOK, TASKS, Subject
from tests.contract.subjects import KINDS, platform
from tests.contract.writes import a_start


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_is_declared_in_words(kind: str) -> None:
    declared = platform(kind).capabilities
    assert set(declared) == set(Op)
    for capability in declared.values():
        if isinstance(capability, Emulated):
            assert capability.how.strip()
        if isinstance(capability, Unsupported):
            assert capability.alternative.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_its_secrets_are_never_shown(kind: str) -> None:
    fields = platform(kind).settings.model_fields
    for name in platform(kind).secret_fields:
        assert "SecretStr" in str(fields[name].annotation)


@pytest.mark.parametrize("kind", KINDS)
async def test_runbooks_are_found(subject: Subject) -> None:
    for words in ("", "database", RUNBOOK):
        found = [one for one in await subject.adapter.runbooks(words) if one.title == RUNBOOK]
        assert len(found) == 1, f"for {words!r}"
    assert found[0].key.platform == subject.adapter.name


@pytest.mark.parametrize("kind", KINDS)
async def test_a_runbook_is_read_before_it_is_started(subject: Subject) -> None:
    found = next(one for one in await subject.adapter.runbooks(RUNBOOK) if one.title == RUNBOOK)
    runbook = await subject.adapter.runbook(found.key.id)
    assert runbook.title == RUNBOOK
    assert [task.title for task in runbook.tasks] == [title for _, title in TASKS]
    assert await subject.adapter.runs("") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_start_makes_exactly_one_run(subject: Subject) -> None:
    start = await a_start(subject, "R9 Primary down in EU")
    await start.execute()
    heads = await subject.adapter.runs("")
    assert [head.title for head in heads] == ["R9 Primary down in EU"]
    run = await start.now()
    assert run.key == heads[0].key
    assert run.title == "R9 Primary down in EU"
    assert not run.state.is_over
    assert [task.title for task in run.tasks] == [title for _, title in TASKS]
    stages = {stage.id: stage.title for stage in run.stages}
    if stages:
        assert [stages.get(task.stage or "") for task in run.tasks] == [stage for stage, _ in TASKS]
    assert subject.effects(Op.START) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_fresh_run_has_its_first_tasks_ready(subject: Subject) -> None:
    run = await subject.a_run()
    assert [task.state for task in run.tasks[:2]] == [TaskState.READY, TaskState.READY]
    assert run.read_at is not None
    assert len({task.id for task in run.tasks}) == len(run.tasks)


@pytest.mark.parametrize("kind", KINDS)
async def test_reading_changes_nothing(subject: Subject) -> None:
    run = await subject.a_run()
    again = await subject.adapter.read(run.key.id)
    assert again.model_copy(update={"read_at": run.read_at}) == run


@pytest.mark.parametrize("kind", KINDS)
async def test_a_healthy_platform_has_no_problem(subject: Subject) -> None:
    problems = await subject.adapter.check()
    assert problems
    assert [problem for problem in problems if problem.status is CheckStatus.FIX] == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_strange_link_is_nobodys(subject: Subject) -> None:
    for link in ("", "https://example.com/runs/1", "not a link", "https://[broken", "javascript:alert(1)"):
        assert subject.adapter.parse_link(link) is None
