"""The fake Slack's messages, channels and modals."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack_blocks import buttons, visible_block_text


@dataclass
class Posted:
    """A message in its present state. ``edits`` counts calls of ``chat.update``."""

    channel: str
    ts: str
    text: str
    user: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    metadata: dict[str, Any] | None = None
    to: str = ""  # for an ephemeral message: the only reader
    route: str = ""  # for an ephemeral message: "response_url" or "chat.postEphemeral"
    edits: int = 0
    unfurls: dict[str, str] = field(default_factory=dict)  # what the card below a link shows

    @property
    def visible_text(self) -> str:
        return visible_block_text(self.blocks) or self.text

    @property
    def labels(self) -> list[str]:
        """Of buttons, and of the options of selects."""
        return [button["text"]["text"] for _, button in buttons(self.blocks)]


@dataclass
class Channel:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    archived: bool = False
    private: bool = False
    restricted: bool = False  # only administrators may post
    messages: list[Posted] = field(default_factory=list)

    @property
    def is_direct(self) -> bool:
        return self.id.startswith("D")

    def json(self, bot: str) -> dict[str, Any]:
        """The conversation object (Slack docs, "Conversation object")."""
        if self.is_direct:
            person = next(iter(self.members - {bot}), "")
            return {"id": self.id, "is_im": True, "user": person, "is_archived": False}
        kinds = {"is_channel": not self.private, "is_group": self.private, "is_im": False, "is_mpim": False}
        return {
            "id": self.id,
            "name": self.name,
            **kinds,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_member": bot in self.members,
        }

    def add(self, post: Posted) -> None:
        """The first reply to a message makes that message the root of a thread."""
        self.messages.append(post)
        for root in self.messages:
            if root.ts == post.thread_ts:
                root.thread_ts = root.ts


@dataclass
class Modal:
    id: str
    user: str
    view: dict[str, Any]
    entered: dict[str, dict[str, Any]] = field(default_factory=dict)  # by block id: what the person changed

    def show(self, view: dict[str, Any]) -> None:
        """What was entered stays in the blocks that are still there."""
        self.view = view
        self.entered = {id: entered for id, entered in self.entered.items() if id in self.fields}

    def element(self, field: str) -> dict[str, Any]:
        return next(dict(block["element"]) for block in self.view["blocks"] if block.get("block_id") == field)

    @property
    def title(self) -> str:
        return str(self.view["title"]["text"])

    @property
    def visible_text(self) -> str:
        return visible_block_text(self.view["blocks"])

    @property
    def fields(self) -> list[str]:
        return [block["block_id"] for block in self.view["blocks"] if block["type"] == "input"]


def prefilled(element: dict[str, Any]) -> str:
    """What the element of a form is filled with."""
    chosen: dict[str, Any] = element.get("initial_option") or next(iter(element.get("initial_options", ())), {})
    names = ("initial_value", "initial_user", "initial_conversation")
    return str(chosen.get("value") or next((element[name] for name in names if name in element), ""))


@dataclass
class HomePage:
    """The Home tab of the app, as one person sees it. ``published``: when it was, in seconds."""

    id: str
    user: str
    view: dict[str, Any] = field(default_factory=dict)
    published: list[float] = field(default_factory=list)

    @property
    def visible_text(self) -> str:
        return visible_block_text(self.view.get("blocks", ()))

    @property
    def labels(self) -> list[str]:
        return [button["text"]["text"] for _, button in buttons(self.view.get("blocks", ()))]


class ApiFailure(Exception):
    """``{"ok": false, "error": code}``; ``messages`` go into ``response_metadata``."""

    def __init__(self, code: str, *messages: str) -> None:
        self.code = code
        self.messages = messages
        super().__init__(code)
