"""A platform's calls are few: who may only look waits behind who may do."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.http.rate_limits import RateLimit, RateLimiter
from bot.engine.message_work import read_priority
from commands.dispatch import Route
from commands.model.messages import Actor, Membership, Message, Place, Via

READ, WRITE = Route(intent={}), Route(intent={}, queue="R7")


def by(standing: Membership) -> Message:
    actor = Actor(surface="slack", workspace="T1", id="U0GIL", membership=standing)
    place = Place(surface="slack", workspace="T1", channel="C0OPS")
    return Message(key="k", actor=actor, place=place, via=Via.COMMAND, at=datetime(2026, 5, 4, tzinfo=UTC))


async def order_of(first: tuple[Message, Route]) -> list[str]:
    """Who goes first, of ``first`` and a member who comes after and reads."""
    turns, went = RateLimiter(RateLimit(concurrency=1)), list[str]()

    async def ask(name: str, message: Message, ticket: Route) -> None:
        with read_priority(message, ticket):
            async with turns.slot():
                went.append(name)

    async with turns.slot():
        asking = [asyncio.create_task(ask("first", *first))]
        await asyncio.sleep(0)
        asking.append(asyncio.create_task(ask("member", by(Membership.MEMBER), READ)))
        await asyncio.sleep(0)
    await asyncio.gather(*asking)
    return went


@pytest.mark.parametrize("standing", [one for one in Membership if one is not Membership.MEMBER])
async def test_a_guests_question_waits_behind_a_members(standing: Membership) -> None:
    assert await order_of((by(standing), READ)) == ["member", "first"]


@pytest.mark.parametrize(
    ("standing", "ticket"), [(Membership.MEMBER, READ), (Membership.MEMBER, WRITE), (Membership.GUEST, WRITE)]
)
async def test_who_may_do_something_goes_in_turn(standing: Membership, ticket: Route) -> None:
    """A guest whose write came so far is one whom [access] names."""
    assert await order_of((by(standing), ticket)) == ["first", "member"]
