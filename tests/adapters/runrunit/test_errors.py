"""Errors with and without a body."""

import pytest

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.http.responses import Response
from adapters.runrunit.errors import error_mapper
from tests.adapters.runrunit.recording_files import load_exchange


@pytest.mark.parametrize(
    ("name", "error_type"), [("error_400", Rejected), ("error_404", NotFound), ("error_501", Unsupported)]
)
def test_errors_without_a_body(name: str, error_type: type[AdapterError]) -> None:
    sample = load_exchange(name)
    headers = {key.lower(): value for key, value in sample["headers"].items()}
    error = error_mapper("runrunit")(Response(sample["status"], headers, b""), "finish", True)
    assert type(error) is error_type
    assert error.said == ""


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
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
def test_error_text_is_taken_from_the_body(content: bytes, content_type: str, expected: str) -> None:
    error = error_mapper("runrunit")(Response(422, {"content-type": content_type}, content), "finish", True)
    assert isinstance(error, Rejected)
    assert error.said == expected
