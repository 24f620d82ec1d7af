"""Signed deliveries in another form than documented are answered with 400, and logged in one sentence."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.surfaces.slack import button_values
from bot.surfaces.slack.views import Meta
from commands.model.intents import Finish
from tests.bot.surfaces.damaged_json import damaged, nested
from tests.bot.surfaces.slack.conftest import ANA, OPS
from tests.bot.surfaces.slack.harness import SlackHarness
from tests.fakes.slack import Slack

META = Meta("n1", about="status", run="R1", workspace="T1", channel=OPS).dump()
USER = {"id": ANA, "username": "ana", "team_id": "T1"}
COMMAND = {"command": "/run", "text": "finish T1", "user_id": ANA, "channel_id": OPS, "trigger_id": "1.2.3"}
PRESS = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": USER,
    "channel": {"id": OPS, "name": "ops"},
    "container": {"message_ts": "1.1", "channel_id": OPS},
    "message": {"ts": "1.1", "thread_ts": "1.0"},
    "actions": [{"type": "button", "action_id": "press.v1", "value": button_values.dump(Finish(tasks=("T1",)))}],
    "trigger_id": "1.2.4",
    "response_url": "https://hooks.slack.com/actions/T1/1/x",
}
VIEW = {"id": "V1", "private_metadata": META, "state": {"values": {"text": {"text": {"type": "x", "value": "y"}}}}}
SUBMISSION = {"type": "view_submission", "team": {"id": "T1"}, "user": USER, "view": VIEW}
SEARCH = {"type": "block_suggestion", "user": USER, "block_id": "task", "value": "x", "view": VIEW}
SHORTCUT = {
    "type": "message_action",
    "callback_id": "add_comment",
    "user": USER,
    "channel": {"id": OPS, "name": "ops"},
    "message": {"ts": "1.1", "text": "hello"},
    "trigger_id": "1.2.5",
}
EVENT = {"type": "message", "channel": OPS, "channel_type": "im", "user": ANA, "text": "mine", "ts": "1.3"}
CALLBACK = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": EVENT}
INTERACTIVE = (PRESS, SUBMISSION, SEARCH, SHORTCUT)


async def deliver(slack: Slack, harness: SlackHarness, kind: Any, payload: Any) -> int:
    return (await slack.deliver(harness.url, kind, payload)).status


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    delivery=st.one_of(
        st.tuples(st.just("slash_commands"), damaged(st.just(COMMAND))),
        st.tuples(st.just("interactive"), damaged(st.sampled_from(INTERACTIVE))),
        st.tuples(st.just("events_api"), damaged(st.just(CALLBACK))),
    )
)
async def test_no_damaged_delivery_is_an_internal_error(
    slack: Slack, harness: SlackHarness, delivery: tuple[Any, Any]
) -> None:
    kind, payload = delivery
    if kind == "slash_commands" and not isinstance(payload, dict):
        payload = {"command": payload}
    assert await deliver(slack, harness, kind, payload) in (200, 400, 404, 503)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", {**CALLBACK, "event": "text"}),
        ("events_api", {**CALLBACK, "authorizations": 5, "event": [1]}),
        ("interactive", {**PRESS, "actions": ["button"]}),
        ("interactive", {**PRESS, "actions": []}),
        ("interactive", {**PRESS, "user": "ana"}),
        ("interactive", {**PRESS, "team": "T1", "channel": ["C"]}),
        ("interactive", {**SUBMISSION, "view": {**VIEW, "state": {"values": ["x"]}}}),
        ("interactive", {**SHORTCUT, "message": "text"}),
        (
            "interactive",
            {
                **PRESS,
                "actions": [
                    {"type": "button", "value": json.dumps({"v": 1, "i": {"verb": "x", "a": nested(400)}})}
                ],
            },
        ),
    ],
)
async def test_a_malformed_delivery_is_400_with_a_line_in_the_log(
    slack: Slack, harness: SlackHarness, caplog: pytest.LogCaptureFixture, kind: Any, payload: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await deliver(slack, harness, kind, payload) == 400
    assert [record.getMessage() for record in caplog.records if "malformed" in record.getMessage()]
    assert not [record for record in caplog.records if record.exc_info]
    assert harness.intake.messages == []


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"5", b"[]", b'"text"'])
async def test_a_body_that_is_no_delivery_is_400(slack: Slack, harness: SlackHarness, content: bytes) -> None:
    for content_type, body in (
        ("application/json", content),
        ("application/x-www-form-urlencoded", b"payload=" + content),
    ):
        status, _ = await slack.post_signed(harness.url, content_type, body)
        assert status in (400, 401)


async def test_an_event_that_is_not_an_object_is_malformed(slack: Slack, harness: SlackHarness) -> None:
    for event in (None, "", 7, ["x"]):
        payload = {"type": "event_callback", "team_id": slack.team, "event_id": "Ev1", "event": event}
        assert await deliver(slack, harness, "events_api", payload) == 400, event


@pytest.mark.parametrize("kind", ["interactive_message", "workflow_step_edit", "dialog_submission", "new_thing"])
async def test_an_interaction_that_is_not_for_us_is_acknowledged(
    slack: Slack, harness: SlackHarness, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    damage: list[dict[str, Any]] = [{"actions": []}, {"actions": None}, {"view": [], "user": "x"}, {}]
    for fields in damage:
        payload = {"type": kind, "callback_id": "x", **fields}
        assert await deliver(slack, harness, "interactive", payload) in (200, 400), payload
    assert not [record for record in caplog.records if record.exc_info]
