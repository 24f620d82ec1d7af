"""What chats refuse, and what can go wrong on the way to them."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a chat refuses what we send, so that sending it again at once makes no sense."""

    NOT_INSTALLED = "not_installed"  # the app is not in that workspace any more
    TOKEN = "token"  # noqa: S105  not accepted, revoked or expired
    SCOPE = "scope"  # a right that the app or the bot's account needs
    NOT_IN_CHANNEL = "not_in_channel"
    NO_CHANNEL = "no_channel"
    ARCHIVED = "archived"
    RESTRICTED = "restricted"  # who may post there
    THREAD_GONE = "thread_gone"  # the message that it replies to was deleted
    POST_GONE = "post_gone"  # the message to edit was deleted
    NOT_EDITABLE = "not_editable"  # the time to edit it is over, or it may not be edited
    NO_PERSON = "no_person"  # the person cannot be written to
    INVALID = "invalid"  # the chat does not take this content


FOR_THE_OPERATOR = frozenset({Refusal.TOKEN, Refusal.SCOPE})
"""Nothing gets through until an operator acts."""


class SurfaceError(Exception):
    """The chat rejected the request, or sent a response that can't be read. Not retried."""

    refusal = Refusal.INVALID


class ChatUnreachable(SurfaceError):
    """A connection error, a 5xx, or a 429. Retry after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Throttled(ChatUnreachable):
    """The chat's rate limit allows it only after ``retry_after`` seconds. Nothing was done."""


class NotInChannel(SurfaceError):
    """The bot is not a member of the channel. ``invite`` is the command that adds it."""

    refusal = Refusal.NOT_IN_CHANNEL

    def __init__(self, channel: str, invite: str) -> None:
        super().__init__(f"not in {channel}")
        self.channel = channel
        self.invite = invite


class PostGone(SurfaceError):
    """The post to edit was deleted."""

    refusal = Refusal.POST_GONE


class NotEditable(SurfaceError):
    """The post is there, and can no longer be edited."""

    refusal = Refusal.NOT_EDITABLE


class ThreadGone(SurfaceError):
    """The post to reply to was deleted."""

    refusal = Refusal.THREAD_GONE


class RouteClosed(SurfaceError):
    """The ``response_url`` is used up or expired (5 uses, 30 minutes), or no other way to the person is left."""

    refusal = Refusal.NO_PERSON


class TokenRejected(ChatUnreachable):
    """The chat does not accept our token (any more): nothing gets through until an operator acts. ``code`` is the
    chat's error."""

    refusal = Refusal.TOKEN

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, retry_after=30.0)
        self.code = code


class NotRecorded(Exception):
    """The store did not confirm within 2 s. Respond to an event with 503, and tell the person who sent a command,
    click or form that it may not be saved."""


class InvalidSetting(Exception):
    """A setting does not fit what is stored, so nothing can start. The text begins with its key."""
