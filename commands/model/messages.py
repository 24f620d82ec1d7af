"""A delivery, its sender and its place. Surfaces build these values, and the store keeps them as JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from adapters.models import Model


def without_lone_surrogates(value: Any) -> Any:
    """Replaces lone surrogates at any depth: JSON can hold them, but databases cannot store them."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {without_lone_surrogates(name): without_lone_surrogates(item) for name, item in value.items()}
    return [without_lone_surrogates(item) for item in value] if isinstance(value, list | tuple) else value


CleanText = Annotated[str, BeforeValidator(without_lone_surrogates)]


class Membership(StrEnum):
    """A person's role in the chat's workspace. ``UNKNOWN`` (not reported by the chat yet) may only read."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"  # from another company, through a shared channel
    BOT = "bot"
    UNKNOWN = "unknown"


class Actor(Model):
    surface: str  # "slack", "mattermost", "console"
    workspace: str = ""
    id: str
    name: CleanText = ""  # display name, unescaped
    handle: CleanText = ""  # without @
    email: str | None = None
    membership: Membership = Field(Membership.UNKNOWN, alias="standing")
    timezone: str | None = None  # IANA name, if the chat reports it
    locale: str | None = Field(None, exclude_if=lambda locale: locale is None)  # of the chat client: "pt-BR"

    @property
    def key(self) -> str:
        """Identifies the account in the store."""
        return f"{self.surface}/{self.workspace}/{self.id}"

    @property
    def display_name(self) -> str:
        return self.name or self.handle or self.id

    def same_as(self, other: "Actor") -> bool:
        """Compares the account only; names and roles may have been read at different times."""
        return (self.surface, self.workspace, self.id) == (other.surface, other.workspace, other.id)


class PersonGroup(Model):
    """A user group of the chat. ``missing``: the scope or permission without which its ``members`` can't be seen;
    without a ``name``, not even whether there is such a group."""

    name: CleanText = ""
    members: tuple[Actor, ...] = ()
    missing: str = ""


class Place(Model):
    """A channel, or a thread in it (``thread`` is the chat's id of the thread's first message)."""

    surface: str
    workspace: str = ""
    channel: str
    thread: str = ""
    direct: bool = False
    channel_name: CleanText = ""
    site: str = ""  # the chat's own URL, for runs that live in that chat
    team: str = Field("", exclude_if=lambda team: not team)
    """Where ``workspace`` is an organisation: the part of it that a delivery came from."""

    @property
    def key(self) -> str:
        """Identifies the channel in the store."""
        return f"{self.surface}/{self.workspace}/{self.channel}"

    @property
    def queue(self) -> str:
        """Identifies the place queue: one per thread, and one for the channel outside its threads."""
        return f"{self.key}/{self.thread}"


class Via(StrEnum):
    COMMAND = "command"
    MENTION = "mention"
    DIRECT = "direct"
    BUTTON = "button"
    FORM = "form"
    SHORTCUT = "shortcut"
    REACTION = "reaction"
    WORKFLOW = "workflow"
    SAY = "say"


class ReplyRoute(Model):
    """How to answer this delivery's sender privately. Only the surface that built it reads it.

    ``waits``: for how many seconds the chat's request waits for the private answer.
    """

    url: str = ""  # response_url
    post: str = ""  # id of the post that was written, or whose button was pressed
    details: dict[str, Any] = {}
    waits: float = Field(0.0, exclude_if=lambda seconds: not seconds)


class SharedFile(Model):
    """A file that was posted with a message. ``link`` is where those who may see it find it, in the chat."""

    name: CleanText = ""
    link: str = ""


class Message(Model):
    """One accepted delivery: either ``text`` or ``intent`` is set, unless it ``is_unread``.

    ``key`` is the delivery key: the same for every retry of the same event, prefixed by surface and workspace.
    ``intent`` is the dump of an intent, from a button or a form. ``in_passing``: the mention did not open the
    message, of which ``text`` is a part. ``edits``: the key of the message as it was before the sender edited it.
    """

    key: str
    actor: Actor
    place: Place
    via: Via
    at: datetime
    text: CleanText = ""
    intent: Annotated[dict[str, Any] | None, BeforeValidator(without_lone_surrogates)] = None
    reply: ReplyRoute = ReplyRoute()
    link: str = ""  # permalink of the message that a shortcut was used on
    in_passing: bool = Field(False, exclude_if=lambda in_passing: not in_passing)
    edits: str = Field("", exclude_if=lambda edits: not edits)
    files: tuple[SharedFile, ...] = Field((), exclude_if=lambda files: not files)

    @property
    def is_unread(self) -> bool:
        """A reaction, which means nothing until the message that it is on has been read."""
        return self.via is Via.REACTION and self.intent is None
