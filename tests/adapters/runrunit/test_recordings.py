"""The document's own samples through ``wire`` and ``mapping``, as they are and mutated."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.http.client import HttpClients
from adapters.http.responses import Response
from adapters.models import Health, TaskState
from adapters.runrunit import mapping, wire
from adapters.runrunit.api import Api
from adapters.runrunit.errors import explain_for
from adapters.runrunit.links import Links
from adapters.runrunit.paging import next_link, next_page
from adapters.runrunit.people import People
from adapters.toolkit.timestamps import parse_timestamp
from tests.adapters.mutations import aged
from tests.adapters.runrunit.recorded import NAMES, WITH_BODY, exchange, recorded

URL = "https://runrun.it/api/v1.0"
LINKS = Links(URL)
AT = datetime(2026, 7, 18, 14, tzinfo=UTC)
PEOPLE = People(
    Api("runrunit", HttpClients().client("runrunit", URL, credential="k", headers={}), 1, 1), lambda: AT
)
READERS: dict[str, type[wire.Wire]] = {
    "task_description": wire.WireDescription,
    "template_description": wire.WireDescription,
    "assignment": wire.WireAssignment,
    "comment": wire.WireComment,
    "stages": wire.WireStage,
    "task": wire.WireTask,
    "task_template": wire.WireTemplate,
    "users": wire.WireUser,
    "workflow": wire.WireWorkflow,
    "workflow_elements": wire.WireElement,
}


def task_of(name: str) -> wire.WireTask:
    body = recorded(name)
    return wire.WireTask.model_validate(body[0] if isinstance(body, list) else body)


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("task", TaskState.READY),
        ("task_created", TaskState.READY),
        ("task_playing", TaskState.RUNNING),
        ("task_delivered", TaskState.DONE),
        ("task_reopened", TaskState.READY),
        ("task_moved", TaskState.READY),  # it says is_working_on, and its state and its part say that it is not
        ("tasks_closed", TaskState.DONE),  # its part says that it is not closed
        ("tasks_subtasks", TaskState.READY),
    ],
)
def test_what_a_task_is(name: str, state: TaskState) -> None:
    assert mapping.task_state(task_of(name)) is state


def test_a_task_with_its_people_and_times() -> None:
    playing = mapping.task(task_of("task_playing"), PEOPLE, LINKS)
    assert playing.started_at == datetime(2022, 2, 23, 13, 10, 2, tzinfo=UTC)
    assert playing.started_by == playing.assignees[0].name
    assert playing.assignees[0].id.startswith("coyote-")
    assert playing.link == "https://runrun.it/pt-BR/tasks/1"
    delivered = mapping.task(task_of("task_delivered"), PEOPLE, LINKS)
    assert delivered.finished_at is not None
    assert delivered.started_at is None
    assert len(mapping.task(task_of("task_assigned"), PEOPLE, LINKS).assignees) == 2
    assert mapping.task(task_of("task_assigned"), PEOPLE, LINKS).mark == "0 of 2 done"
    assert mapping.task(task_of("task_urgent"), PEOPLE, LINKS).urgent


def test_a_run_with_its_steps() -> None:
    made = task_of("task_created_with_subtasks")
    steps = [task_of("tasks_subtasks").model_copy(update={"id": str(id)}) for id in (10, 9, 2)]
    run = mapping.run("runrunit", made, steps, [task_of("tasks_prerequisites")], PEOPLE, LINKS, AT)
    assert [task.id for task in run.tasks] == ["2", "9", "10"]  # they come newest first
    assert run.owner is not None
    assert run.owner.id == "coyote-767"
    head = mapping.run_head("runrunit", made, LINKS)
    assert (head.done, head.total) == (0, 3)


def test_a_runbook_leaves_pictures_and_dates_behind() -> None:
    template = wire.WireTemplate.model_validate(recorded("task_template"))
    runbook = mapping.runbook("runrunit", template, PEOPLE)
    assert [(task.id, task.title) for task in runbook.tasks] == [("1", "Subtarefa 1")]
    assert runbook.tasks[0].assignees[0].name == "Coyote 689"
    assert template.subtasks_data[0].assignments_data[0].team_id == 1


def test_comments_come_newest_first_and_are_shown_newest_last() -> None:
    listed = [wire.WireComment.model_validate(one) for one in recorded("comments")]
    shown = mapping.comments(listed, None, 20)
    assert [(one.text, one.by) for one in shown] == [("Comment text", "Coyote 142"), ("System text", "Runrun.it")]
    gone = [one.model_copy(update={"deleted_at": "2022-02-23T09:58:10-03:00"}) for one in listed]
    assert mapping.comments(gone, None, 20) == []


def test_stages_are_open_by_their_group_only() -> None:
    stages = [wire.WireStage.model_validate(one) for one in recorded("stages")]
    assert [one.name for one in stages if one.stage_group != wire.OPENED] == ["Stage Closed 1"]


def test_the_page_header_leads_on_without_its_address() -> None:
    headers = {name.lower(): value for name, value in exchange("paging")["headers"].items()}
    assert next_link(headers) == "/api/clients?page=2"
    assert next_page(headers, 1) == 2
    assert next_page(headers, 2) is None  # it leads nowhere new
    assert next_page({**headers, "x-item-range": "items 101-155/155"}, 1) is None


@pytest.mark.parametrize(
    "header",
    ["", "<>; rel=next", "</api/tasks?page=two>; rel=next", "</a?page=-1>; rel=next", "<http://[/>;rel=next"],
)
def test_a_strange_page_header_ends_the_list(header: str) -> None:
    assert next_page({"link": header}, 1) is None


@pytest.mark.parametrize(
    ("name", "kind"), [("error_400", Rejected), ("error_404", NotFound), ("error_501", Unsupported)]
)
def test_errors_without_a_body(name: str, kind: type[AdapterError]) -> None:
    sample = exchange(name)
    headers = {key.lower(): value for key, value in sample["headers"].items()}
    error = explain_for("runrunit")(Response(sample["status"], headers, b""), "finish", True)
    assert type(error) is kind
    assert error.said == ""


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b'{"error": "Task is closed"}', "application/json", "Task is closed"),
        (b'{"errors": {"title": ["can\'t be blank"]}}', "application/json", "title: can't be blank"),
        (b'{"message": [{"a": 1}, "no"]}', "application/json", "no"),
        (b"{}", "application/json", ""),
        (b"[]", "application/json", ""),
        (b"<html><script>alert(1)</script>", "text/html", ""),
        (b"not allowed", "text/plain", "not allowed"),
    ],
)
def test_their_words_where_there_are_some(content: bytes, kind: str, said: str) -> None:
    error = explain_for("runrunit")(Response(422, {"content-type": kind}, content), "finish", True)
    assert isinstance(error, Rejected)
    assert error.said == said


# Mutations


def understand(name: str, body: Any) -> None:
    """What the adapter does with an answer of this kind, down to Liaison's models."""
    reader = READERS[max((kind for kind in READERS if name.startswith(kind)), key=len)]
    for one in body if isinstance(body, list) else [body]:
        found = reader.model_validate(one)
        match found:
            case wire.WireTask():
                mapping.run("runrunit", found, [found], [found], PEOPLE, LINKS, AT)
                mapping.run_head("runrunit", found, LINKS)
                assert mapping.health(found) in Health
                mapping.runs([found])
                for part in found.assignments:
                    found.with_part(part)
            case wire.WireTemplate():
                mapping.runbook("runrunit", found, PEOPLE)
            case wire.WireComment():
                mapping.comments([found], "1", 20)


@pytest.mark.parametrize("name", WITH_BODY)
def test_every_recording_is_understood(name: str) -> None:
    understand(name, recorded(name))


@given(name=st.sampled_from(WITH_BODY), data=st.data())
def test_a_mutated_recording_never_crashes(name: str, data: st.DataObject) -> None:
    """Any field but an ``id`` may go or be null, and new ones come, anywhere in the answer."""
    understand(name, data.draw(aged(recorded(name), lambda path: path[-1] == "id")))


@given(text=st.text(max_size=40))
def test_a_strange_date_is_no_date(text: str) -> None:
    at = parse_timestamp(text)
    assert at is None or at.tzinfo is not None


def test_recordings_hold_no_keys() -> None:
    for name in NAMES:
        assert "User-Token" not in json.dumps(exchange(name))
