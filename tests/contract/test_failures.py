"""What a platform that answers badly is taken for, and that our token goes nowhere else."""

import contextlib

import pytest
from aiohttp import web

from adapters.errors import AdapterError, BadResponse, CredentialsRejected, NotFound, RateLimited, Unreachable
from adapters.protocol import CheckStatus
from adapters.writes import Op
from tests.contract.subject import RUNBOOK, Paged, Subject
from tests.contract.subjects import ON_A_WIRE, is_told
from tests.contract.test_outcomes import aimed, fake_of
from tests.contract.writes import a_write
from tests.fakes.serving import Fake, Seen

HTML = {"Content-Type": "text/html"}
ANSWERS = [
    (401, "{}", {}, CredentialsRejected),
    (404, "{}", {}, NotFound),
    (500, "<html>Server Error</html>", HTML, Unreachable),
    (502, "", {}, Unreachable),
    (200, "<html>Welcome</html>", HTML, BadResponse),
    (200, '"text"', {}, BadResponse),
    (302, "", {"Location": "https://login.example.com/"}, BadResponse),
]


@pytest.mark.parametrize(("status", "body", "headers", "error"), ANSWERS, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_a_read_that_fails(
    subject: Subject, kind: str, status: int, body: str, headers: dict[str, str], error: type[AdapterError]
) -> None:
    run = await subject.a_run()
    fake_of(subject).fault("answer", status=status, body=body, headers=headers, times=1000)
    with pytest.raises(AdapterError) as read:
        await subject.adapter.read(run.key.id)
    assert type(read.value) is error
    assert is_told(kind, read.value)
    with pytest.raises(AdapterError) as listed:
        await subject.adapter.runbooks(RUNBOOK)
    assert not isinstance(listed.value, AssertionError)
    assert is_told(kind, listed.value)


@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_waiting_is_asked_for_and_told(subject: Subject, kind: str) -> None:
    doing = await a_write(subject, Op.COMMENT)
    aimed(subject, Op.COMMENT, "answer", status=429, body="slow down", headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as limited:
        await doing.execute()
    assert 5 < limited.value.retry_after <= 7
    assert is_told(kind, limited.value)
    assert subject.effects(Op.COMMENT) == 0


@pytest.mark.parametrize("status", [401, 403, 404, 500])
@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_the_doctor_says_what_to_mend(subject: Subject, kind: str, status: int) -> None:
    fake_of(subject).fault("answer", status=status, body="{}", times=1000)
    problems = await subject.adapter.check()
    bad = [problem for problem in problems if problem.status is CheckStatus.FIX]
    assert bad
    assert all(problem.summary and problem.fix for problem in bad)


@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_the_doctor_tells_a_closed_door(subject: Subject) -> None:
    await fake_of(subject).stop()
    problems = await subject.adapter.check()
    assert CheckStatus.FIX in [problem.status for problem in problems]


@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_pages_without_end_end(subject: Subject) -> None:
    if not isinstance(subject, Paged):
        pytest.skip("this platform's lists have no page links")
    subject.page_forever()
    with contextlib.suppress(BadResponse):  # to give up is as good as to stop reading
        found = await subject.adapter.runbooks("")
        assert len({one.key for one in found}) == len(found)
    assert len(fake_of(subject).seen) < 500


@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_a_foreign_page_never_gets_our_token(subject: Subject, kind: str) -> None:
    if not isinstance(subject, Paged):
        pytest.skip("this platform's lists have no page links")
    stranger = Stranger()
    async with stranger:
        subject.page_forever(f"{stranger.url}/core/runbooks?page=2")
        with pytest.raises(BadResponse) as refused:
            await subject.adapter.runbooks("")
        assert is_told(kind, refused.value)
        assert stranger.seen == []


class Stranger(Fake):
    """Another site, hoping for a visit."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.json_response({"data": [], "items": []})


@pytest.mark.parametrize("kind", ON_A_WIRE)
async def test_a_read_waits_out_a_short_rest_and_tells_of_a_long_one(subject: Subject, kind: str) -> None:
    run = await subject.a_run()
    fake = fake_of(subject)
    fake.fault("answer", method="GET", status=429, body="slow down", headers={"Retry-After": "1"})
    assert (await subject.adapter.read(run.key.id)).key == run.key
    fake.fault("answer", method="GET", status=429, body="slow down", headers={"Retry-After": "30"})
    with pytest.raises(RateLimited) as limited:
        await subject.adapter.read(run.key.id)
    assert is_told(kind, limited.value)
    asked = len(fake.seen)
    with pytest.raises(RateLimited):
        await subject.adapter.read(run.key.id)
    assert len(fake.seen) == asked
