"""What came in, who sent it, and where. Values only; surfaces build them, the store keeps them as JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from adapters.models import Model


def without_lone_surrogates(said: Any) -> Any:
    """Without halves of surrogate pairs, however deep: JSON can hold them, and no store can keep them."""
    if isinstance(said, str):
        return said.encode("utf-8", "replace").decode()
    if isinstance(said, Mapping):
        return {without_lone_surrogates(name): without_lone_surrogates(value) for name, value in said.items()}
    return [without_lone_surrogates(part) for part in said] if isinstance(said, list | tuple) else said


CleanText = Annotated[str, BeforeValidator(without_lone_surrogates)]


class Membership(StrEnum):
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
    name: CleanText = ""  # as shown to others, unescaped
    handle: CleanText = ""  # without @
    email: str | None = None
    membership: Membership = Field(Membership.UNKNOWN, alias="standing")
    timezone: str | None = None  # IANA, where the chat knows it
    locale: str | None = Field(None, exclude_if=lambda locale: locale is None)  # of the chat client: "pt-BR"

    @property
    def shown(self) -> str:
        return self.name or self.handle or self.id

    def same_as(self, other: "Actor") -> bool:
        """The same account, whatever is known of it by now."""
        return (self.surface, self.workspace, self.id) == (other.surface, other.workspace, other.id)


class Place(Model):
    """A channel, or a thread in it (``thread`` is the chat's id of the thread's first message)."""

    surface: str
    workspace: str = ""
    channel: str
    thread: str = ""
    direct: bool = False
    channel_name: CleanText = ""
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
    text: CleanText = ""
    intent: Annotated[dict[str, Any] | None, BeforeValidator(without_lone_surrogates)] = None
    reply: ReplyRoute = ReplyRoute()
    link: str = ""  # a permalink of the message a shortcut was used on
