"""What a run is given at its start besides a name: folder, type, description, schedule and custom fields."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.errors import Rejected
from adapters.http.client import HttpClients
from adapters.results import Applied, NotApplied
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import connect_adapter
from tests.adapters.cutover.helpers import BASELINE, MARKER, execute, run_key, start
from tests.adapters.cutover.world import FakeRunbook

FIELDS = {"field:Change number": "CHG-12"}
DETAILS = {"description": "EU is down", "start_scheduled": "2026-07-18T14:20+02:00", **FIELDS}


def newest(fake: CutoverFake) -> FakeRunbook:
    return list(fake.runbooks.values())[-1]


@pytest.mark.parametrize("was_read", [True, False])
async def test_a_copy_keeps_the_type_of_its_template(fake: CutoverFake, http: HttpClients, was_read: bool) -> None:
    """The reference says that a runbook without a type becomes a "Normal runbook"."""
    cutover = connect_adapter(fake, http)
    if was_read:
        await cutover.runbooks("")
    await execute(cutover, start(fake.template.id))
    assert (newest(fake).type, newest(fake).dynamic) == ("22", True)


@pytest.mark.parametrize("place", ["12", "disaster recovery", "Disaster Recovery"])
async def test_folder_and_type_are_named_or_numbered(fake: CutoverFake, cutover: Cutover, place: str) -> None:
    await execute(cutover, start(fake.template.id, {"folder": place, "runbook_type": "normal_runbook"}))
    assert (newest(fake).folder, newest(fake).type) == ("12", "21")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"folder": "Elsewhere"}, "Default, Disaster recovery"),
        ({"runbook_type": "Fire drill"}, "Normal runbook, Incident"),
        ({"runbook_type": "Old"}, "Normal runbook, Incident"),  # archived
    ],
)
async def test_an_unknown_folder_or_type_is_refused_with_those_there_are(
    fake: CutoverFake, cutover: Cutover, options: dict[str, str], expected: str
) -> None:
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(fake.template.id, options))
    assert (raised.value.key, raised.value.facts["allowed"]) == ("cutover.bad_option", expected)
    assert fake.effects == []


@pytest.mark.parametrize("is_template", [True, False])
@pytest.mark.parametrize("was_read", [True, False])
async def test_a_run_gets_its_description_schedule_and_custom_fields(
    fake: CutoverFake, http: HttpClients, is_template: bool, was_read: bool
) -> None:
    source = fake.template if is_template else fake.world.planned("Restore test")
    source.required_fields = ["Change number"]
    cutover = connect_adapter(fake, http)
    if was_read:
        await cutover.runbooks("")
    await execute(cutover, start(source.id, DETAILS))
    run = newest(fake)
    assert (run.stage, run.description, run.fields) == ("active", "EU is down", {"Change number": "CHG-12"})
    assert run.start_scheduled == "2026-07-18T12:20:00Z"
    assert fake.calls("PATCH", "/start$")[0].json["meta"]["rebaseline"] is False, "the schedule is kept"


async def test_a_missing_custom_field_is_asked_for(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Restore test")
    planned.required_fields = ["Change number", "Region"]
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(planned.id))
    assert raised.value.key == "cutover.missing_fields"
    assert raised.value.facts["example"] == '--set "field:Change number=…" --set "field:Region=…"'
    assert planned.stage == "planning"


async def test_lost_details_are_found(fake: CutoverFake, cutover: Cutover) -> None:
    planned = fake.world.planned("Restore test")
    await cutover.runbooks("")
    details, _ = cutover.steps(start(planned.id, DETAILS), None)
    assert details.run == run_key(planned.id)
    assert isinstance(await cutover.reconcile(details, MARKER, BASELINE), NotApplied)
    await cutover.execute(details, MARKER)
    assert isinstance(await cutover.reconcile(details, MARKER, BASELINE), Applied)


@pytest.mark.parametrize("option", ["folder", "runbook_type"])
@pytest.mark.parametrize("was_read", [True, False])
async def test_a_planned_runbook_has_its_place_already(
    fake: CutoverFake, http: HttpClients, option: str, was_read: bool
) -> None:
    planned = fake.world.planned("Restore test")
    cutover = connect_adapter(fake, http)
    if was_read:
        await cutover.runbooks("")
    with pytest.raises(Rejected) as raised:
        await execute(cutover, start(planned.id, {option: "12"}))
    assert raised.value.key == "cutover.only_for_copies"
    assert fake.effects == []


@pytest.mark.parametrize(
    "options", [{"start_scheduled": "tomorrow"}, {"end_scheduled": "2026-07-18T14:20Z"}, {"Change number": "1"}]
)
def test_a_schedule_and_options_are_checked_first(cutover: Cutover, options: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        cutover.steps(start("1", options), None)


async def test_a_runbook_that_was_cancelled_in_planning_was_never_started(
    fake: CutoverFake, cutover: Cutover
) -> None:
    planned = fake.world.planned("Restore test")
    await cutover.runbooks("")
    (step,) = cutover.steps(start(planned.id), None)
    planned.stage = "canceled"
    assert isinstance(await cutover.reconcile(step, MARKER, BASELINE), NotApplied)
