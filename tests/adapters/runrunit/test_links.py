"""Links to the pages of tasks."""

import pytest

from adapters.models import RunKey, TaskKey
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("{site}/pt-BR/tasks/{step}", "step"),
        ("{site}/en/tasks/{run}?tab=1#comments", "run"),
        ("{site}/tasks/{run}", "run"),
        ("{site}/pt-BR/projects/{run}", None),
        ("{site}.example.com/pt-BR/tasks/{run}", None),
        ("ftp://runrun.it/tasks/1", None),
    ],
)
async def test_links_to_task_pages_are_parsed(
    runrunit: Runrunit, fake: RunrunitFake, link: str, target: str | None
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await runrunit.read(str(run.id))
    parsed = runrunit.parse_link(link.format(site=fake.url, run=run.id, step=step.id))
    key = RunKey(platform="runrunit", id=str(run.id))
    expected = {"run": key, "step": TaskKey(run=key, id=str(step.id)), None: None}
    assert parsed == expected[target]
