"""The old API, which only has tasks. What it lacks is refused before any request."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.models import Health, RunbookKey, RunState, TaskState
from adapters.protocol import CheckStatus, Native
from adapters.protocol import Unsupported as UnsupportedCapability
from adapters.results import Applied, Indeterminate, NotApplied, Recovery
from adapters.toolkit.messages import load_messages
from adapters.writes import (
    AddComment,
    AddTask,
    BeginTask,
    HoldTask,
    Op,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
)
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.text import source_id
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeRun
from tests.adapters.xurrent.helpers import (
    ANA,
    BASELINE,
    MARKER,
    OTHER_MARKER,
    add_approval,
    create_run,
    execute,
    finish_write,
    run_key,
)


@pytest.fixture
def run(itrp_fake: XurrentFake) -> FakeRun:
    return create_run(itrp_fake)


async def test_a_change_is_read_from_its_tasks(itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun) -> None:
    create_run(itrp_fake)
    shown = await itrp.read(str(run.id))
    assert (shown.title, shown.state) == ("R7 Primary down", RunState.ACTIVE)
    assert [task.state for task in shown.tasks] == [TaskState.READY] * 2 + [TaskState.WAITING] * 2
    assert {seen.path for seen in itrp_fake.seen} == {"/v1/tasks"}
    assert all("per_page" not in seen.query for seen in itrp_fake.seen)


@pytest.mark.parametrize("knows", [False, "ignored"])
async def test_tasks_are_read_one_by_one_if_a_list_leaves_out_the_change(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun, knows: bool
) -> None:
    itrp_fake.supports_fields, itrp_fake.applies_filters = knows, False
    create_run(itrp_fake)
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    assert len(itrp_fake.calls("GET", r"/tasks/\d+$")) == 8  # each once: a task never moves to another change


async def test_tasks_of_other_changes_are_left_out_if_the_filter_is_ignored(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    itrp_fake.applies_filters = False
    other = create_run(itrp_fake)
    assert {task.id for task in (await itrp.read(str(other.id))).tasks} == {
        str(task.id) for task in itrp_fake.account.tasks_of(other)
    }
    with pytest.raises(NotFound) as refused:
        await itrp.read("424242")
    assert error_text(PLATFORM, refused.value)


async def test_a_short_list_is_read_without_the_filter(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    assert [set(seen.query) for seen in itrp_fake.calls("GET", "/tasks$")] == [{"fields"}] * 2


async def test_the_filter_is_tried_for_a_long_list(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    create_run(itrp_fake)
    itrp_fake.page_size = 1
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    filtered = [("change" in seen.query) for seen in itrp_fake.calls("GET", "/tasks$")]
    assert filtered == [False] * 5 + [True] * 8  # five pages of the long list; then four filtered ones, twice


async def test_a_rejected_filter_is_not_used_again(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    create_run(itrp_fake)
    itrp_fake.page_size = 1
    refused = '{"message":"Unknown parameter"}'
    itrp_fake.fault("answer", method="GET", status=400, body=refused, times=3, after=5)
    for _ in range(2):
        assert len((await itrp.read(str(run.id))).tasks) == 4
    filtered = [("change" in seen.query) for seen in itrp_fake.calls("GET", "/tasks$")]
    assert filtered == [False] * 5 + [True] * 3 + [False] * 16


async def test_runs_are_the_changes_with_an_open_task_of_ours(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    unrelated, over = create_run(itrp_fake), create_run(itrp_fake)
    unrelated.manager = over.manager = 61
    for task in (*itrp_fake.account.tasks_of(unrelated), *itrp_fake.account.tasks_of(over)):
        task.team = None
    add_approval(itrp_fake, over, 54).status = "approved"
    assert [summary.key.id for summary in await itrp.runs("")] == [str(run.id)]
    lists = [seen.path.rpartition("/")[2] for seen in itrp_fake.seen]
    assert sorted(lists) == ["approval_by_me", "assigned_to_me", "assigned_to_my_team", "managed_by_me"]


async def test_a_run_is_finished_when_all_its_tasks_are_over(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    for task in itrp_fake.account.tasks_of(run):
        task.status = "canceled"
    assert (await itrp.read(str(run.id))).state is RunState.FINISHED


async def test_task_writes_set_the_status(itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun) -> None:
    first, second, *_ = itrp_fake.account.tasks_of(run)
    await execute(itrp, BeginTask(run=run_key(run), by=ANA, task=str(first.id)))
    await execute(itrp, finish_write(run, first, "by hand"))
    await execute(itrp, HoldTask(run=run_key(run), by=ANA, task=str(second.id), reason="vendor"))
    await execute(itrp, SkipTask(run=run_key(run), by=ANA, task=str(second.id)))
    assert [seen.json for seen in itrp_fake.calls("PATCH", "")] == [
        {"status": "in_progress"},
        {"status": "completed", "note": "by hand\n\nAna via Slack (7K2F)"},
        {"status": "waiting_for", "note": "vendor\n\nAna via Slack (7K2F)"},
        {"status": "canceled"},
    ]


async def test_an_approval_is_never_given(itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun) -> None:
    task = add_approval(itrp_fake, run, 58, 61, 60, required=3)
    shown = (await itrp.read(str(run.id))).task(str(task.id))
    assert shown is not None
    assert (shown.approval, shown.mark) == (True, "approval: 3 needed")
    with pytest.raises(Rejected):
        await execute(itrp, finish_write(run, task))
    assert itrp_fake.calls("PATCH", "") == []


async def test_a_task_is_added_between_others(itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun) -> None:
    tasks = itrp_fake.account.tasks_of(run)
    first, second, third = (str(task.id) for task in tasks[:3])
    step = AddTask(run=run_key(run), by=ANA, title="Perform extra test", after=(first, second), before=(third,))
    await execute(itrp, step)
    (sent,) = itrp_fake.calls("POST", "")
    assert sent.path == f"/v1/changes/{run.id}/tasks"
    assert sent.json == {
        "subject": "Perform extra test",
        "category": "implementation",
        "planned_duration": 1,  # hours; the new API has minutes
        "team_id": 14,
        "impact": "none",
        "predecessor_ids": [tasks[0].id, tasks[1].id],
        "successor_ids": [tasks[2].id],
        "source": "liaison",
        "sourceID": source_id(MARKER),
    }


async def test_a_lost_task_is_found_by_its_source_id(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    step = AddTask(run=run_key(run), by=ANA, title="Tell support")
    itrp_fake.fault("cut_after", method="POST")
    with pytest.raises(OutcomeUnknown):
        await execute(itrp, step)
    assert isinstance(await itrp.reconcile(step, MARKER, BASELINE), Applied)
    assert isinstance(await itrp.reconcile(step, OTHER_MARKER, BASELINE), NotApplied)


async def test_a_comment_is_a_note_on_the_task_and_cannot_be_looked_up(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = itrp_fake.account.tasks_of(run)[0]
    step = AddComment(run=run_key(run), by=ANA, text="here", task=str(task.id))
    result = await execute(itrp, step)
    (sent,) = itrp_fake.calls("PATCH", "")
    assert sent.json == {"note": "here\n\nAna via Slack (7K2F)"}
    assert result.comment is not None
    assert itrp.recovery(step) is Recovery.MANUAL
    assert isinstance(await itrp.reconcile(step, MARKER, BASELINE), Indeterminate)


async def test_what_is_said_about_the_run_goes_to_the_current_task(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    """A change has no notes. The answer says where the note is."""
    second = itrp_fake.account.tasks_of(run)[1]
    second.status = "in_progress"
    shown = await itrp.read(str(run.id))
    comment = await execute(itrp, AddComment(run=run_key(run), by=ANA, text="here"), shown)
    status = SetStatus(run=run_key(run), by=ANA, health=Health.AMBER, text="replica lagging")
    result = await execute(itrp, status, shown)
    assert [(seen.path, seen.json) for seen in itrp_fake.calls("PATCH", "")] == [
        (f"/v1/tasks/{second.id}", {"note": "here\n\nAna via Slack (7K2F)"}),
        (f"/v1/tasks/{second.id}", {"note": "[amber] replica lagging\n\nAna via Slack (7K2F)"}),
    ]
    for said in (comment, result):
        assert (said.message, said.facts) == ("xurrent.itrp_noted_on", {"title": second.subject})
    assert result.health is not None
    assert result.health.health is Health.UNSET, "as it is read"


async def test_a_status_goes_to_another_task_if_that_was_finished_meanwhile(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    first, second, *_ = itrp_fake.account.tasks_of(run)
    shown = await itrp.read(str(run.id))
    itrp_fake.account.set_status(first, "completed", None)
    await execute(itrp, SetStatus(run=run_key(run), by=ANA, text="all well"), shown)
    assert [note.task for note in run.notes] == [second.id]


async def test_a_change_without_open_tasks_takes_no_comment(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    for task in itrp_fake.account.tasks_of(run):
        task.status = "canceled"
    with pytest.raises(NotFound) as refused:
        await execute(itrp, AddComment(run=run_key(run), by=ANA, text="here"))
    assert "Say which task" in error_text(PLATFORM, refused.value)
    assert itrp_fake.calls("PATCH", "") == []


async def test_runs_asks_for_open_tasks_only_newest_first(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    newer = create_run(itrp_fake)
    assert [summary.key.id for summary in await itrp.runs("")] == [str(newer.id), str(run.id)]
    assert all("completed" not in seen.query["status"] for seen in itrp_fake.seen)
    assert all("sort" not in seen.query for seen in itrp_fake.seen)  # newest first is the documented order


async def test_a_server_without_that_filter_is_not_asked_with_it_again(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    itrp_fake.supports_filters = False
    for _ in range(2):
        assert [summary.key.id for summary in await itrp.runs("")] == [str(run.id)]
    assert {seen.path for seen in itrp_fake.seen if "status" in seen.query} == {"/v1/tasks/managed_by_me"}
    assert len([seen for seen in itrp_fake.seen if "status" not in seen.query]) == 8


async def test_no_change_of_ours_does_not_mean_that_none_is_under_way(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    assert (await itrp.runs("")).complete
    run.manager = 61
    for task in itrp_fake.account.tasks_of(run):
        task.team = None
    listed = await itrp.runs("")
    assert (list(listed), listed.complete, listed.gap) == ([], False, "xurrent.itrp_only_ours")


async def test_a_list_that_is_cut_short_says_so(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.xurrent.changes.MAX_PAGES", 2)
    itrp_fake.page_size = 1
    listed = await itrp.runs("")
    assert [summary.key.id for summary in listed] == [str(run.id)]
    assert not listed.complete


async def test_a_change_that_is_not_read_completely_says_so_and_is_not_over(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    await itrp.read(str(run.id))
    monkeypatch.setattr("adapters.xurrent.changes.MAX_PAGES", 1)
    monkeypatch.setattr("adapters.xurrent.changes.SHORT_LIST_PAGES", 1)
    itrp_fake.applies_filters = False
    itrp_fake.page_size = 3
    for task in itrp_fake.account.tasks_of(run):
        task.status = "canceled"
    shown = await itrp.read(str(run.id))
    assert [note.key for note in shown.notes] == ["xurrent.note_cut_short"]
    assert shown.state is RunState.ACTIVE


async def test_a_lost_task_write_is_found_by_the_status(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = itrp_fake.account.tasks_of(run)[0]
    step = finish_write(run, task, "by hand")
    itrp_fake.fault("cut_after", method="PATCH")
    with pytest.raises(OutcomeUnknown):
        await execute(itrp, step)
    assert itrp.recovery(step) is Recovery.LOOKUP  # its note would be written again
    assert isinstance(await itrp.reconcile(step, MARKER, BASELINE), Applied)
    assert (await execute(itrp, step)).already


async def test_a_second_hold_reason_is_refused(itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun) -> None:
    """A lost second reason could not be told from the first."""
    task = itrp_fake.account.tasks_of(run)[0]
    itrp_fake.account.set_status(task, "waiting_for", None)
    with pytest.raises(Conflict) as refused:
        await execute(itrp, HoldTask(run=run_key(run), by=ANA, task=str(task.id), reason="and lunch"))
    assert "comment" in error_text(PLATFORM, refused.value)


async def test_unsupported_operations_are_refused_without_a_request(
    itrp: XurrentAdapter, itrp_fake: XurrentFake, run: FakeRun
) -> None:
    task = str(itrp_fake.account.tasks_of(run)[0].id)
    runbook = RunbookKey(platform="xurrent", id="9")
    writes: tuple[Write, ...] = (
        StartRun(runbook=runbook, title="R9", handle="R9"),
        ReopenTask(run=run_key(run), task=task),
    )
    for write in writes:
        with pytest.raises(Unsupported) as refused:
            await execute(itrp, write)
        assert "can't" in error_text(PLATFORM, refused.value)
        assert str(refused.value.facts["instead"]) in load_messages(PLATFORM.messages)
        assert isinstance(itrp.capabilities[write.op], UnsupportedCapability)
    for read in (itrp.runbooks(""), itrp.runbook("9"), itrp.comments("1", None)):
        with pytest.raises(Unsupported) as refused:
            await read
        assert error_text(PLATFORM, refused.value)
    assert itrp_fake.seen == []


async def test_every_operation_has_a_capability(itrp: XurrentAdapter, xurrent: XurrentAdapter) -> None:
    assert set(itrp.capabilities) == set(Op) == set(xurrent.capabilities)
    assert isinstance(itrp.capabilities[Op.FINISH], Native)
    assert isinstance(xurrent.capabilities[Op.START], Native)


async def test_the_health_check_suggests_the_flavour_if_a_token_is_rejected(
    itrp: XurrentAdapter, itrp_fake: XurrentFake
) -> None:
    assert [problem.status for problem in await itrp.check()] == [CheckStatus.OK]
    itrp_fake.token = "another"
    (bad,) = await itrp.check()
    assert bad.status is CheckStatus.FIX
    assert "platforms.xurrent.flavour" in bad.fix
