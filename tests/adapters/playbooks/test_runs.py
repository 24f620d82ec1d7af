"""Starting, telling how it goes, and ending a run."""

from datetime import timedelta

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Health, HomeChannel, Person, RunbookKey, RunState
from adapters.writes import (
    Applied,
    EndRun,
    FinishTask,
    Indeterminate,
    NotApplied,
    Op,
    Recovery,
    SetStatus,
    StartRun,
)
from tests.adapters.playbooks.doing import ANA, STRANGER, a_mark, do, known_now
from tests.adapters.playbooks.subject import PlaybooksSubject, connect


def a_start(subject: PlaybooksSubject, title: str = "R9 Primary down", by: Person = ANA) -> StartRun:
    runbook = RunbookKey(platform="playbooks", id=subject.fake.playbook)
    return StartRun(runbook=runbook, title=title, handle="R9", by=by)


async def test_what_a_start_sends(either: PlaybooksSubject) -> None:
    mark = a_mark()
    [told] = await do(either, a_start(either), mark=mark)
    about = f"Started by Ana via Slack ({mark.code})"
    [sent] = either.fake.calls("POST", "/runs$")
    assert sent.json == {
        "name": "R9 Primary down",
        "description": about,
        "summary": about,
        "owner_user_id": either.fake.ana,
        "team_id": either.fake.team,
        "playbook_id": either.fake.playbook,
    }
    assert sent.headers["Authorization"] == f"Bearer {either.fake.token}"
    assert told.snapshot is not None
    assert told.snapshot.owner is not None
    assert told.snapshot.owner.name == "Ana Reis"
    assert told.snapshot.home == HomeChannel(
        site=either.fake.site, channel=either.fake.run(told.snapshot.key.id)["channel_id"]
    )


async def test_tasks_of_a_start_have_the_ids_of_a_read(either: PlaybooksSubject) -> None:
    [told] = await do(either, a_start(either))
    assert told.snapshot is not None
    assert all(len(task.id) == 26 for task in told.snapshot.tasks)


async def test_a_long_name_keeps_its_handle_and_fits_a_channel(either: PlaybooksSubject) -> None:
    for title in ("R9 " + "x" * 100, "Datenbank " * 12):
        await do(either, a_start(either, title))
        name = either.fake.calls("POST", "/runs$")[-1].json["name"]
        assert len(name) <= 64
        assert "R9" in name


async def test_somebody_without_an_account_starts_in_the_bots_name(either: PlaybooksSubject) -> None:
    [told] = await do(either, a_start(either, by=STRANGER))
    assert either.fake.calls("POST", "/runs$")[0].json["owner_user_id"] == either.fake.bot
    assert (told.message, told.facts) == ("playbooks.bot_owns", {"person": "Zoe"})


async def test_an_unknown_or_archived_playbook_is_found_out_before_anything_is_sent(
    either: PlaybooksSubject,
) -> None:
    write = a_start(either)
    unknown = write.model_copy(update={"runbook": RunbookKey(platform="playbooks", id="z" * 26)})
    with pytest.raises(NotFound):
        await do(either, unknown)
    either.fake.world.playbooks[either.fake.playbook]["delete_at"] = 1
    with pytest.raises(Rejected) as archived:
        await do(either, write)
    assert archived.value.key == "playbooks.archived"
    assert not either.fake.calls("POST", "/runs$")


async def test_a_lost_start_is_found_though_its_run_is_over(either: PlaybooksSubject) -> None:
    write, mark, known = a_start(either), a_mark(), known_now()
    assert isinstance(await either.adapter.reconcile(write, mark, known), NotApplied)
    either.fake.fault("cut_after", method="POST", path="/runs$")
    with pytest.raises(OutcomeUnknown):
        await either.adapter.execute(write, mark)
    [made] = either.fake.world.runs
    either.fake.run(made).update(end_at=either.fake.core.clock.now(), current_status="Finished")
    settled = await either.adapter.reconcile(write, mark, known)
    assert isinstance(settled, Applied)
    assert settled.result.run is not None
    assert settled.result.run.id == made
    query = either.fake.calls("GET", "/runs$")[-1].query
    assert (query["sort"], query["direction"]) == ("create_at", "desc")


