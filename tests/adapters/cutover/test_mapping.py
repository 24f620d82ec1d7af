"""Maps the recordings, as they are and mutated: unexpected responses must never crash."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cutover import mapping, wire
from adapters.cutover.errors import error_mapper
from adapters.cutover.links import Links
from adapters.cutover.tasks import RunbookContext, map_task
from adapters.errors import AdapterError
from adapters.http.responses import Response
from adapters.models import Health, RunState, TaskState
from tests.adapters.cutover.recording_files import RECORDINGS, load_recording
from tests.adapters.mutations import Path, aged

LINKS = Links("cutover", "https://api.example.cutover.com", "3")
AT = datetime(2026, 7, 18, 14, tzinfo=UTC)


def map_run(tasks: Any = None, streams: Any = None) -> Any:
    runbook = wire.SingleResponse[wire.Runbook].model_validate(load_recording("runbook_active")).data
    task_items = wire.ListResponse[wire.Task].model_validate(tasks or load_recording("tasks_forecast")).data
    stream_items = wire.ListResponse[wire.Stream].model_validate(streams or load_recording("streams")).data
    types = wire.ListResponse[wire.TaskType].model_validate(load_recording("task_types")).data
    types_by_id = {item.id: item.attributes for item in types}
    return mapping.run("cutover", runbook, task_items, RunbookContext(stream_items, types_by_id), LINKS)


def test_run_fields() -> None:
    run = map_run()
    assert run.title == "R7 Primary down in EU"
    assert run.state is RunState.ACTIVE
    assert (run.health, run.health_text, run.health_by) == (
        Health.AMBER,
        "replica lagging behind 40 s",
        "Ana via Slack",
    )
    assert run.health_at == datetime(2026, 7, 18, 14, 3, 41, 2000, tzinfo=UTC)
    assert run.update_due == datetime(2026, 7, 18, 14, 20, tzinfo=UTC)
    assert [stage.title for stage in run.stages] == ["Triage", "Fail over"]
    assert run.link == "https://example.cutover.com/#/app/3/runbooks/7087/current_version/tasks/list"


def test_task_states_and_relations() -> None:
    tasks = {task.title: task for task in map_run().tasks}
    assert [task.state for task in tasks.values()] == [
        TaskState.DONE,
        TaskState.RUNNING,
        TaskState.WAITING,
        TaskState.WAITING,
        TaskState.SKIPPED,
        TaskState.FAILED,
        TaskState.READY,  # "active" without a time: if it is not ready, Cutover rejects it
    ]
    assert tasks["Confirm the primary is down"].instructions == "Ask from two zones.\npg_isready -h db-1 & wait"
    assert tasks["Page the DBA"].mark == "everyone finishes their part"
    assert tasks["Promote the replica or wait"].waits_for == ("12002",)  # the other predecessor is done
    assert tasks["Promote the replica or wait"].branches == ("12004", "12005")
    assert tasks["Repoint the app"].stage == "311"
    assert tasks["Repoint the app"].due_at == datetime(2026, 7, 18, 14, 10, tzinfo=UTC)


def test_without_forecast_tasks_have_no_relations() -> None:
    run = map_run(load_recording("tasks_plain"))
    assert [task.waits_for for task in run.tasks] == [(), ()]
    assert [task.branches for task in run.tasks] == [(), ()]


def test_comment_authors_come_from_signatures() -> None:
    items = wire.ListResponse[wire.Comment].model_validate(load_recording("comments")).data
    comments = [mapping.comment(item, {}) for item in items]
    assert [(comment.text, comment.by, comment.task) for comment in comments] == [
        ("Seen from two zones", "Ben via Mattermost", "12001"),
        ("Written by hand & kept\nsecond line", "", None),
        ("plain, without markup", "", None),
    ]


def test_only_planned_runbooks_are_irreversible() -> None:
    items = wire.ListResponse[wire.Runbook].model_validate(load_recording("runbooks_templates")).data
    assert [mapping.runbook("cutover", item, LINKS).irreversible for item in items] == [False, False]
    planned = wire.ListResponse[wire.Runbook].model_validate(load_recording("runbooks_page_1")).data[0]
    assert mapping.runbook("cutover", planned, LINKS).irreversible


@pytest.mark.parametrize("stage", ["not_startable", "on_fire", "", None])
def test_unknown_stages_are_still_mapped(stage: str | None) -> None:
    task = wire.SingleResponse[wire.Task].model_validate(load_recording("task_started")).data
    for changes in ({"stage": stage}, {"stage": stage, "start_actual": None, "end_actual": None}):
        changed = task.model_copy(update={"attributes": task.attributes.model_copy(update=changes)})
        assert map_task(changed).state in TaskState
    runbook = wire.SingleResponse[wire.Runbook].model_validate(load_recording("runbook_active")).data
    changed_runbook = runbook.model_copy(
        update={"attributes": runbook.attributes.model_copy(update={"stage": stage})}
    )
    assert mapping.run_state(changed_runbook) is RunState.ACTIVE  # it has started and not ended


# Mutations


def map_response(name: str, body: Any) -> None:
    """Parses and maps a response of this kind as the adapter does."""
    if name.startswith("error"):
        response = Response(422, {"content-type": "application/json"}, json.dumps(body).encode())
        assert isinstance(error_mapper("cutover")(response, "start", True), AdapterError)
        return
    model, map_item = READERS[max((kind for kind in READERS if name.startswith(kind)), key=len)]
    is_list = isinstance(body["data"], list)
    envelope: Any = wire.ListResponse if is_list else wire.SingleResponse
    data = envelope[model].model_validate(body).data
    for item in data if is_list else [data]:
        map_item(item)
    if name.startswith("tasks"):
        map_run(body)
    if name.startswith("streams"):
        map_run(None, body)


READERS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "runbooks": (wire.Runbook, lambda item: mapping.run_summary("cutover", item, LINKS)),
    "runbook": (
        wire.Runbook,
        lambda item: (mapping.run("cutover", item, (), RunbookContext(), LINKS), mapping.run_health(item)),
    ),
    "tasks": (wire.Task, map_task),
    "task": (wire.Task, map_task),
    "streams": (wire.Stream, lambda item: RunbookContext((item,)).stages()),
    "comments": (wire.Comment, lambda item: mapping.comment(item, {})),
    "comment": (wire.Comment, lambda item: mapping.comment(item, {})),
    "task_types": (wire.TaskType, lambda item: item.attributes.conditional_progression),
    "workspace": (wire.Workspace, lambda item: item.attributes.name),
}
REQUIRED = {"data", "id", "errors"}  # a response without these is not understood


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording_can_be_mapped(name: str) -> None:
    map_response(name, load_recording(name))


@given(name=st.sampled_from(RECORDINGS), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Anywhere in a response, optional fields may be missing or null, and new ones may appear."""
    map_response(name, data.draw(aged(load_recording(name), _is_required)))


def _is_required(path: Path) -> bool:
    return path[-1] in REQUIRED and "relationships" not in path
