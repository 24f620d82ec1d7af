"""Cards, lines, private answers, profiles, and what Slack's rejections become."""

from datetime import UTC, datetime

import pytest

from adapters.models import TaskState
from adapters.toolkit.messages import in_language
from bot.surfaces.errors import ChatUnreachable, NotInChannel, PostGone, RouteClosed, SurfaceError
from bot.surfaces.protocol import PostRef
from bot.surfaces.slack.client import SlackClient
from bot.surfaces.slack.encoding import fallback_text
from commands.model.card import Bold, Card, ClockTime, Code, Link, PersonName, Row, Section, text
from commands.model.messages import Actor, Membership, Place
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.harness import SlackHarness
from tests.fakes.slack import Slack

OPS_PLACE = Place(surface="slack", workspace="T1", channel=OPS)
CLOCK_TIME = datetime(2026, 11, 21, 14, 3, tzinfo=UTC)
CARD = Card(
    title=("R7 Primary down in EU",),
    summary="R7 <Primary> is amber & 1 of 4 tasks is done.",
    subtitle=text("Database failover, on playbooks"),
    lines=(text(Bold("AMBER"), " replica lagging, ", PersonName("Ana", ANA), " ", ClockTime(CLOCK_TIME)),),
    sections=(
        Section(
            "Triage",
            (Row(TaskState.DONE, "T1", "Say *hi* to <!channel> `now`", text("Ben ", ClockTime(CLOCK_TIME))),),
        ),
    ),
    link=Link("Open it", "https://mm.example/run/7"),
)


async def test_a_card_is_rich_text_without_markup(slack: Slack, harness: SlackHarness) -> None:
    await harness.surface.post(OPS_PLACE, CARD, nonce="n1")
    post = slack.bot_posts[0]
    assert post.text == "R7 &lt;Primary&gt; is amber &amp; 1 of 4 tasks is done."
    assert post.visible_text.splitlines() == [
        "R7 Primary down in EU",
        "Database failover, on playbooks",
        "AMBER replica lagging, Ana 14:03 UTC",
        "Triage",
        "✅ T1 Say *hi* to <!channel> `now` — done · Ben 14:03 UTC",
    ]
    title, *others = post.blocks
    linked = "*<https://mm.example/run/7|R7 Primary down in EU>*"
    assert title["text"] == {"type": "mrkdwn", "text": linked}
    assert {block["type"] for block in others} == {"rich_text"}
    pieces = [piece for block in others for part in block["elements"] for piece in part["elements"]]
    clock = {"type": "date", "timestamp": int(CLOCK_TIME.timestamp()), "format": "{time}", "fallback": "14:03 UTC"}
    assert clock in pieces
    assert all(piece["type"] != "user" for piece in pieces)


async def test_lines_have_date_tokens_and_mention_only_with_ping(slack: Slack, harness: SlackHarness) -> None:
    line = text(
        PersonName("Ana", ANA, ping=True),
        " promised <news> at ",
        ClockTime(CLOCK_TIME),
        ", ",
        PersonName("Ben", BEN),
        Code("x"),
    )
    await harness.surface.post_lines(OPS_PLACE, [line], nonce="n1")
    stamp = int(CLOCK_TIME.timestamp())
    expected = f"<@{ANA}> promised &lt;news&gt; at <!date^{stamp}^{{time}}|14:03 UTC>, Benx"
    assert slack.bot_posts[0].text == expected
    assert {"type": "user", "user_id": ANA} in slack.bot_posts[0].blocks[0]["elements"][0]["elements"]


async def test_a_post_is_in_its_thread_and_found_by_its_nonce(slack: Slack, harness: SlackHarness) -> None:
    root = slack.say("it is down", BEN, OPS)
    thread = OPS_PLACE.model_copy(update={"thread": root.ts})
    ref = await harness.surface.post(thread, CARD, nonce="n1")
    other = await harness.surface.post_lines(OPS_PLACE, [text("hello")], nonce="n2")
    assert next(post for post in slack.bot_posts if post.ts == ref.id).thread_ts == root.ts
    assert await harness.surface.find_post(thread, "n1") == ref
    assert await harness.surface.find_post(OPS_PLACE, "n2") == other
    assert await harness.surface.find_post(OPS_PLACE, "n1") is None
    assert await harness.surface.find_post(OPS_PLACE.model_copy(update={"thread": "1.1"}), "n1") is None


async def test_a_post_is_found_in_a_long_thread(slack: Slack, harness: SlackHarness) -> None:
    root = slack.say("it is down", BEN, OPS)
    for number in range(250):
        slack.say(str(number), BEN, OPS, thread=root.ts)
    thread = OPS_PLACE.model_copy(update={"thread": root.ts})
    ref = await harness.surface.post(thread, CARD, nonce="n1")
    assert await harness.surface.find_post(thread, "n1") == ref


async def test_an_edit_keeps_the_nonce_and_has_new_block_ids(slack: Slack, harness: SlackHarness) -> None:
    ref = await harness.surface.post(OPS_PLACE, CARD, nonce="n1")
    await harness.surface.edit(ref, CARD)
    await harness.surface.edit_lines(ref, [text("done")])
    assert (slack.bot_posts[0].visible_text, slack.bot_posts[0].edits) == ("done", 2)
    assert await harness.surface.find_post(OPS_PLACE, "n1") == ref


