"""Maps the samples of the API documentation, as they are and mutated."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.client import HttpClients
from adapters.models import Health, TaskState
from adapters.runrunit import mapping, wire
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.toolkit.timestamps import parse_timestamp
from tests.adapters.mutations import aged
from tests.adapters.runrunit.recording_files import RECORDINGS, RECORDINGS_WITH_BODY, load_exchange, load_recording

URL = "https://runrun.it/api/v1.0"
LINKS = Links(URL)
AT = datetime(2026, 7, 18, 14, tzinfo=UTC)
PEOPLE = People(
    RunrunitApi("runrunit", HttpClients().client("runrunit", URL, credential="k", headers={}), 1, 1), lambda: AT
)
READERS: dict[str, type[wire.Wire]] = {
    "task_description": wire.WireDescription,
    "template_description": wire.WireDescription,
    "assignment": wire.WireAssignment,
    "checklist": wire.WireChecklistItem,
    "comment": wire.WireComment,
    "project_template": wire.WireProjectTemplate,
    "stages": wire.WireStage,
    "task": wire.WireTask,
    "task_template": wire.WireTemplate,
    "users": wire.WireUser,
    "workflow": wire.WireWorkflow,
    "workflow_elements": wire.WireElement,
}


def load_task(name: str) -> wire.WireTask:
    body = load_recording(name)
    return wire.WireTask.model_validate(body[0] if isinstance(body, list) else body)


def test_there_are_enough_recordings() -> None:
    assert len(RECORDINGS) >= 12


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("task", TaskState.READY),
        ("task_created", TaskState.READY),
        ("task_playing", TaskState.RUNNING),
        ("task_delivered", TaskState.DONE),
        ("task_reopened", TaskState.READY),
        ("task_moved", TaskState.READY),  # is_working_on contradicts its state and its assignment
        ("tasks_closed", TaskState.DONE),  # its assignment contradicts it
        ("tasks_subtasks", TaskState.READY),
    ],
)
def test_task_states(name: str, state: TaskState) -> None:
    assert mapping.task_state(load_task(name)) is state


def test_task_people_and_times() -> None:
    playing = mapping.task(load_task("task_playing"), PEOPLE, LINKS)
    assert playing.started_at == datetime(2022, 2, 23, 13, 10, 2, tzinfo=UTC)
    assert playing.started_by == playing.assignees[0].name
    assert playing.assignees[0].id.startswith("coyote-")
    assert playing.link == "https://runrun.it/pt-BR/tasks/1"
    delivered = mapping.task(load_task("task_delivered"), PEOPLE, LINKS)
    assert delivered.finished_at is not None
    assert delivered.started_at is None
    assert len(mapping.task(load_task("task_assigned"), PEOPLE, LINKS).assignees) == 2
    assert mapping.task(load_task("task_assigned"), PEOPLE, LINKS).mark == "0 of 2 done"
    assert mapping.task(load_task("task_urgent"), PEOPLE, LINKS).urgent


def test_a_run_with_its_subtasks() -> None:
    run_task = load_task("task_created_with_subtasks")
    subtasks = [load_task("tasks_subtasks").model_copy(update={"id": str(id)}) for id in (10, 9, 2)]
    run = mapping.run("runrunit", run_task, subtasks, [load_task("tasks_prerequisites")], PEOPLE, LINKS, AT, {})
    assert [task.id for task in run.tasks] == ["2", "9", "10"]  # listed newest first
    assert run.owner is not None
    assert run.owner.id == "coyote-767"
    summary = mapping.run_summary("runrunit", run_task, LINKS)
    assert (summary.done, summary.total) == (0, 3)


def test_a_template_is_mapped_to_a_runbook() -> None:
    template = wire.WireTemplate.model_validate(load_recording("task_template"))
    runbook = mapping.runbook("runrunit", template, PEOPLE)
    assert [(task.id, task.title) for task in runbook.tasks] == [("1", "Subtarefa 1")]
    assert runbook.tasks[0].assignees[0].name == "Coyote 689"
    assert template.subtasks_data[0].assignments_data[0].team_id == 1


def test_comments_are_sorted_newest_last() -> None:
    items = [wire.WireComment.model_validate(item) for item in load_recording("comments")]
    comments = mapping.comments(items, None, PEOPLE, 20)
    assert [(comment.text, comment.by) for comment in comments] == [
        ("Comment text", "Coyote 142"),
        ("System text", "Runrun.it"),
    ]
    deleted = [item.model_copy(update={"deleted_at": "2022-02-23T09:58:10-03:00"}) for item in items]
    assert mapping.comments(deleted, None, PEOPLE, 20) == []


def test_a_comment_has_its_quotation_and_its_files() -> None:
    item = wire.WireComment.model_validate(
        load_recording("comments")[1]
        | {
            "commenter_name": None,
            "quoted_comment_text": "Who is on it?\n— Ana via Slack (7K2F)",
            "quoted_comment_user_name": "Liaison",
            "documents": [{"id": 1, "file_name": "graph.png"}],
        }
    )
    (comment,) = mapping.comments([item], None, PEOPLE, 20)
    assert (comment.text, comment.by) == ("> Liaison: Who is on it?\nComment text\ngraph.png", "coyote-142")


def test_only_the_stage_group_says_whether_a_stage_is_open() -> None:
    stages = [wire.WireStage.model_validate(item) for item in load_recording("stages")]
    assert [item.name for item in stages if item.stage_group != wire.OPENED] == ["Stage Closed 1"]


# Mutations


def map_response(name: str, body: Any) -> None:
    """Parses and maps a response of this kind as the adapter does."""
    model = READERS[max((kind for kind in READERS if name.startswith(kind)), key=len)]
    for entry in body if isinstance(body, list) else [body]:
        item = model.model_validate(entry)
        match item:
            case wire.WireTask():
                mapping.run("runrunit", item, [item], [item], PEOPLE, LINKS, AT, {})
                mapping.run_summary("runrunit", item, LINKS)
                assert mapping.health(item) in Health
                mapping.open_runs([item])
                for assignment in item.assignments:
                    item.with_assignment(assignment)
            case wire.WireTemplate():
                mapping.runbook("runrunit", item, PEOPLE)
            case wire.WireComment():
                mapping.comments([item], "1", PEOPLE, 20)


@pytest.mark.parametrize("name", RECORDINGS_WITH_BODY)
def test_every_recording_can_be_mapped(name: str) -> None:
    map_response(name, load_recording(name))


@given(name=st.sampled_from(RECORDINGS_WITH_BODY), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Anywhere in a response, fields except ids may be missing or null, and new ones may appear."""
    map_response(name, data.draw(aged(load_recording(name), lambda path: path[-1] == "id")))


@given(text=st.text(max_size=40))
def test_an_invalid_date_is_ignored(text: str) -> None:
    at = parse_timestamp(text)
    assert at is None or at.tzinfo is not None


def test_recordings_contain_no_keys() -> None:
    for name in RECORDINGS:
        assert "User-Token" not in json.dumps(load_exchange(name))
