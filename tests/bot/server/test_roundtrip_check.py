"""The button of ``liaison doctor --in``: posted, pressed, recorded; or a sentence that says what to do."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.server.roundtrip_check import RoundtripCheck
from bot.surfaces.console.surface import Console, ConsoleEntry
from bot.surfaces.protocol import NotInChannel, PostRef, SurfaceError
from commands.model.card import Card
from commands.model.intents import Whoami
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via
from commands.verbs.next import Next


class Chat(Console):
    """A chat called slack; ``refuses`` is raised where something is posted."""

    name = "slack"

    def __init__(self, refuses: SurfaceError | None = None) -> None:
        super().__init__()
        self.refuses = refuses
        self.posted: asyncio.Queue[ConsoleEntry] = asyncio.Queue()

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        if self.refuses is not None:
            raise self.refuses
        with self.listening(self.posted.put_nowait):
            return await super().post(place, card, nonce=nonce)


def press(shown: ConsoleEntry, *, intent: object = None, post: str | None = None) -> Message:
    chosen = intent or Whoami().model_dump()
    return Message(
        key="slack/T1/1",
        actor=Actor(surface="slack", id="U1", name="Ana"),
        place=shown.place,
        via=Via.BUTTON,
        at=datetime.now(UTC),
        intent=dict(chosen),  # type: ignore[call-overload]
        reply=ReplyRoute(post=shown.id if post is None else post),
    )


async def test_a_press_that_comes_back_proves_the_loop() -> None:
    chat = Chat()
    presses = RoundtripCheck({"slack": chat, "console": Console()})
    asking = asyncio.create_task(presses.ask("C1"))
    shown = await chat.posted.get()
    assert shown.place.channel == "C1"
    presses.see(press(shown, intent=Next().model_dump()))
    presses.see(press(shown, post="another"))
    assert not asking.done()
    presses.see(press(shown))
    reply = await asking
    assert reply.result == "done"
    assert reply.shown[0].summary == "slack: posted, pressed by Ana, and recorded"


async def test_no_press_in_time_says_what_to_look_at() -> None:
    reply = await RoundtripCheck({"slack": Chat()}).ask("slack:C1", within=0.01)
    assert reply.result == "failed"
    assert "bot.public_url" in reply.says


@pytest.mark.parametrize(
    ("refuses", "says"),
    [
        (NotInChannel("#inc", "/invite @liaison"), "I am not in that channel. /invite @liaison"),
        (SurfaceError("channel_not_found"), "cannot post there (channel_not_found)"),
    ],
)
async def test_where_we_cannot_post(refuses: SurfaceError, says: str) -> None:
    reply = await RoundtripCheck({"slack": Chat(refuses)}).ask("C1")
    assert says in reply.says


async def test_without_a_chat_nothing_is_posted_and_nobody_is_asked_which() -> None:
    assert (await RoundtripCheck({}).ask("C1")).says == "No chat is configured, so nothing was posted."


async def test_two_chats_ask_which() -> None:
    reply = await RoundtripCheck({"slack": Chat(), "mattermost": Chat()}).ask("C1")
    assert "slack:CHANNEL, mattermost:CHANNEL" in reply.says
