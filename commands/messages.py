"""What came in, who sent it, and where. Values only; surfaces build them, the store keeps them as JSON."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from adapters.models import Model


class Standing(StrEnum):
    """What somebody is in the chat's workspace. ``UNKNOWN`` may only read, until the chat has told."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"  # another company's, through a shared channel
    BOT = "bot"
    UNKNOWN = "unknown"


class Actor(Model):
    surface: str  # "slack", "mattermost", "console"
    workspace: str = ""
    id: str
    name: str = ""  # as shown to others, unescaped
    handle: str = ""  # without @
    email: str | None = None
    standing: Standing = Standing.UNKNOWN
    timezone: str | None = None  # IANA, where the chat knows it


class Place(Model):
    """A channel, or a thread in it (``thread`` is the chat's id of the thread's first message)."""

    surface: str
    workspace: str = ""
    channel: str
    thread: str = ""
    direct: bool = False
    channel_name: str = ""
    site: str = ""  # the chat's own URL, for runs that live in that chat

    @property
    def key(self) -> str:
        """Names the channel everywhere in the store."""
        return f"{self.surface}/{self.workspace}/{self.channel}"

    @property
    def queue(self) -> str:
        """The place queue: one per thread, one for the channel outside its threads."""
        return f"{self.key}/{self.thread}"


class Via(StrEnum):
    COMMAND = "command"
    MENTION = "mention"
    DIRECT = "direct"
    BUTTON = "button"
    FORM = "form"
    SHORTCUT = "shortcut"
    SAY = "say"


class ReplyRoute(Model):
    """How this delivery's person can be answered privately; only the surface that made it reads it."""

    url: str = ""  # response_url
    post: str = ""  # the message that was written or pressed
    details: dict[str, Any] = {}


class Message(Model):
    """One accepted delivery. Exactly one of ``text`` and ``intent`` says what is wanted.

    ``key`` is the delivery key: the same for every retry of the same event, prefixed by surface and workspace.
    ``intent`` is the dump of a ``commands.intents`` intent, from a button or a form.
    """

    key: str
    actor: Actor
    place: Place
    via: Via
    at: datetime
    text: str = ""
    intent: dict[str, Any] | None = None
    reply: ReplyRoute = ReplyRoute()
    link: str = ""  # a permalink of the message a shortcut was used on
