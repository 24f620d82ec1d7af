"""The health of a case as a sub-status, and closing a case."""

from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Health, RunState
from adapters.tines.adapter import Tines
from adapters.writes import Applied, EndRun, NotApplied, SetStatus
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
    colour, words = await execute_steps(tines, amber(case))
    assert (case.sub_status, effects(fake)) == (3, ["sub_status", "comment"])
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
    assert result.at is not None
    assert ours.health_at is not None
    assert ours.health_at <= result.at
    fake.world.set_sub_status(case, 4, fake.world.users[1])
    theirs = await tines.read(str(case.id))
    assert (theirs.health, theirs.health_by) == (Health.RED, "Ben Okoro")
    assert theirs.health_at is not None
    assert theirs.health_at > ours.health_at


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
    colour, _ = await execute_steps(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == ("tines.no_sub_status", {"name": "At risk"})
    assert effects(fake) == ["comment"]


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
    colour, _ = await execute_steps(tines, amber(case))
    assert (colour.message, effects(fake)) == ("tines.no_sub_status", ["comment"])


async def test_a_refused_sub_status_is_reported(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, amber="77")
    case = add_open_case(fake)
    colour, _ = await execute_steps(tines, amber(case))
    assert (colour.message, dict(colour.facts)) == (
        "tines.sub_status_refused",
        {"name": "77", "said": "sub status not found"},
    )
    assert effects(fake) == ["comment"]


async def test_only_configured_colours_have_a_step(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    assert [step.part for step in tines.steps(amber(case), None)] == [""]
    red = amber(case, health=Health.RED)
    assert [step.part for step in tines.steps(red, None)] == ["colour", ""]
    assert [step.part for step in tines.steps(amber(case, health=None), None)] == [""]


async def test_a_status_without_a_colour_keeps_the_current_one(fake: TinesFake, http: HttpClients) -> None:
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    case.sub_status = 4
    run = await tines.read(str(case.id))
    (result,) = await execute_steps(tines, amber(case, health=None), run)
    assert result.health is not None
    assert result.health.health is Health.RED


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
async def test_a_lost_sub_status_change_is_reconciled(fake: TinesFake, http: HttpClients, fault: Any) -> None:
    tines = connect_adapter(fake, http, amber="3")
    case = add_open_case(fake)
    colour, _ = tines.steps(amber(case), None)
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
