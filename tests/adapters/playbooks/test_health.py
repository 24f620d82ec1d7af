"""The health check."""

from adapters.http.client import HttpClients
from adapters.protocol import CheckStatus
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.subject import PlaybooksSubject, connect_adapter


async def _problem(fake: PlaybooksFake, **settings: str) -> tuple[str, str]:
    http = HttpClients()
    problems = await connect_adapter(fake, http, **settings).check()
    await http.close()
    assert problems[-1].status is CheckStatus.FIX
    return problems[-1].summary, problems[-1].fix


async def test_a_healthy_site_passes(subject: PlaybooksSubject) -> None:
    problems = await subject.adapter.check()
    assert [problem.status for problem in problems] == [CheckStatus.OK, CheckStatus.OK]
    assert "@relay" in problems[0].summary
    assert "1 playbook found" in problems[1].summary


async def test_a_failed_check_says_what_to_fix(subject: PlaybooksSubject) -> None:
    fake = subject.fake
    what, fix = await _problem(fake, token="wrong")
    assert "refuses the token" in what
    assert "[platforms.playbooks] token" in fix
    assert "wrong" not in what + fix
    what, fix = await _problem(fake, url=f"{fake.url}/nowhere")
    assert "SiteURL" in fix
    what, fix = await _problem(fake, team="sales")
    assert "sales" in what
    assert "Invite people" in fix
    what, _ = await _problem(fake, team="z" * 26)
    assert "not in the team" in what
    fake.world.playbooks.clear()
    what, fix = await _problem(fake)
    assert "can't see any playbook" in what
    fake.fault("answer", path="/plugins/", status=404, body="404 page not found\n", times=9)
    what, fix = await _problem(fake)
    assert "plugin isn't responding" in what
    assert "Enable Plugin" in fix


async def test_an_unreachable_server_fails_the_check() -> None:
    fake = PlaybooksFake()
    async with fake:
        pass
    what, fix = await _problem(fake)
    assert "isn't responding" in what
    assert "url" in fix
