"""Maps the recordings, as they are and mutated: no unexpected field may crash the adapter."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import AdapterError
from adapters.http.responses import Response
from adapters.models import RunState, TaskState
from adapters.xurrent import mapping, wire
from adapters.xurrent.errors import error_mapper
from adapters.xurrent.links import Links
from tests.adapters.mutations import Path, corrupted
from tests.adapters.xurrent.recording_files import NAMES, body, exchange

LINKS = Links("xurrent", "https://api.xurrent.com/v1", "wdc")


def parse_tasks(records: Any) -> list[wire.Task]:
    return [wire.Task.model_validate(record) for record in records]


def map_recorded_run(tasks: Any = None, workflow_name: str = "xurrent/workflow") -> Any:
    predecessors = {
        "21128": [task.id for task in parse_tasks(body("xurrent/task_predecessors"))],
        "21130": ["21128"],
    }
    approvals = {"21129": [wire.Approval.model_validate(record) for record in body("xurrent/task_approvals")]}
    workflow = wire.Workflow.model_validate(body(workflow_name))
    details = mapping.TaskDetails(predecessors, approvals)
    return mapping.map_run(
        "xurrent", workflow, parse_tasks(tasks or body("xurrent/workflow_tasks")), details, LINKS
    )


def test_each_api_generation_has_enough_recordings() -> None:
    for generation in ("itrp", "xurrent"):
        assert sum(name.startswith(f"{generation}/") for name in NAMES) >= 12


def test_a_recorded_run_is_mapped() -> None:
    run = map_recorded_run()
    assert (run.title, run.runbook, run.runbook_id) == ("R7 Primary down in EU", "Database failover", "9")
    assert run.state is RunState.ACTIVE
    assert run.owner is not None
    assert run.owner.name == "Carla Cluster"
    assert run.link == "https://wdc.xurrent.com/workflows/5694"


def test_tasks_are_sorted_in_work_order() -> None:
    tasks = map_recorded_run().tasks
    assert [(task.title, task.state) for task in tasks] == [
        ("Confirm the primary is down", TaskState.DONE),
        ("Page the DBA", TaskState.RUNNING),
        ("Promote the replica", TaskState.WAITING),
        ("Release manager's approval", TaskState.READY),
        ("Repoint the app", TaskState.WAITING),
    ]
    assert tasks[2].waits_for == ("21127",)  # the other predecessor is done
    assert [person.name for person in tasks[1].assignees] == ["Ben Thomas"]
    assert tasks[0].finished_at == datetime(2026, 7, 18, 19, 1, tzinfo=UTC)
    assert tasks[1].due_at == datetime(2026, 7, 18, 23, 0, tzinfo=UTC)
    assert tasks[1].link == "https://wdc.xurrent.com/tasks/21127"


def test_an_approval_names_its_people() -> None:
    approval = map_recorded_run().tasks[3]
    assert approval.approval
    assert approval.mark == "approval: Ana Reis, Rui Dias, 1 of 2 needed"


def test_each_run_state_is_mapped() -> None:
    states = {
        "workflow_created": RunState.STARTING,
        "workflow": RunState.ACTIVE,
        "workflow_halted": RunState.PAUSED,
        "workflow_withdrawn": RunState.CANCELLED,
    }
    for name, state in states.items():
        assert map_recorded_run((), f"xurrent/{name}").state is state, name


@pytest.mark.parametrize("generation", ["itrp", "xurrent"])
def test_each_task_state_is_mapped(generation: str) -> None:
    tasks = {
        name: mapping.map_task(wire.Task.model_validate(body(f"{generation}/{name}")), LINKS) for name in TASKS
    }
    assert [tasks[name].state for name in TASKS] == [
        TaskState.READY,
        TaskState.READY,
        TaskState.RUNNING,
        TaskState.DONE,
        TaskState.SKIPPED,
        TaskState.HELD,
        TaskState.WAITING,
    ]
    assert tasks["task_approval"].approval
    assert tasks["task"].instructions.startswith("Call the number")
    assert tasks["task_waiting_for"].expected_at == datetime(2026, 7, 18, 21, tzinfo=UTC)
    run = wire.Task.model_validate(body(f"{generation}/task")).run
    assert run is not None
    assert run.id == "5694"


TASKS = (
    "task_approval",
    "task",
    "task_begun",
    "task_completed",
    "task_canceled",
    "task_waiting_for",
    "task_created",
)


OWN_USER = "54"  # as recorded from "me"


def test_notes_name_their_author_in_chat() -> None:
    notes = [wire.Note.model_validate(record) for record in body("xurrent/workflow_notes")]
    comments = [mapping.map_comment(note, None, OWN_USER) for note in notes if mapping.is_visible(note)]
    assert [(comment.text, comment.by, comment.task) for comment in comments] == [
        ("[amber] replica lagging", "Ana via Slack", None),
        ("Seen from two zones", "Ben Thomas", "21126"),
    ]
    (comment,) = (
        mapping.map_comment(wire.Note.model_validate(record), "21127", OWN_USER)
        for record in body("xurrent/task_notes")
    )
    assert (comment.text, comment.by) == ("promoted by hand", "Ana via Slack")


def test_a_template_shows_its_steps_oldest_first() -> None:
    steps = [wire.TaskTemplate.model_validate(record) for record in body("xurrent/template_steps")]
    runbook = mapping.map_runbook("xurrent", wire.Template.model_validate(body("xurrent/template")), steps, LINKS)
    assert [task.title for task in runbook.tasks][:2] == ["Confirm the primary is down", "Promote the replica"]
    assert [task.approval for task in runbook.tasks] == [False, False, True, False]
    assert runbook.description.startswith("Only when")


@pytest.mark.parametrize("status", ["on_fire", "", None, 7, ["a"]])
def test_an_unknown_status_is_mapped(status: object) -> None:
    task = wire.Task.model_validate({**body("xurrent/task"), "status": status})
    assert mapping.map_task(task, LINKS).state is TaskState.READY
    finished = wire.Task.model_validate({**body("xurrent/task_completed"), "status": status})
    assert mapping.map_task(finished, LINKS).state is TaskState.DONE
    workflow = wire.Workflow.model_validate({**body("xurrent/workflow"), "status": status})
    assert mapping.run_state(workflow) is RunState.ACTIVE


def test_tasks_that_wait_for_each_other_are_all_kept() -> None:
    tasks = parse_tasks(body("xurrent/workflow_tasks"))
    cycle = {"21126": ["21127"], "21127": ["21126"], "21128": ["21128"]}
    assert {task.id for task in mapping.work_order(tasks, cycle)} == {task.id for task in tasks}


# Mutations


def read_response(name: str, body: Any) -> None:
    """Reads a response as the adapter does, down to Liaison's models."""
    kind = name.partition("/")[2]
    if exchange(name)["status"] >= 400:
        response = Response(exchange(name)["status"], {}, json.dumps(body).encode())
        error = error_mapper("xurrent")(response, "start", True)
        assert error is None or isinstance(error, AdapterError)
        return
    model, convert = READERS[max((prefix for prefix in READERS if kind.startswith(prefix)), key=len)]
    for record in body if isinstance(body, list) else [body]:
        convert(model.model_validate(record))
    if kind in ("workflow_tasks", "tasks"):
        map_recorded_run(body)


