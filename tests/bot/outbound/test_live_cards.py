"""The live card of a run in one place: there is one, whatever happens to it at the same time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import Run, RunKey, RunState
from bot.outbound.live_cards import LiveCards
from bot.storage.posts import PostRows
from bot.storage.store import Store
from bot.surfaces.console.surface import Console, room
from bot.surfaces.protocol import NotInChannel, PostRef
from commands.model.card import Card
from commands.model.messages import Place
from commands.model.ports import CannotPost
from commands.model.tracked_run import TrackedRun
from tests.e2e.process import until


class Chat(Console):
    """Remembers what stands where; ``let`` holds up every edit, ``member`` False refuses every post."""

    def __init__(self) -> None:
        super().__init__()
        self.stands: dict[str, str] = {}  # post id -> its words
        self.let = asyncio.Event()
        self.reached = asyncio.Event()
        self.member = True

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        if not self.member:
            raise NotInChannel("#ops", "/invite @liaison")
        self.stands[nonce] = card.summary
        return await super().post(place, card, nonce=nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        self.reached.set()
        await self.let.wait()
        self.stands[ref.id] = card.summary

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        self.stands[ref.id] = f"moved to {to.id}"


@dataclass
class Scene:
    chat: Chat
    board: LiveCards
    state: list[str]  # what the run's card says, newest last


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    run = Run(key=RunKey(platform="local", id="1"), title="R1 Failover", state=RunState.ACTIVE)
    known, chat = TrackedRun(handle="R1", run=run), Chat()
    state = ["as started"]

    def draw(_: TrackedRun) -> Card:
        return Card(title=("R1",), summary=state[-1])

    board = LiveCards(PostRows(store), {"console": chat}, lambda _: known, draw, lambda: datetime.now(UTC))
    yield Scene(chat, board, state)
    chat.let.set()
    await board.stop()
    await store.close()


async def test_a_card_that_moves_while_it_is_edited_is_one_card(scene: Scene) -> None:
    chat, board = scene.chat, scene.board
    first = await board.open("R1", room())
    scene.state.append("T1 done")
    board.changed("R1")
    await asyncio.wait_for(chat.reached.wait(), 10)
    moving = asyncio.create_task(board.move("R1", room()))
    scene.state.append("T2 done")
    board.changed("R1")
    await asyncio.wait({moving}, timeout=0.5)  # it has to wait for the edit; one that does not is through by then
    chat.let.set()
    second = await asyncio.wait_for(moving, 10)
    await until(lambda: chat.stands[second.id] == "T2 done")
    assert chat.stands == {first.id: f"moved to {second.id}", second.id: "T2 done"}
    assert [card.post for card in board.of("R1")] == [second.id]


async def test_a_card_that_cannot_move_stays_the_live_one(scene: Scene) -> None:
    chat, board = scene.chat, scene.board
    first = await board.open("R1", room())
    chat.member = False
    with pytest.raises(CannotPost):
        await board.move("R1", room())
    chat.let.set()
    scene.state.append("T1 done")
    board.changed("R1")
    await until(lambda: chat.stands[first.id] == "T1 done")
    assert [card.post for card in board.of("R1")] == [first.id]
