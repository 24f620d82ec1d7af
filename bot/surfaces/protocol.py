"""What a chat is to the rest of Liaison, and what the rest is to a chat.

Inbound: the surface verifies a delivery, decodes it to a ``Message``, awaits ``Intake.record`` (durable), only
then acknowledges, and calls ``Intake.carry`` after that. Nothing else happens before the ack.

Outbound: the engine calls the ``Surface`` methods. They raise ``SurfaceError`` and nothing else; the engine
retries ``ChatUnreachable``, within reason. A surface never knows platforms or the store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from adapters.models import Model
from adapters.protocol import CheckResult
from commands.model.card import Button, Card, Form, Option, Text
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


class SurfaceError(Exception):
    """The chat refused, or said something that we cannot read. Final."""


class ChatUnreachable(SurfaceError):
    """Try again: connection trouble, 5xx, or 429 with ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotInChannel(SurfaceError):
    """We cannot post there. ``invite`` is what to type so that we can."""

    def __init__(self, channel: str, invite: str) -> None:
        super().__init__(f"not in {channel}")
        self.channel = channel
        self.invite = invite


class PostGone(SurfaceError):
    """The post to edit was deleted, or cannot be edited any more."""


class RouteClosed(SurfaceError):
    """This private route is used up (``response_url``: 5 uses, 30 min)."""


class PostRef(Model):
    """A message of ours. ``place`` is where it stands; ``id`` is the chat's own id of it."""

    place: Place
    id: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """``new`` False: seen before, answer with these stored bytes and do nothing else."""

    new: bool
    answer: bytes


class NotRecorded(Exception):
    """The store did not take it within 2 s. Events: 503. Commands, clicks, forms: say "not surely recorded"."""


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """Field name -> sentence. Shown in the form; nothing was recorded."""

    errors: Mapping[str, str]


class Intake(Protocol):
    """The engine, as surfaces see it."""

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        """Durable when it returns; ``answer`` is kept for repeats. Raises ``NotRecorded``."""
        ...

    def process(self, key: str) -> None:
        """Call after the ack: carries the recorded message out. Returns at once."""
        ...

    async def private_answer(self, key: str, within: float) -> Card | None:
        """The private card of the message, if it comes within these seconds: then it is yours to show, and
        is not sent by the message's reply route. None: too late, or there was nothing private to say."""
        ...

    async def store_answer(self, key: str, answer: bytes) -> None:
        """Replaces the kept answer bytes of a recorded message (a click whose outcome came in time)."""
        ...

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        """From the snapshot only; fast. Raises ``CommandError`` (show its card privately)."""
        ...

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        """For ``search`` fields, from the snapshot; at most 100."""
        ...

    def submit(self, form: "SubmittedForm") -> dict[str, Any] | FieldErrors:
        """Pure checks. The intent's dump, for ``Message.intent``; or what is wrong with which field."""
        ...

    def form_for_line(self, text: str) -> OpenForm | None:
        """Whether this typed line asks for a form (``/run status`` alone does not; ``/run start`` may)."""
        ...

    async def live_card(self, place: Place, run: str) -> Card | None:
        """The present live card of a run, for a press that came too late."""
        ...

    def error_card(self, key: str, **facts: object) -> Card:
        """A private card for what went wrong before there was a message (forged, expired, not recorded)."""
        ...


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    about: str
    run: str
    values: Mapping[str, str]


class Surface(Protocol):
    @property
    def name(self) -> str:
        """ "slack", "mattermost", "console": the ``surface`` of every place and actor."""
        ...

    @property
    def site(self) -> str:
        """The chat's own URL, compared with ``HomeChannel.site``; empty where runs never live there."""
        ...

    @property
    def edit_interval(self) -> float:
        """Seconds that must lie between two edits in one channel."""
        ...

    def routes(self) -> "Sequence[BaseRoute]":
        """What the chat calls over HTTP; none where it does not."""
        ...

    async def start(self, intake: Intake) -> None:
        """Begins to listen."""
        ...

    async def stop(self) -> None:
        """Stops accepting; what was accepted is still answered after this."""
        ...

    def ready(self) -> Mapping[str, bool]:
        """Each part that must work: {"socket": True}. By the socket's own pings, never by human silence."""
        ...

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        """A new message of ours. In the thread of ``place`` if it has one. ``nonce`` finds it again."""
        ...

    async def edit(self, ref: PostRef, card: Card) -> None:
        """Raises ``PostGone``."""
        ...

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        """Among the place's last 50 messages."""
        ...

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        """Turns an old live card into a pointer to the new one."""
        ...

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        """Plain lines, no card: traces."""
        ...

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None: ...

    async def send_private(self, message: Message, card: Card) -> None:
        """Only to the person who sent ``message``, by the best route there is (DESIGN section 4)."""
        ...

    async def profile(self, actor: Actor) -> Actor:
        """The same person with name, e-mail, handle, standing and zone as the chat knows them."""
        ...

    async def find_people(self, words: str, near: Place) -> Sequence[Actor]:
        """By "@handle", id or e-mail."""
        ...

    async def check(self) -> Sequence[CheckResult]:
        """``liaison doctor``: token, scopes, reachability."""
        ...


class SurfaceState(Protocol):
    """A surface's own small durable facts: the last post seen in a channel, a socket's sequence number."""

    async def get(self, name: str) -> str | None: ...

    async def put(self, name: str, value: str) -> None: ...
