"""``do`` on a case: fields, sub-statuses, links, files, and handing over."""

import base64
from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import Health, PlatformAction
from adapters.results import Applied, NotApplied, Recovery, WriteResult
from adapters.tines import PLATFORM
from adapters.tines.adapter import Tines
from adapters.toolkit.messages import load_messages
from adapters.writes import PerformAction
from commands.text.catalogue import plain_text, translate
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import ANA, BASELINE, add_open_case, effects, execute_steps, make_marker, run_key
from tests.adapters.tines.world import FakeCase

MESSAGES = load_messages(PLATFORM.messages)


async def offers(tines: Tines, case: FakeCase) -> dict[str, PlatformAction]:
    """By label."""
    found = await tines.actions(await tines.read(str(case.id)))
    return {plain_text(translate(action.label, MESSAGES, **action.facts)): action for action in found}


async def offer(tines: Tines, case: FakeCase, label: str) -> PlatformAction:
    return (await offers(tines, case))[label]


def step_of(case: FakeCase, action: PlatformAction, /, **options: str) -> PerformAction:
    return PerformAction(run=run_key(case), by=ANA, action=action.id, label="", task=action.task, options=options)


async def do(tines: Tines, case: FakeCase, label: str, /, **options: str) -> list[WriteResult]:
    return await execute_steps(tines, step_of(case, await offer(tines, case, label), **options))


# Fields


async def test_fields_metadata_and_the_priority_are_set_during_a_run(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.metadata["ticket"] = "INC-1"
    action = await offer(tines, case, "Set fields")
    assert action.inputs == ("operating_system", "region", "priority", "metadata.KEY")
    values = {"region": "eu-1", "Operating system": "Linux", "priority": "High", "metadata.ticket": "INC-2"}
    await execute_steps(tines, step_of(case, action, **values))
    assert (case.fields, case.priority, case.metadata["ticket"]) == ({1: "Linux", 2: "eu-1"}, "HIGH", "INC-2")
    assert effects(fake) == ["fields", "metadata", "priority"]
    again = (await offer(tines, case, "Set fields")).facts["now"]
    assert again == "Operating system: Linux, Region: eu-1"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"colour": "blue"}, "tines.unknown_option"),
        ({"region": "mars"}, "tines.bad_option"),
        ({"priority": "urgent"}, "tines.bad_option"),
        ({"metadata.liaison_key": "x"}, "tines.own_metadata"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused(
    fake: TinesFake, tines: Tines, options: dict[str, str], key: str
) -> None:
    case = add_open_case(fake)
    with pytest.raises(Rejected) as error:
        await do(tines, case, "Set fields", **options)
    assert (error.value.key, effects(fake)) == (key, [])


# Sub-statuses


async def test_any_sub_status_can_be_set(fake: TinesFake, http: HttpClients) -> None:
    """Where the tenant lists them. That of a colour changes the health."""
    fake.is_newer = True
    tines = connect_adapter(fake, http, red="4")
    case = add_open_case(fake)
    assert "Sub-status To do" not in await offers(tines, case)
    await do(tines, case, "Sub-status Off track")
    run = await tines.read(str(case.id))
    assert (case.sub_status, run.health, run.health_by) == (4, Health.RED, "Ana Reis")
    await do(tines, case, "Sub-status To do")
    assert (await tines.read(str(case.id))).health is Health.UNSET


async def test_an_older_tenant_offers_the_sub_statuses_that_were_seen(fake: TinesFake, tines: Tines) -> None:
    other, closed, case = add_open_case(fake), add_open_case(fake), add_open_case(fake)
    other.sub_status = 3
    closed.sub_status, closed.status = 9, "CLOSED"
    await tines.read(str(closed.id))
    await tines.runs("")
    found = [label for label in await offers(tines, case) if label.startswith("Sub-status")]
    assert found == ["Sub-status At risk"]


# Linked cases and files


async def test_another_case_is_linked_and_unlinked(fake: TinesFake, tines: Tines) -> None:
    case, other = add_open_case(fake), fake.world.add_case("Login failures")
    link = step_of(
        case, await offer(tines, case, "Link a case"), case=f"https://x.tines.com/team/1/cases/{other.id}"
    )
    await execute_steps(tines, link)
    assert case.linked == [other.id]
    (again,) = await execute_steps(tines, link)
    assert again.already
    found = await offers(tines, case)
    assert found[f"Linked: {other.id} Login failures"].link == f"{fake.url}/team/276/cases/{other.id}"
    run = await tines.read(str(case.id))
    assert [dict(note.facts) for note in run.notes if note.key == "tines.linked"] == [
        {"cases": f"{other.id} Login failures"}
    ]
    await execute_steps(tines, step_of(case, found[f"Unlink {other.id} Login failures"]))
    assert case.linked == []


@pytest.mark.parametrize("typed", ["", "login", "12a", "https://example.com/43"])
async def test_only_a_number_or_a_link_names_a_case(fake: TinesFake, tines: Tines, typed: str) -> None:
    case = add_open_case(fake)
    with pytest.raises(Rejected):
        await do(tines, case, "Link a case", case=typed)
    with pytest.raises(Rejected):
        await do(tines, case, "Link a case", case=str(case.id))


async def test_files_are_listed_and_a_link_is_attached_as_one(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    log = fake.world.log(case, "FILE_ATTACHED", fake.world.users[1], filename="db.log")
    url = f"{fake.url}/api/v2/cases/{case.id}/files/{log.id}/download"
    assert (await offer(tines, case, "db.log")).link == url
    await do(tines, case, "Attach a link", url="https://grafana.example.com/d/1", name="Lag <1>")
    sent = fake.calls("POST", "/files$")[0].json
    assert sent["filename"] == "Lag -1-.url"
    assert (
        base64.b64decode(sent["file_contents"]) == b"[InternetShortcut]\r\nURL=https://grafana.example.com/d/1\r\n"
    )
    assert sent["value"].startswith("Lag <1>: https://grafana.example.com/d/1\n\nAna via Slack (7K")
    run = await tines.read(str(case.id))
    assert [dict(note.facts) for note in run.notes if note.key == "tines.files"] == [
        {"files": "db.log, Lag -1-.url"}
    ]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://a.example/\r\nIconFile=\\\\evil.example\\icon",
        "https://a.example/\x0bx",
        "https://a.example/\u2028x",
        "https://a.example/ x",
    ],
)
async def test_a_link_cannot_add_anything_to_its_file(fake: TinesFake, tines: Tines, url: str) -> None:
    case = add_open_case(fake)
    with pytest.raises(Rejected):
        await do(tines, case, "Attach a link", url=url)
    assert not fake.calls("POST", "/files$")


