"""The recordings through ``wire`` and ``mapping``, as they are and mutated: nothing unexpected may crash."""

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
from adapters.xurrent.errors import explaining
from adapters.xurrent.links import Links
from tests.adapters.mutations import Path, damaged
from tests.adapters.xurrent.recorded import NAMES, body, exchange

LINKS = Links("xurrent", "https://api.xurrent.com/v1", "wdc")


def tasks_of(recorded: Any) -> list[wire.Task]:
    return [wire.Task.model_validate(one) for one in recorded]


def whole_run(tasks: Any = None, flow: str = "xurrent/workflow") -> Any:
    before = {"21128": [one.id for one in tasks_of(body("xurrent/task_predecessors"))], "21130": ["21128"]}
    approvals = {"21129": [wire.Approval.model_validate(one) for one in body("xurrent/task_approvals")]}
    found = wire.Workflow.model_validate(body(flow))
    sight = mapping.MappingContext(before, approvals)
    return mapping.run("xurrent", found, tasks_of(tasks or body("xurrent/workflow_tasks")), sight, LINKS)


def test_there_are_enough_of_each_generation() -> None:
    for generation in ("itrp", "xurrent"):
        assert sum(name.startswith(f"{generation}/") for name in NAMES) >= 12


def test_a_run_as_it_is_shown() -> None:
    run = whole_run()
    assert (run.title, run.runbook, run.runbook_id) == ("R7 Primary down in EU", "Database failover", "9")
    assert run.state is RunState.ACTIVE
    assert run.owner is not None
    assert run.owner.name == "Carla Cluster"
    assert run.link == "https://wdc.xurrent.com/workflows/5694"


def test_its_tasks_stand_in_the_order_of_work() -> None:
    tasks = whole_run().tasks
    assert [(task.title, task.state) for task in tasks] == [
        ("Confirm the primary is down", TaskState.DONE),
        ("Page the DBA", TaskState.RUNNING),
        ("Promote the replica", TaskState.WAITING),
        ("Release manager's approval", TaskState.READY),
        ("Repoint the app", TaskState.WAITING),
    ]
    assert tasks[2].waits_for == ("21127",)  # the other one is done
    assert [person.name for person in tasks[1].assignees] == ["Ben Thomas"]
    assert tasks[0].finished_at == datetime(2026, 7, 18, 19, 1, tzinfo=UTC)
    assert tasks[1].due_at == datetime(2026, 7, 18, 23, 0, tzinfo=UTC)
    assert tasks[1].link == "https://wdc.xurrent.com/tasks/21127"


def test_an_approval_names_its_people() -> None:
    approval = whole_run().tasks[3]
    assert approval.approval
    assert approval.mark == "approval: Ana Reis, Rui Dias, 1 of 2 needed"


def test_each_state_of_a_run() -> None:
    states = {
        "workflow_created": RunState.STARTING,
        "workflow": RunState.ACTIVE,
        "workflow_halted": RunState.PAUSED,
        "workflow_withdrawn": RunState.CANCELLED,
    }
    for name, state in states.items():
        assert whole_run((), f"xurrent/{name}").state is state, name


@pytest.mark.parametrize("generation", ["itrp", "xurrent"])
def test_a_task_by_itself(generation: str) -> None:
    shown = {name: mapping.single(wire.Task.model_validate(body(f"{generation}/{name}")), LINKS) for name in TASKS}
    assert [shown[name].state for name in TASKS] == [
        TaskState.READY,
        TaskState.READY,
        TaskState.RUNNING,
        TaskState.DONE,
        TaskState.SKIPPED,
        TaskState.HELD,
        TaskState.WAITING,
    ]
    assert shown["task_approval"].approval
    assert shown["task"].instructions.startswith("Call the number")
    assert shown["task_waiting_for"].expected_at == datetime(2026, 7, 18, 21, tzinfo=UTC)
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


