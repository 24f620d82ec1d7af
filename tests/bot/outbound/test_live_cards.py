"""There is one live card of a run in a place, even if it is edited and moved at the same time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import Run, RunKey, RunState
from adapters.toolkit.messages import ENGLISH
from bot.outbound.drawings import Drawings
from bot.outbound.live_cards import LiveCards
from bot.outbound.outbox import Outbox
from bot.storage.live_cards import LiveCardRows
from bot.storage.outbox import Delivery, Kind, OutboxRows
from bot.storage.store import Store
from bot.surfaces.console.surface import Console, room
from bot.surfaces.errors import NotEditable, NotInChannel, PostGone, SurfaceError
from bot.surfaces.protocol import PostRef
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun
from tests.e2e.process import until


class Chat(Console):
    """Remembers the text of each post. Edits wait for ``may_edit``; without ``is_member`` posts are refused.

    ``edits_fail`` is raised by edits, and by pointers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, str] = {}  # post id -> text
        self.may_edit = asyncio.Event()
        self.editing = asyncio.Event()
        self.is_member = True
        self.edits_fail: SurfaceError | None = None

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        if not self.is_member:
            raise NotInChannel("#ops", "/invite @liaison")
        self.posts[nonce] = card.summary
        return await super().post(place, card, nonce=nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        self.editing.set()
        await self.may_edit.wait()
        self._require(ref)
        self.posts[ref.id] = card.summary

    def _require(self, ref: PostRef) -> None:
        if self.edits_fail is not None:
            raise self.edits_fail
        if ref.id not in self.posts:
            raise PostGone("deleted")

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        self._require(ref)
        self.posts[ref.id] = f"moved to {to.id}"


@dataclass
class Runs:
    """One run, whose newest state is the last one."""

    states: list[TrackedRun]

    def get(self, handle: str) -> TrackedRun:
        return self.states[-1]

    async def read(self, handle: str) -> TrackedRun:
        return self.states[-1]

    def version(self, handle: str) -> int:
        return len(self.states)

    async def bind(self, handle: str, place: Place) -> None: ...


@dataclass
class Scene:
    chat: Chat
    live_cards: LiveCards
    texts: list[str]  # of the run's card, newest last
    runs: list[TrackedRun]
    drawn: list[str]

    def card(self) -> str:
        """The post of the card."""
        [card] = self.live_cards.cards_of("R1")
        return card.post

    def change(self, text: str) -> None:
        """A changed run is another object."""
        self.texts.append(text)
        self.runs.append(self.runs[-1].model_copy())
        self.live_cards.mark_changed("R1")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    run = Run(key=RunKey(platform="local", id="1"), title="R1 Failover", state=RunState.ACTIVE)
    runs, chat = [TrackedRun(handle="R1", run=run)], Chat()
    texts, drawn = ["started"], list[str]()

    def draw(_: TrackedRun, delayed: int, at: datetime) -> Card:
        drawn.append(texts[-1])
        return Card(title=("R1",), summary=texts[-1])

    def now() -> datetime:
        return datetime.now(UTC)

    drawings = Drawings(draw, lambda _: 0, now, ENGLISH)
    live_cards = LiveCards(LiveCardRows(store), {"console": chat}, Runs(runs), drawings, now)

    async def post(delivery: Delivery, _: bool) -> None:
        assert delivery.card is not None
        await chat.post(delivery.place, delivery.card, nonce=delivery.nonce)

    senders = {Kind.CARD: live_cards.send, Kind.POINTER: live_cards.send_pointer, Kind.POST: post}
    outbox = live_cards.outbox = Outbox(OutboxRows(store), senders, lambda *_: (), now)
    outbox.start()
    yield Scene(chat, live_cards, texts, runs, drawn)
    chat.may_edit.set()
    await outbox.stop(0.0)
    await store.close()


async def test_a_card_that_moves_during_an_edit_stays_one_card(scene: Scene) -> None:
    chat, live_cards = scene.chat, scene.live_cards
    await live_cards.ensure_posted("R1", room())
    first = scene.card()
    scene.change("T1 done")
    await asyncio.wait_for(chat.editing.wait(), 10)
    moving = asyncio.create_task(live_cards.move("R1", room()))
    scene.change("T2 done")
    await asyncio.wait({moving}, timeout=0.5)  # it has to wait for the edit; otherwise it would be done by then
    chat.may_edit.set()
    await asyncio.wait_for(moving, 10)
    second = scene.card()
    await until(lambda: chat.posts == {first: f"moved to {second}", second: "T2 done"})


async def test_a_card_that_cannot_move_stays_the_live_card(scene: Scene) -> None:
    chat, live_cards = scene.chat, scene.live_cards
    await live_cards.ensure_posted("R1", room())
    first = scene.card()
    chat.is_member = False
    with pytest.raises(CannotPost):
        await live_cards.move("R1", room())
    chat.may_edit.set()
    scene.change("T1 done")
    await until(lambda: chat.posts == {first: "T1 done"})
    assert scene.card() == first


async def test_a_card_that_others_delete_is_put_back_once(scene: Scene) -> None:
    chat = scene.chat
    chat.may_edit.set()
    await scene.live_cards.ensure_posted("R1", room())
    chat.posts.clear()
    scene.change("T1 done")
    await until(lambda: list(chat.posts.values()) == ["T1 done"])
    chat.posts.clear()
    scene.change("T2 done")
    await until(lambda: chat.posts and scene.live_cards.cards_of("R1"))
    [text] = chat.posts.values()
    assert "deleted here twice" in text
    notice = scene.card()
    assert [place.thread for place in scene.live_cards.threads_of("R1")] == [notice], "where its lines go now"
    scene.change("T3 done")
    await scene.live_cards.move("R1", room())
    assert chat.posts[scene.card()] == "T3 done", "a person asked for it"
    await until(lambda: chat.posts[notice] == f"moved to {scene.card()}")


async def test_the_notice_that_a_card_was_deleted_is_posted_once(scene: Scene) -> None:
    chat = scene.chat
    chat.may_edit.set()
    await scene.live_cards.ensure_posted("R1", room())
    for change in ("T1 done", "T2 done"):
        chat.posts.clear()
        scene.change(change)
        await until(lambda: chat.posts and scene.live_cards.cards_of("R1"))
    notice = scene.card()
    chat.posts.clear()
    assert scene.live_cards.look_for_deleted("R1", notice)
    await until(lambda: not scene.live_cards.cards_of("R1"))
    scene.change("T3 done")
    await asyncio.sleep(0.2)
    assert not chat.posts


async def test_a_card_that_cannot_be_edited_is_replaced_and_becomes_a_pointer_when_it_can(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.outbound.outbox.PROBE_SECONDS", 0.05)
    await scene.live_cards.outbox.stop(0.0)
    scene.live_cards.outbox.start()
    chat = scene.chat
    chat.may_edit.set()
    await scene.live_cards.ensure_posted("R1", room())
    first = scene.card()
    chat.edits_fail = NotEditable("edit_window_closed")
    scene.change("T1 done")
    await until(lambda: scene.card() not in ("", first))
    second = scene.card()
    assert chat.posts == {first: "started", second: "T1 done"}
    chat.edits_fail = None
    await until(lambda: chat.posts[first] == f"moved to {second}")


async def test_one_change_is_drawn_once(scene: Scene) -> None:
    """However often it is said."""
    scene.chat.may_edit.set()
    await scene.live_cards.ensure_posted("R1", room())
    scene.change("T1 done")
    await until(lambda: scene.chat.posts == {scene.card(): "T1 done"})
    scene.live_cards.mark_changed("R1")
    await scene.live_cards.outbox.over([f"card R1 {room().key}"])
    assert scene.drawn == ["started", "T1 done"]