# People


async def test_a_task_is_handed_over_and_people_are_taken_off(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    ana, ben, cleo = fake.world.users
    task = case.task("Page the DBA")
    task.assignees = [ana, ben]
    await do(tines, case, "Take Ana Reis off")
    assert task.assignees == [ben]
    await do(tines, case, "Hand over", to="@cleo")
    assert task.assignees == [cleo]
    await do(tines, case, "Hand over", to="me")
    assert task.assignees == [ana]
    await do(tines, case, "Hand over", to="cleo")
    for person in ("nobody", ""):
        with pytest.raises(Rejected):
            await do(tines, case, "Hand over", to=person)
    assert task.assignees == [cleo]


async def test_a_case_is_handed_over_and_people_are_taken_off(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    ana, ben, _ = fake.world.users
    case.assignees = [ana]
    await do(tines, case, "Hand over the case", to="Ben Okoro")
    assert case.assignees == [ben]
    (other,) = await do(tines, case, "Hand over the case", to="zoe@elsewhere.example.com")
    assert other.message == "tines.owned_by_nobody" or not case.assignees
    case.assignees = [ana, ben]
    await do(tines, case, "Take Ben Okoro off the case")
    assert case.assignees == [ana]


# Lost answers

LOST = [
    ("Set fields", {"region": "eu-1"}, "POST", Recovery.IDEMPOTENT),
    ("Link a case", {"case": "101"}, "POST", Recovery.LOOKUP),
    ("Attach a link", {"url": "https://example.com/"}, "POST", Recovery.LOOKUP),
    ("Hand over", {"to": "ben"}, "PUT", Recovery.IDEMPOTENT),
    ("Hand over the case", {"to": "ben"}, "PUT", Recovery.IDEMPOTENT),
    ("Take Ana Reis off", {}, "PUT", Recovery.IDEMPOTENT),
    ("Take Ana Reis off the case", {}, "PUT", Recovery.IDEMPOTENT),
    ("Sub-status At risk", {}, "PUT", Recovery.IDEMPOTENT),
]


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
@pytest.mark.parametrize(("label", "options", "method", "recovery"), LOST)
async def test_a_lost_answer_is_reconciled(
    fake: TinesFake, tines: Tines, label: str, options: dict[str, str], method: str, recovery: Recovery, fault: Any
) -> None:
    fake.is_newer = True
    case = add_open_case(fake)
    case.assignees = case.task("Page the DBA").assignees = [fake.world.users[0]]
    case.task("Page the DBA").assignees = [fake.world.users[0]]
    (step,) = tines.steps(step_of(case, await offer(tines, case, label), **options), None)
    assert tines.recovery(step) is recovery
    fake.fault(fault, method=method)
    marker = make_marker()
    with pytest.raises(OutcomeUnknown):
        await tines.execute(step, marker)
    reconciliation = await tines.reconcile(step, marker, BASELINE)
    assert isinstance(reconciliation, Applied if fault == "cut_after" else NotApplied)
