"""What arrives, over HTTP: verified, recorded before the ack, once, and dropped when it is not for us."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from commands.model.messages import Message, Via
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.rig import Notepad, Office, opened
from tests.fakes.slack import Slack


async def test_a_command_is_recorded_and_acknowledged_quietly(slack: Slack, office: Office) -> None:
    delivered = await slack.command(office.url, "finish T3 &lt;3 &amp; <@U0BEN|ben>", user=ANA, channel=OPS)
    assert (delivered.status, delivered.body) == (200, "")
    message = office.desk.messages[0]
    assert message.key == f"slack:T1:{delivered.payload['trigger_id']}"
    assert message.text == "finish T3 <3 & @U0BEN"
    assert (message.via, message.actor.id, message.actor.handle) == (Via.COMMAND, ANA, "ana")
    assert (message.place.key, message.place.channel_name) == (f"slack/T1/{OPS}", "ops")
    assert message.reply.url == delivered.payload["response_url"]
    assert office.desk.carried == [message.key]


async def test_nothing_is_asked_of_slack_before_the_ack(slack: Slack, office: Office) -> None:
    before = len(slack.seen)
    await slack.command(office.url, "mine", user=ANA, channel=OPS)
    await slack.mention(office.url, "mine", user=ANA, channel=OPS)
    assert len(slack.seen) == before


async def test_the_ack_waits_for_the_record(slack: Slack, office: Office) -> None:
    office.desk.hold = asyncio.Event()
    waiting = asyncio.create_task(slack.mention(office.url, "finish T1", user=ANA, channel=OPS))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    office.desk.hold.set()
    assert (await waiting).status == 200
    assert len(office.desk.carried) == 1


@pytest.mark.parametrize("how", [{"age": 301.0}, {"age": -301.0}, {"secret": "another"}])
async def test_a_wrong_or_stale_signature_is_401_and_leaves_nothing(
    slack: Slack, office: Office, how: dict[str, Any]
) -> None:
    payload = {"command": "/run", "text": "finish T1", "user_id": ANA, "channel_id": OPS, "trigger_id": "1.2"}
    delivered = await slack.deliver(office.url, "slash_commands", payload, **how)
    assert delivered.status == 401
    assert office.desk.messages == []


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
async def test_nonsense_in_place_of_a_signature_is_401(office: Office, headers: dict[str, str]) -> None:
    url = f"{office.url}/slack/events"
    for body in (b"\xff{", b"{}"):
        async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 401


async def test_half_a_character_is_no_reason_to_lose_a_message(slack: Slack, office: Office) -> None:
    await slack.mention(office.url, "comment \ud83d lost its other half", user=ANA, channel=OPS)
    [message] = office.desk.messages
    assert message.text == "comment ? lost its other half"
    assert Message.model_validate_json(message.model_dump_json()) == message


async def test_slacks_own_checks_are_answered_at_once(slack: Slack, office: Office) -> None:
    challenge = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}
    delivered = await slack.deliver(office.url, "events_api", challenge)
    assert (delivered.status, delivered.json) == (200, {"challenge": "3eZbrw1aB"})
    url, check = f"{office.url}/slack/events", {"ssl_check": "1", "token": "x"}
    async with aiohttp.ClientSession() as http, http.post(url, data=check) as answer:
        assert answer.status == 200
    assert office.desk.messages == []


async def test_a_repeat_gets_the_same_answer_and_is_not_carried_again(slack: Slack, office: Office) -> None:
    first = await slack.command(office.url, "finish T1", user=ANA, channel=OPS)
    office.desk.answers[office.desk.messages[0].key] = b'{"text": "kept"}'
    second = await slack.again(first)
    assert (second.status, second.json) == (200, {"text": "kept"})
    assert len(office.desk.carried) == 1


async def test_a_retry_that_was_never_seen_is_carried(slack: Slack, office: Office) -> None:
    post = slack.say(f"<@{slack.bot_user}> finish T1", ANA, OPS)
    headers = {"x-slack-retry-num": "2", "x-slack-retry-reason": "http_error"}
    delivered = await slack.deliver(office.url, "events_api", slack.event(post, "app_mention"), headers=headers)
    assert delivered.status == 200
    assert len(office.desk.carried) == 1


async def test_one_message_as_two_events_is_one_message(slack: Slack, office: Office) -> None:
    post = slack.say(f"<@{slack.bot_user}|liaison>: finish T1", ANA, OPS)
    await slack.deliver(office.url, "events_api", slack.event(post, "app_mention"))
    await slack.deliver(office.url, "events_api", slack.event(post, "message", channel_type="channel"))
    assert list(office.desk.recorded) == [f"slack:T1:{OPS}:{post.ts}"]
    assert office.desk.messages[0].text == "finish T1"
    assert len(office.desk.carried) == 1


async def test_two_workspaces_names_for_one_message_are_one_key(slack: Slack, office: Office) -> None:
    post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
    await slack.deliver(office.url, "events_api", slack.event(post, "app_mention"))
    await slack.deliver(office.url, "events_api", {**slack.event(post, "app_mention"), "team_id": "E9"})
    assert len(office.desk.recorded) == 1


async def test_a_mention_must_open_the_message(slack: Slack, office: Office) -> None:
    delivered = await slack.mention(
        office.url, f"ask <@{slack.bot_user}> about it", user=ANA, channel=OPS, opening=False
    )
    assert delivered.status == 200
    assert office.desk.messages == []


async def test_a_mention_in_a_thread_has_the_thread_as_its_place(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(office.url, "show", user=ANA, channel=OPS, thread=root.ts)
    message = office.desk.messages[0]
    assert (message.via, message.place.thread, message.text) == (Via.MENTION, root.ts, "show")


async def test_a_direct_message_needs_no_mention(slack: Slack, office: Office) -> None:
    await slack.direct(office.url, "mine", user=ANA)
    message = office.desk.messages[0]
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
async def test_what_no_person_said_is_dropped(slack: Slack, office: Office, facts: dict[str, Any]) -> None:
    post = slack.say(f"<@{slack.bot_user}> finish T1", ANA, OPS)
    delivered = await slack.deliver(office.url, "events_api", slack.event(post, "message", **facts))
    assert delivered.status == 200
    assert office.desk.messages == []


async def test_an_event_that_cannot_be_recorded_is_503(slack: Slack, office: Office) -> None:
    office.desk.refuse = True
    delivered = await slack.mention(office.url, "finish T1", user=ANA, channel=OPS)
    assert delivered.status == 503
    office.desk.refuse = False
    assert (await slack.again(delivered)).status == 200
    assert len(office.desk.carried) == 1


async def test_a_command_that_cannot_be_recorded_says_so(slack: Slack, office: Office) -> None:
    office.desk.refuse = True
    delivered = await slack.command(office.url, "finish T1", user=ANA, channel=OPS)
    assert delivered.status == 200
    assert delivered.json["response_type"] == "ephemeral"
    assert "not surely recorded" in delivered.json["text"]
    assert "/run show" in delivered.json["text"]
    assert office.desk.carried == []


async def test_an_ack_is_quick(slack: Slack, office: Office) -> None:
    started = time.monotonic()
    for _ in range(10):
        assert (await slack.command(office.url, "mine", user=ANA, channel=OPS)).status == 200
    assert (time.monotonic() - started) / 10 < 0.3


async def test_a_body_that_is_no_delivery_is_refused_without_a_trace(slack: Slack, office: Office) -> None:
    payloads: tuple[Any, ...] = ([], {"type": "event_callback", "event": {}}, {"type": "view_submission"}, {})
    for payload in payloads:
        delivered = await slack.deliver(office.url, "events_api", payload)
        assert delivered.status in (200, 400)
    assert office.desk.messages == []


async def test_while_slack_is_down_it_starts_is_not_ready_and_takes_deliveries(slack: Slack) -> None:
    fault = slack.fault("answer", path="auth.test", status=503, times=1000)
    async with opened(slack) as office:
        assert office.surface.ready() == {"identified": False}
        assert (await slack.command(office.url, "mine", user=ANA, channel=OPS)).status == 200
        post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
        anonymous = {**slack.event(post, "app_mention"), "authorizations": []}
        assert (await slack.deliver(office.url, "events_api", anonymous)).status == 503
        fault.times = 0
        await slack.until(lambda: office.surface.ready()["identified"])
        assert (await slack.deliver(office.url, "events_api", anonymous)).status == 200
        assert json.loads(office.notes.kept["identity"])["user"] == slack.bot_user


async def test_a_restart_without_slack_still_knows_who_it_is(slack: Slack) -> None:
    notes = Notepad()
    async with opened(slack, state=notes):
        assert notes.kept
    slack.fault("cut_before", path="auth.test", times=1000)
    async with opened(slack, state=notes) as office:
        post = slack.say(f"<@{slack.bot_user}> mine", ANA, OPS)
        anonymous = {**slack.event(post, "app_mention"), "authorizations": []}
        assert (await slack.deliver(office.url, "events_api", anonymous)).status == 200
        assert not office.surface.ready()["identified"]


async def test_after_stop_nothing_is_accepted_but_answers_still_go_out(slack: Slack, office: Office) -> None:
    delivered = await slack.command(office.url, "mine", user=ANA, channel=OPS)
    await office.surface.stop()
    assert (await slack.again(delivered)).status == 503
    card = office.desk.error_card("later")
    await office.surface.send_private(office.desk.messages[0], card)
    assert slack.whispers[-1].to == ANA
