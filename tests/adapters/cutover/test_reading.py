"""Lists to their last page, parameters a server does not know, links, settings, and the doctor."""

import json

import pytest
from pydantic import ValidationError

from adapters.cutover import PLATFORM
from adapters.cutover.adapter import Cutover
from adapters.cutover.links import Links
from adapters.cutover.settings import CutoverSettings
from adapters.errors import BadResponse, NotFound
from adapters.http.client import HttpClients
from adapters.models import RunbookKey, RunKey, TaskKey, TaskState
from adapters.protocol import CheckStatus
from tests.adapters.cutover.acting import a_live_run, key
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.subject import connected


async def test_pages_are_followed_to_the_last(fake: CutoverFake, cutover: Cutover) -> None:
    fake.page_size = 2
    for number in range(7):
        fake.world.planned(f"Restore test {number}")
    found = await cutover.runbooks("")
    assert [one.title for one in found] == [
        "Database failover",
        *(f"Restore test {number}" for number in range(7)),
    ]
    pages = [seen.query.get("page[number]", "1") for seen in fake.calls("GET", "/core/runbooks$")]
    assert sorted(pages) == ["1", "1", "2", "3", "4"]


async def test_a_link_is_followed_as_it_is_given(fake: CutoverFake, cutover: Cutover) -> None:
    """Relative, with a cursor nobody can make up: both are Cutover's business."""
    first = {"data": [], "links": {"next": "/core/runbooks?page[after]=eyJpZCI6N30&x=1"}}
    fake.fault("answer", path="/core/runbooks$", status=200, body=json.dumps(first), times=2)
    fake.fault("answer", path="/core/runbooks$", status=200, body=json.dumps({"data": []}), times=2)
    await cutover.runbooks("")
    followed = [seen for seen in fake.seen if "page[after]" in seen.query]
    assert [dict(seen.query) for seen in followed] == [{"page[after]": "eyJpZCI6N30", "x": "1"}] * 2


async def test_a_list_that_links_to_itself_ends(fake: CutoverFake, cutover: Cutover) -> None:
    fake.next_url = "/core/runbooks?is_template=true"
    assert [one.title for one in await cutover.runbooks("")] == ["Database failover"]
    assert len(fake.seen) < 10


