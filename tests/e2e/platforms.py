"""Every platform, served by its fake. Each has the runbook "Database failover" with the contract suite's four
tasks."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol, TypeVar

from adapters.testing.fake_server import Fake
from adapters.writes import Op
from tests.adapters.cutover import harness as cutover
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.local.harness import FAILOVER
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.mounted import Mounted, mount
from tests.adapters.runrunit import harness as runrunit
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.tines import harness as tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.xurrent.fake import XurrentFake
from tests.e2e.chats import Chat
from tests.e2e.mattermost_chat import MattermostChat

FakeT = TypeVar("FakeT", bound=Fake)


class Platform(Protocol):
    """``effects``: the target of each execution of an operation, whatever request caused it."""

    def settings(self) -> Mapping[str, Any]: ...

    def effects(self, op: Op) -> Sequence[str]: ...


class FakePlatform:
    """Reads the effects that the fake recorded. ``names``: the fake's operation names; ``other``: for the rest."""

    def __init__(self, fake: Any, names: Mapping[Op, str], other: str) -> None:
        self.fake = fake
        self._names = names
        self._other = other

    def settings(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.fake.settings()
        return table

    def effects(self, op: Op) -> Sequence[str]:
        name = self._names.get(op, self._other)
        return [str(entry[1]) for entry in self._effects() if entry[0] == name]

    def _effects(self) -> Sequence[tuple[Any, ...]]:
        effects: Sequence[tuple[Any, ...]] = self.fake.world.effects
        return effects


class XurrentPlatform(FakePlatform):
    """``tokens``: personal tokens by the person's chat id."""

    def __init__(self, fake: Any, names: Mapping[Op, str], other: str, tokens: Mapping[str, str]) -> None:
        super().__init__(fake, names, other)
        self._tokens = tokens

    def _effects(self) -> Sequence[tuple[Any, ...]]:
        effects: Sequence[tuple[Any, ...]] = self.fake.account.effects
        return effects

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "tokens": dict(self._tokens)}


class SeparatePlaybooks:
    """Playbooks on a Mattermost server other than the chat."""

    def __init__(self, fake: PlaybooksFake) -> None:
        self.fake = fake

    def settings(self) -> Mapping[str, Any]:
        return self.fake.settings()

    def effects(self, op: Op) -> Sequence[str]:
        return [op.value] * self.fake.effects["take" if op is Op.BEGIN else op.value]


class ChatPlaybooks:
    """Playbooks on the same Mattermost server as the chat."""

    def __init__(self, mounted: Mounted) -> None:
        self.mounted, self.mm, self.world = mounted, mounted.mm, mounted.world

    def settings(self) -> Mapping[str, Any]:
        return self.mounted.settings()

    def effects(self, op: Op) -> Sequence[str]:
        posted = [op.value for post in self.mm.posts.values() if post.props.get("liaison") == op.value]
        return posted + [op.value] * self.world.effects["take" if op is Op.BEGIN else op.value]


class LocalPlatform:
    """Has no server that counts effects: tests read the run's card."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "failover.md").write_text(FAILOVER)
        self._folder = folder

    def settings(self) -> Mapping[str, Any]:
        return {"kind": "local", "path": str(self._folder)}

    def effects(self, op: Op) -> Sequence[str]:
        raise NotImplementedError("the local platform counts no effects: read the card")


async def serve_platforms(stack: AsyncExitStack, chat: Chat, folder: Path) -> dict[str, Platform]:
    """Platform name -> platform. The fakes run as long as ``stack`` is open."""

    async def serve(fake: FakeT) -> FakeT:
        await stack.enter_async_context(fake)
        return fake

    same_names = {op: op.value for op in Op}
    xurrent = await serve(XurrentFake())
    xurrent.personal_tokens = {"anas-token": 58}
    if isinstance(chat, MattermostChat):
        playbooks: Platform = ChatPlaybooks(mount(chat.fake))
    else:
        playbooks = SeparatePlaybooks(await serve(PlaybooksFake()))
    return {
        "cutover": FakePlatform(await serve(CutoverFake()), cutover.DONE_AS, "comment"),
        "playbooks": playbooks,
        "tines": FakePlatform(await serve(TinesFake()), tines.EFFECTS, "comment"),
        "xurrent": XurrentPlatform(
            xurrent, same_names | {Op.STATUS: "comment"}, "comment", {chat.user_id("ana"): "anas-token"}
        ),
        "runrunit": FakePlatform(await serve(RunrunitFake()), runrunit.DONE_AS, "comment"),
        "local": LocalPlatform(folder / "runbooks"),
    }
