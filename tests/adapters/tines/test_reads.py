"""Reading cases: pages, filters and ids."""

import pytest

from adapters.errors import BadResponse, NotFound
from adapters.http.client import HttpClients
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import ANA, STRANGER, add_open_case


async def test_filters_go_in_the_body_and_the_rest_in_the_query(fake: TinesFake, tines: Tines) -> None:
    await tines.runs("")
    seen = fake.seen[-1]
    assert (seen.method, seen.path) == ("GET", "/api/v2/cases")
    assert seen.json == {"filters": {"status": "OPEN", "tags": ["runbook-run"]}}
    assert seen.query == {"team_id": "276", "order": "CREATED_DESC", "per_page": "50", "page": "1"}


async def test_all_pages_are_read_by_number(fake: TinesFake, tines: Tines) -> None:
    for _ in range(120):
        add_open_case(fake)
    heads = await tines.runs("")
    assert len({head.key.id for head in heads}) == 120
    assert [int(head.key.id) for head in heads] == sorted((int(head.key.id) for head in heads), reverse=True)
    assert [seen.query["page"] for seen in fake.seen] == ["1", "2", "3"]
    assert (heads[0].done, heads[0].total) == (0, 4)


async def test_a_long_list_takes_ten_requests_and_is_known_to_be_cut(fake: TinesFake, tines: Tines) -> None:
    for _ in range(520):
        add_open_case(fake)
    heads = await tines.runs("")
    assert (len(heads), heads.complete, len(fake.seen)) == (500, False, 10)
    assert int(heads[0].key.id) == max(fake.world.cases)


async def test_all_tasks_are_read(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    for number in range(110):
        fake.world.add_task(case, f"Task {number}")
    assert len((await tines.read(str(case.id))).tasks) == 114
    assert (await tines.runs(""))[0].total is None  # the case's own list may be incomplete


async def test_lists_without_an_end_are_cut(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    fake.endless = True
    assert len(await tines.runbooks("")) == 1
    with pytest.raises(BadResponse) as error:
        await tines.read(str(case.id))
    assert error.value.key == "tines.endless"
    assert len(fake.seen) < 50


@pytest.mark.parametrize("number", [1, 0, -3])
async def test_a_page_number_that_goes_back_ends_the_list(fake: TinesFake, tines: Tines, number: int) -> None:
    body = f'{{"cases": [], "meta": {{"next_page_number": {number}}}}}'
    fake.fault("answer", status=200, body=body, times=99)
    assert not await tines.runs("")
    assert len(fake.seen) == 1


async def test_a_dropped_filter_shows_no_other_cases(fake: TinesFake, tines: Tines) -> None:
    fake.drops_get_bodies = True
    run = add_open_case(fake)
    fake.world.add_case("An incident", tags=["incident"])
    closed = add_open_case(fake)
    closed.status = "CLOSED"
    assert [head.key.id for head in await tines.runs("")] == [str(run.id)]
    assert [found.key.id for found in await tines.runbooks("")] == [str(fake.template.id)]


async def test_a_template_can_be_open(fake: TinesFake, tines: Tines) -> None:
    fake.template.status = "OPEN"
    assert len(await tines.runbooks("failover")) == 1
    assert not await tines.runs("")


async def test_tags_decide_what_is_a_run_or_a_runbook(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, template_tag="database", run_tag="incident")
    fake.world.add_case("An incident", tags=["incident"])
    assert [head.title for head in await tines.runs("")] == ["An incident"]
    assert [found.title for found in await tines.runbooks("")] == ["Database failover"]


@pytest.mark.parametrize("id", ["", "../audit_logs", "1/tasks", "a b", "9" * 65, "ä"])
async def test_an_invalid_id_is_not_requested(fake: TinesFake, tines: Tines, id: str) -> None:
    with pytest.raises(NotFound):
        await tines.read(id)
    assert fake.seen == []


@pytest.mark.parametrize("body", ["[]", "1", "null", "{}", '{"case_id": null}', '{"tasks": {}}'])
async def test_an_unreadable_response_is_a_bad_response(fake: TinesFake, tines: Tines, body: str) -> None:
    fake.fault("answer", status=200, body=body, times=99)
    for read in (tines.read("1"), tines.runbooks(""), tines.runs(""), tines.comments("1", None)):
        with pytest.raises(BadResponse):
            await read


async def test_without_a_team_all_cases_of_the_key_are_listed(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, team_id="")
    assert len(await tines.runbooks("")) == 1
    assert "team_id" not in fake.seen[-1].query


async def test_an_open_case_says_that_it_is_no_runbook(fake: TinesFake, tines: Tines) -> None:
    run, incident = add_open_case(fake), fake.world.add_case("Login failures")
    assert (await tines.runbook(str(run.id))).warning == "tines.is_a_run"
    assert (await tines.runbook(str(incident.id))).warning == "tines.not_a_template"
    runbook = await tines.runbook(str(fake.template.id))
    assert (runbook.warning, runbook.folder) == ("", "Operations")
    assert runbook.created_at is not None


async def test_the_open_tasks_of_a_person_are_listed_in_a_few_requests(fake: TinesFake, tines: Tines) -> None:
    first, second, closed = (add_open_case(fake) for _ in range(3))
    ana, ben, _ = fake.world.users
    first.task("Page the DBA").assignees = [ben, ana]
    second.task("Promote the replica").assignees = [ana]
    closed.task("Page the DBA").assignees = [ana]
    closed.status = "CLOSED"
    done = second.task("Page the DBA")
    done.assignees, done.completed = [ana], True
    fake.seen.clear()
    found = await tines.assigned_tasks(ANA)
    assert found.complete
    assert {(item.run.key.id, item.task.title) for item in found} == {
        (str(first.id), "Page the DBA"),
        (str(second.id), "Promote the replica"),
    }
    assert {person.name for item in found for person in item.task.assignees} >= {"Ana Reis"}
    assert len(fake.seen) == 2
    assert fake.seen[-1].query["order"] == "RECENTLY_EDITED"
    assert list(await tines.assigned_tasks(STRANGER)) == []
    for _ in range(120):
        add_open_case(fake)
    assert not (await tines.assigned_tasks(ANA)).complete


async def test_a_template_is_not_read_as_a_run(fake: TinesFake, tines: Tines) -> None:
    with pytest.raises(NotFound):
        await tines.read(str(fake.template.id))