async def test_tasks_without_an_end_are_no_tasks(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    fake.endless, fake.forecast = True, "bare"
    with pytest.raises(BadResponse) as refused:
        await cutover.read(live.id)
    assert refused.value.key == "cutover.endless"


@pytest.mark.parametrize("forecast", ["bare", "refused"])
async def test_a_server_without_forecast_still_shows_its_tasks(fake: CutoverFake, forecast: str) -> None:
    fake.forecast = "bare" if forecast == "bare" else "refused"
    fake.page_size = 3
    live = a_live_run(fake)
    http = HttpClients()
    cutover = connected(fake, http)
    run = await cutover.read(live.id)
    assert [task.title for task in run.tasks] == [task.name for task in live.tasks.values()]
    assert run.tasks[2].state is TaskState.WAITING
    assert run.tasks[2].waits_for == ()
    asked = len([seen for seen in fake.seen if "forecast" in seen.query])
    await cutover.read(live.id)
    again = len([seen for seen in fake.seen if "forecast" in seen.query])
    assert (again == asked) is (forecast == "refused")  # turned down once, it is not asked for again
    await http.close()


@pytest.mark.parametrize("path", ["/streams$", "/task_types$"])
@pytest.mark.parametrize("status", [403, 404, 405])
async def test_names_that_may_not_be_read_are_left_out(
    fake: CutoverFake, cutover: Cutover, path: str, status: int
) -> None:
    live = a_live_run(fake)
    fake.fault("answer", path=path, status=status, body="{}", times=10)
    run = await cutover.read(live.id)
    assert len(run.tasks) == 4
    assert all(task.stage in {stage.id for stage in run.stages} | {None} for task in run.tasks)


async def test_only_what_can_be_started_is_offered(fake: CutoverFake, cutover: Cutover) -> None:
    fake.world.template("Draft", status="draft")
    fake.world.planned("Planned")
    fake.world.planned("Archived").archived = True
    fake.world.planned("Cancelled").stage = "canceled"
    elsewhere = fake.world.planned("Elsewhere")
    elsewhere.workspace = "4"
    live = a_live_run(fake)
    assert [one.title for one in await cutover.runbooks("")] == ["Database failover", "Planned"]
    assert [one.key.id for one in await cutover.runs("")] == [live.id]
    live.stage = "complete"
    assert await cutover.runs("") == []


async def test_a_title_typed_wrong_still_finds_all_to_choose_from(fake: CutoverFake, cutover: Cutover) -> None:
    assert [one.title for one in await cutover.runbooks("databse failovr")] == ["Database failover"]


async def test_the_newest_run_is_first(fake: CutoverFake, cutover: Cutover) -> None:
    first, second = a_live_run(fake), a_live_run(fake)
    first.start_actual, second.start_actual = "2026-07-18T10:00:00Z", "2026-07-18T11:00:00Z"
    assert [one.key.id for one in await cutover.runs("")] == [second.id, first.id]


@pytest.mark.parametrize("id", ["..", "7/../8", "7?x=1", "", "7 8", "%2e%2e"])
async def test_an_id_that_is_none_goes_nowhere(fake: CutoverFake, cutover: Cutover, id: str) -> None:
    with pytest.raises(NotFound):
        await cutover.read(id)
    assert fake.seen == []


async def test_links_name_runbooks_and_tasks(fake: CutoverFake, cutover: Cutover) -> None:
    live = a_live_run(fake)
    task = live.task("Page the DBA").id
    assert cutover.parse_link(f"{fake.url}/core/runbooks/{live.id}") == key(live.id)
    assert cutover.parse_link(f"{fake.url}/core/runbooks/{live.id}/tasks/{task}") == TaskKey(
        run=key(live.id), id=task
    )
    assert cutover.parse_link(f"{fake.url}/core/workspaces/3") is None
    await cutover.runbooks("")
    template = f"{fake.url}/core/runbooks/{fake.template.id}"
    assert cutover.parse_link(template) == RunbookKey(platform="cutover", id=fake.template.id)


def test_the_pages_of_people_are_known_too() -> None:
    links = Links("cutover", "https://api.acme.cutover.com", "3")
    page = links.run("7087")
    assert page == "https://acme.cutover.com/#/app/3/runbooks/7087/current_version/tasks/list"
    assert links.parse(page) == RunKey(platform="cutover", id="7087")
    own = Links("cutover", "https://gateway.example.com", "", "https://runs.example.com/r/runbooks/{runbook_id}")
    assert own.run("7087") == "https://runs.example.com/r/runbooks/7087"
    assert own.parse("https://runs.example.com/r/runbooks/7087") == RunKey(platform="cutover", id="7087")
    assert own.parse("https://evil.example.com/r/runbooks/7087") is None
    assert Links("cutover", "https://gateway.example.com").run("7087") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "cutover.com"},
        {"url": ""},
        {"token": " "},
        {"link_template": "https://example.com/"},
        {"link_template": "https://example.com/{id}"},
        {"link_template": "https://example.com/{runbook_id"},
        {"api_version": ""},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    good = {"url": "https://api.example.cutover.com", "token": "s3cret-token", "workspace_id": "3"}
    assert CutoverSettings.model_validate(good).api_version == "2022-02-22"
    with pytest.raises(ValidationError) as refused:
        CutoverSettings.model_validate(good | wrong)
    assert "s3cret-token" not in str(refused.value)


def test_the_address_may_end_in_core() -> None:
    given = {"url": "https://api.example.cutover.com/core/", "token": "x", "workspace_id": 3}
    settings = CutoverSettings.model_validate(given)
    assert (settings.url, settings.workspace_id) == ("https://api.example.cutover.com", "3")
    assert set(PLATFORM.secret_fields) == {"token"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"token": "wrong"}, "token"),
        ({"workspace_id": "99"}, "workspace_id"),
        ({"api_version": "1999-01-01"}, "role"),
    ],
)
async def test_the_doctor_names_the_setting(fake: CutoverFake, settings: dict[str, str], named: str) -> None:
    http = HttpClients()
    (problem,) = await connected(fake, http, **settings).check()
    assert problem.status is CheckStatus.FIX
    assert named in problem.fix
    await http.close()


async def test_the_doctor_is_content(fake: CutoverFake, cutover: Cutover) -> None:
    problems = await cutover.check()
    assert [problem.status for problem in problems] == [CheckStatus.OK]
    assert "Operations" in problems[0].summary
    assert len(fake.seen) == 2
