"""The health check."""

from adapters.http.client import HttpClients
from adapters.protocol import CheckStatus
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.harness import PlatformHarness, connect_adapter


async def failed_check(fake: PlaybooksFake, **settings: str) -> tuple[str, str]:
    http = HttpClients()
    results = await connect_adapter(fake, http, **settings).check()
    await http.close()
    assert results[-1].status is CheckStatus.FIX
    return results[-1].summary, results[-1].fix


async def test_a_healthy_site_passes(harness: PlatformHarness) -> None:
    results = await harness.adapter.check()
    assert [result.status for result in results] == [CheckStatus.OK, CheckStatus.OK]
    assert "@relay" in results[0].summary
    assert "1 playbook found" in results[1].summary


async def test_a_failed_check_says_what_to_fix(harness: PlatformHarness) -> None:
    fake = harness.fake
    summary, fix = await failed_check(fake, token="wrong")
    assert "refuses the token" in summary
    assert "[platforms.playbooks] token" in fix
    assert "wrong" not in summary + fix
    summary, fix = await failed_check(fake, url=f"{fake.url}/nowhere")
    assert "SiteURL" in fix
    summary, fix = await failed_check(fake, team="sales")
    assert "sales" in summary
    assert "Invite people" in fix
    summary, _ = await failed_check(fake, team="z" * 26)
    assert "not in the team" in summary
    fake.world.playbooks.clear()
    summary, fix = await failed_check(fake)
    assert "can't see any playbook" in summary
    fake.fault("answer", path="/plugins/", status=404, body="404 page not found\n", times=9)
    summary, fix = await failed_check(fake)
    assert "plugin isn't responding" in summary
    assert "Enable Plugin" in fix


async def test_an_unreachable_server_fails_the_check() -> None:
    fake = PlaybooksFake()
    async with fake:
        pass
    summary, fix = await failed_check(fake)
    assert "isn't responding" in summary
    assert "url" in fix
