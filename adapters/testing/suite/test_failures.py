"""What an adapter makes of a platform that responds badly, and that its credential goes nowhere else."""

import contextlib

import pytest
from aiohttp import web

from adapters.errors import AdapterError, BadResponse, CredentialsRejected, NotFound, RateLimited, Unreachable
from adapters.protocol import CheckStatus
from adapters.testing.fake_server import Fake, Seen
from adapters.testing.fixtures import ErrorText, contract
from adapters.testing.harness import Harness, PagedHarness
from adapters.testing.suite.test_outcomes import fault_at
from adapters.testing.writes import any_list, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio
HTML = {"Content-Type": "text/html"}
RESPONSES = [
    (401, "{}", {}, CredentialsRejected),
    (404, "{}", {}, NotFound),
    (500, "<html>Server Error</html>", HTML, Unreachable),
    (502, "", {}, Unreachable),
    (200, "<html>Welcome</html>", HTML, BadResponse),
    (200, '"text"', {}, BadResponse),
    (302, "", {"Location": "https://login.example.com/"}, BadResponse),
]


@pytest.mark.parametrize(("status", "body", "headers", "error"), RESPONSES, ids=lambda value: str(value)[:12])
@contract(network=True)
async def test_a_read_that_fails(
    harness: Harness,
    status: int,
    body: str,
    headers: dict[str, str],
    error: type[AdapterError],
    error_text: ErrorText,
) -> None:
    run = await harness.new_run()
    harness.fake.fault("answer", status=status, body=body, headers=headers, times=1000)
    with pytest.raises(AdapterError) as read:
        await harness.adapter.read(run.key.id)
    assert type(read.value) is error
    assert error_text(read.value)
    with pytest.raises(AdapterError) as listed:
        await any_list(harness)
    assert error_text(listed.value)


@contract(network=True)
async def test_data_that_cannot_be_read_is_not_shown(harness: Harness, error_text: ErrorText) -> None:
    """Whoever asked may not be allowed to see it, and it says nothing to people."""
    run = await harness.new_run()
    cut_short = '{"data": {"name": "Secret plan", "email": "ana@exam'
    harness.fake.fault("answer", status=200, body=cut_short, times=1000)
    with pytest.raises(BadResponse) as unreadable:
        await harness.adapter.read(run.key.id)
    assert error_text(unreadable.value)
    assert "Secret" not in error_text(unreadable.value)


@contract([Op.COMMENT], network=True)
async def test_a_rate_limit_says_how_long_to_wait(harness: Harness, op: Op, error_text: ErrorText) -> None:
    pending = await new_write(harness, op)
    fault_at(harness, op, "answer", status=429, body="slow down", headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as limited:
        await pending.execute()
    assert 5 < limited.value.retry_after <= 7
    assert error_text(limited.value)
    assert harness.effects(op) == 0


@pytest.mark.parametrize("status", [401, 403, 404, 500])
@contract(network=True)
async def test_the_doctor_says_what_to_fix(harness: Harness, status: int) -> None:
    harness.fake.fault("answer", status=status, body="{}", times=1000)
    problems = [result for result in await harness.adapter.check() if result.status is CheckStatus.FIX]
    assert problems
    assert all(problem.summary and problem.fix for problem in problems)


@contract(network=True)
async def test_the_doctor_reports_an_unreachable_platform(harness: Harness) -> None:
    await harness.fake.stop()
    assert CheckStatus.FIX in [result.status for result in await harness.adapter.check()]


@contract(network=True)
async def test_a_list_without_an_end_is_not_read_forever(harness: Harness) -> None:
    if not isinstance(harness, PagedHarness):
        pytest.skip("this platform's lists have no page links")
    harness.page_forever()
    with contextlib.suppress(BadResponse):  # giving up is as good as stopping
        found = await any_list(harness)
        assert len({item.key for item in found}) == len(found)
    assert len(harness.fake.seen) < 500


@contract(network=True)
async def test_a_page_of_another_site_never_gets_our_credential(harness: Harness, error_text: ErrorText) -> None:
    if not isinstance(harness, PagedHarness):
        pytest.skip("this platform's lists have no page links")
    async with OtherSite() as other:
        harness.page_forever(f"{other.url}/core/runbooks?page=2")
        with pytest.raises(BadResponse) as refused:
            await any_list(harness)
        assert error_text(refused.value)
        assert other.seen == []


class OtherSite(Fake):
    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.json_response({"data": [], "items": []})


@contract(network=True)
async def test_a_read_waits_for_a_short_rate_limit_and_reports_a_long_one(
    harness: Harness, error_text: ErrorText
) -> None:
    run = await harness.new_run()
    harness.fake.fault("answer", method="GET", status=429, body="slow down", headers={"Retry-After": "1"})
    assert (await harness.adapter.read(run.key.id)).key == run.key
    harness.fake.fault("answer", method="GET", status=429, body="slow down", headers={"Retry-After": "30"})
    with pytest.raises(RateLimited) as limited:
        await harness.adapter.read(run.key.id)
    assert error_text(limited.value)
    requests = len(harness.fake.seen)
    with pytest.raises(RateLimited):
        await harness.adapter.read(run.key.id)
    assert len(harness.fake.seen) == requests
