"""Finding the Mattermost users of people."""

from adapters.http.client import HttpClients
from adapters.models import Person, RunbookKey
from adapters.writes import (
    AssignTask,
    StartRun,
)
from tests.adapters.playbooks.harness import PlatformHarness, connect_adapter
from tests.adapters.playbooks.helpers import ANA, execute_steps


def build_start(harness: PlatformHarness, title: str = "R9 Primary down", by: Person = ANA) -> StartRun:
    runbook = RunbookKey(platform="playbooks", id=harness.fake.playbook)
    return StartRun(runbook=runbook, title=title, handle="R9", by=by)


async def test_user_ids_are_shown_if_names_cannot_be_read(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    http = HttpClients()
    adapter = connect_adapter(harness.fake, http)
    harness.fake.fault("answer", path="/api/v4/users/(ids|email|username)", status=403, body="{}", times=99)
    run_now = await adapter.read(run.key.id)
    assert run_now.owner is not None
    assert run_now.owner.shown == harness.fake.ana  # the id is shown without a name
    harness.adapter = adapter
    [result] = await execute_steps(harness, build_start(harness))
    assert result.message == "playbooks.bot_owns"
    await http.close()


async def test_people_are_found_by_id_email_and_name(harness: PlatformHarness) -> None:
    harness.fake.core.creates_users = False
    ana, run = harness.fake.ana, await harness.new_run()
    by = {
        "id": Person(id=ana, name="x"),
        "mail": Person(id="U1", email="ana@example.com", handle="other"),
        "name": Person(id="U2", email="unknown@example.com", handle="@Ana"),
    }
    for number, person in enumerate(by.values()):
        await execute_steps(
            harness, AssignTask(run=run.key, by=ANA, task=run.tasks[number].id, person=person), run
        )
        assert harness.fake.calls("PUT", "/assignee$")[-1].json == {"assignee_id": ana}
    asked = len(harness.fake.calls("GET", "/users/"))
    await execute_steps(harness, AssignTask(run=run.key, by=ANA, task=run.tasks[3].id, person=by["mail"]), run)
    assert len(harness.fake.calls("GET", "/users/")) == asked
