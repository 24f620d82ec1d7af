"""Posts for everybody: posting, editing, finding and moving them, and what a chat's rejections become."""

import re

import pytest

from adapters.models import TaskState
from bot.surfaces.errors import ChatUnreachable, NotInChannel, PostGone, SurfaceError
from commands.model.card import Bold, Button, Card, Row, Section, text
from commands.model.intents import Begin, Finish
from tests.bot.surfaces.harness import SurfaceHarness, needs_server

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
UPDATED_CARD = Card(title=("R7 Primary down",), summary="R7 is over.", lines=(text("all is well"),))


async def test_a_card_is_posted_with_text_and_buttons(harness: SurfaceHarness) -> None:
    visible = harness.visible(await harness.surface.post(harness.ops(), CARD, nonce="n1"))
    for expected in ("R7 Primary down", "Database failover, on playbooks", "AMBER replica lagging", "Triage"):
        assert expected in visible.text
    assert re.search("running +T1 Page the DBA|T1 Page the DBA — running", visible.text)
    assert list(visible.labels) == ["Finish T1", "Begin T2"]
    assert harness.unsafe_texts() == []


async def test_an_edit_replaces_text_and_buttons_of_a_post(harness: SurfaceHarness) -> None:
    ref = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    await harness.surface.edit(ref, UPDATED_CARD)
    visible = harness.visible(ref)
    assert "all is well" in visible.text
    assert "Page the DBA" not in visible.text
    assert (list(visible.labels), visible.edits, harness.post_count()) == ([], 1, 1)


async def test_lines_are_posted_and_extended(harness: SurfaceHarness) -> None:
    ref = await harness.surface.post_lines(harness.ops(), [text("Ana finished T1")], nonce="n1")
    assert "Ana finished T1" in harness.visible(ref).text
    await harness.surface.edit_lines(ref, [text("Ana finished T1"), text("Ben began T2")], buttons=(FINISH,))
    visible = harness.visible(ref)
    assert "Ana finished T1\n" in visible.text
    assert "Ben began T2" in visible.text
    assert (list(visible.labels), visible.edits, harness.post_count()) == (["Finish T1"], 1, 1)


@needs_server
async def test_posts_are_in_the_thread_of_their_place(harness: SurfaceHarness) -> None:
    thread = await harness.start_thread()
    card = await harness.surface.post(harness.ops(thread=thread), CARD, nonce="n1")
    line = await harness.surface.post_lines(harness.ops(thread=thread), [text("hello")], nonce="n2")
    assert harness.visible(card).thread == harness.visible(line).thread == thread
    assert card.place.thread == thread


@needs_server
async def test_a_post_is_found_by_its_nonce(harness: SurfaceHarness) -> None:
    thread = await harness.start_thread()
    here = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    there = await harness.surface.post_lines(harness.ops(thread=thread), [text("hello")], nonce="n2")
    found = await harness.surface.find_post(harness.ops(), "n1")
    assert found is not None
    assert found.id == here.id
    found = await harness.surface.find_post(harness.ops(thread=thread), "n2")
    assert found is not None
    assert found.id == there.id
    assert await harness.surface.find_post(harness.ops(), "n3") is None


@needs_server
async def test_a_post_whose_response_was_lost_is_found(harness: SurfaceHarness) -> None:
    harness.drop_next_response()
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(harness.ops(), CARD, nonce="n1")
    assert harness.post_count() == 1
    found = await harness.surface.find_post(harness.ops(), "n1")
    assert found is not None
    assert "R7 Primary down" in harness.visible(found).text


@needs_server
async def test_a_moved_card_has_no_buttons(harness: SurfaceHarness) -> None:
    old = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    new = await harness.surface.post(harness.ops(), CARD, nonce="n2")
    await harness.surface.replace_with_pointer(old, new)
    assert list(harness.visible(old).labels) == []
    assert "This card moved" in harness.visible(old).text
    assert list(harness.visible(new).labels) == ["Finish T1", "Begin T2"]


@needs_server
async def test_a_post_without_membership_names_the_invite_command(harness: SurfaceHarness) -> None:
    with pytest.raises(NotInChannel) as error:
        await harness.surface.post(harness.channel_without_bot(), CARD, nonce="n1")
    assert "far" in error.value.channel
    assert error.value.invite == "/invite @liaison"
    with pytest.raises(NotInChannel):
        await harness.surface.post_lines(harness.channel_without_bot(), [text("hello")], nonce="n2")


@needs_server
async def test_a_deleted_post_is_gone_and_not_found(harness: SurfaceHarness) -> None:
    card = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    line = await harness.surface.post_lines(harness.ops(), [text("hello")], nonce="n2")
    harness.delete(card)
    harness.delete(line)
    with pytest.raises(PostGone):
        await harness.surface.edit(card, UPDATED_CARD)
    with pytest.raises(PostGone):
        await harness.surface.edit_lines(line, [text("again")])
    assert await harness.surface.find_post(harness.ops(), "n1") is None


@pytest.mark.parametrize("status", [500, 502, 503])
@needs_server
async def test_a_server_error_is_retryable(harness: SurfaceHarness, status: int) -> None:
    harness.fail_next_write(status)
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(harness.ops(), CARD, nonce="n1")
    ref = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    harness.fail_next_write(status)
    with pytest.raises(ChatUnreachable):
        await harness.surface.edit(ref, UPDATED_CARD)


@needs_server
async def test_a_rate_limit_has_its_retry_time(harness: SurfaceHarness) -> None:
    harness.fail_next_write(429, headers={"Retry-After": "7", "X-Ratelimit-Reset": "7"})
    with pytest.raises(ChatUnreachable) as error:
        await harness.surface.post(harness.ops(), CARD, nonce="n1")
    assert error.value.retry_after == 7


@needs_server
async def test_a_rejection_is_not_retryable(harness: SurfaceHarness) -> None:
    harness.reject_next_write()
    with pytest.raises(SurfaceError) as error:
        await harness.surface.post(harness.ops(), CARD, nonce="n1")
    assert not isinstance(error.value, ChatUnreachable)
