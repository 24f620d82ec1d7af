"""What we say: cards, lines, private answers, and what Slack's refusals become."""

from datetime import UTC, datetime

import pytest

from adapters.models import TaskState
from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, PostRef, RouteClosed, SurfaceError
from bot.surfaces.slack.client import SlackClient
from commands.model.card import Bold, Card, ClockTime, Code, Link, PersonName, Row, Section, text
from commands.model.messages import Actor, Membership, Place
from tests.bot.surfaces.slack.conftest import ANA, BEN, OPS
from tests.bot.surfaces.slack.rig import Office
from tests.fakes.slack import Slack

HERE = Place(surface="slack", workspace="T1", channel=OPS)
AT = datetime(2026, 11, 21, 14, 3, tzinfo=UTC)
CARD = Card(
    title=("R7 Primary down in EU",),
    summary="R7 <Primary> is amber & 1 of 4 tasks is done.",
    subtitle=text("Database failover, on playbooks"),
    lines=(text(Bold("AMBER"), " replica lagging, ", PersonName("Ana", ANA), " ", ClockTime(AT)),),
    sections=(
        Section(
            "Triage", (Row(TaskState.DONE, "T1", "Say *hi* to <!channel> `now`", text("Ben ", ClockTime(AT))),)
        ),
    ),
    link=Link("Open it", "https://mm.example/run/7"),
)


async def test_a_card_is_drawn_in_words_and_nothing_in_it_is_markup(slack: Slack, office: Office) -> None:
    await office.surface.post(HERE, CARD, nonce="n1")
    post = slack.cards[0]
    assert post.text == "R7 &lt;Primary&gt; is amber &amp; 1 of 4 tasks is done."
    assert post.words.splitlines() == [
        "R7 Primary down in EU",
        "Database failover, on playbooks",
        "AMBER replica lagging, Ana 14:03 UTC",
        "Open it",
        "Triage",
        "done    T1 Say *hi* to <!channel> `now` — Ben 14:03 UTC",
    ]
    assert {block["type"] for block in post.blocks} == {"rich_text"}
    pieces = [piece for block in post.blocks for part in block["elements"] for piece in part["elements"]]
    clock = {"type": "date", "timestamp": int(AT.timestamp()), "format": "{time}", "fallback": "14:03 UTC"}
    assert clock in pieces
    assert all(piece["type"] != "user" for piece in pieces)


async def test_lines_have_date_tokens_and_mention_only_who_is_pinged(slack: Slack, office: Office) -> None:
    line = text(
        PersonName("Ana", ANA, ping=True),
        " promised <news> at ",
        ClockTime(AT),
        ", ",
        PersonName("Ben", BEN),
        Code("x"),
    )
    await office.surface.post_lines(HERE, [line], nonce="n1")
    stamp = int(AT.timestamp())
    expected = f"<@{ANA}> promised &lt;news&gt; at <!date^{stamp}^{{time}}|14:03 UTC>, Benx"
    assert slack.cards[0].text == expected
    assert {"type": "user", "user_id": ANA} in slack.cards[0].blocks[0]["elements"][0]["elements"]


