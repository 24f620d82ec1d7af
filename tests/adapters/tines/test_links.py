"""Links to cases."""

from adapters.models import RunbookKey, RunKey
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.helpers import add_open_case


async def test_links_to_cases_are_parsed_and_others_are_not(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
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


async def test_an_unsafe_link_is_not_shown(fake: TinesFake, tines: Tines) -> None:
    body = '{"case_id": 1, "url": "javascript:alert(1)"}'
    fake.fault("answer", path=r"/cases/1$", status=200, body=body)
    fake.fault("answer", path=r"/tasks$", status=200, body='{"tasks": []}')
    assert (await tines.read("1")).link is None
