"""Paging, rate limits and checks of ids. Malformed headers must not block the process."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from adapters.errors import BadResponse, NotFound, RateLimited
from adapters.http.client import HttpClients
from adapters.runrunit.adapter import RATE_LIMIT, Runrunit
from adapters.runrunit.api import next_link, next_page
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.harness import connect_adapter
from tests.adapters.runrunit.helpers import MARKER, begin, execute, finish
from tests.adapters.runrunit.recording_files import load_exchange


async def test_lists_are_read_to_the_last_page(runrunit: Runrunit, fake: RunrunitFake) -> None:
    for number in range(7):
        fake.world.template(f"Runbook {number}")
    fake.max_page_size = 3
    assert len(await runrunit.runbooks("")) == 8
    pages = [seen.query.get("page") for seen in fake.calls("GET", "task_templates$")]
    assert pages == [None, "2", "3"]
    assert len(fake.seen) == 4  # and the project template's name, once


async def test_every_list_requests_full_pages(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """The documented default is 100, and 1000 for tasks, so it is never relied on."""
    run = fake.world.run()
    await runrunit.runbooks("")
    await runrunit.runs("")
    await runrunit.read(str(run.id))
    await runrunit.comments(str(run.id), None)
    await runrunit.actions(await runrunit.read(str(run.id)))
    single_resource = rf"/(tasks/{run.id}|project_templates/3(/task_templates/\d+)?)$"
    lists = [seen for seen in fake.calls("GET", "") if not re.search(single_resource, seen.path)]
    assert {seen.query.get("limit") for seen in lists} == {"100"}
    assert len({seen.path for seen in lists}) == 7


async def test_pages_smaller_than_requested_are_read_to_the_end(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """A server may return less than was requested."""
    for number in range(29):
        fake.world.template(f"Runbook {number}")
    fake.max_page_size = 2
    assert len(await runrunit.runbooks("")) == 30


async def test_a_repeated_first_page_ends_the_list(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.endless = True
    assert len(await runrunit.runbooks("")) == 1
    assert len(fake.calls("GET", "task_templates$")) == 2


async def test_an_endless_subtask_list_is_an_error(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.task("R1 long")
    for number in range(30):
        fake.world.task(f"step {number}", parent=run.id)
    fake.max_page_size = 1
    with pytest.raises(BadResponse) as raised:
        await runrunit.read(str(run.id))
    assert raised.value.key == "runrunit.endless"


@pytest.mark.parametrize("id", ["", "abc", "../users", "1/deliver", "٣", "9" * 30])
async def test_an_invalid_id_is_not_requested(runrunit: Runrunit, fake: RunrunitFake, id: str) -> None:
    with pytest.raises(NotFound) as raised:
        await runrunit.read(id)
    assert raised.value.key == "runrunit.not_an_id"
    assert fake.seen == []


@pytest.mark.parametrize("body", ["", "<html></html>", "[", "{}", "null"])
async def test_a_response_that_is_no_list_is_an_error(runrunit: Runrunit, fake: RunrunitFake, body: str) -> None:
    fake.fault("answer", status=200, body=body, times=99)
    with pytest.raises(BadResponse):
        await runrunit.runs("")


async def test_one_account_has_one_rate_limit(fake: RunrunitFake) -> None:
    """Two platforms with one account share its 80 requests a minute, even with different user tokens."""
    http = HttpClients()
    first, second = connect_adapter(fake, http), connect_adapter(fake, http, user_token="another")
    assert RATE_LIMIT.calls == 80
    assert first._api.http.rate_limiter is second._api.http.rate_limiter
    await first.runs("")
    headers = {name.lower(): value for name, value in fake.seen[0].headers.items()}
    assert (headers["app-key"], headers["user-token"]) == (fake.app_key, fake.user_token)
    await http.close()


@pytest.mark.parametrize(
    ("headers", "shortest", "longest"),
    [
        ({}, 55, 60),
        ({"RateLimit-Reset": "20"}, 15, 20),
        (
            {"RateLimit-Reset": (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S UTC")},
            3000,
            3600,
        ),
    ],
)
async def test_a_429_blocks_further_requests(
    runrunit: Runrunit, fake: RunrunitFake, headers: dict[str, str], shortest: float, longest: float
) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", status=429, headers=headers)
    with pytest.raises(RateLimited) as raised:
        await execute(runrunit, finish(run, fake.world.step(run)))
    assert shortest <= raised.value.retry_after <= longest
    count = len(fake.seen)
    with pytest.raises(RateLimited):
        await runrunit.execute(begin(run, fake.world.step(run)), MARKER)
    assert len(fake.seen) == count  # no reads either


LONG = 60_000  # characters; the HTTP library accepts no more
RANGE = "1-100/250"


@pytest.mark.parametrize("link", ["<" * LONG, "<a>;" * (LONG // 4), "<?page=" + "9" * 5000 + '>; rel="next"'])
def test_a_malformed_link_header_is_parsed_quickly(link: str) -> None:
    started_at = time.process_time()
    assert next_page({"link": link, "x-item-range": RANGE}, 1) is None
    assert time.process_time() - started_at < 2


@pytest.mark.parametrize("item_range", ["1" * LONG, "1 " * (LONG // 2), "1-" + "9" * 5000 + "/" + "9" * 5000])
def test_a_malformed_range_header_is_parsed_quickly(item_range: str) -> None:
    started_at = time.process_time()
    assert next_page({"link": '</tasks?page=2>; rel="next"', "x-item-range": item_range}, 1) == 2
    assert time.process_time() - started_at < 2


def test_the_range_header_tells_whether_there_is_a_next_page() -> None:
    assert next_page({"x-item-range": RANGE}, 1) == 2
    assert next_page({"x-item-range": "items 201 - 250 / 250"}, 3) is None
    assert (
        next_page({"link": '</tasks?page=1>; rel="first", </tasks?page=2>; rel=next', "x-item-range": RANGE}, 1)
        == 2
    )


def test_only_the_page_number_of_the_link_header_is_used() -> None:
    headers = {name.lower(): value for name, value in load_exchange("paging")["headers"].items()}
    assert next_link(headers) == "/api/clients?page=2"
    assert next_page(headers, 1) == 2
    assert next_page(headers, 2) is None  # the link leads back to this page
    assert next_page({**headers, "x-item-range": "items 101-155/155"}, 1) is None


@pytest.mark.parametrize(
    "header",
    ["", "<>; rel=next", "</api/tasks?page=two>; rel=next", "</a?page=-1>; rel=next", "<http://[/>;rel=next"],
)
def test_a_malformed_link_header_ends_the_list(header: str) -> None:
    assert next_page({"link": header}, 1) is None