def test_notes_are_shown_with_who_wrote_them_in_chat() -> None:
    found = [wire.Note.model_validate(one) for one in body("xurrent/workflow_notes")]
    shown = [mapping.comment(note, None) for note in found if mapping.is_shown(note)]
    assert [(one.text, one.by, one.task) for one in shown] == [
        ("[amber] replica lagging", "Ana via Slack", None),
        ("Seen from two zones", "Ben Thomas", "21126"),
    ]
    (windows,) = (mapping.comment(wire.Note.model_validate(one), "21127") for one in body("xurrent/task_notes"))
    assert (windows.text, windows.by) == ("promoted by hand", "Ana via Slack")


def test_a_template_shows_its_steps_oldest_first() -> None:
    steps = [wire.TaskTemplate.model_validate(one) for one in body("xurrent/template_steps")]
    runbook = mapping.runbook("xurrent", wire.Template.model_validate(body("xurrent/template")), steps, LINKS)
    assert [task.title for task in runbook.tasks][:2] == ["Confirm the primary is down", "Promote the replica"]
    assert [task.approval for task in runbook.tasks] == [False, False, True, False]
    assert runbook.description.startswith("Only when")


@pytest.mark.parametrize("status", ["on_fire", "", None, 7, ["a"]])
def test_a_status_nobody_knows_is_still_shown(status: object) -> None:
    task = wire.Task.model_validate({**body("xurrent/task"), "status": status})
    assert mapping.single(task, LINKS).state is TaskState.READY
    over = wire.Task.model_validate({**body("xurrent/task_completed"), "status": status})
    assert mapping.single(over, LINKS).state is TaskState.DONE
    flow = wire.Workflow.model_validate({**body("xurrent/workflow"), "status": status})
    assert mapping.run_state(flow) is RunState.ACTIVE


def test_tasks_that_wait_for_each_other_are_all_shown() -> None:
    found = tasks_of(body("xurrent/workflow_tasks"))
    circle = {"21126": ["21127"], "21127": ["21126"], "21128": ["21128"]}
    assert {task.id for task in mapping.in_order(found, circle)} == {task.id for task in found}


# Mutations


def understand(name: str, answer: Any) -> None:
    """What the adapter does with an answer of this kind, down to Liaison's models."""
    kind = name.partition("/")[2]
    if exchange(name)["status"] >= 400:
        reply = Response(exchange(name)["status"], {}, json.dumps(answer).encode())
        found = explaining("xurrent")(reply, "start", True)
        assert found is None or isinstance(found, AdapterError)
        return
    model, show = READERS[max((one for one in READERS if kind.startswith(one)), key=len)]
    for one in answer if isinstance(answer, list) else [answer]:
        show(model.model_validate(one))
    if kind in ("workflow_tasks", "tasks"):
        whole_run(answer)


def _shown(note: Any) -> object:
    return mapping.is_shown(note) and mapping.comment(note, None)


READERS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "task": (wire.Task, lambda one: mapping.single(one, LINKS)),
    "workflow_tasks": (wire.Task, lambda one: mapping.single(one, LINKS)),
    "workflow": (wire.Workflow, lambda one: mapping.run_head("xurrent", one, LINKS)),
    "template": (wire.Template, lambda one: mapping.runbook("xurrent", one, (), LINKS)),
    "template_steps": (wire.TaskTemplate, lambda one: one.subject),
    "task_approvals": (wire.Approval, lambda one: one.approver),
    "task_notes": (wire.Note, _shown),
    "workflow_notes": (wire.Note, _shown),
    "note_created": (wire.CreatedRecord, lambda one: one.id),
    "people": (wire.Person, lambda one: one.name),
    "me": (wire.Person, lambda one: one.name),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_is_understood(name: str) -> None:
    understand(name, body(name))


@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Fields may go, be of another kind, or be new, anywhere but in the ids of the records themselves."""
    understand(name, data.draw(damaged(body(name), _is_of_a_record)))


def _is_of_a_record(path: Path) -> bool:
    """A record itself, and its id."""
    return (isinstance(path[-1], int) and len(path) == 1) or (path[-1] == "id" and len(path) <= 2)
