"""Gil the guest and Zoe of another company, beside a run of a room that they are in and two of one that they are
not in, under one value of ``[access] guests``."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.adapters.cutover import harness as cutover
from tests.adapters.cutover.fake import CutoverFake
from tests.e2e.chats import BotMessage, Chat, Room
from tests.e2e.conftest import Environment, Scene
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import FakePlatform, LocalPlatform
from tests.e2e.process import Liaison
from tests.e2e.slack_chat import SlackChat

GUESTS = ("gil", "zoe")
SOON = {"assignments_within": "1s", "activity_within": "0s"}
INSTRUCTION, COMMENT = "Ask from two zones", "the pump leaks"
"""Of the first task of the run that they may see, which its card does not show."""
SECRET = """# Zephyr merger

- [ ] Wire the Aurora funds

  The vault opens with 4711.
- [ ] Call the Borealis board
"""
SECRET_WORDS = ("zephyr", "aurora", "borealis", "4711", "4712")


def leaks(shown: str) -> list[str]:
    return [word for word in SECRET_WORDS if word in shown.casefold()]


@dataclass
class GuestScene:
    """Everybody is in ``room``, which has the run ``own``. Guests are not in ``hidden``, which has the runs
    ``secret``, in which they have tasks, and ``remote`` on Cutover."""

    scene: Scene
    guests: str
    hidden: Room
    own: str
    secret: str
    remote: str

    @property
    def room(self) -> Room:
        return self.scene.room

    @property
    def chat(self) -> Chat:
        return self.scene.environment.chat

    def id_of(self, run: str) -> str:
        return self.scene.cutover_run(run).id

    def link_to(self, run: str) -> str:
        return f"{self.scene.cutover.url}/#/app/1/runbooks/{self.id_of(run)}/current_version/tasks/list"

    async def answer(self, line: str, user: str, room: Room | None = None) -> str:
        return (await (room or self.room).private_answer(line, user=user)).text

    async def card(self) -> BotMessage:
        """The live card of ``own``."""
        return await self.room.wait_for_button("Begin T1")

    def open_forms(self, user: str) -> Sequence[Any]:
        chat = self.chat
        if isinstance(chat, SlackChat):
            return [modal for modal in chat.fake.modals.values() if modal.user == chat.users[user]]
        assert isinstance(chat, MattermostChat)
        return [dialog for dialog in chat.fake.dialogs if dialog.user is chat.users[user]]


@asynccontextmanager
async def guest_scene(chat: Chat, folder: Path, access: Mapping[str, Any]) -> AsyncIterator[GuestScene]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(chat)
        fake = await stack.enter_async_context(CutoverFake())
        fake.world.template("Zephyr merger")
        local, remote = LocalPlatform(folder / "runbooks"), FakePlatform(fake, cutover.DONE_AS, "comment")
        (folder / "runbooks" / "zephyr.md").write_text(SECRET)
        platforms = {"platforms.local": local.settings(), "platforms.cutover": remote.settings()}
        liaison = Liaison(folder, {"bot": SOON, **chat.settings(), "access": access, **platforms})
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        environment = Environment(chat, {"local": local, "cutover": remote}, liaison)
        scene = Scene(environment, chat.create_room())
        own = await scene.start_run(on="local")
        assert COMMENT in (await scene.room.private_answer(f"comment {own}.T1 {COMMENT}")).text
        hidden = chat.create_room(private=True, without=[*GUESTS, "eve"])
        secret = await _start_secret(hidden, "local")
        for number, user in enumerate(GUESTS, 1):
            assert "assigned" in (await hidden.private_answer(f"assign {secret}.T{number} @{user}")).text
        note = "the other vault opens with 4712"
        assert note in (await hidden.private_answer(f"comment {secret}.T1 {note}")).text
        remote_run = await _start_secret(hidden, "cutover")
        yield GuestScene(scene, str(access.get("guests", "card")), hidden, own, secret, remote_run)


async def _start_secret(room: Room, on: str) -> str:
    answer = await room.private_answer(f'start "Zephyr merger" --on {on}')
    assert "started" in answer.text, answer.text
    return answer.text.split()[0]
