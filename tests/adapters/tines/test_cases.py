"""The case itself: its status in words and as a sub-status, its comments, its end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Health, Person, RunState
from adapters.tines.adapter import Tines
from adapters.writes import AddComment, Applied, EndRun, NotApplied, SetStatus
from tests.adapters.tines.acting import ANA, KNOWN, STRANGER, a_mark, an_open_case, done, execute, key, said
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import connected
from tests.adapters.tines.world import BOT, FakeCase


def amber(case: FakeCase, **what: Any) -> SetStatus:
    base = SetStatus(run=key(case), by=ANA, health=Health.AMBER, text="replica lagging")
    return base.model_copy(update=what)


async def test_a_status_is_a_comment_with_its_colour_in_words(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    due = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    (told,) = await execute(tines, amber(case, next_at=due))
    assert said(case)[0].startswith(
        "[amber] replica lagging\nNext update 2026-07-18 14:20 UTC\n\nAna via Slack (7K"
    )
    assert told.health is not None
    assert (told.health.health, told.health.text, told.health.due) == (Health.UNSET, "replica lagging", due)
    assert done(fake) == ["comment"]


@pytest.mark.parametrize("sub_status", ["3", "At risk"])
async def test_a_status_sets_the_sub_status(fake: TinesFake, http: HttpClients, sub_status: str) -> None:
    tines = connected(fake, http, amber=sub_status)
    other = an_open_case(fake)
    other.sub_status = 3  # where its number is learned from
    case = an_open_case(fake)
    colour, words = await execute(tines, amber(case))
    assert (case.sub_status, done(fake)) == (3, ["sub_status", "comment"])
    assert words.health is not None
    assert words.health.health is Health.AMBER
    assert colour.message == ""
    assert (await tines.read(str(case.id))).health is Health.AMBER
    put = fake.calls("PUT", r"/cases/\d+$")[-1].json
    assert put == {"sub_status_id": 3, "author_email": "ana@example.com"}


async def test_a_colour_set_in_tines_is_newer_than_the_last_words(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, amber="3", red="4")
    case = an_open_case(fake)
    told = (await execute(tines, amber(case)))[-1].health
    ours = await tines.read(str(case.id))
    assert told is not None
    assert told.at is not None
    assert ours.health_at is not None
    assert ours.health_at <= told.at
    fake.world.set_sub_status(case, 4, fake.world.users[1])
    theirs = await tines.read(str(case.id))
    assert (theirs.health, theirs.health_by) == (Health.RED, "Ben Okoro")
    assert theirs.health_at is not None
    assert theirs.health_at > ours.health_at


async def test_a_history_that_the_key_may_not_see(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, amber="3")
    case = an_open_case(fake)
    case.sub_status = 3
    fake.fault("answer", path=r"/activities$", status=404, body="{}", times=9)
    run = await tines.read(str(case.id))
    assert (run.health, run.health_at) == (Health.AMBER, None)


async def test_a_sub_status_that_no_case_has_is_said(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, amber="At risk")
    case = an_open_case(fake)
    colour, _ = await execute(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == ("tines.no_sub_status", {"name": "At risk"})
    assert done(fake) == ["comment"]


async def test_a_newer_tenant_tells_its_sub_statuses(fake: TinesFake, http: HttpClients) -> None:
    """Beyond the document (sheet 7): asked for when no case tells, and a tenant that has no list is asked once."""
    tines = connected(fake, http, amber="At risk")
    case = an_open_case(fake)
    for _ in range(2):
        await execute(tines, amber(case))
    assert len(fake.calls("GET", "/case_sub_statuses$")) == 1
    fake.is_newer = True
    await execute(connected(fake, http, amber="At risk"), amber(case))
    assert case.sub_status == 3


@pytest.mark.parametrize("status", [422, 500])
async def test_a_status_is_worth_more_than_its_colour(fake: TinesFake, http: HttpClients, status: int) -> None:
    """Where the list that tells the number cannot be had, the words are still written."""
    tines = connected(fake, http, amber="At risk")
    case = an_open_case(fake)
    fake.fault("answer", method="GET", path=r"/cases$", status=status, times=9)
    colour, _ = await execute(tines, amber(case))
    assert (colour.message, done(fake)) == ("tines.no_sub_status", ["comment"])


async def test_a_sub_status_that_tines_refuses_is_said(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, amber="77")
    case = an_open_case(fake)
    colour, _ = await execute(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == (
        "tines.sub_status_refused",
        {"name": "77", "said": "sub status not found"},
    )
    assert done(fake) == ["comment"]


async def test_only_configured_colours_are_sub_statuses(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, red="4")
    case = an_open_case(fake)
    assert [step.part for step in tines.steps(amber(case), None)] == [""]
    red = amber(case, health=Health.RED)
    assert [step.part for step in tines.steps(red, None)] == ["colour", ""]
    assert [step.part for step in tines.steps(amber(case, health=None), None)] == [""]


async def test_a_status_without_a_colour_keeps_the_one_there_is(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, red="4")
    case = an_open_case(fake)
    case.sub_status = 4
    run = await tines.read(str(case.id))
    (told,) = await execute(tines, amber(case, health=None), run)
    assert told.health is not None
    assert told.health.health is Health.RED


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
async def test_a_lost_colour_is_looked_for(fake: TinesFake, http: HttpClients, fault: Any) -> None:
    tines = connected(fake, http, amber="3")
    case = an_open_case(fake)
    colour, _ = tines.steps(amber(case), None)
    fake.fault(fault, method="PUT", path=r"/cases/\d+$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(colour, a_mark())
    settled = await tines.reconcile(colour, a_mark(), KNOWN)
    assert isinstance(settled, Applied if fault == "cut_after" else NotApplied)


# Comments


@pytest.mark.parametrize("by", [STRANGER, Person(name="Nobody")])
async def test_who_is_not_in_the_team_is_named_in_the_text(fake: TinesFake, tines: Tines, by: Person) -> None:
    """Tines then says that the key wrote it (L14008)."""
    case = an_open_case(fake)
    await execute(tines, AddComment(run=key(case), by=by, text="Seen it too"))
    assert case.comments[0].by is BOT
    (shown,) = await tines.comments(str(case.id), None)
    assert (shown.text, shown.by) == ("Seen it too", "Ana via Slack")


async def test_a_comment_calls_nobody_and_reads_as_typed(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    typed = "ask <@user-2435>\n\n```\nselect 1 < 2\n```\n\nbye (ABC)"
    await execute(tines, AddComment(run=key(case), by=ANA, text=typed))
    assert "<@user" not in said(case)[0]
    (shown,) = await tines.comments(str(case.id), None)
    assert shown.text == typed


async def test_the_last_comments_come_in_order(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    for number in range(130):
        fake.world.comment(case, f"number {number}", "ben@example.com")
    shown = await tines.comments(str(case.id), None)
    assert [comment.text for comment in shown] == [f"number {number}" for number in range(110, 130)]
    assert {comment.by for comment in shown} == {"Ben Okoro"}


# The end


async def test_the_end_closes_and_then_says_why(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    told = await execute(tines, EndRun(run=key(case), by=ANA, text="all good"))
    assert (case.status, done(fake)) == ("CLOSED", ["close", "comment"])
    assert told[0].state is RunState.FINISHED
    assert fake.calls("PUT", r"/cases/\d+$")[0].json == {"status": "closed", "author_email": "ana@example.com"}
    assert (await tines.read(str(case.id))).state is RunState.FINISHED
    assert await tines.runs("") == []


@pytest.mark.parametrize("quiet", [False, True])
async def test_all_closure_conditions_are_named(fake: TinesFake, tines: Tines, quiet: bool) -> None:
    case = an_open_case(fake)
    case.conditions = [
        {"name": "somebody has it", "formula": "=SIZE(team_case.assignees) > 0"},
        {"name": "", "formula": "=team_case.fields.reviewed"},
    ]
    fake.quiet_close = quiet
    with pytest.raises(Rejected) as refused:
        await execute(tines, EndRun(run=key(case), by=ANA, text="all good"))
    assert refused.value.key == "tines.closure"
    assert refused.value.reasons == ("somebody has it", "=team_case.fields.reviewed")
    assert (case.status, said(case)) == ("OPEN", [])


async def test_a_refused_close_without_conditions_says_what_tines_said(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    case.unmet = True
    with pytest.raises(Rejected) as refused:
        await execute(tines, EndRun(run=key(case), by=ANA))
    assert refused.value.key == "tines.refused"
    assert "closure conditions" in refused.value.said
    fake.fault("answer", method="GET", status=500, times=9)
    with pytest.raises(Rejected):
        await execute(tines, EndRun(run=key(case), by=ANA))
    fake.faults.clear()
    case.status = "CLOSED"
    told = await execute(tines, EndRun(run=key(case), by=ANA))
    assert told[0].already


async def test_an_open_answer_that_cannot_be_checked_is_unknown(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    case.unmet, fake.quiet_close = True, True
    fake.fault("answer", method="GET", status=500, times=9)
    with pytest.raises(OutcomeUnknown):
        await execute(tines, EndRun(run=key(case), by=ANA))


@pytest.mark.parametrize("status", [404, 410])
async def test_not_found_says_that_the_key_may_not_see_it(fake: TinesFake, tines: Tines, status: int) -> None:
    case = an_open_case(fake)
    fake.fault("answer", status=status, body='{"error": "Not Found"}', times=9)
    with pytest.raises(NotFound) as missing:
        await tines.read(str(case.id))
    assert (missing.value.key, missing.value.said) == ("tines.not_found", "")
    with pytest.raises(NotFound):
        await execute(tines, EndRun(run=key(case), by=ANA))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": "Name is too long"}', "Name is too long"),
        ('{"errors": [{"message": "no"}, "never"]}', "no; never"),
        ('{"errors": {"name": ["is missing"]}}', "name: is missing"),
        ("plain words", "plain words"),
        ("<html>oops</html>", "HTTP 422"),
        ("", ""),
        ("[[[[[[[1]]]]]]]", "[[[[[[[1]]]]]]]"),
    ],
)
async def test_a_refusal_in_whatever_shape(fake: TinesFake, tines: Tines, body: str, said: str) -> None:
    case = an_open_case(fake)
    fake.fault("answer", method="POST", status=422, body=body)
    with pytest.raises(Rejected) as refused:
        await execute(tines, AddComment(run=key(case), by=ANA, text="x"))
    assert refused.value.said == said
    fake.fault("answer", method="POST", status=409, body=body)
    with pytest.raises(Conflict):
        await execute(tines, AddComment(run=key(case), by=ANA, text="x"))
