"""How long an answer of the chat counts, and what replaces it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.services.memberships import Memberships
from bot.surfaces.console.surface import Console
from bot.surfaces.errors import ChatUnreachable
from commands.model.messages import Actor, Membership, Message, Place, ReplyRoute, Via

ANA = Actor(surface="console", id="U1", membership=Membership.MEMBER)
INC = Place(surface="console", channel="inc-42")


class Chat(Console):
    """``present`` is None while it cannot be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.present: set[str] | None = {"U1"}
        self.asked = 0

    async def can_see(self, actor: Actor, place: Place) -> bool:
        self.asked += 1
        if self.present is None:
            raise ChatUnreachable("down")
        return actor.id in self.present


@dataclass
class World:
    chat: Chat = field(default_factory=Chat)
    time: datetime = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.memberships = Memberships({"console": self.chat}, lambda: self.time)

    async def ana_sees(self, **later: float) -> bool:
        self.time += timedelta(**later)
        return await self.memberships.can_see(ANA, INC)

    def prove(self, via: Via, post: str = "") -> None:
        reply = ReplyRoute(post=post)
        message = Message(key="k", actor=ANA, place=INC, via=via, at=self.time, reply=reply)
        self.memberships.prove(message)


@pytest.fixture
def world() -> World:
    return World()


async def test_the_chat_is_asked_once_a_minute(world: World) -> None:
    assert await world.ana_sees()
    assert await world.ana_sees(seconds=59)
    assert world.chat.asked == 1
    world.chat.present = set()
    assert not await world.ana_sees(seconds=1)


async def test_the_chat_is_asked_again_after_a_report(world: World) -> None:
    assert await world.ana_sees()
    world.chat.present = set()
    world.memberships.forget("console", "inc-42", "U1")
    assert not await world.ana_sees()


async def test_the_last_answer_counts_for_an_hour(world: World) -> None:
    assert await world.ana_sees()
    world.chat.present = None
    assert await world.ana_sees(minutes=59)
    assert not await world.ana_sees(minutes=1)


async def test_nobody_sees_what_was_never_answered(world: World) -> None:
    world.chat.present = None
    assert not await world.ana_sees()


async def test_a_command_in_the_place_is_an_answer_too(world: World) -> None:
    world.chat.present = None
    world.prove(Via.COMMAND)
    assert await world.ana_sees(minutes=59)


async def test_a_form_that_was_open_for_long_proves_nothing(world: World) -> None:
    world.chat.present = None
    world.prove(Via.FORM)
    world.prove(Via.BUTTON)  # in the form: it is on no post
    assert not await world.ana_sees()
    world.prove(Via.BUTTON, post="17")
    assert await world.ana_sees()


async def test_a_command_from_before_somebody_left_proves_nothing(world: World) -> None:
    world.chat.present = None
    world.memberships.forget("console", "inc-42", "U1")
    world.prove(Via.COMMAND)
    assert not await world.ana_sees()


async def test_people_of_one_chat_see_no_places_of_another(world: World) -> None:
    assert not await world.memberships.can_see(ANA, INC.model_copy(update={"surface": "slack"}))


async def test_that_nobody_knows_is_not_taken_for_a_no(world: World) -> None:
    world.chat.present = None
    assert not await world.ana_sees()
    assert not world.memberships.knows(ANA, INC)
    world.chat.present = set()
    assert not await world.ana_sees()
    assert world.memberships.knows(ANA, INC)