async def test_a_moved_card_links_to_the_new_one(slack: Slack, harness: SlackHarness) -> None:
    old = await harness.surface.post(OPS_PLACE, CARD, nonce="n1")
    new = await harness.surface.post(OPS_PLACE, CARD, nonce="n2")
    await harness.surface.replace_with_pointer(old, new)
    link = f"https://acme.slack.com/archives/{OPS}/p{new.id.replace('.', '')}"
    assert slack.bot_posts[0].visible_text == "This card moved: the live card"
    assert link in str(slack.bot_posts[0].blocks)
    assert slack.bot_posts[0].labels == []


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.7/admin", "https://slack.com.example.org/x", "http://hooks.slack.com/x", "https://[x", "x"],
)
async def test_a_response_url_of_another_host_is_never_called(slack: Slack, url: str) -> None:
    client = SlackClient(slack.token, slack.api_url)
    with pytest.raises(RouteClosed):
        await client.post_to_response_url(url, {"text": "for Ana alone"})
    await client.close()


async def test_a_command_is_answered_by_its_response_url(slack: Slack, harness: SlackHarness) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    await slack.command(harness.url, "mine", user=ANA, channel="C0FAR")
    await harness.surface.send_private(harness.intake.messages[0], CARD)
    ephemeral = slack.ephemerals[0]
    assert (ephemeral.to, ephemeral.channel, ephemeral.route) == (ANA, "C0FAR", "response_url")


async def test_after_five_uses_the_answer_is_an_ephemeral_message(slack: Slack, harness: SlackHarness) -> None:
    await slack.command(harness.url, "mine", user=ANA, channel=OPS)
    for _ in range(6):
        await harness.surface.send_private(harness.intake.messages[0], CARD)
    assert [ephemeral.route for ephemeral in slack.ephemerals] == ["response_url"] * 5 + ["chat.postEphemeral"]


async def test_without_response_url_and_membership_the_answer_is_a_direct_message(
    slack: Slack, harness: SlackHarness
) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    delivered = await slack.command(harness.url, "mine", user=ANA, channel="C0FAR")
    slack.expire(delivered.payload["response_url"])
    await harness.surface.send_private(harness.intake.messages[0], CARD)
    assert slack.bot_posts[-1].channel == "D0ANA"


async def test_a_mention_is_answered_by_an_ephemeral_message_in_its_thread(
    slack: Slack, harness: SlackHarness
) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(harness.url, "mine", user=ANA, channel=OPS, thread=root.ts)
    await harness.surface.send_private(harness.intake.messages[0], CARD)
    ephemeral = slack.ephemerals[0]
    assert (ephemeral.to, ephemeral.thread_ts, ephemeral.route) == (ANA, root.ts, "chat.postEphemeral")


async def test_a_direct_message_is_answered_by_a_message(slack: Slack, harness: SlackHarness) -> None:
    await slack.direct(harness.url, "mine", user=ANA)
    await harness.surface.send_private(harness.intake.messages[0], CARD)
    assert slack.bot_posts[0].channel == "D0ANA"


async def test_a_foreign_response_url_falls_back_to_an_ephemeral_message(
    slack: Slack, harness: SlackHarness
) -> None:
    await slack.command(harness.url, "mine", user=ANA, channel=OPS)
    message = harness.intake.messages[0]
    foreign_reply = message.reply.model_copy(update={"url": "http://127.0.0.2:9/steal"})
    await harness.surface.send_private(message.model_copy(update={"reply": foreign_reply}), CARD)
    assert slack.ephemerals[0].route == "chat.postEphemeral"


async def test_a_post_in_a_channel_without_the_bot_names_the_invite_command(
    slack: Slack, harness: SlackHarness
) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    for channel in ("C0FAR", "C0NONE"):
        with pytest.raises(NotInChannel) as error:
            await harness.surface.post(OPS_PLACE.model_copy(update={"channel": channel}), CARD, nonce="n")
        assert error.value.invite == "/invite @liaison"


async def test_editing_a_deleted_post_raises_post_gone(slack: Slack, harness: SlackHarness) -> None:
    with pytest.raises(PostGone):
        await harness.surface.edit(PostRef(place=OPS_PLACE, id="1.1"), CARD)


async def test_an_archived_channel_is_not_retryable(slack: Slack, harness: SlackHarness) -> None:
    slack.channels[OPS].archived = True
    with pytest.raises(SurfaceError, match="is_archived") as error:
        await harness.surface.post(OPS_PLACE, CARD, nonce="n")
    assert not isinstance(error.value, ChatUnreachable)


