"""Links to runbooks and tasks: the API's own, and the pages people open."""

from adapters.cutover.adapter import Cutover
from adapters.cutover.links import Links
from adapters.models import RunbookKey, RunKey, TaskKey
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.helpers import create_active_run, run_key


async def test_api_links_are_parsed(fake: CutoverFake, cutover: Cutover) -> None:
    runbook = create_active_run(fake)
    task = runbook.task("Page the DBA").id
    assert cutover.parse_link(f"{fake.url}/core/runbooks/{runbook.id}") == run_key(runbook.id)
    assert cutover.parse_link(f"{fake.url}/core/runbooks/{runbook.id}/tasks/{task}") == TaskKey(
        run=run_key(runbook.id), id=task
    )
    assert cutover.parse_link(f"{fake.url}/core/workspaces/3") is None
    await cutover.runbooks("")
    template = f"{fake.url}/core/runbooks/{fake.template.id}"
    assert cutover.parse_link(template) == RunbookKey(platform="cutover", id=fake.template.id)


def test_page_links_are_built_and_parsed() -> None:
    links = Links("cutover", "https://api.acme.cutover.com", "3")
    page = links.run("7087")
    assert page == "https://acme.cutover.com/#/app/3/runbooks/7087/current_version/tasks/list"
    assert links.parse(page) == RunKey(platform="cutover", id="7087")
    custom = Links(
        "cutover", "https://gateway.example.com", "", "https://runs.example.com/r/runbooks/{runbook_id}"
    )
    assert custom.run("7087") == "https://runs.example.com/r/runbooks/7087"
    assert custom.parse("https://runs.example.com/r/runbooks/7087") == RunKey(platform="cutover", id="7087")
    assert custom.parse("https://evil.example.com/r/runbooks/7087") is None
    assert Links("cutover", "https://gateway.example.com").run("7087") is None
