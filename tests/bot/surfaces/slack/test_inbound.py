"""HTTP deliveries are verified, recorded once before the ack, and ignored if they are not for Liaison."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from commands.model.messages import Message, Via
from tests.bot.surfaces.memory_state import MemoryState
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.harness import SlackHarness, start_surface
from tests.fakes.slack import Slack


async def test_a_command_is_recorded_and_acknowledged_without_text(slack: Slack, harness: SlackHarness) -> None:
    delivered = await slack.command(harness.url, "finish T3 &lt;3 &amp; <@U0BEN|ben>", user=ANA, channel=OPS)
    assert (delivered.status, delivered.body) == (200, "")
    message = harness.intake.messages[0]
    assert message.key == f"slack:T1:{delivered.payload['trigger_id']}"
    assert message.text == "finish T3 <3 & @U0BEN"
    assert (message.via, message.actor.id, message.actor.handle) == (Via.COMMAND, ANA, "ana")
    assert (message.place.key, message.place.channel_name) == (f"slack/T1/{OPS}", "ops")
    assert message.reply.url == delivered.payload["response_url"]
    assert harness.intake.processed == [message.key]


async def test_slack_is_not_called_before_the_ack(slack: Slack, harness: SlackHarness) -> None:
    before = len(slack.seen)
    await slack.command(harness.url, "mine", user=ANA, channel=OPS)
    await slack.mention(harness.url, "mine", user=ANA, channel=OPS)
    assert len(slack.seen) == before


async def test_the_ack_waits_for_the_record(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.record_gate = asyncio.Event()
    waiting = asyncio.create_task(slack.mention(harness.url, "finish T1", user=ANA, channel=OPS))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    harness.intake.record_gate.set()
    assert (await waiting).status == 200
    assert len(harness.intake.processed) == 1


@pytest.mark.parametrize("signing", [{"age": 301.0}, {"age": -301.0}, {"secret": "another"}])
async def test_a_wrong_or_stale_signature_is_401_and_not_recorded(
    slack: Slack, harness: SlackHarness, signing: dict[str, Any]
) -> None:
    payload = {"command": "/run", "text": "finish T1", "user_id": ANA, "channel_id": OPS, "trigger_id": "1.2"}
    delivered = await slack.deliver(harness.url, "slash_commands", payload, **signing)
    assert delivered.status == 401
    assert harness.intake.messages == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": "v0=é", "X-Slack-Request-Timestamp": "1"},
        {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "9" * 400},
        {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "9" * 5000},
    ],
)
async def test_a_malformed_signature_is_401(harness: SlackHarness, headers: dict[str, str]) -> None:
    url = f"{harness.url}/slack/events"
    for body in (b"\xff{", b"{}"):
        async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 401


async def test_a_message_with_a_lone_surrogate_is_recorded(slack: Slack, harness: SlackHarness) -> None:
    await slack.mention(harness.url, "comment \ud83d lost its other half", user=ANA, channel=OPS)
    [message] = harness.intake.messages
    assert message.text == "comment ? lost its other half"
    assert Message.model_validate_json(message.model_dump_json()) == message


async def test_slacks_verification_requests_are_answered(slack: Slack, harness: SlackHarness) -> None:
    challenge = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}
    delivered = await slack.deliver(harness.url, "events_api", challenge)
    assert (delivered.status, delivered.json) == (200, {"challenge": "3eZbrw1aB"})
    url, assert_valid = f"{harness.url}/slack/events", {"ssl_check": "1", "token": "x"}
    async with aiohttp.ClientSession() as http, http.post(url, data=assert_valid) as answer:
        assert answer.status == 200
    assert harness.intake.messages == []


async def test_a_duplicate_gets_the_stored_answer_and_is_not_processed(
    slack: Slack, harness: SlackHarness
) -> None:
    first = await slack.command(harness.url, "finish T1", user=ANA, channel=OPS)
    harness.intake.answers[harness.intake.messages[0].key] = b'{"text": "kept"}'
    second = await slack.redeliver(first)
    assert (second.status, second.json) == (200, {"text": "kept"})
    assert len(harness.intake.processed) == 1


async def test_a_retry_of_a_lost_delivery_is_processed(slack: Slack, harness: SlackHarness) -> None:
    post = slack.say(f"<@{slack.bot_user}> finish T1", ANA, OPS)
    headers = {"x-slack-retry-num": "2", "x-slack-retry-reason": "http_error"}
    delivered = await slack.deliver(harness.url, "events_api", slack.event(post, "app_mention"), headers=headers)
    assert delivered.status == 200
    assert len(harness.intake.processed) == 1


async def test_two_events_for_one_message_are_recorded_once(slack: Slack, harness: SlackHarness) -> None:
    post = slack.say(f"<@{slack.bot_user}|liaison>: finish T1", ANA, OPS)
    await slack.deliver(harness.url, "events_api", slack.event(post, "app_mention"))
    await slack.deliver(harness.url, "events_api", slack.event(post, "message", channel_type="channel"))
    assert list(harness.intake.recorded) == [f"slack:T1:{OPS}:{post.ts}"]
    assert harness.intake.messages[0].text == "finish T1"
    assert len(harness.intake.processed) == 1


async def test_one_message_from_two_workspaces_has_one_key(slack: Slack, harness: SlackHarness) -> None:
    post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
    await slack.deliver(harness.url, "events_api", slack.event(post, "app_mention"))
    await slack.deliver(harness.url, "events_api", {**slack.event(post, "app_mention"), "team_id": "E9"})
    assert len(harness.intake.recorded) == 1


async def test_a_mention_inside_a_message_is_ignored(slack: Slack, harness: SlackHarness) -> None:
    delivered = await slack.mention(
        harness.url, f"ask <@{slack.bot_user}> about it", user=ANA, channel=OPS, opening=False
    )
    assert delivered.status == 200
    assert harness.intake.messages == []


async def test_a_mention_in_a_thread_has_the_thread_as_its_place(slack: Slack, harness: SlackHarness) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(harness.url, "show", user=ANA, channel=OPS, thread=root.ts)
    message = harness.intake.messages[0]
    assert (message.via, message.place.thread, message.text) == (Via.MENTION, root.ts, "show")


async def test_a_direct_message_needs_no_mention(slack: Slack, harness: SlackHarness) -> None:
    await slack.direct(harness.url, "mine", user=ANA)
    message = harness.intake.messages[0]
    assert (message.via, message.place.direct, message.text) == (Via.DIRECT, True, "mine")


@pytest.mark.parametrize(
    "facts",
    [
        {"bot_id": "B1"},
        {"user": "U0BOT"},
        {"user": ""},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"user": "USLACKBOT"},
    ],
)
async def test_messages_of_bots_and_slack_are_ignored(
    slack: Slack, harness: SlackHarness, facts: dict[str, Any]
) -> None:
    post = slack.say(f"<@{slack.bot_user}> finish T1", ANA, OPS)
    delivered = await slack.deliver(harness.url, "events_api", slack.event(post, "message", **facts))
    assert delivered.status == 200
    assert harness.intake.messages == []


async def test_an_event_that_cannot_be_recorded_is_503(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.failing_records = 1000
    delivered = await slack.mention(harness.url, "finish T1", user=ANA, channel=OPS)
    assert delivered.status == 503
    harness.intake.failing_records = 0
    assert (await slack.redeliver(delivered)).status == 200
    assert len(harness.intake.processed) == 1


async def test_a_command_that_is_not_recorded_gets_a_message(slack: Slack, harness: SlackHarness) -> None:
    harness.intake.failing_records = 1000
    delivered = await slack.command(harness.url, "finish T1", user=ANA, channel=OPS)
    assert delivered.status == 200
    assert delivered.json["response_type"] == "ephemeral"
    assert "couldn't confirm that this was saved" in delivered.json["text"]
    assert "/run show" in delivered.json["text"]
    assert harness.intake.processed == []


async def test_an_ack_is_quick(slack: Slack, harness: SlackHarness) -> None:
    started = time.monotonic()
    for _ in range(10):
        assert (await slack.command(harness.url, "mine", user=ANA, channel=OPS)).status == 200
    assert (time.monotonic() - started) / 10 < 0.3


async def test_an_unknown_payload_is_not_recorded(slack: Slack, harness: SlackHarness) -> None:
    payloads: tuple[Any, ...] = ([], {"type": "event_callback", "event": {}}, {"type": "view_submission"}, {})
    for payload in payloads:
        delivered = await slack.deliver(harness.url, "events_api", payload)
        assert delivered.status in (200, 400)
    assert harness.intake.messages == []


async def test_it_starts_and_accepts_deliveries_while_slack_is_down(slack: Slack) -> None:
    fault = slack.fault("answer", path="auth.test", status=503, times=1000)
    async with start_surface(slack) as harness:
        assert harness.surface.ready() == {"identified": False}
        assert (await slack.command(harness.url, "mine", user=ANA, channel=OPS)).status == 200
        post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
        anonymous = {**slack.event(post, "app_mention"), "authorizations": []}
        assert (await slack.deliver(harness.url, "events_api", anonymous)).status == 503
        fault.times = 0
        await slack.until(lambda: harness.surface.ready()["identified"])
        assert (await slack.deliver(harness.url, "events_api", anonymous)).status == 200
        assert json.loads(harness.state.values["identity"])["user"] == slack.bot_user


async def test_the_identity_is_known_after_a_restart_without_slack(slack: Slack) -> None:
    state = MemoryState()
    async with start_surface(slack, state=state):
        assert state.values
    slack.fault("cut_before", path="auth.test", times=1000)
    async with start_surface(slack, state=state) as harness:
        post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
        anonymous = {**slack.event(post, "app_mention"), "authorizations": []}
        assert (await slack.deliver(harness.url, "events_api", anonymous)).status == 200
        assert not harness.surface.ready()["identified"]


async def test_after_stop_deliveries_are_503_but_answers_are_sent(slack: Slack, harness: SlackHarness) -> None:
    delivered = await slack.command(harness.url, "mine", user=ANA, channel=OPS)
    await harness.surface.stop()
    assert (await slack.redeliver(delivered)).status == 503
    card = harness.intake.error_card("later")
    await harness.surface.send_private(harness.intake.messages[0], card)
    assert slack.ephemerals[-1].to == ANA


async def test_a_person_who_changed_is_reported_before_the_ack(slack: Slack, harness: SlackHarness) -> None:
    event = {"type": "user_change", "user": {"id": ANA, "deleted": True}, "event_ts": "1.2"}
    body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
    harness.intake.failing_records = 1
    assert (await slack.deliver(harness.url, "events_api", body)).status == 503
    assert (await slack.deliver(harness.url, "events_api", body)).status == 200
    assert harness.intake.changed_people == [("slack", ANA)]
