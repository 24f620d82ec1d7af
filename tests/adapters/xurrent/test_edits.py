"""The lists of edited tasks and workflows."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.change_sources import Edit
from adapters.http.client import HttpClients
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import create_run

FLAVOURS = ("xurrent", "4me", "itrp")


async def list_edits(adapter: XurrentAdapter) -> list[Edit]:
    since = datetime.now(UTC) - timedelta(minutes=10)
    return [edit for pages in adapter.changed_since(since) async for page in pages for edit in page]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_the_task_that_was_edited_last_is_first_and_names_its_run(flavour: str) -> None:
    async with XurrentFake(flavour) as fake:  # type: ignore[arg-type]
        http = HttpClients()
        adapter = connect_adapter(fake, http)
        runs = [create_run(fake) for _ in range(2)]
        before = {edit.id: edit.version for edit in await list_edits(adapter)}
        task = fake.account.task(runs[0], "Page the DBA")
        task.status = "completed"
        edit = next(edit for edit in await list_edits(adapter) if edit.version != before.get(edit.id))
        assert (edit.id, edit.run) == (str(task.id), str(runs[0].id))
        assert edit.at is not None
        await http.close()


async def test_a_workflow_of_its_own_is_listed_at_every_third_poll(
    fake: XurrentFake, xurrent: XurrentAdapter
) -> None:
    run = create_run(fake)
    found = [str(run.id) in {edit.id for edit in await list_edits(xurrent)} for _ in range(6)]
    assert found == [False, False, True] * 2


async def test_a_server_that_rejects_the_fields_is_asked_without_them(
    fake: XurrentFake, xurrent: XurrentAdapter
) -> None:
    fake.supports_fields = False
    run = create_run(fake)
    ids = {str(task.id) for task in fake.account.tasks_of(run)}
    for requests in (2, 1):
        before = len(fake.seen)
        assert {edit.id for edit in await list_edits(xurrent)} == ids
        assert len(fake.seen) == before + requests
