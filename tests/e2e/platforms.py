"""Every platform behind its fake, as the tests of the real process count on it.

Each holds the runbook "Database failover" with the four tasks of the contract suite.
"""

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
    """``log``: what an operation was done to, each time that it really was, by whatever request."""

    def settings(self) -> Mapping[str, Any]: ...

    def log(self, op: Op) -> Sequence[str]: ...


class Counted:
    """A platform whose fake lists what was done. ``names``: its word for an operation; ``other``: for the rest."""

    def __init__(self, fake: Any, names: Mapping[Op, str], other: str) -> None:
        self.fake = fake
        self._names = names
        self._other = other

    def settings(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.fake.settings()
        return table

    def log(self, op: Op) -> Sequence[str]:
        what = self._names.get(op, self._other)
        return [str(entry[1]) for entry in self._effects() if entry[0] == what]

    def _effects(self) -> Sequence[tuple[Any, ...]]:
        effects: Sequence[tuple[Any, ...]] = self.fake.world.effects
        return effects


class WithOwnTokens(Counted):
    """``tokens``: people's own, by chat id."""

    def __init__(self, fake: Any, names: Mapping[Op, str], other: str, tokens: Mapping[str, str]) -> None:
        super().__init__(fake, names, other)
        self._tokens = tokens

    def _effects(self) -> Sequence[tuple[Any, ...]]:
        effects: Sequence[tuple[Any, ...]] = self.fake.account.effects
        return effects

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "tokens": dict(self._tokens)}


class PlaybooksElsewhere:
    """A Mattermost with Playbooks that is not the chat."""

    def __init__(self, fake: PlaybooksFake) -> None:
        self.fake = fake

    def settings(self) -> Mapping[str, Any]:
        return self.fake.settings()

    def log(self, op: Op) -> Sequence[str]:
        return [op.value] * self.fake.effects["take" if op is Op.BEGIN else op.value]


class PlaybooksHere:
    """Playbooks on the very Mattermost where people chat."""

    def __init__(self, mounted: Mounted) -> None:
        self.mounted, self.mm, self.world = mounted, mounted.mm, mounted.world

    def settings(self) -> Mapping[str, Any]:
        return self.mounted.settings()

    def log(self, op: Op) -> Sequence[str]:
        said = [op.value for post in self.mm.posts.values() if post.props.get("liaison") == op.value]
        return said + [op.value] * self.world.effects["take" if op is Op.BEGIN else op.value]


class Local:
    """No network; what was done stands on its cards alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "failover.md").write_text(FAILOVER)
        self._folder = folder

    def settings(self) -> Mapping[str, Any]:
        return {"kind": "local", "path": str(self._folder)}

    def log(self, op: Op) -> Sequence[str]:
        raise NotImplementedError("look at the card")


async def serve_all(stack: AsyncExitStack, chat: Chat, folder: Path) -> dict[str, Platform]:
    """Each platform by its NAME, its fake served for as long as ``stack`` is open."""

    async def served(fake: FakeT) -> FakeT:
        await stack.enter_async_context(fake)
        return fake

    same = {op: op.value for op in Op}
    xurrent = await served(XurrentFake())
    xurrent.personal_tokens = {"anas-own": 58}
    if isinstance(chat, MattermostChat):
        playbooks: Platform = PlaybooksHere(mount(chat.fake))
    else:
        playbooks = PlaybooksElsewhere(await served(PlaybooksFake()))
    return {
        "cutover": Counted(await served(CutoverFake()), cutover.DONE_AS, "comment"),
        "playbooks": playbooks,
        "tines": Counted(await served(TinesFake()), tines.EFFECTS, "comment"),
        "xurrent": WithOwnTokens(
            xurrent, same | {Op.STATUS: "comment"}, "comment", {chat.id_of("ana"): "anas-own"}
        ),
        "runrunit": Counted(await served(RunrunitFake()), runrunit.DONE_AS, "comment"),
        "local": Local(folder / "runbooks"),
    }
