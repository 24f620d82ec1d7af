"""Links to runs and playbooks."""

from adapters.models import RunbookKey
from tests.adapters.playbooks.harness import PlatformHarness


async def test_links_to_runs_and_playbooks_are_parsed_and_others_are_not(harness: PlatformHarness) -> None:
    run, site = await harness.new_run(), harness.fake.site
    runbook = RunbookKey(platform="playbooks", id=harness.fake.playbook)
    assert run.link is not None
    for link in (
        run.link,
        f"{run.link}/",
        f"{run.link}?from=x#y",
        f"{site}/ops/playbooks/runs/{run.key.id}/overview",
    ):
        assert harness.adapter.parse_link(link) == run.key
    assert harness.adapter.parse_link(f"{site}/playbooks/playbooks/{runbook.id}/usage") == runbook
    for stranger in (
        f"https://other.example.com/playbooks/runs/{run.key.id}",
        f"{site}/playbooks/runs/short",
        f"{site}/ops/channels/town-square",
        f"javascript:{run.link}",
    ):
        assert harness.adapter.parse_link(stranger) is None