async def test_a_lost_start_whose_name_the_playbook_makes_is_found(current: PlaybooksSubject) -> None:
    """With a ``channel_name_template`` Playbooks 2 takes no name of ours: the code in the summary is left."""
    current.fake.world.playbooks[current.fake.playbook]["channel_name_template"] = "INC-00042"
    await current.a_run()
    write, mark, known = a_start(current), a_mark(), known_now()
    assert isinstance(await current.adapter.reconcile(write, mark, known), NotApplied)
    current.fake.fault("cut_after", method="POST", path="/runs$")
    with pytest.raises(OutcomeUnknown):
        await current.adapter.execute(write, mark)
    settled = await current.adapter.reconcile(write, mark, known)
    assert isinstance(settled, Applied)
    assert settled.result.run is not None
    assert settled.result.run.id == list(current.fake.world.runs)[-1]


async def test_a_run_of_the_same_name_from_before_is_not_ours(either: PlaybooksSubject) -> None:
    await do(either, a_start(either))
    known = known_now()
    later = known.model_copy(update={"sent_at": known.sent_at + timedelta(hours=1)})
    assert isinstance(await either.adapter.reconcile(a_start(either), a_mark(), later), NotApplied)


async def test_a_start_that_cannot_be_read_afterwards_is_still_done(either: PlaybooksSubject) -> None:
    either.fake.fault("answer", method="GET", path=r"/runs/[a-z0-9]{26}$", status=502, times=3)
    [told] = await do(either, a_start(either))
    assert told.run is not None
    assert told.snapshot is None


async def test_in_the_channel_where_it_was_asked_for(current: PlaybooksSubject) -> None:
    here = current.fake.core.new_channel(current.fake.team, "incidents", [current.fake.bot])
    place = {"channel": here, "site": current.fake.site, "options": {"channel": "here"}}
    [told] = await do(current, a_start(current).model_copy(update=place))
    assert told.snapshot is not None
    assert told.snapshot.home == HomeChannel(site=current.fake.site, channel=here)
    elsewhere = place | {"site": "https://other.example.com"}
    await do(current, a_start(current).model_copy(update=elsewhere))
    assert "channel_id" not in current.fake.calls("POST", "/runs$")[-1].json


async def test_in_the_channel_that_the_playbook_names(current: PlaybooksSubject) -> None:
    shared = current.fake.core.new_channel(current.fake.team, "incidents", [current.fake.bot])
    book = current.fake.world.playbooks[current.fake.playbook]
    book |= {"channel_mode": "link_existing_channel", "channel_id": shared}
    [told] = await do(current, a_start(current))
    assert told.snapshot is not None
    assert told.snapshot.home == HomeChannel(site=current.fake.site, channel=shared)
    await do(current, a_start(current).model_copy(update={"options": {"channel": "new"}}))
    assert "channel_id" not in current.fake.calls("POST", "/runs$")[-1].json


@pytest.mark.parametrize("body", ["", "[]", "{}"])
async def test_a_created_run_that_is_not_told_is_read_from_the_header_or_unknown(
    either: PlaybooksSubject, body: str
) -> None:
    at = "/api/v0/runs/" + "a" * 26
    for headers, known in (({"Location": at}, True), ({}, False)):
        either.fake.fault("answer", method="POST", path="/runs$", status=201, body=body, headers=headers)
        if known:
            [told] = await do(either, a_start(either))
            assert told.run is not None
            assert told.run.id == "a" * 26
        else:
            with pytest.raises(OutcomeUnknown):
                await do(either, a_start(either))


