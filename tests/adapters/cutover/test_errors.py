"""Every Cutover error has a message, and an error type that says whether the write may have been applied."""

import json
import re

import pytest

from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.errors import CONFLICT_CODES, MESSAGES, NOT_FOUND_CODES, error_mapper
from adapters.errors import (
    AdapterError,
    Conflict,
    CredentialsRejected,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
    Unsupported,
)
from adapters.http.responses import Response
from adapters.protocol import Emulated
from adapters.protocol import Unsupported as NotSupported
from adapters.toolkit.messages import load_messages
from commands.text.catalogue import plain_text, translate
from tests.adapters.cutover.recording_files import load_recording
from tests.golden.retired import RETIRED_KEYS

CODES = [
    "task.not_startable",
    "task.already_started",
    "task.user_already_started",
    "task.not_finishable",
    "task.user_already_finished",
    "task.same_must_finish",
    "task.user_not_assigned",
    "already_actioned",
    "task.not_editable",
    "wrong_task_internal_id",
    "task_type.auto_start_auto_finish_constraint",
    "missing_custom_field_value",
    "runs.create.cannot_run_template_live",
    "runs.create.event_not_published",
    "runbooks.start.unassigned_tasks",
    "runbooks.start.empty_teams",
    "runbooks.start.archived_users",
    "runbooks.start.users_not_accepted",
    "runbooks.start.users_not_in_workspace",
    "runbooks.start.users_with_no_phone",
    "runbooks.start.tasks_with_no_recipients",
    "runbooks.start.tasks_with_empty_comms_messages",
    "runbooks.start.archived_task_types",
    "runbooks.start.invalid_fixed_end_tasks",
    "runbooks.start.late_tasks",
    "runbooks.start.unapproved_change_requests",
    "runbooks.start.change_requests_outside_window",
    "runbooks.start.max_tasks_exceeded",
    "comments.create.runbook_archived",
    "blank",
    "required",
    "too_long",
    "invalid",
    "inclusion",
    "cannot_be_changed_to_an_archived_resource",
    "too_many",
    "taken",
    "unauthorized",
    "not_found",
    "runbook.cannot_update_template_status_on_non_template",
]
TEXTS = load_messages(MESSAGES)


def map_error(status: int, body: object, *, write: bool = True) -> AdapterError | None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_mapper("cutover")(
        Response(status, {"content-type": "application/json"}, content), "finish", write
    )


def error_body(code: str, **more: object) -> dict[str, object]:
    return {"errors": [{"title": "Unprocessable Entity", "detail": "its detail", "code": code, **more}]}


def message(error: AdapterError) -> str:
    return plain_text(translate(error.key, TEXTS, **error.facts))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_message(code: str, status: int) -> None:
    error = map_error(status, error_body(code))
    assert isinstance(
        error, Conflict if code in CONFLICT_CODES else NotFound if code in NOT_FOUND_CODES else Rejected
    )
    expected = "cutover.start_checks" if code.startswith("runbooks.start.") else f"cutover.{code}"
    assert error.key == expected
    assert error.said == "its detail"
    assert f"cutover.{code}" in TEXTS
    assert message(error).endswith(".")


def test_a_task_that_was_deleted_there_is_not_called_a_missing_value() -> None:
    """The error list of the reference has "must exist" for this code, whether a value was given or not."""
    error = map_error(422, error_body("required", source={"pointer": "/data/relationships/task"}))
    assert error is not None
    assert message(error).startswith("Cutover can't find the task that this is about, or none was given.")


def test_no_message_is_unused_or_missing() -> None:
    """Every key is one of Cutover's codes, or is named in the adapter's code."""
    source = "\n".join(path.read_text() for path in MESSAGES.parent.glob("*.py"))
    used = set(re.findall(r'"(cutover\.[a-z_.]+)"', source))
    used |= {f"{key}_fix" for key in used if key.startswith("cutover.health_check.") and f"{key}_fix" in TEXTS}
    used |= {capability.how for capability in CAPABILITIES.values() if isinstance(capability, Emulated)}
    used |= {
        capability.alternative for capability in CAPABILITIES.values() if isinstance(capability, NotSupported)
    }
    assert used <= set(TEXTS)
    assert set(TEXTS) - used - RETIRED_KEYS <= {f"cutover.{code}" for code in [*CODES, "empty", "too_short"]}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, CredentialsRejected),
        (403, Rejected),
        (404, NotFound),
        (405, Unsupported),
        (408, OutcomeUnknown),
        (409, Conflict),
        (410, NotFound),
        (422, Rejected),
        (500, OutcomeUnknown),
        (501, Unsupported),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b"[]", b'"x"', b'{"errors": "no list"}', b"{}"])
def test_every_status_is_mapped_without_a_body(status: int, error: type[AdapterError], body: bytes) -> None:
    mapped = map_error(status, body)
    assert type(mapped) is error
    assert mapped.key in TEXTS or mapped.key == "platform.unknown"


@pytest.mark.parametrize("status", [408, 500, 503, 504])
def test_a_failed_read_is_unreachable(status: int) -> None:
    assert type(map_error(status, b"", write=False)) is Unreachable


@pytest.mark.parametrize(
    "place", [{"pointer": "/data/attributes/status_message"}, {"parameter": "status_message"}]
)
def test_the_message_names_the_field(place: dict[str, str]) -> None:
    error = map_error(422, error_body("too_long", source=place))
    assert error is not None
    assert (
        message(error)
        == "The text for status message is too long for Cutover. Nothing changed. Shorten it and try again."
    )


def test_an_unknown_code_keeps_cutovers_text() -> None:
    error = map_error(422, error_body("task.on_fire"))
    assert isinstance(error, Rejected)
    assert (error.key, error.said) == ("cutover.refused", "its detail")


def test_all_errors_are_listed() -> None:
    error = map_error(422, load_recording("error_start_checks"))
    assert isinstance(error, Rejected)
    assert error.key == "cutover.start_checks"
    assert error.reasons == (
        "3 tasks in this runbook are unassigned",
        "1 users in this runbook have not entered a phone number",
        "2 tasks have a start time in the past",
    )


def test_an_error_without_a_detail_uses_the_catalogue() -> None:
    error = map_error(422, {"errors": [{"title": "x", "code": "runbooks.start.empty_teams"}]})
    assert isinstance(error, Rejected)
    assert error.reasons == ("Some teams have no people.",)
