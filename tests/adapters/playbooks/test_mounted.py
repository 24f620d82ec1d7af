"""The adapter on the Mattermost that the chat surface is tested with."""

import pytest

from adapters.http.client import HttpClients
from adapters.models import HomeChannel, Person, RunbookKey, TaskState
from adapters.playbooks import PLATFORM
from adapters.playbooks.settings import PlaybooksSettings
from adapters.writes import AddComment, Applied, BeginTask, EndRun, SetStatus, StartRun, Write
from tests.adapters.connecting import resources, table
from tests.adapters.playbooks.conftest import GENERATIONS
from tests.adapters.playbooks.doing import a_mark, known_now
from tests.adapters.playbooks.mounted import mount
from tests.fakes.mattermost import FakeMattermost


@pytest.mark.parametrize("sub_path", ["", "/chat"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_run_from_start_to_end_on_one_site(generation: str, sub_path: str) -> None:
    async with FakeMattermost(sub_path=sub_path) as mm:
        playbooks, http = mount(mm, generation), HttpClients()
        settings = PlaybooksSettings.model_validate(table(playbooks))
        adapter = PLATFORM.connect("playbooks", settings, resources(http))
        ana = Person(id=mm.ana.id, name="Ana")  # by her id: she types on this very site
        runbook = RunbookKey(platform="playbooks", id=playbooks.playbook)
        start = StartRun(runbook=runbook, title="R9 Primary down", handle="R9", by=ana)
        told = await adapter.execute(start, a_mark())
        assert told.run is not None
        run = await adapter.read(told.run.id)
        assert run.owner is not None
        assert run.owner.name == "Ana Costa"
        assert run.home is not None
        assert run.home == HomeChannel(site=mm.url, channel=run.home.channel)
        mark, known = a_mark(), known_now(run)
        writes: list[Write] = [
            BeginTask(run=run.key, by=ana, task=run.tasks[0].id),
            AddComment(run=run.key, by=ana, text="hello"),
            SetStatus(run=run.key, by=ana, text="all quiet"),
        ]
        for write in writes:
            for step in adapter.steps(write, run):
                await adapter.execute(step, mark)
                assert isinstance(await adapter.reconcile(step, mark, known), Applied)
        now = await adapter.read(run.key.id)
        assert now.tasks[0].state is TaskState.RUNNING
        assert [one.text for one in await adapter.comments(run.key.id, None)] == ["hello"]
        await adapter.execute(EndRun(run=run.key, by=ana), mark)
        assert await adapter.runs("") == []
        await http.close()
