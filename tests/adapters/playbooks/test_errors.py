"""Error responses of Playbooks and Mattermost."""

import pytest

from adapters.errors import AdapterError, CredentialsRejected, Unsupported
from adapters.http.responses import Response
from adapters.playbooks import PLATFORM
from adapters.playbooks.errors import error_mapper
from adapters.toolkit.messages import load_messages
from tests.adapters.playbooks import samples

REFUSALS = [
    (400, '{"error":"message must not be empty"}', True, "playbooks.empty_message"),
    (400, '{"error":"the reminder must be set and not 0"}', True, "playbooks.reminder"),
    (400, '{"error":"cannot modify a finished run"}', True, "playbooks.finished"),
    (400, '{"error":"unable to create playbook run"}', True, "playbooks.cannot_start"),
    (400, '{"error":"invalid owner"}', True, "playbooks.owner"),
    (400, '{"error":"Bad parameter"}', False, "platform.rejected"),
    (400, '{"id":"model.post.is_valid.msg.app_error","message":"Invalid message."}', True, "playbooks.too_long"),
    (401, "Not authorized\n", False, "playbooks.token"),
    (403, '{"error":"Not authorized"}', False, "playbooks.hidden"),
    (403, '{"error":"Not authorized"}', True, "playbooks.not_participant"),
    (403, '{"error":"your license does not allow this"}', True, "playbooks.licence"),
    (404, "404 page not found\n", True, "playbooks.no_route"),
    (405, "", True, "playbooks.no_route"),
    (
        501,
        '{"id":"app.plugin.disabled.app_error","message":"Plugins have been disabled."}',
        False,
        "playbooks.plugins_off",
    ),
]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("404: Not Found", Unsupported),
        ('{"detail":"Not Found"}', Unsupported),
        ('{"error":"Not found","details":""}', type(None)),  # NotFound by the default mapping
        ('{"id":"app.post.get.app_error","message":"No such post.","status_code":404}', type(None)),
    ],
)
def test_a_missing_object_is_not_a_missing_route(body: str, kind: type) -> None:
    assert isinstance(error_mapper("playbooks")(Response(404, {}, body.encode()), "comment", True), kind)
    assert error_mapper("playbooks")(Response(404, {}, body.encode()), "show", False) is None


@pytest.mark.parametrize(("status", "body", "is_write", "key"), REFUSALS)
def test_a_refusal_is_mapped_to_its_message(status: int, body: str, is_write: bool, key: str) -> None:
    error = error_mapper("playbooks")(Response(status, {}, body.encode()), "show", is_write)
    assert error is not None
    assert error.key == key
    if key.startswith("playbooks."):
        assert key in load_messages(PLATFORM.messages)


@pytest.mark.parametrize("body", ["", "[]", "null", '{"error": 5}', "<html>", "\xff"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 500, 501, 503])
def test_a_refusal_with_any_body_is_mapped(status: int, body: str) -> None:
    error = error_mapper("playbooks")(Response(status, {"content-type": "text/html"}, body.encode()), "show", True)
    assert error is None or isinstance(error, AdapterError)


@pytest.mark.parametrize("name", ["playbooks-1.20", "playbooks-2.x", "playbooks-0.6.0"])
def test_every_recorded_refusal_is_mapped(name: str) -> None:
    for exchange in samples.exchanges(name):
        answer, method = exchange["response"], exchange["request"]["method"]
        if answer["status"] < 400:
            continue
        body = answer["body"] if isinstance(answer["body"], str) else samples.text(answer["body"])
        error = error_mapper("playbooks")(Response(answer["status"], {}, body.encode()), "show", method != "GET")
        assert (error is None) == (answer["status"] == 500), exchange["name"]
        if answer["status"] in (404, 405):
            assert isinstance(error, Unsupported)
        if answer["status"] == 401:
            assert isinstance(error, CredentialsRejected)
