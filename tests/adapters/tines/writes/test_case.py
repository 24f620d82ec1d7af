"""The health of a case as a sub-status, and closing a case."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Health, RunState
from adapters.results import Applied, NotApplied
from adapters.tines.adapter import Tines
from adapters.writes import EndRun, SetStatus
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import (
    ANA,
    BASELINE,
    add_open_case,
    comment_texts,
    effects,
    execute_steps,
    make_marker,
    run_key,
)
from tests.adapters.tines.world import FakeCase


def amber(case: FakeCase, **what: Any) -> SetStatus:
    base = SetStatus(run=run_key(case), by=ANA, health=Health.AMBER, text="replica lagging")
    return base.model_copy(update=what)


@pytest.mark.parametrize("sub_status", ["3", "At risk"])
async def test_a_status_sets_the_sub_status(fake: TinesFake, http: HttpClients, sub_status: str) -> None:
    tines = connect_adapter(fake, http, amber=sub_status)
    other = add_open_case(fake)
    other.sub_status = 3  # Liaison learns its id from this case
    case = add_open_case(fake)
    colour, _, words = await execute_steps(tines, amber(case))
    assert (case.sub_status, effects(fake)) == (3, ["sub_status", "metadata", "comment"])
    assert words.health is not None
    assert words.health.health is Health.AMBER
    assert colour.message == ""
    assert (await tines.read(str(case.id))).health is Health.AMBER
    put = fake.calls("PUT", r"/cases/\d+$")[-1].json
    assert put == {"sub_status_id": 3, "author_email": "ana@example.com"}


async def test_a_sub_status_set_in_tines_is_newer_than_the_last_status(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="3", red="4")
    case = add_open_case(fake)
    result = (await execute_steps(tines, amber(case)))[-1].health
    ours = await tines.read(str(case.id))
    assert result is not None
    assert (ours.health, ours.health_text) == (Health.AMBER, "replica lagging")
    assert ours.health_at == result.at
    fake.world.set_sub_status(case, 4, fake.world.users[1])
    theirs = await tines.read(str(case.id))
    assert (theirs.health, theirs.health_by) == (Health.RED, "Ben Okoro")
    assert theirs.health_text == "replica lagging (Ana via Slack)"
    assert theirs.health_at is not None
    assert ours.health_at is not None
    assert theirs.health_at > ours.health_at


@pytest.mark.parametrize("sub_status", [1, 9])
@pytest.mark.parametrize("is_closed", [False, True])
async def test_a_status_survives_a_close_and_a_sub_status_without_a_colour(
    fake: TinesFake, http: HttpClients, sub_status: int, is_closed: bool
) -> None:
    tines = connect_adapter(fake, http, amber="3", red="4")
    case = add_open_case(fake)
    due = datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    await execute_steps(tines, amber(case, next_at=due))
    fake.world.set_sub_status(case, sub_status, fake.world.users[1])
    if is_closed:
        fake.world.close(case)
    run = await connect_adapter(fake, http, amber="3", red="4").read(str(case.id))
    assert (run.health, run.health_text, run.health_by) == (Health.AMBER, "replica lagging", "Ana via Slack")
    assert run.update_due == due


async def test_a_status_takes_no_request_to_be_read(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="3")
    case = add_open_case(fake)
    await execute_steps(tines, amber(case))
    fake.seen.clear()
    assert (await tines.read(str(case.id))).health is Health.AMBER
    assert sorted(seen.path.rsplit("/", 1)[1] for seen in fake.seen) == [str(case.id), "tasks"]


async def test_a_status_without_a_sub_status_is_kept(fake: TinesFake, tines: Tines, http: HttpClients) -> None:
    case = add_open_case(fake)
    await execute_steps(tines, amber(case))
    run = await connect_adapter(fake, http).read(str(case.id))
    assert (run.health, run.health_text) == (Health.AMBER, "replica lagging")
    await execute_steps(tines, amber(case, health=None, text="nearly there"), run)
    run = await connect_adapter(fake, http).read(str(case.id))
    assert (run.health, run.health_text) == (Health.AMBER, "nearly there")


async def test_a_colour_that_is_not_set_up_is_reported(fake: TinesFake, http: HttpClients) -> None:
    """Tines still shows the sub-status of another colour."""
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    case.sub_status = 4
    sentence, _ = await execute_steps(tines, amber(case))
    assert (sentence.message, dict(sentence.facts)) == ("tines.colour_not_set_up", {"name": "Off track"})
    run = await tines.read(str(case.id))
    assert (run.health, run.health_text) == (Health.AMBER, "replica lagging")


async def test_metadata_that_cannot_be_stored_does_not_lose_the_status(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    fake.fault("answer", method="PUT", path=r"/metadata$", status=422, body="{}")
    sentence, words = await execute_steps(tines, amber(case))
    assert (sentence.message, effects(fake)) == ("", ["comment"])
    assert words.health is not None
    assert words.health.text == "replica lagging"


async def test_the_key_cannot_see_the_history_of_a_case(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="3")
    case = add_open_case(fake)
    case.sub_status = 3
    fake.fault("answer", path=r"/activities$", status=404, body="{}", times=9)
    run = await tines.read(str(case.id))
    assert (run.health, run.health_at) == (Health.AMBER, None)


async def test_an_unknown_sub_status_is_reported(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="At risk")
    case = add_open_case(fake)
    colour, *_ = await execute_steps(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == ("tines.no_sub_status", {"name": "At risk"})
    assert effects(fake) == ["metadata", "comment"]


async def test_a_newer_tenant_lists_its_sub_statuses(fake: TinesFake, http: HttpClients) -> None:
    """The list is read if no case has the sub-status. A tenant without the list is asked once."""
    tines = connect_adapter(fake, http, amber="At risk")
    case = add_open_case(fake)
    for _ in range(2):
        await execute_steps(tines, amber(case))
    assert len(fake.calls("GET", "/case_sub_statuses$")) == 1
    fake.is_newer = True
    await execute_steps(connect_adapter(fake, http, amber="At risk"), amber(case))
    assert case.sub_status == 3


@pytest.mark.parametrize("status", [422, 500])
async def test_a_status_is_written_even_if_its_sub_status_cannot_be_looked_up(
    fake: TinesFake, http: HttpClients, status: int
) -> None:
    tines = connect_adapter(fake, http, amber="At risk")
    case = add_open_case(fake)
    fake.fault("answer", method="GET", path=r"/cases$", status=status, times=9)
    colour, *_ = await execute_steps(tines, amber(case))
    assert (colour.message, effects(fake)) == ("tines.no_sub_status", ["metadata", "comment"])


async def test_a_refused_sub_status_is_reported(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="77")
    case = add_open_case(fake)
    colour, *_ = await execute_steps(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == (
        "tines.sub_status_refused",
        {"name": "77", "said": "sub status not found"},
    )
    assert effects(fake) == ["metadata", "comment"]


async def test_only_configured_colours_have_a_step(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    assert [step.part for step in tines.steps(amber(case), None)] == ["sentence", ""]
    red = amber(case, health=Health.RED)
    assert [step.part for step in tines.steps(red, None)] == ["colour", "sentence", ""]
    assert [step.part for step in tines.steps(amber(case, health=None), None)] == ["sentence", ""]


async def test_a_status_without_a_colour_keeps_the_current_one(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    case.sub_status = 4
    run = await tines.read(str(case.id))
    _, result = await execute_steps(tines, amber(case, health=None), run)
    assert result.health is not None
    assert result.health.health is Health.RED


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
async def test_a_lost_sub_status_change_is_reconciled(fake: TinesFake, http: HttpClients, fault: Any) -> None:
    tines = connect_adapter(fake, http, amber="3")
    case = add_open_case(fake)
    colour, *_ = tines.steps(amber(case), None)
    fake.fault(fault, method="PUT", path=r"/cases/\d+$")
    with pytest.raises(OutcomeUnknown):
        await tines.execute(colour, make_marker())
    reconciliation = await tines.reconcile(colour, make_marker(), BASELINE)
    assert isinstance(reconciliation, Applied if fault == "cut_after" else NotApplied)


async def test_ending_a_run_closes_the_case_and_then_comments(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    result = await execute_steps(tines, EndRun(run=run_key(case), by=ANA, text="all good"))
    assert (case.status, effects(fake)) == ("CLOSED", ["close", "comment"])
    assert result[0].state is RunState.FINISHED
    assert fake.calls("PUT", r"/cases/\d+$")[0].json == {"status": "closed", "author_email": "ana@example.com"}
    assert (await tines.read(str(case.id))).state is RunState.FINISHED
    assert not await tines.runs("")


@pytest.mark.parametrize("ignores_refusal", [False, True])
async def test_a_refused_close_lists_all_closure_conditions(
    fake: TinesFake, tines: Tines, ignores_refusal: bool
) -> None:
    case = add_open_case(fake)
    case.conditions = [
        {"name": "somebody has it", "formula": "=SIZE(team_case.assignees) > 0"},
        {"name": "", "formula": "=team_case.fields.reviewed"},
    ]
    fake.ignores_refused_close = ignores_refusal
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, EndRun(run=run_key(case), by=ANA, text="all good"))
    assert error.value.key == "tines.closure"
    assert error.value.reasons == ("somebody has it", "=team_case.fields.reviewed")
    assert (case.status, comment_texts(case)) == ("OPEN", [])


async def test_a_refused_close_without_conditions_quotes_tines(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.unmet = True
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, EndRun(run=run_key(case), by=ANA))
    assert error.value.key == "tines.refused"
    assert "closure conditions" in error.value.said
    fake.fault("answer", method="GET", status=500, times=9, after=1)
    with pytest.raises(Rejected):
        await execute_steps(tines, EndRun(run=run_key(case), by=ANA))
    fake.faults.clear()
    case.status = "CLOSED"
    result = await execute_steps(tines, EndRun(run=run_key(case), by=ANA))
    assert result[0].already


async def test_a_close_that_cannot_be_verified_is_unknown(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.unmet, fake.ignores_refused_close = True, True
    fake.fault("answer", method="GET", status=500, times=9, after=1)
    with pytest.raises(OutcomeUnknown):
        await execute_steps(tines, EndRun(run=run_key(case), by=ANA))
