"""Messages for everybody: posted, edited, found again, pointed away, and what becomes of the chat's refusals."""

import pytest

from adapters.models import TaskState
from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, SurfaceError
from commands.model.card import Bold, Button, Card, Row, Section, text
from commands.model.intents import Begin, Finish
from tests.bot.surfaces.stands import Stand, served

FINISH, BEGIN = (
    Button("Finish T1", Finish(run="R7", tasks=("T1",))),
    Button("Begin T2", Begin(run="R7", tasks=("T2",))),
)
CARD = Card(
    title=("R7 Primary down",),
    subtitle=text("Database failover, on playbooks"),
    summary="R7 is amber.",
    lines=(text(Bold("AMBER"), " replica lagging"),),
    sections=(
        Section("Triage", (Row(TaskState.RUNNING, "T1", "Page the DBA"), Row(TaskState.READY, "T2", "Wait"))),
    ),
    buttons=(FINISH, BEGIN),
)
LATER = Card(title=("R7 Primary down",), summary="R7 is over.", lines=(text("all is well"),))


async def test_a_card_is_posted_with_its_words_and_buttons(stand: Stand) -> None:
    seen = stand.see(await stand.surface.post(stand.ops(), CARD, nonce="n1"))
    for words in ("R7 Primary down", "Database failover, on playbooks", "AMBER replica lagging", "Triage"):
        assert words in seen.words
    assert "running T1 Page the DBA" in seen.words
    assert list(seen.labels) == ["Finish T1", "Begin T2"]
    assert stand.alarms() == []


async def test_an_edit_replaces_words_and_buttons_in_place(stand: Stand) -> None:
    ref = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    await stand.surface.edit(ref, LATER)
    seen = stand.see(ref)
    assert "all is well" in seen.words
    assert "Page the DBA" not in seen.words
    assert (list(seen.labels), seen.edits, stand.posts()) == ([], 1, 1)


async def test_lines_are_said_and_said_anew(stand: Stand) -> None:
    ref = await stand.surface.post_lines(stand.ops(), [text("Ana finished T1")], nonce="n1")
    assert "Ana finished T1" in stand.see(ref).words
    await stand.surface.edit_lines(ref, [text("Ana finished T1"), text("Ben began T2")], buttons=(FINISH,))
    seen = stand.see(ref)
    assert "Ana finished T1\n" in seen.words
    assert "Ben began T2" in seen.words
    assert (list(seen.labels), seen.edits, stand.posts()) == (["Finish T1"], 1, 1)


@served
async def test_it_stands_in_the_thread_of_its_place(stand: Stand) -> None:
    thread = await stand.thread()
    card = await stand.surface.post(stand.ops(thread=thread), CARD, nonce="n1")
    line = await stand.surface.post_lines(stand.ops(thread=thread), [text("hello")], nonce="n2")
    assert stand.see(card).thread == stand.see(line).thread == thread
    assert card.place.thread == thread


@served
async def test_it_is_found_by_its_nonce_in_its_place(stand: Stand) -> None:
    thread = await stand.thread()
    here = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    there = await stand.surface.post_lines(stand.ops(thread=thread), [text("hello")], nonce="n2")
    found = await stand.surface.find_post(stand.ops(), "n1")
    assert found is not None
    assert found.id == here.id
    found = await stand.surface.find_post(stand.ops(thread=thread), "n2")
    assert found is not None
    assert found.id == there.id
    assert await stand.surface.find_post(stand.ops(), "n3") is None


@served
async def test_a_post_whose_answer_was_lost_is_found_or_made_only_once(stand: Stand) -> None:
    stand.lose_answer()
    with pytest.raises(ChatUnreachable):
        await stand.surface.post(stand.ops(), CARD, nonce="n1")
    assert stand.posts() == 1
    found = await stand.surface.find_post(stand.ops(), "n1")
    assert found is not None
    assert "R7 Primary down" in stand.see(found).words


@served
async def test_an_old_card_becomes_a_pointer_without_buttons(stand: Stand) -> None:
    old = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    new = await stand.surface.post(stand.ops(), CARD, nonce="n2")
    await stand.surface.replace_with_pointer(old, new)
    assert list(stand.see(old).labels) == []
    assert "This card moved" in stand.see(old).words
    assert list(stand.see(new).labels) == ["Finish T1", "Begin T2"]


@served
async def test_where_we_are_no_member_the_way_in_is_told(stand: Stand) -> None:
    with pytest.raises(NotInChannel) as told:
        await stand.surface.post(stand.far(), CARD, nonce="n1")
    assert "far" in told.value.channel
    assert told.value.invite == "/invite @liaison"
    with pytest.raises(NotInChannel):
        await stand.surface.post_lines(stand.far(), [text("hello")], nonce="n2")


@served
async def test_what_was_deleted_is_gone(stand: Stand) -> None:
    card = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    line = await stand.surface.post_lines(stand.ops(), [text("hello")], nonce="n2")
    stand.delete(card)
    stand.delete(line)
    with pytest.raises(PostGone):
        await stand.surface.edit(card, LATER)
    with pytest.raises(PostGone):
        await stand.surface.edit_lines(line, [text("again")])
    assert await stand.surface.find_post(stand.ops(), "n1") is None


@pytest.mark.parametrize("status", [500, 502, 503])
@served
async def test_a_chat_that_is_down_is_to_be_tried_again(stand: Stand, status: int) -> None:
    stand.fail(status)
    with pytest.raises(ChatUnreachable):
        await stand.surface.post(stand.ops(), CARD, nonce="n1")
    ref = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    stand.fail(status)
    with pytest.raises(ChatUnreachable):
        await stand.surface.edit(ref, LATER)


@served
async def test_a_chat_that_asks_to_wait_says_how_long(stand: Stand) -> None:
    stand.fail(429, headers={"Retry-After": "7", "X-Ratelimit-Reset": "7"})
    with pytest.raises(ChatUnreachable) as told:
        await stand.surface.post(stand.ops(), CARD, nonce="n1")
    assert told.value.retry_after == 7


@served
async def test_a_refusal_is_final(stand: Stand) -> None:
    stand.refuse()
    with pytest.raises(SurfaceError) as told:
        await stand.surface.post(stand.ops(), CARD, nonce="n1")
    assert not isinstance(told.value, ChatUnreachable)