async def test_a_post_stands_in_its_thread_and_is_found_by_its_nonce(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    thread = HERE.model_copy(update={"thread": root.ts})
    ref = await office.surface.post(thread, CARD, nonce="n1")
    other = await office.surface.post_lines(HERE, [text("hello")], nonce="n2")
    assert next(post for post in slack.cards if post.ts == ref.id).thread_ts == root.ts
    assert await office.surface.find_post(thread, "n1") == ref
    assert await office.surface.find_post(HERE, "n2") == other
    assert await office.surface.find_post(HERE, "n1") is None
    assert await office.surface.find_post(HERE.model_copy(update={"thread": "1.1"}), "n1") is None


async def test_a_long_thread_is_read_to_its_end(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    for number in range(250):
        slack.say(str(number), BEN, OPS, thread=root.ts)
    thread = HERE.model_copy(update={"thread": root.ts})
    ref = await office.surface.post(thread, CARD, nonce="n1")
    assert await office.surface.find_post(thread, "n1") == ref


async def test_an_edit_keeps_the_nonce_and_has_new_block_ids(slack: Slack, office: Office) -> None:
    ref = await office.surface.post(HERE, CARD, nonce="n1")
    await office.surface.edit(ref, CARD)
    await office.surface.edit_lines(ref, [text("done")])
    assert (slack.cards[0].words, slack.cards[0].edits) == ("done", 2)
    assert await office.surface.find_post(HERE, "n1") == ref


async def test_an_old_card_becomes_a_pointer(slack: Slack, office: Office) -> None:
    old = await office.surface.post(HERE, CARD, nonce="n1")
    new = await office.surface.post(HERE, CARD, nonce="n2")
    await office.surface.replace_with_pointer(old, new)
    link = f"https://acme.slack.com/archives/{OPS}/p{new.id.replace('.', '')}"
    assert slack.cards[0].words == "This card moved: the live card"
    assert link in str(slack.cards[0].blocks)
    assert slack.cards[0].labels == []


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.7/admin", "https://slack.com.example.org/x", "http://hooks.slack.com/x", "https://[x", "x"],
)
async def test_an_answer_goes_to_slack_and_nowhere_else(slack: Slack, url: str) -> None:
    client = SlackClient(slack.token, slack.api_url)
    with pytest.raises(RouteClosed):
        await client.post_to_response_url(url, {"text": "for Ana alone"})
    await client.close()


async def test_a_private_answer_to_a_command_goes_by_its_response_url(slack: Slack, office: Office) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    await slack.command(office.url, "mine", user=ANA, channel="C0FAR")
    await office.surface.send_private(office.desk.messages[0], CARD)
    whisper = slack.whispers[0]
    assert (whisper.to, whisper.channel, whisper.route) == (ANA, "C0FAR", "response_url")


async def test_after_five_uses_the_answer_is_ephemeral_in_the_place(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "mine", user=ANA, channel=OPS)
    for _ in range(6):
        await office.surface.send_private(office.desk.messages[0], CARD)
    assert [whisper.route for whisper in slack.whispers] == ["response_url"] * 5 + ["chat.postEphemeral"]


async def test_a_closed_route_from_where_we_are_not_ends_in_a_direct_message(slack: Slack, office: Office) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    delivered = await slack.command(office.url, "mine", user=ANA, channel="C0FAR")
    slack.expire(delivered.payload["response_url"])
    await office.surface.send_private(office.desk.messages[0], CARD)
    assert slack.cards[-1].channel == "D0ANA"


async def test_a_private_answer_to_a_mention_is_ephemeral_in_its_thread(slack: Slack, office: Office) -> None:
    root = slack.say("it is down", BEN, OPS)
    await slack.mention(office.url, "mine", user=ANA, channel=OPS, thread=root.ts)
    await office.surface.send_private(office.desk.messages[0], CARD)
    whisper = slack.whispers[0]
    assert (whisper.to, whisper.thread_ts, whisper.route) == (ANA, root.ts, "chat.postEphemeral")


async def test_in_a_direct_message_the_answer_is_a_message(slack: Slack, office: Office) -> None:
    await slack.direct(office.url, "mine", user=ANA)
    await office.surface.send_private(office.desk.messages[0], CARD)
    assert slack.cards[0].channel == "D0ANA"


async def test_an_answer_goes_only_to_slack(slack: Slack, office: Office) -> None:
    await slack.command(office.url, "mine", user=ANA, channel=OPS)
    message = office.desk.messages[0]
    elsewhere = message.reply.model_copy(update={"url": "http://127.0.0.2:9/steal"})
    await office.surface.send_private(message.model_copy(update={"reply": elsewhere}), CARD)
    assert slack.whispers[0].route == "chat.postEphemeral"


async def test_where_we_are_no_member_the_refusal_says_what_to_type(slack: Slack, office: Office) -> None:
    slack.add_channel("C0FAR", "far", members=(ANA,), bot=False)
    for channel in ("C0FAR", "C0NONE"):
        with pytest.raises(NotInChannel) as caught:
            await office.surface.post(HERE.model_copy(update={"channel": channel}), CARD, nonce="n")
        assert caught.value.invite == "/invite @liaison"


async def test_a_deleted_post_is_gone(slack: Slack, office: Office) -> None:
    with pytest.raises(PostGone):
        await office.surface.edit(PostRef(place=HERE, id="1.1"), CARD)


async def test_an_archived_channel_is_a_final_refusal(slack: Slack, office: Office) -> None:
    slack.channels[OPS].archived = True
    with pytest.raises(SurfaceError, match="is_archived") as caught:
        await office.surface.post(HERE, CARD, nonce="n")
    assert not isinstance(caught.value, ChatUnreachable)


async def test_too_many_requests_says_when_to_come_back(slack: Slack, office: Office) -> None:
    body = '{"ok": false, "error": "ratelimited"}'
    headers = {"Retry-After": "17", "Content-Type": "application/json"}
    slack.fault("answer", path="chat.postMessage", status=429, body=body, headers=headers)
    with pytest.raises(ChatUnreachable) as caught:
        await office.surface.post(HERE, CARD, nonce="n")
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", "", "[]", '{"ok": fal'])
@pytest.mark.parametrize("status", [200, 502])
async def test_an_unreadable_answer_is_unreachable(slack: Slack, office: Office, status: int, body: str) -> None:
    for kind in ("application/json", "text/html", "text/plain"):
        slack.fault("answer", path="chat.postMessage", status=status, body=body, headers={"Content-Type": kind})
        with pytest.raises(ChatUnreachable):
            await office.surface.post(HERE, CARD, nonce="n")


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
async def test_a_cut_post_is_sent_once_and_can_be_found(slack: Slack, office: Office, kind: str) -> None:
    slack.fault(kind, path="chat.postMessage")  # type: ignore[arg-type]
    with pytest.raises(ChatUnreachable):
        await office.surface.post(HERE, CARD, nonce="n1")
    assert len(slack.calls("POST", "chat.postMessage")) == 1
    found = await office.surface.find_post(HERE, "n1")
    assert (found is not None) == (kind == "cut_after")


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ({}, Membership.MEMBER),
        ({"is_restricted": True}, Membership.GUEST),
        ({"is_ultra_restricted": True}, Membership.GUEST),
        ({"team_id": "T2"}, Membership.EXTERNAL),
        ({"is_stranger": True, "is_restricted": True}, Membership.EXTERNAL),
        ({"is_bot": True}, Membership.BOT),
        ({"deleted": True}, Membership.UNKNOWN),
    ],
)
async def test_what_somebody_is_in_the_workspace(
    slack: Slack, office: Office, facts: dict[str, object], standing: Membership
) -> None:
    slack.add_user("U0CAT", "cat", email="cat@acme.example", tz="Europe/Rome", **facts)
    found = await office.surface.profile(Actor(surface="slack", id="U0CAT"))
    assert found.membership is standing
    assert (found.handle, found.email, found.timezone) == ("cat", "cat@acme.example", "Europe/Rome")


async def test_people_are_found_by_id_e_mail_and_handle(slack: Slack, office: Office) -> None:
    for words in (f"@{ANA}", ANA, "ana@acme.example", "@ana", "Ana"):
        assert [actor.id for actor in await office.surface.find_people(words, HERE)] == [ANA]
    for words in ("@nobody", "no@acme.example", "@U0NOBODY", ""):
        assert list(await office.surface.find_people(words, HERE)) == []
