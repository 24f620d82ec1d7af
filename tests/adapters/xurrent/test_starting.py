"""A start: one POST with our key, found again by it; the run is being created until its tasks are there."""

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import RunState
from adapters.writes import Applied, NotApplied, Recovery
from adapters.xurrent import text as words
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import BEN, KNOWN, MARK, NOBODY, OTHER, execute, start
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.subject import connected
from tests.contract.subjects import is_told

POST = r"/v1/workflows$"


async def test_what_is_sent(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.template.note = "Fail the database over."
    told = await execute(xurrent, start(fake))
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
    assert told.run is not None
    assert told.state is RunState.STARTING


async def test_it_is_starting_until_its_tasks_are_there(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.world.looks = 2
    told = await execute(xurrent, start(fake))
    assert told.run is not None
    states = [(await xurrent.read(told.run.id)).state for _ in range(3)]
    assert states == [RunState.STARTING, RunState.STARTING, RunState.ACTIVE]


async def test_a_lost_start_is_found_by_our_key(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.fault("cut_after", method="POST", path=POST)
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, start(fake))
    (step,) = xurrent.steps(start(fake), None)
    assert xurrent.recovery(step) is Recovery.LOOKUP
    found = await xurrent.reconcile(step, MARK, KNOWN)
    assert isinstance(found, Applied)
    assert found.result.run is not None
    assert found.result.run.id == str(next(iter(fake.world.runs)))
    assert fake.calls("GET", POST)[-1].query["sourceID"] == words.key(MARK)
    assert isinstance(await xurrent.reconcile(step, OTHER, KNOWN), NotApplied)


async def test_a_filter_that_is_ignored_finds_nobody_elses_run(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.filters = False
    fake.world.start(fake.template, "R9 Primary down")
    (step,) = xurrent.steps(start(fake), None)
    assert isinstance(await xurrent.reconcile(step, MARK, KNOWN), NotApplied)


async def test_the_settings_fill_what_the_template_lacks(fake: XurrentFake, http: HttpClients) -> None:
    template = fake.template
    template.service = template.category = template.justification = template.workflow_type = None
    adapter = connected(fake, http, service_id="3", justification="correction", workflow_type="application_change")
    await execute(adapter, start(fake, {"category": "emergency"}))
    (sent,) = fake.calls("POST", POST)
    asked = {name: sent.json[name] for name in ("service_id", "category", "justification", "workflow_type")}
    assert asked == {
        "service_id": 3,
        "category": "emergency",
        "justification": "correction",
        "workflow_type": "application_change",
    }


async def test_what_it_still_misses_is_shown(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.template.service = fake.template.workflow_type = None
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, start(fake))
    assert refused.value.said == "service: Service can't be blank; workflow_type: Workflow type can't be blank"
    assert "--set service_id=3" in is_told("xurrent", refused.value)
    assert fake.world.effects == []


async def test_the_owner_manages_it(xurrent: Xurrent, fake: XurrentFake) -> None:
    await execute(xurrent, start(fake, owner=BEN))
    assert fake.calls("POST", POST)[0].json["manager_id"] == 60
    told = await execute(xurrent, start(fake, owner=NOBODY))
    assert "manager_id" not in fake.calls("POST", POST)[1].json
    assert told.message == "xurrent.token_manages"


@pytest.mark.parametrize(
    "options", [{"color": "red"}, {"category": "urgent"}, {"service_id": "many"}, {"justification": ""}]
)
async def test_an_option_it_does_not_have(xurrent: Xurrent, fake: XurrentFake, options: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refused:
        xurrent.steps(start(fake, options), None)
    assert "Nothing was started" in is_told("xurrent", refused.value)


async def test_there_are_no_rehearsals(xurrent: Xurrent, fake: XurrentFake) -> None:
    with pytest.raises(Rejected) as refused:
        xurrent.steps(start(fake).model_copy(update={"rehearsal": True}), None)
    assert refused.value.key == "xurrent.no_rehearsal"


async def test_an_answer_that_cannot_be_read_is_unknown(xurrent: Xurrent, fake: XurrentFake) -> None:
    fake.fault("answer", method="POST", path=POST, status=201, body='{"category":"...","...":"..."}')
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, start(fake))
