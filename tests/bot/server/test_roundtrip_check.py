"""The button of ``liaison doctor --in``: posted, pressed and recorded, or a sentence that says what to do."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.server.roundtrip_check import RoundtripCheck
from bot.surfaces.console.surface import Console, ConsoleEntry
from bot.surfaces.errors import NotInChannel, SurfaceError
from bot.surfaces.protocol import PostRef
from commands.model.card import Card
from commands.model.intents import Whoami
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via
from commands.verbs.next import Next


class Chat(Console):
    """A chat called slack. ``post_error`` is raised instead of posting."""

    name = "slack"

    def __init__(self, post_error: SurfaceError | None = None, channels: Sequence[str] | None = None) -> None:
        super().__init__()
        self.post_error = post_error
        self.channels = channels
        self.posted: asyncio.Queue[ConsoleEntry] = asyncio.Queue()

    async def channels_named(self, name: str) -> Sequence[str] | None:
        return self.channels

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        if self.post_error is not None:
            raise self.post_error
        with self.listening(self.posted.put_nowait):
            return await super().post(place, card, nonce=nonce)


def press(entry: ConsoleEntry, *, intent: object = None, post: str | None = None) -> Message:
    pressed = intent or Whoami().model_dump()
    return Message(
        key="slack/T1/1",
        actor=Actor(surface="slack", id="U1", name="Ana"),
        place=entry.place,
        via=Via.BUTTON,
        at=datetime.now(UTC),
        intent=dict(pressed),  # type: ignore[call-overload]
        reply=ReplyRoute(post=entry.id if post is None else post),
    )


async def test_only_a_press_of_its_own_button_passes_the_check() -> None:
    chat = Chat()
    check = RoundtripCheck({"slack": chat, "console": Console()})
    running = asyncio.create_task(check.run("C1"))
    entry = await chat.posted.get()
    assert entry.place.channel == "C1"
    check.on_recorded(press(entry, intent=Next().model_dump()))
    check.on_recorded(press(entry, post="another"))
    assert not running.done()
    check.on_recorded(press(entry))
    reply = await running
    assert reply.result == "done"
    assert reply.shown[0].summary == "slack: button posted, pressed by Ana, and recorded"


async def test_without_a_press_in_time_the_reply_says_what_to_check() -> None:
    reply = await RoundtripCheck({"slack": Chat()}).run("slack:C1", timeout=0.01)
    assert reply.result == "failed"
    assert "bot.public_url" in reply.text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotInChannel("#inc", "/invite @liaison"), "I am not in that channel. /invite @liaison"),
        (SurfaceError("channel_not_found"), "cannot post there (channel_not_found)"),
    ],
)
async def test_the_reply_says_why_the_button_cannot_be_posted(error: SurfaceError, text: str) -> None:
    reply = await RoundtripCheck({"slack": Chat(error)}).run("C1")
    assert text in reply.text


async def test_nothing_is_posted_if_no_chat_is_configured() -> None:
    assert (await RoundtripCheck({}).run("C1")).text == "No chat is configured, so nothing was posted."


async def test_with_two_chats_the_chat_must_be_named() -> None:
    reply = await RoundtripCheck({"slack": Chat(), "mattermost": Chat()}).run("C1")
    assert "slack:CHANNEL, mattermost:CHANNEL" in reply.text


@pytest.mark.parametrize(
    ("channels", "posted", "text"),
    [
        (["C7"], "C7", ""),
        (None, "#inc", ""),
        ([], "", "slack #inc: I am in no channel of that name. Invite me there, or correct the name."),
        (["C7", "C8"], "", "slack #inc: several channels have that name. Use an id: C7, C8"),
    ],
)
async def test_a_channel_may_be_named(channels: Sequence[str] | None, posted: str, text: str) -> None:
    chat = Chat(channels=channels)
    reply = await RoundtripCheck({"slack": chat}).run("#inc", timeout=0.01)
    if posted:
        assert (await chat.posted.get()).place.channel == posted
    else:
        assert reply.text == text
