"""What stands in the fake Slack: messages, channels, modals."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack_blocks import buttons, shown_words


@dataclass
class Posted:
    """A message as it stands now. ``words`` is what people read; ``edits`` counts ``chat.update``s."""

    channel: str
    ts: str
    text: str
    user: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    metadata: dict[str, Any] | None = None
    to: str = ""  # for ephemerals: the only reader
    route: str = ""  # for ephemerals: "response_url" or "chat.postEphemeral"
    edits: int = 0

    @property
    def words(self) -> str:
        return shown_words(self.blocks) or self.text

    @property
    def labels(self) -> list[str]:
        return [button["text"]["text"] for _, button in buttons(self.blocks)]


@dataclass
class Channel:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    archived: bool = False
    messages: list[Posted] = field(default_factory=list)

    def add(self, post: Posted) -> None:
        """The first reply makes the message it hangs under the root of a thread."""
        self.messages.append(post)
        for root in self.messages:
            if root.ts == post.thread_ts:
                root.thread_ts = root.ts


@dataclass
class Modal:
    id: str
    user: str
    view: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.view["title"]["text"])

    @property
    def words(self) -> str:
        return shown_words(self.view["blocks"])

    @property
    def fields(self) -> list[str]:
        return [block["block_id"] for block in self.view["blocks"] if block["type"] == "input"]


class No(Exception):
    """``{"ok": false, "error": code}``; ``messages`` go into ``response_metadata``."""

    def __init__(self, code: str, *messages: str) -> None:
        self.code = code
        self.messages = messages
        super().__init__(code)
