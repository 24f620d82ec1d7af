"""Starts: one POST with our ``sourceID``, which a lost start is found by."""

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import RunState
from adapters.results import Applied, NotApplied, Recovery
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.text import source_id
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import (
    BASELINE,
    BEN,
    MARKER,
    OTHER_MARKER,
    UNKNOWN_PERSON,
    execute,
    start_write,
)

POST = r"/v1/workflows$"


async def test_a_start_sends_the_template_values(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.template.note = "Fail the database over."
    result = await execute(xurrent, start_write(fake))
    (sent,) = fake.calls("POST", POST)
    assert sent.json == {
        "template_id": fake.template.id,
        "subject": "R9 Primary down",
        "service_id": 33,
        "category": "standard",
        "justification": "maintenance",
        "workflow_type": "infrastructure_change",
        "note": "Fail the database over.\n\nAna via Slack (7K2F)",
        "source": "liaison",
        "sourceID": "7K2F-20260718T140300",
    }
    assert result.run is not None
    assert result.state is RunState.STARTING


async def test_a_run_is_starting_until_its_tasks_exist(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.account.polls_until_created = 2
    result = await execute(xurrent, start_write(fake))
    assert result.run is not None
    states = [(await xurrent.read(result.run.id)).state for _ in range(3)]
    assert states == [RunState.STARTING, RunState.STARTING, RunState.ACTIVE]


async def test_a_lost_start_is_found_by_its_source_id(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.fault("cut_after", method="POST", path=POST)
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, start_write(fake))
    (step,) = xurrent.steps(start_write(fake), None)
    assert xurrent.recovery(step) is Recovery.LOOKUP
    outcome = await xurrent.reconcile(step, MARKER, BASELINE)
    assert isinstance(outcome, Applied)
    assert outcome.result.run is not None
    assert outcome.result.run.id == str(next(iter(fake.account.runs)))
    assert fake.calls("GET", POST)[-1].query["sourceID"] == source_id(MARKER)
    assert isinstance(await xurrent.reconcile(step, OTHER_MARKER, BASELINE), NotApplied)


async def test_an_ignored_source_id_filter_finds_no_other_run(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.applies_filters = False
    fake.account.start(fake.template, "R9 Primary down")
    (step,) = xurrent.steps(start_write(fake), None)
    assert isinstance(await xurrent.reconcile(step, MARKER, BASELINE), NotApplied)


async def test_the_settings_provide_what_the_template_lacks(fake: XurrentFake, http: HttpClients) -> None:
    template = fake.template
    template.service = template.category = template.justification = template.workflow_type = None
    adapter = connect_adapter(
        fake, http, service_id="3", justification="correction", workflow_type="application_change"
    )
    await execute(adapter, start_write(fake, {"category": "emergency"}))
    (sent,) = fake.calls("POST", POST)
    values = {name: sent.json[name] for name in ("service_id", "category", "justification", "workflow_type")}
    assert values == {
        "service_id": 3,
        "category": "emergency",
        "justification": "correction",
        "workflow_type": "application_change",
    }


async def test_missing_values_are_listed(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.template.service = fake.template.workflow_type = None
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, start_write(fake))
    assert refused.value.said == "service: Service can't be blank; workflow_type: Workflow type can't be blank"
    assert "--set service_id=3" in error_text(PLATFORM, refused.value)
    assert fake.account.effects == []


async def test_the_owner_becomes_the_manager(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    await execute(xurrent, start_write(fake, owner=BEN))
    assert fake.calls("POST", POST)[0].json["manager_id"] == 60
    result = await execute(xurrent, start_write(fake, owner=UNKNOWN_PERSON))
    assert "manager_id" not in fake.calls("POST", POST)[1].json
    assert result.message == "xurrent.token_manages"


@pytest.mark.parametrize(
    "options", [{"color": "red"}, {"category": "urgent"}, {"service_id": "many"}, {"justification": ""}]
)
async def test_an_unknown_option_is_refused(
    xurrent: XurrentAdapter, fake: XurrentFake, options: dict[str, str]
) -> None:
    with pytest.raises(Rejected) as refused:
        xurrent.steps(start_write(fake, options), None)
    assert "Nothing was started" in error_text(PLATFORM, refused.value)


async def test_rehearsals_are_refused(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    with pytest.raises(Rejected) as refused:
        xurrent.steps(start_write(fake).model_copy(update={"rehearsal": True}), None)
    assert refused.value.key == "xurrent.no_rehearsal"


async def test_an_unreadable_response_leaves_the_outcome_unknown(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    fake.fault("answer", method="POST", path=POST, status=201, body='{"category":"...","...":"..."}')
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, start_write(fake))
