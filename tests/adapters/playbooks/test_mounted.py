"""The adapter on the fake Mattermost of the chat tests."""

import pytest

from adapters.http.client import HttpClients
from adapters.models import HomeChannel, Person, RunbookKey, TaskState
from adapters.playbooks import PLATFORM
from adapters.playbooks.settings import PlaybooksSettings
from adapters.results import Applied
from adapters.writes import AddComment, BeginTask, EndRun, SetStatus, StartRun, Write
from tests.adapters.connections import platform_settings, resources
from tests.adapters.playbooks.conftest import GENERATIONS
from tests.adapters.playbooks.helpers import make_baseline, make_marker
from tests.adapters.playbooks.mounted import mount
from tests.fakes.mattermost import FakeMattermost


@pytest.mark.parametrize("sub_path", ["", "/chat"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_run_from_start_to_end_on_the_site_of_the_chat(generation: str, sub_path: str) -> None:
    async with FakeMattermost(sub_path=sub_path) as mm:
        playbooks, http = mount(mm, generation), HttpClients()
        settings = PlaybooksSettings.model_validate(platform_settings(playbooks))
        adapter = PLATFORM.connect("playbooks", settings, resources(http))
        ana = Person(id=mm.ana.id, name="Ana")  # found by her id: she types on the same site
        runbook = RunbookKey(platform="playbooks", id=playbooks.playbook)
        start = StartRun(runbook=runbook, title="R9 Primary down", handle="R9", by=ana)
        result = await adapter.execute(start, make_marker())
        assert result.run is not None
        run = await adapter.read(result.run.id)
        assert run.owner is not None
        assert run.owner.name == "Ana Costa"
        assert run.home is not None
        assert run.home == HomeChannel(site=mm.url, channel=run.home.channel)
        marker, baseline = make_marker(), make_baseline(run)
        writes: list[Write] = [
            BeginTask(run=run.key, by=ana, task=run.tasks[0].id),
            AddComment(run=run.key, by=ana, text="hello"),
            SetStatus(run=run.key, by=ana, text="all quiet"),
        ]
        for write in writes:
            for step in adapter.steps(write, run):
                await adapter.execute(step, marker)
                assert isinstance(await adapter.reconcile(step, marker, baseline), Applied)
        reread = await adapter.read(run.key.id)
        assert reread.tasks[0].state is TaskState.RUNNING
        assert [item.text for item in await adapter.comments(run.key.id, None)] == ["hello", "all quiet"]
        await adapter.execute(EndRun(run=run.key, by=ana), marker)
        assert not await adapter.runs("")
        await http.close()
