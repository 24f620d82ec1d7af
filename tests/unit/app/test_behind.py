"""A platform's calls are few: who may only look waits behind who may do."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.limits import Pace, Turns
from bot.work import behind
from commands.dispatch import Ticket
from commands.messages import Actor, Message, Place, Standing, Via

READ, WRITE = Ticket(intent={}), Ticket(intent={}, queue="R7")


def by(standing: Standing) -> Message:
    actor = Actor(surface="slack", workspace="T1", id="U0GIL", standing=standing)
    place = Place(surface="slack", workspace="T1", channel="C0OPS")
    return Message(key="k", actor=actor, place=place, via=Via.COMMAND, at=datetime(2026, 5, 4, tzinfo=UTC))


async def order_of(first: tuple[Message, Ticket]) -> list[str]:
    """Who goes first, of ``first`` and a member who comes after and reads."""
    turns, went = Turns(Pace(at_once=1)), list[str]()

    async def ask(name: str, message: Message, ticket: Ticket) -> None:
        with behind(message, ticket):
            async with turns.turn():
                went.append(name)

    async with turns.turn():
        asking = [asyncio.create_task(ask("first", *first))]
        await asyncio.sleep(0)
        asking.append(asyncio.create_task(ask("member", by(Standing.MEMBER), READ)))
        await asyncio.sleep(0)
    await asyncio.gather(*asking)
    return went


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.MEMBER])
async def test_a_guests_question_waits_behind_a_members(standing: Standing) -> None:
    assert await order_of((by(standing), READ)) == ["member", "first"]


@pytest.mark.parametrize(
    ("standing", "ticket"), [(Standing.MEMBER, READ), (Standing.MEMBER, WRITE), (Standing.GUEST, WRITE)]
)
async def test_who_may_do_something_goes_in_turn(standing: Standing, ticket: Ticket) -> None:
    """A guest whose write came so far is one whom [access] names."""
    assert await order_of((by(standing), ticket)) == ["first", "member"]
