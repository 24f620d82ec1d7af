"""The recordings through ``wire`` and ``mapping``, as they are and mutated: nothing unexpected may crash."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cutover import mapping, wire
from adapters.cutover.errors import explaining
from adapters.cutover.links import Links
from adapters.cutover.mapping import MappingContext
from adapters.errors import AdapterError
from adapters.http.responses import Response
from adapters.models import Health, RunState, TaskState
from tests.adapters.cutover.recorded import NAMES, recorded
from tests.adapters.mutations import Path, aged

LINKS = Links("cutover", "https://api.example.cutover.com", "3")
AT = datetime(2026, 7, 18, 14, tzinfo=UTC)


def whole_run(tasks: Any = None, streams: Any = None) -> Any:
    found = wire.One[wire.Runbook].model_validate(recorded("runbook_active")).data
    listed = wire.Many[wire.Task].model_validate(tasks or recorded("tasks_forecast")).data
    lanes = wire.Many[wire.Stream].model_validate(streams or recorded("streams")).data
    types = wire.Many[wire.TaskType].model_validate(recorded("task_types")).data
    branching = {one.id: bool(one.attributes.conditional_progression) for one in types}
    return mapping.run("cutover", found, listed, MappingContext(lanes, branching), LINKS)


def test_a_run_as_it_is_shown() -> None:
    run = whole_run()
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


def test_the_tasks_of_a_run() -> None:
    tasks = {task.title: task for task in whole_run().tasks}
    assert [task.state for task in tasks.values()] == [
        TaskState.DONE,
        TaskState.RUNNING,
        TaskState.WAITING,
        TaskState.WAITING,
        TaskState.SKIPPED,
        TaskState.FAILED,
        TaskState.READY,  # "active" without a time: Cutover says no if it is not
    ]
    assert tasks["Confirm the primary is down"].instructions == "Ask from two zones.\npg_isready -h db-1 & wait"
    assert tasks["Page the DBA"].mark == "everyone finishes their part"
    assert tasks["Promote the replica or wait"].waits_for == ("12002",)  # the other one is done
    assert tasks["Promote the replica or wait"].branches == ("12004", "12005")
    assert tasks["Repoint the app"].stage == "311"
    assert tasks["Repoint the app"].due_at == datetime(2026, 7, 18, 14, 10, tzinfo=UTC)


def test_without_forecast_nothing_is_guessed() -> None:
    run = whole_run(recorded("tasks_plain"))
    assert [task.waits_for for task in run.tasks] == [(), ()]
    assert [task.branches for task in run.tasks] == [(), ()]


def test_comments_say_who_in_their_text() -> None:
    found = wire.Many[wire.Comment].model_validate(recorded("comments")).data
    shown = [mapping.comment(one) for one in found]
    assert [(one.text, one.by, one.task) for one in shown] == [
        ("Seen from two zones", "Ben via Mattermost", "12001"),
        ("Written by hand & kept\nsecond line", "", None),
        ("plain, without markup", "", None),
    ]


def test_templates_can_be_started_again_and_planned_runbooks_once() -> None:
    found = wire.Many[wire.Runbook].model_validate(recorded("runbooks_templates")).data
    assert [mapping.runbook("cutover", one, LINKS).irreversible for one in found] == [False, False]
    planned = wire.Many[wire.Runbook].model_validate(recorded("runbooks_page_1")).data[0]
    assert mapping.runbook("cutover", planned, LINKS).irreversible


@pytest.mark.parametrize("stage", ["not_startable", "on_fire", "", None])
def test_a_stage_nobody_knows_is_still_shown(stage: str | None) -> None:
    task = wire.One[wire.Task].model_validate(recorded("task_started")).data
    for its in ({"stage": stage}, {"stage": stage, "start_actual": None, "end_actual": None}):
        strange = task.model_copy(update={"attributes": task.attributes.model_copy(update=its)})
        assert mapping.single(strange).state in TaskState
    runbook = wire.One[wire.Runbook].model_validate(recorded("runbook_active")).data
    strange_run = runbook.model_copy(update={"attributes": runbook.attributes.model_copy(update={"stage": stage})})
    assert mapping.run_state(strange_run) is RunState.ACTIVE  # it has started, and has not ended


# Mutations


def understand(name: str, body: Any) -> None:
    """What the adapter does with an answer of this kind, down to Liaison's models."""
    if name.startswith("error"):
        reply = Response(422, {"content-type": "application/json"}, json.dumps(body).encode())
        assert isinstance(explaining("cutover")(reply, "start", True), AdapterError)
        return
    reader, show = READERS[max((kind for kind in READERS if name.startswith(kind)), key=len)]
    many = isinstance(body["data"], list)
    shape: Any = wire.Many if many else wire.One
    found = shape[reader].model_validate(body).data
    for one in found if many else [found]:
        show(one)
    if name.startswith("tasks"):
        whole_run(body)
    if name.startswith("streams"):
        whole_run(None, body)


READERS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "runbooks": (wire.Runbook, lambda one: mapping.run_head("cutover", one, LINKS)),
    "runbook": (
        wire.Runbook,
        lambda one: (mapping.run("cutover", one, (), MappingContext(), LINKS), mapping.health_note(one)),
    ),
    "tasks": (wire.Task, mapping.single),
    "task": (wire.Task, mapping.single),
    "streams": (wire.Stream, lambda one: MappingContext((one,)).stages()),
    "comments": (wire.Comment, mapping.comment),
    "comment": (wire.Comment, mapping.comment),
    "task_types": (wire.TaskType, lambda one: one.attributes.conditional_progression),
    "workspace": (wire.Workspace, lambda one: one.attributes.name),
}
KEPT = {"data", "id", "errors"}  # without these an answer is no answer


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_is_understood(name: str) -> None:
    understand(name, recorded(name))


@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Optional fields may go or be null, and new ones come, anywhere in the answer."""
    understand(name, data.draw(aged(recorded(name), _is_needed)))


def _is_needed(path: Path) -> bool:
    return path[-1] in KEPT and "relationships" not in path
