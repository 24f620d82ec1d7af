"""What is put into the outbox reaches the chat in order, once, and for as long as it is of use."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.outbound import outbox as module
from bot.outbound.outbox import PATIENT_ATTEMPTS, Outbox
from bot.storage.outbox import Delivery, Kind, OutboxRows
from bot.storage.store import Store
from bot.surfaces.console.surface import person
from bot.surfaces.errors import ChatUnreachable, NotInChannel, Refusal, SurfaceError, Throttled, TokenRejected
from commands.model.messages import Place
from tests.e2e.process import until

NOW = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
ANA, BEN = person("ana"), person("ben")
OPS, DEV = (Place(surface="console", channel=name) for name in ("ops", "dev"))


def notice(name: str, to: str = "ana") -> Delivery:
    until = NOW + timedelta(hours=24)
    return Delivery(name, Kind.NOTICE, OPS, NOW, until, person=ANA if to == "ana" else BEN)


def post(name: str, place: Place = OPS) -> Delivery:
    return Delivery(name, Kind.POST, place, NOW, NOW + timedelta(hours=24))


def card(run: str, place: Place = OPS) -> Delivery:
    return Delivery(f"card {run} {place.key}", Kind.CARD, place, NOW, NOW + timedelta(days=7), subject=run)


class Chat:
    """``taken``: what it has shown; ``rejects``: key -> the error that it answers with, for as long as it is
    there."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.tried: list[str] = []
        self.may_exist: list[str] = []
        self.away = False
        self.rejects: dict[str, Exception] = {}
        self.before: Callable[[], None] = lambda: None
        self.slow = asyncio.Event()
        self.slow.set()

    async def send(self, delivery: Delivery, may_exist: bool) -> None:
        self.tried.append(delivery.key)
        await self.slow.wait()
        if may_exist:
            self.may_exist.append(delivery.key)
        self.before()
        if self.away:
            raise ChatUnreachable("503", 0.0)
        if delivery.key in self.rejects:
            raise self.rejects[delivery.key]
        self.taken.append(delivery.key)


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.chat = Chat()
        self.told: list[str] = []
        self.now = NOW
        self.outbox = self._new()

    def _new(self) -> Outbox:
        return Outbox(OutboxRows(self.store), dict.fromkeys(Kind, self.chat.send), self._notices, lambda: self.now)

    def _notices(self, delivery: Delivery, error: SurfaceError) -> Sequence[Delivery]:
        self.told.append(f"{delivery.key}: {error.refusal}")
        return [notice(f"about {delivery.key}")]

    async def restart(self) -> None:
        await self.outbox.stop(0.0)
        self.outbox = self._new()
        await self.outbox.load()
        self.outbox.start()

    def stored(self) -> "asyncio.Task[Sequence[Delivery]]":
        async def read() -> Sequence[Delivery]:
            return await OutboxRows(self.store).unsent()

        return asyncio.create_task(read())


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_SECONDS", 0.005)
    monkeypatch.setattr(module, "LONGEST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.05)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    scene = Scene(store)
    scene.outbox.start()
    yield scene
    await scene.outbox.stop(0.0)
    await store.close()


async def test_answers_come_in_order_after_an_outage_of_any_length(scene: Scene) -> None:
    chat, names = scene.chat, list("abcd")
    chat.away = True
    await scene.outbox.put(*map(notice, names))
    await until(lambda: chat.tried.count("d") > 3)
    chat.away = False
    await scene.outbox.over(names)
    assert sorted(chat.taken) == names
    assert not await scene.stored()


async def test_in_a_short_outage_the_first_answer_is_tried_before_the_others(scene: Scene) -> None:
    chat, names = scene.chat, list("abcd")
    chat.away = True
    await scene.outbox.put(*map(notice, names))
    await until(lambda: len(chat.tried) > 2)
    assert set(chat.tried) == {"a"}
    chat.away = False
    await scene.outbox.over(names)
    assert chat.taken == names


async def test_other_people_and_places_do_not_wait(scene: Scene) -> None:
    scene.chat.rejects = {"a": ChatUnreachable("503", 0.0)}
    await scene.outbox.put(notice("a"), notice("b", to="ben"), post("c"))
    await scene.outbox.over(["b", "c"])
    assert sorted(scene.chat.taken) == ["b", "c"]


async def test_an_answer_that_the_chat_never_takes_does_not_hold_up_the_next_one(scene: Scene) -> None:
    scene.chat.rejects = {"a": ChatUnreachable("503", 0.0)}
    await scene.outbox.put(notice("a"), notice("b"))
    await scene.outbox.over(["b"])
    assert scene.chat.tried.count("a") >= PATIENT_ATTEMPTS


async def test_what_is_too_old_is_given_up(scene: Scene) -> None:
    scene.chat.away = True
    await scene.outbox.put(notice("a"))
    await until(lambda: scene.chat.tried)
    scene.now += timedelta(hours=25)
    await scene.outbox.over(["a"])
    assert not scene.chat.taken
    assert not await scene.stored()


async def test_the_same_key_is_sent_once_also_after_a_restart(scene: Scene) -> None:
    await scene.outbox.put(notice("a"))
    await scene.outbox.put(notice("a"))
    await scene.outbox.over(["a"])
    await scene.restart()
    await scene.outbox.put(notice("a"), notice("b"))
    await scene.outbox.over(["a", "b"])
    assert scene.chat.taken == ["a", "b"]


async def test_what_was_not_sent_is_sent_after_a_restart_and_looked_for_first(scene: Scene) -> None:
    scene.chat.away = True
    await scene.outbox.put(post("a"))
    await until(lambda: scene.chat.tried)
    await scene.restart()
    scene.chat.away = False
    await scene.outbox.over(["a"])
    assert scene.chat.taken == ["a"]
    assert "a" in scene.chat.may_exist


async def test_a_card_that_changes_while_it_waits_is_sent_once(scene: Scene) -> None:
    """And once more if it changes while it is sent."""
    scene.chat.slow.clear()
    for _ in range(5):
        scene.outbox.request(card("R1"))
    await until(lambda: scene.chat.tried)
    for _ in range(5):
        scene.outbox.request(card("R1"))
    scene.chat.slow.set()
    await scene.outbox.over([card("R1").key])
    assert len(scene.chat.taken) == 2
    assert not await scene.stored()


async def test_answers_go_before_cards_and_cards_before_lines(scene: Scene) -> None:
    scene.chat.slow.clear()
    await scene.outbox.put(post("first"))
    await until(lambda: scene.chat.tried)
    lines = Delivery("lines", Kind.LINES, OPS, NOW, NOW + timedelta(days=1))
    await scene.outbox.put(lines, card("R1"), post("answer"))
    scene.chat.slow.set()
    await scene.outbox.over(["lines"])
    assert scene.chat.taken == ["first", "answer", card("R1").key, "lines"]


async def test_nothing_is_tried_before_the_rate_limit_allows_it(scene: Scene) -> None:
    scene.chat.rejects = {"a": Throttled("429", 0.2)}
    await scene.outbox.put(post("a"), post("b"))
    await scene.outbox.over(["b"])
    assert scene.chat.tried.count("a") == 1
    scene.chat.rejects = {}
    await scene.outbox.over(["a"])
    assert not scene.chat.may_exist, "nothing was sent, so nothing has to be looked for"


async def test_a_final_refusal_parks_it_and_its_cause_is_told_once(scene: Scene) -> None:
    scene.chat.rejects = {"a": NotInChannel("#ops", "/invite @liaison")}
    await scene.outbox.put(post("a"))
    await scene.outbox.over(["a"])
    await scene.outbox.over(["about a"])
    await until(lambda: scene.chat.tried.count("a") > 2)
    assert scene.told == ["a: not_in_channel"]
    assert scene.chat.taken == ["about a"]
    [parked] = await scene.stored()
    assert (parked.parked, parked.reason) == (True, Refusal.NOT_IN_CHANNEL)


async def test_what_is_parked_is_sent_when_that_becomes_possible(scene: Scene) -> None:
    refusal = NotInChannel("#ops", "/invite @liaison")
    scene.chat.rejects = dict.fromkeys(("a", "b", card("R1").key), refusal)
    await scene.outbox.put(post("a"), post("b"), card("R1"))
    await until(lambda: len(scene.outbox.parked()) == 3)
    scene.chat.rejects = {}
    await until(lambda: not scene.outbox.parked())
    await scene.outbox.over(["a", "b", card("R1").key])
    assert sorted(key for key in scene.chat.taken if not key.startswith("about")) == ["a", "b", card("R1").key]


async def test_an_event_in_its_place_is_a_reason_to_try_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 60.0)
    await scene.restart()
    scene.chat.rejects = {"a": NotInChannel("#ops", "/invite @liaison")}
    await scene.outbox.put(post("a"), post("b", DEV))
    await until(scene.outbox.parked)
    scene.chat.rejects = {}
    scene.outbox.place_changed(DEV.surface, DEV.channel)
    assert scene.outbox.parked()
    scene.outbox.place_changed(OPS.surface, OPS.channel)
    await until(lambda: "a" in scene.chat.taken)


