"""Reading runbooks and runs: pages, optional parameters, and what is listed."""

import json
from datetime import UTC, datetime

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import BadResponse, NotFound
from adapters.http.client import HttpClients
from adapters.models import Person, RunKey, TaskState
from adapters.writes import AddComment, WriteMarker
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import connect_adapter
from tests.adapters.cutover.helpers import create_active_run
from tests.adapters.cutover.world import FakeComment


async def test_lists_are_read_to_the_last_page(fake: CutoverFake, cutover: Cutover) -> None:
    fake.page_size = 2
    for number in range(7):
        fake.world.planned(f"Restore test {number}")
    runbooks = await cutover.runbooks("")
    assert [runbook.title for runbook in runbooks] == [
        "Database failover",
        *(f"Restore test {number}" for number in range(6, -1, -1)),
    ]
    pages = [seen.query.get("page[number]", "1") for seen in fake.calls("GET", "/core/runbooks$")]
    assert sorted(pages) == ["1", "1", "2", "3", "4"]


@pytest.mark.parametrize("endless", [False, True])
async def test_comments_that_repeat_a_page_are_read_once(
    fake: CutoverFake, cutover: Cutover, endless: bool
) -> None:
    runbook = create_active_run(fake)
    runbook.comments = [FakeComment(str(id), f"<p>{id}</p>", None, "901") for id in range(1, 4)]
    fake.repeats_pages, fake.page_size, fake.endless = True, 3 if endless else 2, endless
    comments = await cutover.comments(runbook.id, None)
    assert [comment.text for comment in comments] == (["1", "2", "3"] if endless else ["1", "2"])
    assert len(fake.calls("GET", "/comments$")) == 2


@pytest.mark.parametrize("newest_first", [False, True])
async def test_the_newest_of_many_runs_are_read_first(
    fake: CutoverFake, cutover: Cutover, newest_first: bool
) -> None:
    """1,200 runbooks were started. Which ones are still active can't be asked."""
    fake.page_size, fake.newest_first = 12, newest_first
    for number in range(1200):
        runbook = fake.world.planned(f"R{number} Restore test")
        runbook.stage, runbook.run_type = "complete", "live"
    runs = await cutover.runs("")
    assert (list(runs), runs.complete) == ([], False)
    newest = create_active_run(fake)
    fake.seen.clear()
    runs = await cutover.runs("")
    assert ([run.key.id for run in runs], runs.complete) == ([newest.id], False)
    assert len(fake.seen) <= 11
    assert {seen.query["run_type"] for seen in fake.seen} == {"live", "rehearsal"}


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_list_that_was_read_to_its_end_is_complete(
    fake: CutoverFake, cutover: Cutover, newest_first: bool
) -> None:
    fake.page_size, fake.newest_first = 3, newest_first
    runs = [create_active_run(fake) for _ in range(10)]
    listed = await cutover.runs("")
    assert ({run.key.id for run in listed}, listed.complete) == ({run.id for run in runs}, True)


async def test_rehearsals_are_runs_too(fake: CutoverFake, cutover: Cutover) -> None:
    rehearsal = fake.world.planned("Restore test")
    fake.world.start(rehearsal, run_type="rehearsal", comms="off", strict=True)
    assert [run.key.id for run in await cutover.runs("")] == [rehearsal.id]


async def test_folders_tell_runbooks_of_one_title_apart(fake: CutoverFake, cutover: Cutover) -> None:
    fake.world.planned("Restore test").folder = "11"
    fake.world.planned("Restore test").folder = "12"
    found = {runbook.key.id: runbook for runbook in await cutover.runbooks("")}
    assert [runbook.folder for runbook in found.values()] == ["", "Disaster recovery", "Default"]
    await cutover.runbooks("")
    assert len(fake.calls("GET", "/folders$")) == 1