def _map_visible(note: Any) -> object:
    return mapping.is_visible(note) and mapping.map_comment(note, None, "")


READERS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "task": (wire.Task, lambda record: mapping.map_task(record, LINKS)),
    "workflow_tasks": (wire.Task, lambda record: mapping.map_task(record, LINKS)),
    "workflow": (wire.Workflow, lambda record: mapping.map_run_summary("xurrent", record, LINKS)),
    "template": (wire.Template, lambda record: mapping.map_runbook("xurrent", record, (), LINKS)),
    "template_steps": (wire.TaskTemplate, lambda record: record.subject),
    "task_approvals": (wire.Approval, lambda record: record.approver),
    "task_notes": (wire.Note, _map_visible),
    "workflow_notes": (wire.Note, _map_visible),
    "note_created": (wire.CreatedRecord, lambda record: record.id),
    "people": (wire.Person, lambda record: record.name),
    "me": (wire.Person, lambda record: record.name),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_is_read(name: str) -> None:
    read_response(name, body(name))


@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Any field may be missing, new, or of another type, except the IDs of the records themselves."""
    read_response(name, data.draw(corrupted(body(name), _is_record_or_id)))


def _is_record_or_id(path: Path) -> bool:
    return (isinstance(path[-1], int) and len(path) == 1) or (path[-1] == "id" and len(path) <= 2)
