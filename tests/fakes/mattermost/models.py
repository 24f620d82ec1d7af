"""The objects of a Mattermost site, and their JSON as in 5.37 (see ``recordings/mattermost-5.37.json``)."""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

from tests.fakes.mattermost.blocks import Json, block_controls, block_text

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_clock = [0]


def new_id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(26))


def millis() -> int:
    """The time in milliseconds, never the same twice, because Mattermost orders posts by it."""
    _clock[0] = max(_clock[0] + 1, int(time.time() * 1000))
    return _clock[0]


@dataclass
class User:
    username: str
    id: str = field(default_factory=new_id)
    token: str = field(default_factory=new_id)
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: str = "system_user"
    is_bot: bool = False
    zone: str = "Europe/London"
    locale: str = "en"
    deleted: bool = False
    remote_id: str = ""  # of the other server that a person of a shared channel belongs to

    def json(self) -> Json:
        user: Json = {
            "id": self.id,
            "create_at": 1,
            "update_at": 1,
            "delete_at": 1 if self.deleted else 0,
            "username": self.username,
            "auth_data": "",
            "auth_service": "",
            "email": self.email,
            "nickname": "",
            "first_name": self.first_name,
            "last_name": self.last_name,
            "position": "",
            "roles": self.roles,
            "locale": self.locale,
            "timezone": {
                "automaticTimezone": self.zone,
                "manualTimezone": "",
                "useAutomaticTimezone": "true",
            },
        }
        user |= {"remote_id": self.remote_id} if self.remote_id else {}
        return user | ({"is_bot": True, "bot_description": ""} if self.is_bot else {})


@dataclass
class Channel:
    name: str
    team: str = ""  # a team's id; empty for direct channels
    type: str = "O"
    id: str = field(default_factory=new_id)
    members: set[str] = field(default_factory=set)  # user ids
    last_post_at: int = 0
    archived: bool = False

    def json(self) -> Json:
        return {
            "id": self.id,
            "create_at": 1,
            "update_at": 1,
            "delete_at": 2 if self.archived else 0,
            "team_id": self.team,
            "type": self.type,
            "display_name": self.name.replace("-", " ").title(),
            "name": self.name,
            "header": "",
            "purpose": "",
            "last_post_at": self.last_post_at,
            "total_msg_count": 0,
            "extra_update_at": 0,
            "creator_id": "",
        }


@dataclass
class Post:
    """``props`` as stored, with the integrations of attachments. ``seen_by`` is the only reader of an ephemeral
    post."""

    user: str
    channel: str
    message: str
    props: Json = field(default_factory=dict)
    root: str = ""
    type: str = ""
    pending: str = ""
    id: str = field(default_factory=new_id)
    create_at: int = field(default_factory=millis)
    update_at: int = 0
    edit_at: int = 0
    delete_at: int = 0
    seen_by: str = ""
    edits: int = 0
    files: tuple[str, ...] = ()  # names
    file_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file_ids = [new_id() for _ in self.files]

    @property
    def attachments(self) -> list[Json]:
        found: list[Json] = self.props.get("attachments") or []
        return found

    @property
    def text(self) -> str:
        """Message and attachments, with the fields as the client shows them: the title above the value."""
        parts: list[str | None] = [self.message, *block_text(self.props)]
        for attachment in self.attachments:
            parts += [attachment.get("title"), attachment.get("text")]
            for item in attachment.get("fields") or []:
                parts += [item.get("title"), item.get("value")]
            parts.append(attachment.get("footer"))
        return "\n".join(str(part) for part in parts if part)

    @property
    def labels(self) -> list[str]:
        """Of buttons, and of the options of menus."""
        return [label for action in self.actions() for label in action_labels(action)]

    def actions(self) -> Iterator[Json]:
        for attachment in self.attachments:
            yield from attachment.get("actions") or []
        yield from block_controls(self.props)

    def json(self) -> Json:
        """As clients receive it: without integrations."""
        props = dict(self.props)
        if "attachments" in props:
            props["attachments"] = [_client_attachment(attachment) for attachment in self.attachments]
        if props.get("mm_blocks_actions"):
            props["mm_blocks_actions"] = f"encrypted {self.id}"
        metadata: Json = {"embeds": [{"type": "message_attachment"}]} if self.attachments else {}
        if self.files:
            named = zip(self.file_ids, self.files, strict=True)
            metadata["files"] = [{"id": id, "name": name, "post_id": self.id} for id, name in named]
        return {
            "id": self.id,
            "create_at": self.create_at,
            "update_at": self.update_at or self.create_at,
            "edit_at": self.edit_at,
            "delete_at": self.delete_at,
            "is_pinned": False,
            "user_id": self.user,
            "channel_id": self.channel,
            "root_id": self.root,
            "parent_id": self.root,
            "original_id": "",
            "message": self.message,
            "type": self.type,
            "props": props,
            "hashtags": "",
            "pending_post_id": "",
            "reply_count": 0,
            "last_reply_at": 0,
            "participants": None,
            "metadata": metadata,
        } | ({"file_ids": self.file_ids} if self.files else {})