async def test_only_what_an_operator_must_change_flips_the_readiness(scene: Scene) -> None:
    scene.chat.rejects = {"a": NotInChannel("#ops", "/invite @liaison")}
    await scene.outbox.put(post("a"))
    await until(scene.outbox.parked)
    assert not scene.outbox.needs_operator("console")
    scene.chat.rejects["b"] = TokenRejected("revoked", "token_revoked")
    await scene.outbox.put(post("b"))
    await until(lambda: len(scene.outbox.parked()) == 2)
    assert scene.outbox.needs_operator("console")
    assert not scene.outbox.needs_operator("slack")


async def test_a_bug_parks_only_that_delivery(scene: Scene) -> None:
    scene.chat.rejects = {"a": KeyError("a bug")}
    await scene.outbox.put(post("a"), post("b"))
    await scene.outbox.over(["a", "b"])
    assert "b" in scene.chat.taken
    assert [delivery.reason for delivery in scene.outbox.parked()] == [Refusal.INVALID]


async def test_a_refusal_that_somebody_waits_for_is_raised_and_not_parked(scene: Scene) -> None:
    key = card("R1").key
    scene.chat.rejects = {key: NotInChannel("#ops", "/invite @liaison")}
    with pytest.raises(NotInChannel):
        await scene.outbox.send_now(card("R1"), 10.0)
    assert not scene.outbox.parked()
    assert not scene.told
    scene.chat.rejects = {key: ChatUnreachable("503", 0.0)}
    assert not await scene.outbox.send_now(card("R1"), 0.05), "it is not known yet"
    scene.chat.rejects = {}
    assert await scene.outbox.send_now(card("R1"), 10.0)
    assert not await scene.stored()
