"""A line counts as shown only once the chat has it: an edit that fails, or a kill, does not leave an old one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.outbound.activity_log import MAX_LINES_PER_POST, ActivityLog
from bot.outbound.line_batches import MOST_AT_ONCE
from bot.outbound.live_cards import LiveCards
from bot.outbound.outbox import Outbox
from bot.storage.activity import ActivityRows
from bot.storage.live_cards import LiveCard
from bot.storage.outbox import Kind, OutboxRows
from bot.storage.store import Commit, Store
from bot.surfaces.console.surface import Console, room
from bot.surfaces.errors import ChatUnreachable, SurfaceError
from bot.surfaces.protocol import PostRef
from commands.model.card import ActivityLine, Button, Text
from commands.model.messages import Place
from commands.text.catalogue import plain_text
from tests.e2e.process import until

CHECKING = ActivityLine(run="R1", slot="K1:finish:1", text=("T1 sent, no answer. Checking…",))
SETTLED = ActivityLine(run="R1", slot="K1:finish:1", text=("Ana finished T1",))
OTHER = ActivityLine(run="R1", slot="K2:begin:2", text=("Ana began T2",))


class Chat(Console):
    """``posts``: nonce -> lines. ``fails``: raised by the next requests; ``after``: although they are done."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, list[str]] = {}
        self.fails: list[SurfaceError] = []
        self.after = False

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        self._put(nonce, lines)
        return PostRef(place=place, id=nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        self._put(ref.id, lines)

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return PostRef(place=place, id=nonce) if nonce in self.posts else None

    def _put(self, nonce: str, lines: Sequence[Text]) -> None:
        error = self.fails.pop(0) if self.fails else None
        if error is None or self.after:
            self.posts[nonce] = [plain_text(line) for line in lines]
        if error is not None:
            raise error


class OneCard:
    async def load(self, run: str) -> None: ...

    def cards_of(self, run: str) -> Sequence[LiveCard]:
        return [LiveCard(nonce="card", run=run, place=room(), post="card")]

    def threads_of(self, run: str) -> Sequence[Place]:
        return [room().model_copy(update={"thread": "card"})]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.outbound.outbox.FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("bot.outbound.outbox.LONGEST_RETRY_SECONDS", 0.02)


def done(number: int, run: str = "R1") -> ActivityLine:
    return ActivityLine(run, f"{run}:{number}", (f"Ana finished T{number}",), can_wait=True)


def _now() -> datetime:
    return datetime.now(UTC)


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.chat = Chat()
        self.log = self.new_log()

    def new_log(self, within: timedelta = timedelta(0)) -> ActivityLog:
        cards = cast(LiveCards, OneCard())
        chats = {"console": self.chat}
        activity_log = ActivityLog(ActivityRows(self.store), chats, cards, _now, within=within)
        activity_log.outbox = Outbox(OutboxRows(self.store), {Kind.LINES: activity_log.send}, lambda *_: (), _now)
        activity_log.outbox.start()
        return activity_log

    async def post(self, line: ActivityLine) -> None:
        """Returns when it is visible, or was refused."""
        await self.log.outbox.over([await self.log.post(line)])

    async def busy(self, within: float = 60.0) -> None:
        """As many posts were sent at once as may be."""
        await self.log.outbox.stop(0.0)
        self.log = self.new_log(timedelta(seconds=within))
        for number in range(MOST_AT_ONCE):
            await self.post(done(number, run=f"R{number + 2}"))
        self.chat.posts.clear()

    async def restart(self) -> None:
        await self.log.outbox.stop(0.0)
        self.log = self.new_log()
        await self.log.outbox.load()
        await self.log.resume()

    @property
    def lines(self) -> list[str]:
        return [line for post in self.chat.posts.values() for line in post]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    scene = Scene(store)
    yield scene
    await scene.log.outbox.stop(0.0)
    await store.close()


async def test_an_edit_that_fails_is_made_again(scene: Scene) -> None:
    await scene.post(CHECKING)
    scene.chat.fails = [ChatUnreachable("away") for _ in range(3)]
    await scene.post(SETTLED)
    assert scene.lines == ["Ana finished T1"]


async def test_an_edit_that_is_refused_is_made_after_a_restart(scene: Scene) -> None:
    await scene.post(CHECKING)
    scene.chat.fails = [SurfaceError("no")]
    await scene.post(SETTLED)
    assert scene.lines == ["T1 sent, no answer. Checking…"]
    await scene.restart()
    await until(lambda: scene.lines == ["Ana finished T1"])


async def test_a_line_that_was_not_shown_before_a_kill_is_shown_after_it(scene: Scene) -> None:
    await scene.post(CHECKING)
    scene.chat.fails = [ChatUnreachable("away") for _ in range(1000)]
    await scene.log.post(SETTLED)
    await until(lambda: len(scene.chat.fails) < 999)
    await scene.restart()
    scene.chat.fails = []
    await until(lambda: scene.lines == ["Ana finished T1"])


async def test_a_post_whose_answer_was_lost_is_not_posted_twice(scene: Scene) -> None:
    scene.chat.fails, scene.chat.after = [ChatUnreachable("cut")], True
    await scene.post(CHECKING)
    await scene.post(SETTLED)
    assert scene.lines == ["Ana finished T1"]


async def test_lines_that_were_shown_are_not_touched_by_a_restart(scene: Scene) -> None:
    await scene.post(SETTLED)
    await scene.post(OTHER)
    scene.chat.posts = {nonce: [*lines, "edited by nobody"] for nonce, lines in scene.chat.posts.items()}
    before = dict(scene.chat.posts)
    await scene.restart()
    await scene.log.outbox.over([])
    assert scene.chat.posts == before


async def test_a_line_is_posted_at_once_while_few_are(scene: Scene) -> None:
    scene.log._batches._within = 60.0
    await scene.post(done(1))
    assert scene.lines == ["Ana finished T1"]


async def test_many_lines_wait_and_share_a_post(scene: Scene) -> None:
    await scene.busy(within=0.3)
    for number in range(3):
        assert await scene.log.post(done(number)) == ""
    assert scene.lines == []
    await until(lambda: scene.lines == [f"Ana finished T{number}" for number in range(3)])
    assert len(scene.chat.posts) == 1


async def test_what_needs_attention_goes_at_once_with_what_waits(scene: Scene) -> None:
    await scene.busy()
    await scene.log.post(done(1))
    await scene.post(CHECKING)
    assert scene.lines == ["Ana finished T1", "T1 sent, no answer. Checking…"]
    await scene.post(replace(SETTLED, can_wait=True))  # the other line is not true any more
    assert scene.lines == ["Ana finished T1", "Ana finished T1"]


async def test_a_post_that_is_full_waits_for_no_more(scene: Scene) -> None:
    await scene.busy()
    for number in range(MAX_LINES_PER_POST):
        await scene.log.post(done(number))
    await until(lambda: len(scene.lines) == MAX_LINES_PER_POST)


async def test_lines_do_not_wait_for_a_run_that_is_over(scene: Scene) -> None:
    await scene.busy()
    await scene.log.post(done(1))
    scene.log.send_waiting("R1")
    await until(lambda: scene.lines == ["Ana finished T1"])


async def test_lines_that_wait_are_posted_before_a_stop(scene: Scene) -> None:
    await scene.busy()
    await scene.log.post(done(1))
    await scene.log.stop()
    await scene.log.outbox.stop(3.0)
    assert scene.lines == ["Ana finished T1"]


async def test_lines_that_waited_before_a_kill_are_posted_after_it(scene: Scene) -> None:
    await scene.busy()
    await scene.log.post(done(1))
    await scene.restart()
    await until(lambda: scene.lines == ["Ana finished T1"])


async def test_a_new_line_is_stored_in_one_commit_with_what_is_stored_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[list[Commit]] = []

    def note(when: str, kinds: Sequence[Commit]) -> None:
        if when == "after":
            commits.append(list(kinds))

    monkeypatch.setattr(Store, "commit_hook", staticmethod(note))
    await scene.log.post(done(1), is_new=True)
    await scene.store.execute("update inbox set state = state", Commit.DONE)
    assert {Commit.ACTIVITY, Commit.DONE} <= set(commits[0])
    assert [line.slot for line in await scene.log.lines_of_message("R1")] == ["R1:1"]
