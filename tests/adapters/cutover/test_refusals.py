"""Every error of Cutover has plain words, and says whether it is certain."""

import json
import re

import pytest

from adapters.cutover.errors import MISSING, MOVED_ON, SENTENCES, explaining
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
from adapters.toolkit.messages import load_messages
from commands.text.catalogue import plain_text, translate
from tests.adapters.cutover.recorded import recorded

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
WORDS = load_messages(SENTENCES)


def explained(status: int, body: object, *, write: bool = True) -> AdapterError | None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return explaining("cutover")(Response(status, {"content-type": "application/json"}, content), "finish", write)


def refusal(code: str, **more: object) -> dict[str, object]:
    return {"errors": [{"title": "Unprocessable Entity", "detail": "its detail", "code": code, **more}]}


def told(error: AdapterError) -> str:
    return plain_text(translate(error.key, WORDS, **error.facts))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_own_words(code: str, status: int) -> None:
    error = explained(status, refusal(code))
    assert isinstance(error, Conflict if code in MOVED_ON else NotFound if code in MISSING else Rejected)
    expected = "cutover.start_checks" if code.startswith("runbooks.start.") else f"cutover.{code}"
    assert error.key == expected
    assert error.said == "its detail"
    assert f"cutover.{code}" in WORDS
    assert told(error).endswith(".")


def test_no_sentence_is_left_over_or_missing() -> None:
    """Every key is a code of Cutover's, or is used by name in the adapter."""
    source = "\n".join(path.read_text() for path in SENTENCES.parent.glob("*.py"))
    used = set(re.findall(r'"(cutover\.[a-z_.]+)"', source))
    assert used <= set(WORDS)
    assert set(WORDS) - used <= {f"cutover.{code}" for code in [*CODES, "empty", "too_short"]}


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
def test_every_status_is_understood_without_a_body(status: int, error: type[AdapterError], body: bytes) -> None:
    found = explained(status, body)
    assert type(found) is error
    assert found.key in WORDS or found.key == "platform.unknown"


@pytest.mark.parametrize("status", [408, 500, 503, 504])
def test_a_read_that_failed_is_only_unreachable(status: int) -> None:
    assert type(explained(status, b"", write=False)) is Unreachable


@pytest.mark.parametrize(
    "place", [{"pointer": "/data/attributes/status_message"}, {"parameter": "status_message"}]
)
def test_the_field_is_named(place: dict[str, str]) -> None:
    error = explained(422, refusal("too_long", source=place))
    assert error is not None
    assert told(error) == "The text for status message is too long for Cutover. Nothing changed; shorten it."


def test_a_code_from_the_future_keeps_cutovers_words() -> None:
    error = explained(422, refusal("task.on_fire"))
    assert isinstance(error, Rejected)
    assert (error.key, error.said) == ("cutover.refused", "its detail")


def test_several_refusals_are_all_listed() -> None:
    error = explained(422, recorded("error_start_checks"))
    assert isinstance(error, Rejected)
    assert error.key == "cutover.start_checks"
    assert error.reasons == (
        "3 tasks in this runbook are unassigned",
        "1 users in this runbook have not entered a phone number",
        "2 tasks have a start time in the past",
    )


def test_a_finding_without_a_detail_gets_our_words() -> None:
    error = explained(422, {"errors": [{"title": "x", "code": "runbooks.start.empty_teams"}]})
    assert isinstance(error, Rejected)
    assert error.reasons == ("Some teams have no people.",)