@dataclass
class Dialog:
    """An open dialog of a person."""

    user: User
    channel: Channel
    team: str
    url: str
    dialog: Json
    open: bool = True
    loaded: list[Json] = field(default_factory=list)  # the options that a select loaded last

    def element(self, name: str) -> Json:
        return next(element for element in self.dialog["elements"] if element["name"] == name)


def is_labelled(shown: str, label: str) -> bool:
    """``label`` is the whole label, or that of an option without the task's title ("Begin T2 · Page the DBA")."""
    return shown == label or shown.startswith(f"{label} · ")


def action_labels(action: Json) -> list[str]:
    if action.get("type") != "select":
        return [str(action["name"])]
    return [str(option["text"]) for option in action.get("options") or []]


def full_attachment(attachment: Json) -> Json:
    """As the server stores it: with every field of ``model.SlackAttachment``."""
    empty: Json = {"id": 0, "fields": None, "ts": None}
    names = (
        "fallback color pretext author_name author_link author_icon title title_link text image_url thumb_url"
        " footer footer_icon"
    )
    full = empty | dict.fromkeys(names.split(), "") | attachment
    if full.get("fields"):
        full["fields"] = [{"title": "", "value": "", "short": False} | item for item in full["fields"]]
    return full


def _client_attachment(attachment: Json) -> Json:
    actions = attachment.get("actions")
    if not actions:
        return attachment
    return attachment | {"actions": [{k: v for k, v in item.items() if k != "integration"} for item in actions]}


def mentioned(texts: list[str], users: list[User]) -> set[str]:
    """Ids of the users who are notified, by the rules of ``app/notification.go``: code is ignored, a word consists
    of letters, digits and ``:.-_@``, trailing punctuation is removed until the word is a name, and each part of a
    word between ``.-:`` counts too."""
    names = {f"@{user.username}": user.id for user in users}
    found: set[str] = set()
    for word in re.findall(r"[\w:.@-]+", "\n".join(_prose(text) for text in texts)):
        if word[0] == ":" and word[-1] == ":":
            continue
        word = word.lstrip(":.-_").lower()
        while word and word not in names and word not in _EVERYBODY and word[-1] in ".-:_":
            word = word[:-1]
        for name in (word, *re.split(r"[.:-]", word)):
            if name in _EVERYBODY:
                found |= {user.id for user in users}
            elif name in names:
                found.add(names[name])
    return found


_EVERYBODY = ("@all", "@channel", "@here")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _prose(markdown: str) -> str:
    """The text without code and URLs."""
    children = [child for token in _MARKDOWN.parse(markdown) for child in (token.children or ())]
    return "".join(child.content if child.type == "text" else "\n" for child in children)
