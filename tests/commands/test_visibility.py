"""Who can read a run, decided for one person. The console sees everything, so the people here are of Slack."""

import pytest

from adapters.models import Person, Run, RunKey, Task, TaskState
from commands.model.access_rules import AccessRules, ReadRule
from commands.model.messages import Actor, Membership, Place
from commands.model.tracked_run import RunOverlay, TrackedRun
from commands.visibility import Reader
from tests.commands.room import Room

ANA = Actor(surface="slack", id="U0ANA1", name="Ana", email="ana@x.example", membership=Membership.MEMBER)
EVE = Actor(surface="slack", id="U0EVE1", name="Eve", email="eve@x.example", membership=Membership.MEMBER)
GIL = Actor(surface="slack", id="U0GIL1", name="Gil", membership=Membership.GUEST)
INC = Place(surface="slack", channel="C0INC1", channel_name="inc-42")


def run_of(*places: Place, by: Actor | None = None, **changes: object) -> TrackedRun:
    run = Run(key=RunKey(platform="cutover", id="7"), title="R7 Payroll", runbook="Payroll export")
    return TrackedRun(
        handle="R7", run=run.model_copy(update=changes), overlay=RunOverlay(places=places, started_by=by)
    )


async def can_read(room: Room, actor: Actor, tracked: TrackedRun, rules: AccessRules | None = None) -> bool:
    room.allow(rules or AccessRules())
    return await Reader(actor, room.services).can_read(tracked)


@pytest.fixture
def outside(room: Room) -> Room:
    """Eve and Gil are not in #inc-42."""
    room.memberships.outsiders = {(EVE.id, INC.channel), (GIL.id, INC.channel)}
    return room


async def test_the_people_of_its_place_can(outside: Room) -> None:
    assert await can_read(outside, ANA, run_of(INC))
    assert not await can_read(outside, EVE, run_of(INC))


async def test_who_started_it_can(outside: Room) -> None:
    assert await can_read(outside, EVE, run_of(INC, by=EVE))


async def test_its_owner_can(outside: Room) -> None:
    assert await can_read(outside, EVE, run_of(INC, owner=Person(name="E", email="EVE@x.example")))


@pytest.mark.parametrize(("state", "can"), [(TaskState.READY, True), (TaskState.DONE, False)])
async def test_who_has_an_open_task_in_it_can(outside: Room, state: TaskState, can: bool) -> None:
    task = Task(id="1", title="Check", state=state, assignees=(Person(name="x", id=EVE.id),))
    assert await can_read(outside, EVE, run_of(INC, tasks=(task,))) is can


async def test_a_name_is_no_proof(outside: Room) -> None:
    task = Task(id="1", title="Check", assignees=(Person(name="Eve"),))
    assert not await can_read(outside, EVE, run_of(INC, tasks=(task,), owner=Person(name="Eve")))


async def test_a_run_without_a_place_is_for_full_members(outside: Room) -> None:
    assert await can_read(outside, EVE, run_of())
    assert not await can_read(outside, GIL, run_of())


async def test_a_task_does_not_let_a_guest_in(outside: Room) -> None:
    task = Task(id="1", title="Check", assignees=(Person(name="Gil", id=GIL.id),))
    assert not await can_read(outside, GIL, run_of(INC, by=GIL, tasks=(task,)))


async def test_guests_see_runs_of_places_that_they_are_in_unless_they_see_nothing(room: Room) -> None:
    assert await can_read(room, GIL, run_of(INC))
    assert not await can_read(room, GIL, run_of(INC), AccessRules(guests="off"))


@pytest.mark.parametrize(
    ("rule", "can"),
    [
        (ReadRule(who=["members"], platform="cutover"), True),
        (ReadRule(who=["members"], platform="tines"), False),
        (ReadRule(who=["members"], place="#inc-42"), True),
        (ReadRule(who=["eve@x.example"], runbook="payroll export"), True),
        (ReadRule(who=["place", "@ana"], runbook="payroll export"), False),
    ],
)
async def test_a_rule_widens(outside: Room, rule: ReadRule, can: bool) -> None:
    assert await can_read(outside, EVE, run_of(INC), AccessRules(read=[rule])) is can


async def test_a_rule_narrows_even_for_the_people_of_the_place(outside: Room) -> None:
    rules = AccessRules(read=[ReadRule(who=["@eve", "eve@x.example"], runbook="Payroll export")])
    assert not await can_read(outside, ANA, run_of(INC), rules)
    assert await can_read(outside, ANA, run_of(INC, by=ANA), rules)


async def test_a_handle_that_somebody_else_had_before_is_no_proof(outside: Room) -> None:
    """Mattermost lets people choose their usernames, and usually hides their addresses."""
    renamed = EVE.model_copy(update={"handle": "ana", "email": None})
    owner = Person(id=ANA.id, name="Ana", handle="ana")
    assert not await can_read(outside, renamed, run_of(INC, owner=owner))
    assert await can_read(outside, renamed, run_of(INC, owner=Person(name="ana", handle="ana")))
