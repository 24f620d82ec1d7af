"""Reading: pages, filters, links, settings, and what the doctor says."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.errors import BadResponse, NotFound
from adapters.http.client import HttpClients
from adapters.models import RunbookKey, RunKey
from adapters.protocol import CheckStatus
from adapters.tines.adapter import Tines
from adapters.tines.settings import TinesSettings
from tests.adapters.tines.acting import an_open_case
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import connected


async def test_filters_go_in_the_body_and_the_rest_in_the_query(fake: TinesFake, tines: Tines) -> None:
    await tines.runs("")
    seen = fake.seen[-1]
    assert (seen.method, seen.path) == ("GET", "/api/v2/cases")
    assert seen.json == {"filters": {"status": "OPEN", "tags": ["runbook-run"]}}
    assert seen.query == {"team_id": "276", "order": "CREATED_DESC", "per_page": "50", "page": "1"}


async def test_all_pages_are_read_by_their_number(fake: TinesFake, tines: Tines) -> None:
    for _ in range(120):
        an_open_case(fake)
    heads = await tines.runs("")
    assert len({head.key.id for head in heads}) == 120
    assert [int(head.key.id) for head in heads] == sorted((int(head.key.id) for head in heads), reverse=True)
    assert [seen.query["page"] for seen in fake.seen] == ["1", "2", "3"]
    assert (heads[0].done, heads[0].total) == (0, 4)


async def test_all_tasks_are_read(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    for number in range(110):
        fake.world.add_task(case, f"Task {number}")
    assert len((await tines.read(str(case.id))).tasks) == 114
    assert (await tines.runs(""))[0].total is None  # its own list is not promised to be whole


async def test_lists_without_an_end(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    fake.endless = True
    assert len(await tines.runbooks("")) == 1
    with pytest.raises(BadResponse) as refused:
        await tines.read(str(case.id))
    assert refused.value.key == "tines.endless"
    assert len(fake.seen) < 50


@pytest.mark.parametrize("number", [1, 0, -3])
async def test_a_page_number_that_goes_back_ends_the_list(fake: TinesFake, tines: Tines, number: int) -> None:
    body = f'{{"cases": [], "meta": {{"next_page_number": {number}}}}}'
    fake.fault("answer", status=200, body=body, times=99)
    assert await tines.runs("") == []
    assert len(fake.seen) == 1


async def test_a_filter_that_got_lost_shows_nothing_else(fake: TinesFake, tines: Tines) -> None:
    fake.drops_bodies = True
    run = an_open_case(fake)
    fake.world.add_case("An incident", tags=["incident"])
    closed = an_open_case(fake)
    closed.status = "CLOSED"
    assert [head.key.id for head in await tines.runs("")] == [str(run.id)]
    assert [found.key.id for found in await tines.runbooks("")] == [str(fake.template.id)]


async def test_a_template_may_be_left_open(fake: TinesFake, tines: Tines) -> None:
    fake.template.status = "OPEN"
    assert len(await tines.runbooks("failover")) == 1
    assert await tines.runs("") == []


async def test_the_tags_of_the_settings_decide_what_is_a_run_and_a_runbook(
    fake: TinesFake, http: HttpClients
) -> None:
    tines = connected(fake, http, template_tag="database", run_tag="incident")
    fake.world.add_case("An incident", tags=["incident"])
    assert [head.title for head in await tines.runs("")] == ["An incident"]
    assert [found.title for found in await tines.runbooks("")] == ["Database failover"]


@pytest.mark.parametrize("id", ["", "../audit_logs", "1/tasks", "a b", "9" * 65, "ä"])
async def test_an_id_that_cannot_be_one_is_not_asked_for(fake: TinesFake, tines: Tines, id: str) -> None:
    with pytest.raises(NotFound):
        await tines.read(id)
    assert fake.seen == []


@pytest.mark.parametrize("body", ["[]", "1", "null", "{}", '{"case_id": null}', '{"tasks": {}}'])
async def test_an_answer_that_makes_no_sense(fake: TinesFake, tines: Tines, body: str) -> None:
    fake.fault("answer", status=200, body=body, times=99)
    for read in (tines.read("1"), tines.runbooks(""), tines.runs(""), tines.comments("1", None)):
        with pytest.raises(BadResponse):
            await read


async def test_links_of_its_pages_are_known_in_every_form_and_others_are_not(
    fake: TinesFake, tines: Tines
) -> None:
    case = an_open_case(fake)
    run = await tines.read(str(case.id))
    assert run.link is not None
    key = RunKey(platform="tines", id=str(case.id))
    for link in (
        run.link,
        run.link + "?tab=tasks#x",
        f"{fake.url}/cases/{case.id}",
        f"{fake.url}/api/v2/cases/{case.id}",
    ):
        assert tines.parse_link(link) == key
    template = f"{fake.url}/team/276/cases/{fake.template.id}"
    assert tines.parse_link(template) == RunKey(platform="tines", id=str(fake.template.id))
    await tines.runbooks("")
    assert tines.parse_link(template) == RunbookKey(platform="tines", id=str(fake.template.id))
    others = ("https://other.tines.com/team/276/cases/1", f"{fake.url}/stories/1", f"{fake.url}/cases/", "")
    assert [tines.parse_link(link) for link in others] == [None, None, None, None]


async def test_a_link_that_a_browser_should_not_open_is_not_shown(fake: TinesFake, tines: Tines) -> None:
    body = '{"case_id": 1, "url": "javascript:alert(1)"}'
    fake.fault("answer", path=r"/cases/1$", status=200, body=body)
    fake.fault("answer", path=r"/tasks$", status=200, body='{"tasks": []}')
    assert (await tines.read("1")).link is None


async def test_the_doctor_names_the_setting_or_the_right_that_is_wrong(
    fake: TinesFake, tines: Tines, http: HttpClients
) -> None:
    problem, stories = await tines.check()
    assert (problem.status, "team 276" in problem.summary) == (CheckStatus.OK, True)
    assert (stories.status, stories.summary.endswith(": Enrich alert, Restart service")) == (CheckStatus.OK, True)
    assert "[platforms.tines.stories]" in stories.summary
    fake.hides_stories = True
    assert len(await tines.check()) == 1
    fake.template.tags = []
    assert "runbook-template" in (await tines.check())[1].summary
    (wrong,) = await connected(fake, http, team_id="999").check()
    assert (wrong.status, "team_id" in wrong.fix) == (CheckStatus.FIX, True)
    (bad,) = await connected(fake, http, token="other").check()
    assert (bad.status, "platforms.tines.token" in bad.fix) == (CheckStatus.FIX, True)


async def test_the_doctor_looks_at_the_stories_of_the_settings(fake: TinesFake, http: HttpClients) -> None:
    address = f"{fake.url}/webhook/restart/s3cr3t"
    tines = connected(fake, http, stories={"restart service": address, "Enrich alert": address, "Other": address})
    fake.world.stories[0].disabled = True
    _, disabled, unknown = await tines.check()
    assert (disabled.status, '"restart service"' in disabled.summary) == (CheckStatus.FIX, True)
    assert "[platforms.tines.stories]" in disabled.fix
    assert (unknown.status, '"Other"' in unknown.summary) == (CheckStatus.OK, True)
    fake.hides_stories = True
    _, hidden = await tines.check()
    assert (hidden.status, "may not see" in hidden.summary) == (CheckStatus.OK, True)


GOOD = {"url": "https://adjective-noun-1234.tines.com/", "token": "secret", "team_id": 276}


def test_settings_are_read_as_people_copy_them() -> None:
    settings = TinesSettings.model_validate({**GOOD, "amber": 3})
    assert (settings.url, settings.team_id, settings.amber) == (
        "https://adjective-noun-1234.tines.com",
        "276",
        "3",
    )
    assert (settings.template_tag, settings.run_tag) == ("runbook-template", "runbook-run")
    assert TinesSettings.model_validate({**GOOD, "url": "https://a.tines.io/api/v1"}).url == "https://a.tines.io"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "adjective-noun-1234.tines.com"},
        {"token": " "},
        {"team_id": "my team"},
        {"run_tag": "Runbook-Template"},
        {"template_tag": ""},
        {"colour": "3"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TinesSettings.model_validate({**GOOD, **wrong})


async def test_without_a_team_all_that_the_key_sees(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, team_id="")
    assert len(await tines.runbooks("")) == 1
    assert "team_id" not in fake.seen[-1].query
