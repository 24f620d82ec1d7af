"""Case templates of newer tenants: listed as runbooks, and started with ``template_id``."""

import pytest

from adapters.errors import NotFound, Rejected
from adapters.http.client import HttpClients
from adapters.models import RunbookKey
from adapters.tines.adapter import Tines
from adapters.writes import StartRun
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import build_start, execute_steps

KEY = RunbookKey(platform="tines", id="template-12")


def start_of(fake: TinesFake, **options: str) -> StartRun:
    return build_start(fake, options).model_copy(update={"runbook": KEY})


async def test_a_newer_tenant_lists_its_case_templates(fake: TinesFake, tines: Tines) -> None:
    fake.is_newer = True
    found = {runbook.key.id: runbook for runbook in await tines.runbooks("")}
    assert (found["template-12"].title, found["template-12"].folder) == ("Phishing investigation", "Operations")
    runbook = await tines.runbook("template-12")
    assert [task.title for task in runbook.tasks] == ["Quarantine", "Tell people"]


async def test_an_older_tenant_is_asked_once(fake: TinesFake, tines: Tines) -> None:
    for _ in range(2):
        assert len(await tines.runbooks("")) == 1
    assert len(fake.calls("GET", "/case_templates$")) == 1
    with pytest.raises(NotFound):
        await tines.runbook("template-12")


@pytest.mark.parametrize("has_preview", [True, False])
async def test_tines_fills_in_what_the_template_says(fake: TinesFake, tines: Tines, has_preview: bool) -> None:
    fake.is_newer = True
    if not has_preview:
        fake.fault("answer", path="/preview$", status=404, body="{}", times=9)
    (result,) = await execute_steps(tines, start_of(fake, region="eu-1"))
    assert result.run is not None
    case = fake.world.cases[int(result.run.id)]
    assert [task.description for task in case.tasks.values()] == ["Quarantine", "Tell people"]
    assert (case.priority, case.fields, case.status) == ("HIGH", {2: "eu-1"}, "OPEN")
    assert case.tags == (["phishing", "runbook-run"] if has_preview else ["runbook-run"])
    assert (case.author.first, [user.first for user in case.assignees]) == ("Ana", ["Ana"])
    sent = fake.calls("POST", "/cases$")[0].json
    assert sent["template_id"] == 12
    assert {"priority", "tasks", "description"}.isdisjoint(sent)
    run = await tines.read(result.run.id)
    assert (run.runbook, run.runbook_id) == ("Phishing investigation", "template-12")
    assert [run.key.id for run in await tines.runs("")] == [str(case.id)]


async def test_a_value_that_does_not_fit_starts_nothing(fake: TinesFake, http: HttpClients) -> None:
    fake.is_newer = True
    with pytest.raises(Rejected):
        await execute_steps(connect_adapter(fake, http), start_of(fake, priority="urgent"))
    assert fake.calls("POST", "/cases$") == []
