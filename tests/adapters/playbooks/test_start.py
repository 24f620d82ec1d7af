"""Starting a run."""

from datetime import timedelta

import pytest

from adapters.errors import NotFound, OutcomeUnknown, Rejected
from adapters.models import HomeChannel, Person, RunbookKey
from adapters.results import Applied, NotApplied
from adapters.writes import StartRun
from tests.adapters.playbooks.harness import PlatformHarness
from tests.adapters.playbooks.helpers import ANA, STRANGER, execute_steps, make_baseline, make_marker


def build_start(harness: PlatformHarness, title: str = "R9 Primary down", by: Person = ANA) -> StartRun:
    runbook = RunbookKey(platform="playbooks", id=harness.fake.playbook)
    return StartRun(runbook=runbook, title=title, handle="R9", by=by)


async def test_a_start_sends_one_request(harness: PlatformHarness) -> None:
    marker = make_marker()
    [result] = await execute_steps(harness, build_start(harness), marker=marker)
    about = f"Started by Ana via Slack ({marker.code})"
    [sent] = harness.fake.calls("POST", "/runs$")
    assert sent.json == {
        "name": "R9 Primary down",
        "description": about,
        "summary": about,
        "owner_user_id": harness.fake.ana,
        "team_id": harness.fake.team,
        "playbook_id": harness.fake.playbook,
    }
    assert sent.headers["Authorization"] == f"Bearer {harness.fake.token}"
    assert result.snapshot is not None
    assert result.snapshot.owner is not None
    assert result.snapshot.owner.name == "Ana Reis"
    assert result.snapshot.home == HomeChannel(
        site=harness.fake.site, channel=harness.fake.run(result.snapshot.key.id)["channel_id"]
    )


async def test_the_tasks_of_a_new_run_have_ids(harness: PlatformHarness) -> None:
    [result] = await execute_steps(harness, build_start(harness))
    assert result.snapshot is not None
    assert all(len(task.id) == 26 for task in result.snapshot.tasks)


async def test_a_long_name_is_cut_and_keeps_its_handle(harness: PlatformHarness) -> None:
    for title in ("R9 " + "x" * 100, "Datenbank " * 12):
        await execute_steps(harness, build_start(harness, title))
        name = harness.fake.calls("POST", "/runs$")[-1].json["name"]
        assert len(name) <= 64
        assert "R9" in name


async def test_the_bot_owns_a_run_started_by_somebody_without_an_account(harness: PlatformHarness) -> None:
    [result] = await execute_steps(harness, build_start(harness, by=STRANGER))
    assert harness.fake.calls("POST", "/runs$")[0].json["owner_user_id"] == harness.fake.bot
    assert (result.message, result.facts) == ("playbooks.bot_owns", {"person": "Zoe"})


async def test_an_unknown_or_archived_playbook_is_refused_before_a_write(
    harness: PlatformHarness,
) -> None:
    write = build_start(harness)
    unknown = write.model_copy(update={"runbook": RunbookKey(platform="playbooks", id="z" * 26)})
    with pytest.raises(NotFound):
        await execute_steps(harness, unknown)
    harness.fake.world.playbooks[harness.fake.playbook]["delete_at"] = 1
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, write)
    assert error.value.key == "playbooks.archived"
    assert not harness.fake.calls("POST", "/runs$")


async def test_a_lost_start_is_found_even_if_its_run_is_over(harness: PlatformHarness) -> None:
    write, marker, baseline = build_start(harness), make_marker(), make_baseline()
    assert isinstance(await harness.adapter.reconcile(write, marker, baseline), NotApplied)
    harness.fake.fault("cut_after", method="POST", path="/runs$")
    with pytest.raises(OutcomeUnknown):
        await harness.adapter.execute(write, marker)
    [made] = harness.fake.world.runs
    harness.fake.run(made).update(end_at=harness.fake.core.clock.now(), current_status="Finished")
    reconciliation = await harness.adapter.reconcile(write, marker, baseline)
    assert isinstance(reconciliation, Applied)
    assert reconciliation.result.run is not None
    assert reconciliation.result.run.id == made
    query = harness.fake.calls("GET", "/runs$")[-1].query
    assert (query["sort"], query["direction"]) == ("create_at", "desc")


async def test_a_lost_start_is_found_if_the_playbook_sets_the_name(playbooks_2: PlatformHarness) -> None:
    """A ``channel_name_template`` overrides the name, so only the code in the summary identifies the run."""
    playbooks_2.fake.world.playbooks[playbooks_2.fake.playbook]["channel_name_template"] = "INC-00042"
    await playbooks_2.new_run()
    write, marker, baseline = build_start(playbooks_2), make_marker(), make_baseline()
    assert isinstance(await playbooks_2.adapter.reconcile(write, marker, baseline), NotApplied)
    playbooks_2.fake.fault("cut_after", method="POST", path="/runs$")
    with pytest.raises(OutcomeUnknown):
        await playbooks_2.adapter.execute(write, marker)
    reconciliation = await playbooks_2.adapter.reconcile(write, marker, baseline)
    assert isinstance(reconciliation, Applied)
    assert reconciliation.result.run is not None
    assert reconciliation.result.run.id == list(playbooks_2.fake.world.runs)[-1]


