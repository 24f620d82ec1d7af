"""There is one live card of a run in a place, even if it is edited and moved at the same time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import Run, RunKey, RunState
from bot.outbound.live_cards import LiveCards
from bot.storage.live_cards import LiveCardRows
from bot.storage.store import Store
from bot.surfaces.console.surface import Console, room
from bot.surfaces.protocol import NotInChannel, PostRef
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun
from tests.e2e.process import until


class Chat(Console):
    """Remembers the text of each post. Edits wait for ``may_edit``; without ``is_member`` posts are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, str] = {}  # post id -> text
        self.may_edit = asyncio.Event()
        self.editing = asyncio.Event()
        self.is_member = True

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        if not self.is_member:
            raise NotInChannel("#ops", "/invite @liaison")
        self.posts[nonce] = card.summary
        return await super().post(place, card, nonce=nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        self.editing.set()
        await self.may_edit.wait()
        self.posts[ref.id] = card.summary

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        self.posts[ref.id] = f"moved to {to.id}"


@dataclass
class Scene:
    chat: Chat
    live_cards: LiveCards
    texts: list[str]  # of the run's card, newest last


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    run = Run(key=RunKey(platform="local", id="1"), title="R1 Failover", state=RunState.ACTIVE)
    tracked, chat = TrackedRun(handle="R1", run=run), Chat()
    texts = ["started"]

    def draw(_: TrackedRun) -> Card:
        return Card(title=("R1",), summary=texts[-1])

    live_cards = LiveCards(
        LiveCardRows(store), {"console": chat}, lambda _: tracked, draw, lambda: datetime.now(UTC)
    )
    yield Scene(chat, live_cards, texts)
    chat.may_edit.set()
    await live_cards.stop()
    await store.close()


async def test_a_card_that_moves_during_an_edit_stays_one_card(scene: Scene) -> None:
    chat, live_cards = scene.chat, scene.live_cards
    first = await live_cards.ensure_posted("R1", room())
    scene.texts.append("T1 done")
    live_cards.mark_changed("R1")
    await asyncio.wait_for(chat.editing.wait(), 10)
    moving = asyncio.create_task(live_cards.move("R1", room()))
    scene.texts.append("T2 done")
    live_cards.mark_changed("R1")
    await asyncio.wait({moving}, timeout=0.5)  # it has to wait for the edit; otherwise it would be done by then
    chat.may_edit.set()
    second = await asyncio.wait_for(moving, 10)
    await until(lambda: chat.posts[second.id] == "T2 done")
    assert chat.posts == {first.id: f"moved to {second.id}", second.id: "T2 done"}
    assert [card.post for card in live_cards.cards_of("R1")] == [second.id]


async def test_a_card_that_cannot_move_stays_the_live_card(scene: Scene) -> None:
    chat, live_cards = scene.chat, scene.live_cards
    first = await live_cards.ensure_posted("R1", room())
    chat.is_member = False
    with pytest.raises(CannotPost):
        await live_cards.move("R1", room())
    chat.may_edit.set()
    scene.texts.append("T1 done")
    live_cards.mark_changed("R1")
    await until(lambda: chat.posts[first.id] == "T1 done")
    assert [card.post for card in live_cards.cards_of("R1")] == [first.id]
