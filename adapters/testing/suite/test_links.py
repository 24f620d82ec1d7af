"""What a link points to: what it is taken for is what it is, or it is refused with a message.

A step or a template that is taken for a run would get a handle and a card, and its commands would go astray.
"""

import re

import pytest

from adapters.errors import AdapterError
from adapters.models import Run, Runbook, RunbookKey, RunKey, RunState, TaskKey
from adapters.protocol import Adapter
from adapters.testing.fixtures import ErrorText, contract
from adapters.testing.harness import RUNBOOK, Harness
from adapters.testing.writes import can_list_runbooks, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


def _adapters(harness: Harness) -> tuple[Adapter, Adapter]:
    """One that has read the run, and one that has read nothing: links are also followed after a restart."""
    return harness.adapter, harness.connect()


@contract()
async def test_a_link_to_a_run_is_that_run(harness: Harness) -> None:
    run = await harness.new_run()
    if run.link is None:
        pytest.skip("its runs have no address")
    for adapter in _adapters(harness):
        assert adapter.parse_link(run.link) == run.key
        assert (await adapter.read(run.key.id)).key == run.key


@contract([Op.END])
async def test_a_link_to_a_run_that_has_ended_is_that_run(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op)
    await pending.execute()
    key = pending.write.run
    assert key is not None
    run = await harness.connect().read(key.id)
    if run.link is None:
        pytest.skip("its runs have no address")
    fresh = harness.connect()
    assert fresh.parse_link(run.link) == key
    assert (await fresh.read(key.id)).state.is_over


@contract()
async def test_a_link_to_a_task_is_no_run(harness: Harness, error_text: ErrorText) -> None:
    run = await harness.new_run()
    links = {task.link: task.id for task in run.tasks if task.link and task.link != run.link}
    if not links:
        pytest.skip("its tasks have no addresses of their own")
    for link, task in links.items():
        assert harness.adapter.parse_link(link) == TaskKey(run=run.key, id=task)
        await _is_no_run(harness.connect(), link, error_text, run)


@contract()
async def test_a_link_to_a_runbook_is_no_run(harness: Harness, error_text: ErrorText) -> None:
    runbook = await _runbook(harness)
    if runbook.link is None:
        pytest.skip("its runbooks have no address")
    for adapter in _adapters(harness):
        await _is_no_run(adapter, runbook.link, error_text)


@contract()
async def test_the_id_of_a_runbook_is_no_run(harness: Harness, error_text: ErrorText) -> None:
    """People also type ``PLATFORM:ID``, which says nothing about what it is."""
    runbook = await _runbook(harness)
    for adapter in _adapters(harness):
        await _cannot_be_read(adapter, runbook.key.id, error_text)


@contract()
async def test_the_id_of_a_task_is_no_run(harness: Harness, error_text: ErrorText) -> None:
    run = await harness.new_run()
    for adapter in _adapters(harness):
        await _cannot_be_read(adapter, run.tasks[0].id, error_text)


@contract()
async def test_an_active_run_is_no_runbook(harness: Harness, error_text: ErrorText) -> None:
    """It is refused, or started only after a question that says what it is (``Runbook.warning``)."""
    run = await harness.new_run()
    for adapter in _adapters(harness):
        try:
            runbook = await adapter.runbook(run.key.id)
        except AdapterError as error:
            _require_text(error, error_text)
        else:
            assert runbook.warning


@contract()
async def test_the_same_link_on_another_host_is_not_recognized(harness: Harness) -> None:
    run = await harness.new_run()
    links = [run.link, *(task.link for task in run.tasks), (await _runbook(harness, skip=False)).link]
    for link in {link for link in links if link}:
        for other in ("https://elsewhere.example", "https://elsewhere.example:8443", "ftp://elsewhere.example"):
            assert harness.adapter.parse_link(re.sub(r"^\w+://[^/]+", other, link)) is None


async def _runbook(harness: Harness, *, skip: bool = True) -> Runbook:
    if not can_list_runbooks(harness):
        if skip:
            pytest.skip("this platform cannot list runbooks")
        return Runbook(key=RunbookKey(platform=harness.adapter.name, id=""), title="")
    return next(runbook for runbook in await harness.adapter.runbooks(RUNBOOK) if runbook.title == RUNBOOK)


async def _is_no_run(adapter: Adapter, link: str, error_text: ErrorText, parent: Run | None = None) -> None:
    """A link to a task of ``parent``, or to a runbook."""
    found = adapter.parse_link(link)
    if isinstance(found, TaskKey):
        assert parent is not None
        assert found.run == parent.key
    elif isinstance(found, RunKey):
        await _cannot_be_read(adapter, found.id, error_text)
    else:
        assert found is None or (parent is None and isinstance(found, RunbookKey))


async def _cannot_be_read(adapter: Adapter, id: str, error_text: ErrorText) -> None:
    """Except as a planned run, on a platform whose runbooks are started themselves."""
    try:
        run = await adapter.read(id)
    except AdapterError as error:
        _require_text(error, error_text)
    else:
        assert run.state is RunState.PLANNED, f"{id} is read as a run"


def _require_text(error: AdapterError, error_text: ErrorText) -> None:
    assert error_text(error)