async def test_a_rate_limit_has_slacks_retry_time(slack: Slack, harness: SlackHarness) -> None:
    body = '{"ok": false, "error": "ratelimited"}'
    headers = {"Retry-After": "17", "Content-Type": "application/json"}
    slack.fault("answer", path="chat.postMessage", status=429, body=body, headers=headers)
    with pytest.raises(ChatUnreachable) as error:
        await harness.surface.post(OPS_PLACE, CARD, nonce="n")
    assert error.value.retry_after == 17


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", "", "[]", '{"ok": fal'])
@pytest.mark.parametrize("status", [200, 502])
async def test_an_unreadable_response_is_retryable(
    slack: Slack, harness: SlackHarness, status: int, body: str
) -> None:
    for kind in ("application/json", "text/html", "text/plain"):
        slack.fault("answer", path="chat.postMessage", status=status, body=body, headers={"Content-Type": kind})
        with pytest.raises(ChatUnreachable):
            await harness.surface.post(OPS_PLACE, CARD, nonce="n")


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
async def test_a_post_on_a_broken_connection_is_sent_once(slack: Slack, harness: SlackHarness, kind: str) -> None:
    slack.fault(kind, path="chat.postMessage")  # type: ignore[arg-type]
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(OPS_PLACE, CARD, nonce="n1")
    assert len(slack.calls("POST", "chat.postMessage")) == 1
    results = await harness.surface.find_post(OPS_PLACE, "n1")
    assert (results is not None) == (kind == "cut_after")


@pytest.mark.parametrize(
    ("fields", "membership"),
    [
        ({}, Membership.MEMBER),
        ({"is_restricted": True}, Membership.GUEST),
        ({"is_ultra_restricted": True}, Membership.GUEST),
        ({"team_id": "T2"}, Membership.EXTERNAL),
        ({"is_stranger": True, "is_restricted": True}, Membership.EXTERNAL),
        ({"is_bot": True}, Membership.BOT),
        ({"deleted": True}, Membership.UNKNOWN),
        ({"deleted": True, "is_restricted": True}, Membership.UNKNOWN),
        ({"deleted": True, "is_bot": True}, Membership.UNKNOWN),
    ],
)
async def test_membership_follows_the_user_object(
    slack: Slack, harness: SlackHarness, fields: dict[str, object], membership: Membership
) -> None:
    slack.add_user("U0CAT", "cat", email="cat@acme.example", tz="Europe/Rome", **fields)
    profile = await harness.surface.profile(Actor(surface="slack", id="U0CAT"))
    assert profile.membership is membership
    assert (profile.handle, profile.email, profile.timezone) == ("cat", "cat@acme.example", "Europe/Rome")


async def test_people_are_found_by_id_email_and_name(slack: Slack, harness: SlackHarness) -> None:
    for query in (f"@{ANA}", ANA, "ana@acme.example", "@ana", "Ana"):
        assert [actor.id for actor in await harness.surface.find_people(query, OPS_PLACE)] == [ANA]
    for query in ("@nobody", "no@acme.example", "@U0NOBODY", ""):
        assert list(await harness.surface.find_people(query, OPS_PLACE)) == []


async def test_states_are_in_the_current_language(slack: Slack, harness: SlackHarness) -> None:
    rows = (Row(TaskState.RUNNING, "T1", "Page the DBA"), Row(TaskState.DONE, "T2", "Confirm"))
    card = Card(title=("R7",), summary="R7", sections=(Section("Triage", rows),))
    with in_language("pt-BR"):
        await harness.surface.post(OPS_PLACE, card, nonce="n1")
    lines = slack.bot_posts[0].visible_text.splitlines()
    assert lines[-2:] == ["🔵 T1 Page the DBA — em andamento", "✅ T2 Confirm — concluída"]


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("{api}/hooks/1", True),
        ("https://hooks.slack.com/actions/1", True),
        ("https://hooks.slack-gov.com/actions/1", True),
        ("http://hooks.slack.com/actions/1", False),
        ("https://hooks.slack.com:8443/actions/1", False),
        ("https://hooks.slack.com.evil.example/1", False),
        ("https://user@hooks.slack.com/1", False),
        ("https://127.0.0.1/1", False),
        ("http://127.0.0.1:1/1", False),
        ("ftp://hooks.slack.com/1", False),
        ("http://[", False),
        ("", False),
    ],
)
async def test_a_response_url_is_trusted_by_scheme_host_and_port(slack: Slack, url: str, trusted: bool) -> None:
    client = SlackClient("xoxb-1", f"{slack.url}/api/")
    assert client.is_slack_url(url.format(api=slack.url)) is trusted


def test_a_time_of_another_day_is_relative_to_the_reader() -> None:
    stamp = int(CLOCK_TIME.timestamp())
    assert fallback_text((ClockTime(CLOCK_TIME, dated=True),)) == (
        f"<!date^{stamp}^{{date_short_pretty}} {{time}}|21 Nov 14:03 UTC>"
    )


async def test_a_direct_message_that_was_sent_before_a_kill_is_found_again(
    slack: Slack, harness: SlackHarness
) -> None:
    person = Actor(surface="slack", id=ANA, workspace="T1")
    for may_exist in (False, True):
        await harness.surface.send_direct(person, CARD, nonce="n1", may_exist=may_exist)
    assert len(slack.bot_posts) == 1
    await harness.surface.send_direct(person, CARD, nonce="n2", may_exist=True)
    assert len(slack.bot_posts) == 2
