"""Answers to one person in one place reach the chat in order, once, and for as long as they are of use."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta

import pytest

from bot.outbound import delivery_queues
from bot.outbound.delivery_queues import PATIENT_ATTEMPTS, USEFUL_FOR, DeliveryQueues
from bot.surfaces.protocol import ChatUnreachable, RouteClosed, SurfaceError
from tests.e2e.process import until

NOW = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)


class Chat:
    """``taken``: what it has shown; ``rejects``: what it never takes, as if it were down for that only."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.tried: list[str] = []
        self.away = False
        self.rejects = ""

    def send(self, text: str) -> Callable[[], Coroutine[None, None, None]]:
        async def send() -> None:
            self.tried.append(text)
            if self.away or text == self.rejects:
                raise ChatUnreachable("503", 0.0)
            self.taken.append(text)

        return send


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_queues, "FIRST_RETRY_SECONDS", 0.005)
    monkeypatch.setattr(delivery_queues, "LONGEST_RETRY_SECONDS", 0.02)


@pytest.fixture
def chat() -> Chat:
    return Chat()


async def test_answers_come_in_order_after_an_outage_of_any_length(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.away = True
    sent = [asyncio.create_task(queues.send("place ana", name, NOW, chat.send(name))) for name in "abcd"]
    await until(lambda: chat.tried.count("d") > 3)
    chat.away = False
    assert await asyncio.gather(*sent) == [True] * 4
    assert sorted(chat.taken) == list("abcd")
    assert chat.taken[1:] == sorted(chat.taken[1:]), "at most one was tried just as the chat came back"


async def test_in_a_short_outage_the_first_answer_is_tried_before_the_others(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.away = True
    sent = [asyncio.create_task(queues.send("place ana", name, NOW, chat.send(name))) for name in "abcd"]
    await until(lambda: len(chat.tried) > 2)
    assert set(chat.tried) == {"a"}
    chat.away = False
    assert await asyncio.gather(*sent) == [True] * 4
    assert chat.taken == list("abcd")


async def test_other_places_do_not_wait(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.rejects = "a"
    waiting = asyncio.create_task(queues.send("place ana", "a", NOW, chat.send("a")))
    assert await queues.send("place ben", "b", NOW, chat.send("b"))
    waiting.cancel()


async def test_an_answer_that_the_chat_never_takes_does_not_hold_up_the_next_one(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.rejects = "a"
    waiting = asyncio.create_task(queues.send("place ana", "a", NOW, chat.send("a")))
    await until(lambda: chat.tried)
    assert await queues.send("place ana", "b", NOW, chat.send("b"))
    assert chat.tried.count("a") >= PATIENT_ATTEMPTS
    waiting.cancel()


async def test_what_is_refused_or_too_old_is_given_up(chat: Chat) -> None:
    now = NOW
    queues = DeliveryQueues(lambda: now)

    async def refuse() -> None:
        raise SurfaceError("no")

    async def closed() -> None:
        raise RouteClosed("used up")

    async def broken() -> None:
        raise KeyError("a bug")

    for send in (refuse, closed, broken):
        assert not await queues.send("place ana", "a", NOW, send)
    chat.away = True
    late = asyncio.create_task(queues.send("place ana", "b", NOW, chat.send("b")))
    await until(lambda: chat.tried)
    now = NOW + USEFUL_FOR + timedelta(seconds=1)
    assert not await late


async def test_a_cancelled_answer_is_not_sent(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.away = True
    first = asyncio.create_task(queues.send("place ana", "a", NOW, chat.send("a")))
    await until(lambda: chat.tried)
    first.cancel()
    second = asyncio.create_task(queues.send("place ana", "b", NOW, chat.send("b")))
    chat.away = False
    assert await second
    assert chat.taken == ["b"]


async def test_a_notice_is_given_up_soon(chat: Chat) -> None:
    queues = DeliveryQueues(lambda: NOW)
    chat.away = True
    assert not await queues.send_soon("key", chat.send("a"))
    assert len(chat.tried) == PATIENT_ATTEMPTS
    chat.away = False
    assert await queues.send_soon("key", chat.send("b"))
