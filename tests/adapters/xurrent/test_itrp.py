"""The old API: tasks alone. What it lacks is refused with words, before any call."""

import pytest

from adapters.errors import AdapterError, Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.models import RunbookKey, RunState, TaskState
from adapters.protocol import CheckStatus, Native
from adapters.protocol import Unsupported as NotOffered
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    AssignTask,
    BeginTask,
    EndRun,
    HoldTask,
    Indeterminate,
    NotApplied,
    Op,
    Recovery,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
)
from adapters.xurrent import text as words
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, BEN, KNOWN, MARK, OTHER, a_run, an_approval, execute, finish, key
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.world import FakeRun
from tests.contract.subjects import is_told


@pytest.fixture
def run(old: XurrentFake) -> FakeRun:
    return a_run(old)


async def test_a_change_is_read_from_its_tasks(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    a_run(old)
    shown = await itrp.read(str(run.id))
    assert (shown.title, shown.state) == ("R7 Primary down", RunState.ACTIVE)
    assert [task.state for task in shown.tasks] == [TaskState.READY] * 2 + [TaskState.WAITING] * 2
    assert {seen.path for seen in old.seen} == {"/v1/tasks"}
    assert all("per_page" not in seen.query for seen in old.seen)


@pytest.mark.parametrize("knows", [False, "ignored"])
async def test_a_list_that_leaves_out_the_change_is_asked_task_by_task(
    itrp: Xurrent, old: XurrentFake, run: FakeRun, knows: bool
) -> None:
    old.knows_fields, old.filters = knows, False
    a_run(old)
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    assert len(old.calls("GET", r"/tasks/\d+$")) == 8  # each once: a task never moves to another change


async def test_a_filter_that_is_ignored_shows_no_other_changes_tasks(
    itrp: Xurrent, old: XurrentFake, run: FakeRun
) -> None:
    old.filters = False
    other = a_run(old)
    assert {task.id for task in (await itrp.read(str(other.id))).tasks} == {
        str(task.id) for task in old.world.tasks_of(other)
    }
    with pytest.raises(NotFound) as refused:
        await itrp.read("424242")
    assert is_told("xurrent", refused.value)


async def test_a_short_list_is_read_as_it_is_documented(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    assert [set(seen.query) for seen in old.calls("GET", "/tasks$")] == [{"sort", "fields"}] * 2


async def test_of_a_long_list_the_filter_is_tried(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    a_run(old)
    old.page_size = 1
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    with_it = [("change" in seen.query) for seen in old.calls("GET", "/tasks$")]
    assert with_it == [False] * 5 + [True] * 8  # the long list, given up; then four pages, twice


async def test_a_filter_that_is_refused_is_done_without(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    a_run(old)
    old.page_size = 1
    refused = '{"message":"Unknown parameter"}'
    old.fault("answer", method="GET", status=400, body=refused, times=3, after=5)
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    with_it = [("change" in seen.query) for seen in old.calls("GET", "/tasks$")]
    assert with_it == [False] * 5 + [True] * 3 + [False] * 16


async def test_runs_are_the_changes_we_have_to_do_with(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    foreign, over = a_run(old), a_run(old)
    foreign.manager = over.manager = 61
    for task in (*old.world.tasks_of(foreign), *old.world.tasks_of(over)):
        task.team = None
    an_approval(old, over, 54).status = "approved"
    assert [head.key.id for head in await itrp.runs("")] == [str(run.id)]
    lists = [seen.path.rpartition("/")[2] for seen in old.seen]
    assert sorted(lists) == ["approval_by_me", "assigned_to_me", "assigned_to_my_team", "managed_by_me"]


async def test_all_tasks_over_is_a_run_that_is_over(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    for task in old.world.tasks_of(run):
        task.status = "canceled"
    assert (await itrp.read(str(run.id))).state is RunState.FINISHED


async def test_tasks_move_by_their_status(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    first, second, *_ = old.world.tasks_of(run)
    await execute(itrp, BeginTask(run=key(run), by=ANA, task=str(first.id)))
    await execute(itrp, finish(run, first, "by hand"))
    await execute(itrp, HoldTask(run=key(run), by=ANA, task=str(second.id), reason="vendor"))
    await execute(itrp, SkipTask(run=key(run), by=ANA, task=str(second.id)))
    assert [seen.json for seen in old.calls("PATCH", "")] == [
        {"status": "in_progress"},
        {"status": "completed", "note": "by hand\n\nAna via Slack (7K2F)"},
        {"status": "waiting_for", "note": "vendor\n\nAna via Slack (7K2F)"},
        {"status": "canceled"},
    ]


async def test_an_approval_is_never_given(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    task = an_approval(old, run, 58, 61, 60, required=3)
    shown = (await itrp.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert (shown.approval, shown.mark) == (True, "approval: 3 needed")
    with pytest.raises(Rejected):
        await execute(itrp, finish(run, task))
    assert old.calls("PATCH", "") == []


async def test_a_task_is_added_between_others(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    tasks = old.world.tasks_of(run)
    first, second, third = (str(task.id) for task in tasks[:3])
    step = AddTask(run=key(run), by=ANA, title="Perform extra test", after=(first, second), before=(third,))
    await execute(itrp, step)
    (sent,) = old.calls("POST", "")
    assert sent.path == f"/v1/changes/{run.id}/tasks"
    assert sent.json == {
        "subject": "Perform extra test",
        "category": "implementation",
        "planned_duration": 1,  # hours, where the new API has minutes
        "team_id": 14,
        "impact": "none",
        "predecessor_ids": [tasks[0].id, tasks[1].id],
        "successor_ids": [tasks[2].id],
        "source": "liaison",
        "sourceID": words.key(MARK),
    }


async def test_a_lost_task_is_found_by_our_key(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    step = AddTask(run=key(run), by=ANA, title="Tell support")
    old.fault("cut_after", method="POST")
    with pytest.raises(OutcomeUnknown):
        await execute(itrp, step)
    assert isinstance(await itrp.reconcile(step, MARK, KNOWN), Applied)
    assert isinstance(await itrp.reconcile(step, OTHER, KNOWN), NotApplied)


async def test_a_comment_is_a_note_on_the_task_and_cannot_be_found(
    itrp: Xurrent, old: XurrentFake, run: FakeRun
) -> None:
    task = old.world.tasks_of(run)[0]
    step = AddComment(run=key(run), by=ANA, text="here", task=str(task.id))
    told = await execute(itrp, step)
    (sent,) = old.calls("PATCH", "")
    assert sent.json == {"note": "here\n\nAna via Slack (7K2F)"}
    assert told.comment is not None
    assert itrp.recovery(step) is Recovery.MANUAL
    assert isinstance(await itrp.reconcile(step, MARK, KNOWN), Indeterminate)


async def test_a_comment_must_name_its_task(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    step = AddComment(run=key(run), by=ANA, text="here")
    with pytest.raises(Rejected) as refused:
        itrp.steps(step, None)
    assert "name the task" in is_told("xurrent", refused.value)
    with pytest.raises(AdapterError):
        await itrp.execute(step, MARK)
    assert old.calls("PATCH", "") == []


async def test_a_lost_change_is_told_by_the_status(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    task = old.world.tasks_of(run)[0]
    step = finish(run, task, "by hand")
    old.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await execute(itrp, step)
    assert itrp.recovery(step) is Recovery.IDEMPOTENT
    assert isinstance(await itrp.reconcile(step, MARK, KNOWN), Applied)
    assert (await execute(itrp, step)).already


async def test_a_second_reason_to_hold_is_a_comment(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    """A lost one could not be told from the first."""
    task = old.world.tasks_of(run)[0]
    old.world.move(task, "waiting_for", None)
    with pytest.raises(Conflict) as refused:
        await execute(itrp, HoldTask(run=key(run), by=ANA, task=str(task.id), reason="and lunch"))
    assert "comment" in is_told("xurrent", refused.value)


async def test_what_it_lacks_is_refused_with_words(itrp: Xurrent, old: XurrentFake, run: FakeRun) -> None:
    task = str(old.world.tasks_of(run)[0].id)
    runbook = RunbookKey(platform="xurrent", id="9")
    lacking: tuple[Write, ...] = (
        StartRun(runbook=runbook, title="R9", handle="R9"),
        AssignTask(run=key(run), task=task, person=BEN),
        SetStatus(run=key(run), text="all well"),
        ReopenTask(run=key(run), task=task),
        EndRun(run=key(run)),
    )
    for write in lacking:
        with pytest.raises(Unsupported) as refused:
            await execute(itrp, write)
        assert "Nothing changed" in is_told("xurrent", refused.value)
        assert isinstance(itrp.capabilities[write.op], NotOffered)
    for asked in (itrp.runbooks(""), itrp.runbook("9"), itrp.comments("1", None)):
        with pytest.raises(Unsupported) as refused:
            await asked
        assert is_told("xurrent", refused.value)
    assert old.seen == []


async def test_it_says_what_it_can_for_everything(itrp: Xurrent, xurrent: Xurrent) -> None:
    assert set(itrp.capabilities) == set(Op) == set(xurrent.capabilities)
    assert isinstance(itrp.capabilities[Op.FINISH], Native)
    assert isinstance(xurrent.capabilities[Op.START], Native)


async def test_the_doctor_names_the_flavour_where_a_token_is_refused(itrp: Xurrent, old: XurrentFake) -> None:
    assert [problem.status for problem in await itrp.check()] == [CheckStatus.OK]
    old.token = "another"
    (bad,) = await itrp.check()
    assert bad.status is CheckStatus.FIX
    assert "platforms.xurrent.flavour" in bad.fix
