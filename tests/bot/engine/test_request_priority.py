"""Platforms limit their calls: reads by guests wait behind everything that members do."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.http.rate_limits import RateLimit, RateLimiter
from bot.engine.message_work import read_priority
from commands.dispatch import Route
from commands.model.messages import Actor, Membership, Message, Place, Via

READ, WRITE = Route(intent={}), Route(intent={}, queue="R7")


def message_by(membership: Membership) -> Message:
    actor = Actor(surface="slack", workspace="T1", id="U0GIL", membership=membership)
    place = Place(surface="slack", workspace="T1", channel="C0OPS")
    return Message(key="k", actor=actor, place=place, via=Via.COMMAND, at=datetime(2026, 5, 4, tzinfo=UTC))


async def order_of(first: tuple[Message, Route]) -> list[str]:
    """The order in which ``first`` and a later read by a member get their turn."""
    limiter, order = RateLimiter(RateLimit(concurrency=1)), list[str]()

    async def request(name: str, message: Message, route: Route) -> None:
        with read_priority(message, route):
            async with limiter.slot():
                order.append(name)

    async with limiter.slot():
        requests = [asyncio.create_task(request("first", *first))]
        await asyncio.sleep(0)
        requests.append(asyncio.create_task(request("member", message_by(Membership.MEMBER), READ)))
        await asyncio.sleep(0)
    await asyncio.gather(*requests)
    return order


@pytest.mark.parametrize(
    "membership", [membership for membership in Membership if membership is not Membership.MEMBER]
)
async def test_a_read_by_a_guest_waits_behind_a_read_by_a_member(membership: Membership) -> None:
    assert await order_of((message_by(membership), READ)) == ["member", "first"]


@pytest.mark.parametrize(
    ("membership", "route"), [(Membership.MEMBER, READ), (Membership.MEMBER, WRITE), (Membership.GUEST, WRITE)]
)
async def test_members_and_writes_are_served_in_order(membership: Membership, route: Route) -> None:
    """A guest whose write gets this far is named in [access]."""
    assert await order_of((message_by(membership), route)) == ["first", "member"]