async def test_an_earlier_run_with_the_same_name_is_not_taken(harness: PlatformHarness) -> None:
    await execute_steps(harness, build_start(harness))
    baseline = make_baseline()
    later = baseline.model_copy(update={"sent_at": baseline.sent_at + timedelta(hours=1)})
    assert isinstance(await harness.adapter.reconcile(build_start(harness), make_marker(), later), NotApplied)


async def test_a_start_stands_if_the_run_cannot_be_read_afterwards(harness: PlatformHarness) -> None:
    harness.fake.fault("answer", method="GET", path=r"/runs/[a-z0-9]{26}$", status=502, times=3)
    [result] = await execute_steps(harness, build_start(harness))
    assert result.run is not None
    assert result.snapshot is None


async def test_a_run_can_be_started_in_the_current_channel(playbooks_2: PlatformHarness) -> None:
    channel = playbooks_2.fake.core.new_channel(playbooks_2.fake.team, "incidents", [playbooks_2.fake.bot])
    changes = {"channel": channel, "site": playbooks_2.fake.site, "options": {"channel": "here"}}
    [result] = await execute_steps(playbooks_2, build_start(playbooks_2).model_copy(update=changes))
    assert result.snapshot is not None
    assert result.snapshot.home == HomeChannel(site=playbooks_2.fake.site, channel=channel)


async def test_a_run_is_started_in_the_shared_channel_of_its_playbook(playbooks_2: PlatformHarness) -> None:
    shared = playbooks_2.fake.core.new_channel(playbooks_2.fake.team, "incidents", [playbooks_2.fake.bot])
    book = playbooks_2.fake.world.playbooks[playbooks_2.fake.playbook]
    book |= {"channel_mode": "link_existing_channel", "channel_id": shared}
    [result] = await execute_steps(playbooks_2, build_start(playbooks_2))
    assert result.snapshot is not None
    assert result.snapshot.home == HomeChannel(site=playbooks_2.fake.site, channel=shared)
    await execute_steps(playbooks_2, build_start(playbooks_2).model_copy(update={"options": {"channel": "new"}}))
    assert "channel_id" not in playbooks_2.fake.calls("POST", "/runs$")[-1].json


@pytest.mark.parametrize("body", ["", "[]", "{}"])
async def test_the_id_of_a_new_run_is_read_from_the_location_header(harness: PlatformHarness, body: str) -> None:
    at = "/api/v0/runs/" + "a" * 26
    for headers, has_id in (({"Location": at}, True), ({}, False)):
        harness.fake.fault("answer", method="POST", path="/runs$", status=201, body=body, headers=headers)
        if has_id:
            [result] = await execute_steps(harness, build_start(harness))
            assert result.run is not None
            assert result.run.id == "a" * 26
        else:
            with pytest.raises(OutcomeUnknown):
                await execute_steps(harness, build_start(harness))


async def test_a_playbook_that_is_only_in_the_list_can_be_started(harness: PlatformHarness) -> None:
    path = f"/playbooks/{harness.fake.playbook}$"
    harness.fake.fault("answer", method="GET", path=path, status=404, body="404 page not found\n", times=99)
    [result] = await execute_steps(harness, build_start(harness))
    assert result.run is not None
    assert (await harness.adapter.runbook(harness.fake.playbook)).title == "Database failover"
    with pytest.raises(NotFound):
        await harness.adapter.runbook("z" * 26)


@pytest.mark.parametrize("options", [{"colour": "red"}, {"channel": "there"}, {"channel": "here"}])
async def test_an_option_that_it_does_not_have_is_refused(
    harness: PlatformHarness, options: dict[str, str]
) -> None:
    """Also ``channel=here`` in a chat that is not the Mattermost of Playbooks."""
    start = build_start(harness).model_copy(
        update={"options": options, "channel": "C1", "site": "https://x.example"}
    )
    with pytest.raises(Rejected) as refusal:
        await execute_steps(harness, start)
    assert refusal.value.key in ("playbooks.unknown_option", "playbooks.bad_option", "playbooks.not_here")
    assert harness.fake.calls("POST", "/runs$") == []


async def test_an_owner_that_the_playbook_overrides_is_mentioned(playbooks_2: PlatformHarness) -> None:
    book = playbooks_2.fake.world.playbooks[playbooks_2.fake.playbook]
    book |= {"default_owner_enabled": True, "default_owner_id": playbooks_2.fake.ben}
    [result] = await execute_steps(playbooks_2, build_start(playbooks_2).model_copy(update={"owner": ANA}))
    assert result.message == "playbooks.other_owner"
    assert result.facts == {"person": ANA.shown, "owner": "Ben Cole"}


async def test_playbooks_1_says_that_it_cannot_use_this_channel(playbooks_1: PlatformHarness) -> None:
    channel = playbooks_1.fake.core.new_channel(playbooks_1.fake.team, "Here", [playbooks_1.fake.bot])
    changes = {"channel": channel, "site": playbooks_1.fake.site, "options": {"channel": "here"}}
    [result] = await execute_steps(playbooks_1, build_start(playbooks_1).model_copy(update=changes))
    assert result.message == "playbooks.own_channel"