async def test_an_archived_runbook_says_so(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Restore test")
    planned.archived = True
    assert (await cutover.runbook(planned.id)).warning == "cutover.is_archived"


async def test_comments_show_who_wrote_them_when_the_server_says_so(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    fake.names_comment_authors = True
    item = '<ul><li>one</li><li>two &amp; <a href="https://example.com/x">three</a></li></ul><p>&nbsp;</p>'
    runbook.comments = [FakeComment("1", item, None, "901"), FakeComment("2", "<p>x</p>", None, "999")]
    first, second = await cutover.comments(runbook.id, None)
    assert (first.by, first.text) == ("Ben Silva", "- one\n- two & three (https://example.com/x)")
    assert first.at is not None
    assert second.by == "user 999", "a user who can't be read"
    await cutover.comments(runbook.id, None)
    assert len(fake.calls("GET", "/core/users/")) == 2, "a name is read once"


async def test_a_signature_counts_only_in_what_the_tokens_user_wrote(fake: CutoverFake, cutover: Cutover) -> None:
    """Who that is, is known once a comment of ours was answered with its author."""
    runbook = create_active_run(fake)
    fake.names_comment_authors = True
    signed = "<p>done</p><p>— Ana via Slack (7K2F)</p>"
    runbook.comments = [FakeComment("1", signed, None, "900"), FakeComment("2", signed, None, "901")]
    shown = [(comment.by, "Ana via" in comment.text) for comment in await cutover.comments(runbook.id, None)]
    assert shown == [("Liaison Bot", True), ("Ben Silva", True)]
    step = AddComment(run=RunKey(platform="cutover", id=runbook.id), by=Person(name="Ana"), text="seen")
    await cutover.execute(step, WriteMarker(code="8M3Q", who="Ana via Slack", at=datetime.now(UTC)))
    shown = [(comment.by, "Ana via" in comment.text) for comment in await cutover.comments(runbook.id, None)]
    assert shown == [("Ana via Slack", False), ("Ben Silva", True), ("Ana via Slack", False)]


async def test_next_links_are_followed_unchanged(fake: CutoverFake, cutover: Cutover) -> None:
    """The link may be relative and have a cursor that only Cutover can make."""
    first = {"data": [], "links": {"next": "/core/runbooks?page[after]=eyJpZCI6N30&x=1"}}
    fake.fault("answer", path="/core/runbooks$", status=200, body=json.dumps(first), times=2)
    fake.fault("answer", path="/core/runbooks$", status=200, body=json.dumps({"data": []}), times=2)
    await cutover.runbooks("")
    followed = [seen for seen in fake.seen if "page[after]" in seen.query]
    assert [dict(seen.query) for seen in followed] == [{"page[after]": "eyJpZCI6N30", "x": "1"}] * 2


async def test_a_list_that_links_to_itself_ends(fake: CutoverFake, cutover: Cutover) -> None:
    fake.next_url = "/core/runbooks?is_template=true"
    assert [item.title for item in await cutover.runbooks("")] == ["Database failover"]
    assert len(fake.seen) < 10


async def test_a_list_whose_next_pages_are_empty_ends(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    fake.endless, fake.forecast = True, "bare"
    assert len((await cutover.read(runbook.id)).tasks) == 4
    assert len(fake.calls("GET", "/tasks$")) == 3


async def test_a_task_list_that_repeats_its_first_page_is_an_error(fake: CutoverFake, cutover: Cutover) -> None:
    """There are four tasks, and only two can be read: the run can't be shown as it is."""
    runbook = create_active_run(fake)
    fake.repeats_pages, fake.page_size, fake.forecast = True, 2, "bare"
    with pytest.raises(BadResponse) as raised:
        await cutover.read(runbook.id)
    assert raised.value.key == "cutover.endless"


@pytest.mark.parametrize("forecast", ["bare", "refused"])
async def test_tasks_can_be_read_without_forecast(fake: CutoverFake, forecast: str) -> None:
    fake.forecast = "bare" if forecast == "bare" else "refused"
    fake.page_size = 3
    runbook = create_active_run(fake)
    http = HttpClients()
    cutover = connect_adapter(fake, http)
    run = await cutover.read(runbook.id)
    assert [task.title for task in run.tasks] == [task.name for task in runbook.tasks.values()]
    assert run.tasks[2].state is TaskState.WAITING
    assert run.tasks[2].waits_for == ()
    first_count = len([seen for seen in fake.seen if "forecast" in seen.query])
    await cutover.read(runbook.id)
    second_count = len([seen for seen in fake.seen if "forecast" in seen.query])
    assert (second_count == first_count) is (forecast == "refused")  # once rejected, it is not sent again
    await http.close()


@pytest.mark.parametrize("path", ["/streams$", "/task_types$"])
@pytest.mark.parametrize("status", [403, 404, 405])
async def test_unreadable_streams_and_task_types_are_left_out(
    fake: CutoverFake, cutover: Cutover, path: str, status: int
) -> None:
    runbook = create_active_run(fake)
    fake.fault("answer", path=path, status=status, body="{}", times=10)
    run = await cutover.read(runbook.id)
    assert len(run.tasks) == 4
    assert all(task.stage in {stage.id for stage in run.stages} | {None} for task in run.tasks)


async def test_only_startable_runbooks_and_open_runs_are_listed(fake: CutoverFake, cutover: Cutover) -> None:
    fake.world.template("Draft", status="draft")
    fake.world.planned("Planned")
    fake.world.planned("Archived").archived = True
    fake.world.planned("Cancelled").stage = "canceled"
    elsewhere = fake.world.planned("Elsewhere")
    elsewhere.workspace = "4"
    runbook = create_active_run(fake)
    assert [item.title for item in await cutover.runbooks("")] == ["Database failover", "Planned"]
    assert [item.key.id for item in await cutover.runs("")] == [runbook.id]
    runbook.stage = "complete"
    assert not await cutover.runs("")


async def test_a_search_without_matches_returns_everything(fake: CutoverFake, cutover: Cutover) -> None:
    assert [item.title for item in await cutover.runbooks("databse failovr")] == ["Database failover"]


async def test_the_newest_run_is_first(fake: CutoverFake, cutover: Cutover) -> None:
    first, second = create_active_run(fake), create_active_run(fake)
    first.start_actual, second.start_actual = "2026-07-18T10:00:00Z", "2026-07-18T11:00:00Z"
    assert [item.key.id for item in await cutover.runs("")] == [second.id, first.id]


@pytest.mark.parametrize("id", ["..", "7/../8", "7?x=1", "", "7 8", "%2e%2e"])
async def test_an_invalid_id_is_not_requested(fake: CutoverFake, cutover: Cutover, id: str) -> None:
    with pytest.raises(NotFound):
        await cutover.read(id)
    assert fake.seen == []


@pytest.mark.parametrize("status", ["draft", "pending"])
async def test_a_template_that_is_not_approved_says_so(fake: CutoverFake, cutover: Cutover, status: str) -> None:
    template = fake.world.templates[0] if hasattr(fake.world, "templates") else None
    item = (
        next(book for book in fake.world.runbooks.values() if book.is_template) if template is None else template
    )
    assert (await cutover.runbook(item.id)).warning == ""
    item.template_status = status
    assert (await cutover.runbook(item.id)).warning == "cutover.not_approved"


async def test_a_run_is_not_offered_as_a_runbook(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    assert (await cutover.runbook(runbook.id)).warning == "cutover.run_active"


async def test_a_template_is_not_read_as_a_run(fake: CutoverFake, cutover: Cutover) -> None:
    template = next(book for book in fake.world.runbooks.values() if book.is_template)
    with pytest.raises(NotFound):
        await cutover.read(template.id)