async def test_a_status_and_what_it_promises(either: PlaybooksSubject) -> None:
    run, mark = await either.a_run(), a_mark()
    write = SetStatus(run=run.key, by=ANA, health=Health.AMBER, text="@here replica lags")
    next_at = mark.at + timedelta(minutes=30)
    [told] = await do(either, write.model_copy(update={"next_at": next_at}), run, mark)
    sent = either.fake.calls("POST", "/status$")[0].json
    assert sent["message"] == f"[amber] @\u200bhere replica lags\n\nAna via Slack ({mark.code})"
    assert sent["description"] == ""
    assert 1740 < sent["reminder"] <= 1800
    assert told.health is not None
    assert (told.health.health, told.health.text, told.health.by) == (Health.AMBER, write.text, mark.who)
    assert told.snapshot is not None
    assert told.snapshot.update_due is not None
    assert abs((told.snapshot.update_due - next_at).total_seconds()) < 60


async def test_a_reminder_is_never_zero(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    past = write.model_copy(update={"next_at": a_mark().at - timedelta(hours=1)})
    wanted = [(write, 3600), (past, 60), (write, 60)]  # the default, the least, what it was before
    for number, (step, reminder) in enumerate(wanted):
        await do(either, step, run)
        assert either.fake.calls("POST", "/status$")[number].json["reminder"] == reminder
    either.fake.run(run.key.id).update(previous_reminder=0, reminder_timer_default_seconds=900)
    await do(either, write, run)
    assert either.fake.calls("POST", "/status$")[-1].json["reminder"] == 900


async def test_a_status_that_broke_inside_is_unknown_until_looked_at(current: PlaybooksSubject) -> None:
    """Playbooks 2 says 400 also when the post was made and only what follows it failed."""
    run, mark, known = await current.a_run(), a_mark(), known_now()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    current.fake.routes.status_breaks = True
    with pytest.raises(OutcomeUnknown):
        await do(current, write, run, mark)
    assert isinstance(await current.adapter.reconcile(write, mark, known), Applied)


async def test_a_lost_status_is_found_by_its_code(either: PlaybooksSubject) -> None:
    run, mark = await either.a_run(), a_mark()
    write = SetStatus(run=run.key, by=ANA, text="all quiet")
    await do(either, write, run)  # the same words, for another receipt
    known = known_now(run)
    assert isinstance(await either.adapter.reconcile(write, mark, known), NotApplied)
    await do(either, write, run, mark)
    assert isinstance(await either.adapter.reconcile(write, mark, known), Applied)
    either.fake.core.channels[either.fake.run(run.key.id)["channel_id"]].members.discard(either.fake.bot)
    assert isinstance(await either.adapter.reconcile(write, mark, known), Indeterminate)
    assert either.adapter.recovery(write) is Recovery.LOOKUP


async def test_ending_with_words_and_ending_twice(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    write = EndRun(run=run.key, by=ANA, text="all good")
    said, ended = await do(either, write, run)
    assert said.comment is not None
    assert (said.comment.text, said.comment.by) == ("all good", "Ana via Slack")
    assert ended.state is RunState.FINISHED
    assert not ended.already
    [again] = await do(either, EndRun(run=run.key, by=ANA), run)
    assert again.already
    assert either.fake.effects["end"] == 1
    assert isinstance(await either.adapter.reconcile(write, a_mark(), known_now(run)), Applied)


async def test_an_older_server_ends_by_another_word(recorded_one: PlaybooksSubject) -> None:
    recorded_one.fake.routes.end_word = "end"
    for _ in range(2):
        run = await recorded_one.a_run()
        await do(recorded_one, EndRun(run=run.key, by=ANA), run)
        assert (await recorded_one.adapter.read(run.key.id)).state is RunState.FINISHED
    assert len(recorded_one.fake.calls("PUT", "/finish$")) == 1
    assert len(recorded_one.fake.calls("PUT", "/end$")) == 2


async def test_a_finished_run_that_takes_no_more_changes(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    await do(current, EndRun(run=run.key, by=ANA), run)
    with pytest.raises(Conflict) as over:
        await do(current, FinishTask(run=run.key, by=ANA, task=run.tasks[0].id), run)
    assert over.value.key == "playbooks.finished"


async def test_lists_are_asked_for_in_full_words_and_end(either: PlaybooksSubject) -> None:
    first, second = await either.a_run(), await either.a_run()
    await do(either, EndRun(run=first.key, by=ANA), first)
    heads = await either.adapter.runs("")
    assert [head.key for head in heads] == [second.key]
    assert (heads[0].done, heads[0].total) == (0, 4)
    query = either.fake.calls("GET", "/runs$")[-1].query
    wanted = {"team_id": either.fake.team, "statuses": "InProgress", "sort": "create_at", "direction": "desc"}
    assert query.items() >= wanted.items()
    either.fake.world.endless = True
    before = len(either.fake.seen)
    assert len(await either.adapter.runs("")) == 1
    assert len(await either.adapter.runbooks("")) == 1
    assert len(either.fake.seen) - before <= 20


async def test_more_than_a_page_of_runs(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    there = either.fake.run(run.key.id)
    for number in range(150):
        id = f"{number:026d}"
        either.fake.world.runs[id] = {**there, "id": id, "create_at": there["create_at"] - number}
    assert len(await either.adapter.runs("")) == 151


@pytest.mark.parametrize("team", ["ops", "OPS", ""])
async def test_the_team_by_its_name(either: PlaybooksSubject, team: str) -> None:
    http = HttpClients()
    adapter = connect(either.fake, http, team=team)
    assert [one.title for one in await adapter.runbooks("")] == ["Database failover"]
    assert either.fake.calls("GET", "/playbooks$")[-1].query["team_id"] == either.fake.team
    await http.close()


async def test_links_of_its_pages_are_known_in_every_form_and_others_are_not(either: PlaybooksSubject) -> None:
    run, site = await either.a_run(), either.fake.site
    runbook = RunbookKey(platform="playbooks", id=either.fake.playbook)
    assert run.link is not None
    for link in (
        run.link,
        f"{run.link}/",
        f"{run.link}?from=x#y",
        f"{site}/ops/playbooks/runs/{run.key.id}/overview",
    ):
        assert either.adapter.parse_link(link) == run.key
    assert either.adapter.parse_link(f"{site}/playbooks/playbooks/{runbook.id}/usage") == runbook
    for stranger in (
        f"https://other.example.com/playbooks/runs/{run.key.id}",
        f"{site}/playbooks/runs/short",
        f"{site}/ops/channels/town-square",
        f"javascript:{run.link}",
    ):
        assert either.adapter.parse_link(stranger) is None


async def test_every_operation_is_declared(either: PlaybooksSubject) -> None:
    assert set(either.adapter.capabilities) == set(Op)


async def test_a_playbook_that_only_the_list_shows_can_be_started(either: PlaybooksSubject) -> None:
    path = f"/playbooks/{either.fake.playbook}$"
    either.fake.fault("answer", method="GET", path=path, status=404, body="404 page not found\n", times=99)
    [told] = await do(either, a_start(either))
    assert told.run is not None
    assert (await either.adapter.runbook(either.fake.playbook)).title == "Database failover"
    with pytest.raises(NotFound):
        await either.adapter.runbook("z" * 26)


async def test_a_mattermost_that_tells_nothing_about_people(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    http = HttpClients()
    adapter = connect(either.fake, http)
    either.fake.fault("answer", path="/api/v4/users/(ids|email|username)", status=403, body="{}", times=99)
    now = await adapter.read(run.key.id)
    assert now.owner is not None
    assert now.owner.shown == either.fake.ana  # without a name the id is shown
    either.adapter = adapter
    [told] = await do(either, a_start(either))
    assert told.message == "playbooks.bot_owns"
    await http.close()
