"""Parsing and mapping the samples of the Tines API, unchanged and damaged."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from adapters.models import Health, RunHealth, RunState, TaskState
from adapters.tines import mapping, wire
from adapters.tines.stories import activity
from tests.adapters.mutations import aged, damaged
from tests.adapters.tines import fake_responses
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.samples import EXCHANGES, request, response_body
from tests.adapters.tines.world import FakeComment, FakeUser, World

# A slow machine must not fail the test.
NOW = datetime(2026, 7, 18, 14, tzinfo=UTC)


def show_case(case: wire.Case) -> object:
    mapping.run("tines", case, case.tasks, mapping.status_of(case, {Health.GREEN: "To do"}), NOW)
    mapping.run_summary("tines", case)
    return mapping.runbook("tines", case, case.tasks)


MODELS: dict[str, tuple[type[BaseModel], Callable[[Any], object]]] = {
    "create_case": (wire.Case, show_case),
    "get_case": (wire.Case, show_case),
    "update_case": (wire.Case, show_case),
    "list_cases": (wire.Cases, lambda page: [show_case(case) for case in page.items]),
    "create_task": (wire.TaskResponse, lambda item: mapping.task(item.task)),
    "get_task": (wire.TaskResponse, lambda item: mapping.task(item.task)),
    "update_task": (wire.TaskResponse, lambda item: mapping.task(item.task)),
    "list_tasks": (wire.Tasks, lambda page: [mapping.task(item) for item in page.items]),
    "batch_create_tasks": (wire.Tasks, lambda page: [mapping.task(item) for item in page.items]),
    "create_comment": (wire.Comment, mapping.comment),
    "list_comments": (wire.Comments, lambda page: [mapping.comment(item) for item in page.items]),
    "list_activities": (wire.Activities, lambda page: page.items),
    "update_metadata": (wire.Metadata, lambda item: item.metadata),
    "list_members": (wire.Members, lambda page: [mapping.person(item) for item in page.items]),
    "list_case_inputs": (wire.CaseInputs, lambda page: page.items),
    "list_actions": (wire.CaseActions, lambda page: page.items),
    "list_stories": (wire.Stories, lambda page: [activity(item) for item in page.items]),
    "list_subscribers": (wire.Subscribers, lambda page: page.items),
}


def test_a_case_is_mapped_to_a_run() -> None:
    case = wire.Case.model_validate(response_body("get_case"))
    run = mapping.run("tines", case, case.tasks, RunHealth(), NOW)
    assert (run.key.id, run.title, run.state) == ("1", "Case 1..25", RunState.ACTIVE)
    assert run.link == "http://tenant.tines.com/team/276/cases/1"
    assert run.owner is not None
    assert (run.owner.id, run.owner.email) == ("176", "person_10@example.com")
    assert [(task.id, task.title, task.state) for task in run.tasks] == [
        ("1", "Review security logs", TaskState.READY),
        ("2", "Contact affected users", TaskState.DONE),
    ]
    assert [person.name for person in run.tasks[0].assignees] == ["John Doe", "Jane Smith"]
    assert run.tasks[1].finished_at == datetime(2024, 3, 25, 16, 15, 45, tzinfo=UTC)
    assert mapping.run_summary("tines", case).done == 1


def test_everything_a_start_copies_is_parsed() -> None:
    case = wire.Case.model_validate(response_body("get_case"))
    assert case.tags == ("Tag 1", "Tag 2", "Tag 3")
    assert case.closure_conditions[0].formula == "=SIZE(team_case.assignees) > 2"
    assert case.fields[0].case_input is not None
    assert (case.fields[0].case_input.id, case.fields[0].value) == ("1", "Windows 11")
    assert (case.sub_status, case.team.id) == (wire.SubStatus(id="1", name="To do"), "276")
    assert case.actions[0].model_dump(exclude_defaults=True) == {
        "url": "http://example.com",
        "label": "Hello, world!",
        "action_type": "page",
    }


def test_a_user_id_is_read_from_any_field() -> None:
    """``user_id`` as text in cases, ``user_id`` as a number in comments, ``id`` in tasks."""
    case = wire.Case.model_validate(response_body("create_case"))
    assert [user.id for user in case.assignees] == ["176", "178", "180"]
    assert [user.id for user in case.tasks[0].assignees] == ["123", "456"]
    comment = wire.Comment.model_validate(response_body("create_comment"))
    assert comment.user is not None
    assert (comment.user.id, mapping.comment(comment).by) == ("1", "Jane Doe")


def test_a_comment_written_in_tines_is_shown_unchanged() -> None:
    (comment,) = wire.Comments.model_validate(response_body("list_comments")).items
    shown = mapping.comment(comment)
    assert (shown.id, shown.text, shown.by, shown.task) == ("7508", "This is a comment", "Jane Doe", None)
    assert shown.at == datetime(2024, 3, 7, 11, 42, 58, tzinfo=UTC)


def test_the_options_of_a_field_are_parsed() -> None:
    (field,) = wire.CaseInputs.model_validate(response_body("list_case_inputs")).items
    assert (field.id, field.key) == ("19990840", "priority")
    assert field.validation_options.options == ("low", "medium", "high", "critical")


def test_stories_and_subscribers_are_parsed() -> None:
    (story,) = wire.Stories.model_validate(response_body("list_stories")).items
    assert (story.id, story.name, story.disabled) == ("7981", "Simple story", False)
    assert activity(story) == {"running": "3", "waiting": "150"}
    (follower,) = wire.Subscribers.model_validate(response_body("list_subscribers")).items
    assert (follower.id, follower.email) == ("12", "jane@example.com")


# The fake and the samples


def keys(value: Any) -> Any:
    """The keys of a response without the values; a list by its first object."""
    if isinstance(value, dict):
        return {name: keys(item) for name, item in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else ()


def test_the_fake_responds_with_the_documented_keys() -> None:
    world = World()
    case = world.add_case(
        "R1", tags=["runbook-run"], fields={1: "Windows"}, conditions=[{"name": "a", "formula": "b"}]
    )
    case.actions = [{"url": "http://example.com", "label": "Go", "action_type": "page"}]
    case.assignees = [world.users[0]]
    task = world.add_task(case, "Look", ["ana@example.com"])
    world.comment(case, "Hello", None)
    ours = keys(fake_responses.case(case, world, "http://localhost", is_full=True))
    theirs = keys(response_body("get_case"))
    for name in ("records", "linked_cases", "blocks", "metadata"):  # not used by the adapter
        del ours[name], theirs[name]
    assert ours == theirs
    assert keys({"task": fake_responses.task(task)}) == keys(response_body("get_task"))
    comment = FakeComment(1, "Hello", world.users[0], "2024-03-07T11:42:58Z")
    assert keys({"case_id": 1, **fake_responses.comment(comment)}) | {"reactions": ()} == keys(
        response_body("create_comment")
    ) | {"reactions": ()}
    theirs_activity = keys(response_body("list_activities"))["activities"][0]
    del theirs_activity["file"]  # only for activities with a file
    assert keys(fake_responses.activity(comment, "COMMENTED")) == theirs_activity
    assert keys(fake_responses.member(world.users[0])) == keys(response_body("list_members"))["members"][0]
    ours_input, theirs_input = (
        keys(fake_responses.case_input(world.inputs[1])),
        keys(response_body("list_case_inputs")),
    )
    assert ours_input == theirs_input["case_inputs"][0]
    assert (
        keys(fake_responses.story(world.stories[0], live=True))
        == keys(response_body("list_stories"))["stories"][0]
    )
    follower = fake_responses.subscriber(12, world.users[0])
    assert keys(follower) == keys(response_body("list_subscribers"))["subscribers"][0]
    assert (
        keys(fake_responses.meta("http://x/api/v2/cases", 1, 20, 1)) == keys(response_body("list_cases"))["meta"]
    )


@pytest.mark.parametrize(
    "name", ["update_task", "create_task", "batch_create_tasks", "create_comment", "create_subscriber"]
)
async def test_the_fake_accepts_the_documented_requests(name: str) -> None:
    fake = TinesFake()
    async with fake, aiohttp.ClientSession() as session:
        case = fake.world.add_case("R1")
        fake.world.users.append(FakeUser(1, "Jane", "Doe", "jane@example.com"))
        task = fake.world.add_task(case, "Look")
        path = (
            request(name)["path"]
            .replace("/cases/1/", f"/cases/{case.id}/")
            .replace("/cases/42/", f"/cases/{case.id}/")
        )
        path = path.replace("/tasks/1", f"/tasks/{task.id}")
        headers = {"Authorization": f"Bearer {fake.token}"}
        async with session.request(
            request(name)["method"], fake.url + path, json=request(name)["body"], headers=headers
        ) as reply:
            assert reply.status in (200, 201)
            assert set(await reply.json()) == set(response_body(name))


# Damaged responses


def test_there_are_enough_samples() -> None:
    assert len(EXCHANGES) >= 12
    assert set(MODELS) <= set(EXCHANGES)


@given(name=st.sampled_from(sorted(MODELS)), data=st.data())
def test_a_damaged_response_never_crashes(name: str, data: st.DataObject) -> None:
    """It is parsed or refused with ``ValidationError``: no other error is raised."""
    model, show = MODELS[name]
    try:
        parsed = model.model_validate(data.draw(damaged(response_body(name))))
    except ValidationError:
        return
    show(parsed)


@given(name=st.sampled_from(sorted(MODELS)), data=st.data())
def test_optional_fields_may_be_missing(name: str, data: st.DataObject) -> None:
    """Every field except ids and the list itself may be null or missing, and new fields may appear."""
    model, show = MODELS[name]
    required = {about.alias or field for field, about in model.model_fields.items() if about.is_required()}
    needed = {"id", "case_id", "task", *required}
    show(model.model_validate(data.draw(aged(response_body(name), lambda path: path[-1] in needed))))
