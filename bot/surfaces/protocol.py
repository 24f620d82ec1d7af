"""The contract between a chat (``Surface``) and the engine (``Intake``).

Inbound: the surface verifies a delivery, decodes it into a ``Message`` and awaits ``Intake.record``. When that
returns, the message is durable: only then does the surface acknowledge the delivery and call ``Intake.process``.
Nothing else happens before the ack.

Outbound: the outbox calls the ``Surface`` methods. They raise only ``SurfaceError``; the outbox retries
``ChatUnreachable`` and parks what is refused (``SurfaceError.refusal``). A surface has no access to platforms or
to the store.

Language: a surface renders its own messages in ``current_language()``. The engine sets it before it calls an
outbound method; the surface sets it from ``Intake.language_for`` while it answers a delivery itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from adapters.models import Model
from adapters.protocol import CheckResult
from commands.model.card import Button, Card, Form, Option, Text
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, PersonGroup, Place

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


EPHEMERAL_FOR = timedelta(minutes=5)
"""Chats show an ephemeral message only to somebody who is there, and forget it. A later answer is a direct
message."""


@dataclass(frozen=True, slots=True)
class Reception:
    """When the chat last delivered something or answered a probe (None: not since the start), why it may deliver
    nothing until an operator acts, and how many websockets are connected (None: the chat calls us instead).
    ``left_to_others``: other replicas have all the websockets that there should be."""

    last_received: datetime | None = None
    problem: CheckResult | None = None
    sockets: int | None = None
    left_to_others: bool = False


class PostRef(Model):
    """A message posted by the bot. ``place`` is the channel or thread it is in; ``id`` is the chat's id for it."""

    place: Place
    id: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """If ``new`` is False, the delivery is a duplicate: respond with the stored ``answer`` and do nothing else."""

    new: bool
    answer: bytes


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """Error messages by field name, to show in the form. Nothing was recorded."""

    errors: Mapping[str, str]


class Intake(Protocol):
    """What surfaces call."""

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        """Returns once the message is durable. ``answer`` is stored for duplicates. Raises ``NotRecorded``."""
        ...

    async def person_changed(self, surface: str, person: str = "") -> None:
        """The chat reported that a person (or, without an id, somebody) changed: what we know of them is not used
        any more. Raises ``NotRecorded``."""
        ...

    def place_changed(self, surface: str, channel: str = "", person: str = "") -> None:
        """The chat reported that other people can see a channel now. Without a channel or a person: any of them.
        Returns immediately."""
        ...

    def process(self, key: str) -> None:
        """Starts processing a recorded message and returns immediately. Call after the ack."""
        ...

    async def private_answer(self, key: str, within: float) -> Card | None:
        """The message's private card, if it is ready within ``within`` seconds. The caller then shows it, and it
        is not sent by the message's reply route. None if it is late, or if there is no private answer."""
        ...

    async def send_answer(self, message: Message, card: Card, within: float = 0.0) -> bool:
        """Shows the card to the sender of ``message`` alone, which need not be recorded. It is kept and sent until
        the chat takes it. False if it cannot be kept, or the chat refuses it ``within`` that many seconds: then
        the caller shows it in the response to the delivery."""
        ...

    async def store_answer(self, key: str, answer: bytes) -> None:
        """Replaces the stored answer of a recorded message, for a click whose result was ready in time."""
        ...

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place, *, in_place: bool = True) -> Form:
        """Fast: uses only snapshots. Raises ``CommandError``, whose card is to be shown privately. ``in_place``:
        asked for in the place itself, which shows that they see it, and not in a form that was left open."""
        ...

    async def search_options(
        self, about: str, run: str, field: str, typed: str, actor: Actor, place: Place, *, on_card: bool = False
    ) -> Sequence[Option]:
        """At most 100 options for a ``search`` field, from the snapshot. ``on_card``: of a card in ``place``."""
        ...

    def submit(self, form: "SubmittedForm") -> dict[str, Any] | FieldErrors:
        """Validates the values without I/O. Returns the intent's dump, for ``Message.intent``, or the errors."""
        ...

    def form_for_line(self, text: str) -> OpenForm | None:
        """The form that this typed line opens, or None (``/run start`` may open one, ``/run status`` doesn't)."""
        ...

    def command_in(self, before: str, after: str) -> str:
        """The command in a message that mentions the bot in its middle or at its end, from the texts around the
        mention. "" if there is none: the message is ignored, and not recorded."""
        ...

    async def accept_edit(self, message: Message) -> Message | None:
        """To be recorded in place of ``message``, which ``edits`` an earlier one. None if that one was understood:
        what was carried out is never read again. Raises ``NotRecorded``."""
        ...

    async def live_card(self, place: Place, run: str, actor: Actor, *, in_place: bool = True) -> Card | None:
        """The run's current live card, to answer a click on an expired button. None if they may not read it.
        ``in_place`` as in ``open_form``."""
        ...

    def error_card(self, key: str, **facts: object) -> Card:
        """A private card for an error that occurs before there is a message."""
        ...

    def on_plugin_event(self, site: str, event: str, payload: str) -> None:
        """A plugin of the chat at ``site`` published an event. Returns immediately."""
        ...

    def on_plugin_gap(self, site: str) -> None:
        """Events of plugins may have been missed."""
        ...

    async def link_card(
        self, url: str, place: Place, members: Callable[[], Awaitable[Sequence[Actor] | None]]
    ) -> Card | None:
        """A small card for a link that somebody posted in ``place``, if all of its ``members`` may read it."""
        ...

    def home_opened(self, actor: Actor, place: Place) -> None:
        """The person opened their page (``HomeSurface``). Returns immediately."""
        ...

    def home_pressed(self, actor: Actor) -> None:
        """Something that the person pressed, perhaps on their page, was answered: the page may show something else
        now, and is kept up to date for longer."""
        ...

    def language_for(self, actor: Actor) -> str:
        """The language of forms and private answers: from the person's locale as last read, without I/O."""
        ...


class Duty(Protocol):
    @property
    def left_to_others(self) -> bool:
        """Whether other replicas do it."""
        ...

    async def give_up(self) -> None:
        """Ends the work."""
        ...


class Duties(Protocol):
    @property
    def has_others(self) -> bool:
        """Whether there may be other replicas."""
        ...

    def take_on(self, work: Callable[[], Awaitable[None]], *names: str) -> Duty:
        """Runs ``work``, which is cancelled at the end, while this replica is the only one with one of the names.
        Work that returns is left to another replica, if there is one, and begins again later."""
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
        """The chat's URL, compared with ``HomeChannel.site``. Empty if no platform has runs in this chat."""
        ...

    def routes(self) -> "Sequence[BaseRoute]":
        """The HTTP routes that the chat calls."""
        ...

    async def start(self, intake: Intake) -> None:
        """Starts to receive deliveries."""
        ...

    async def stop(self) -> None:
        """Stops receiving. Messages that were accepted can still be answered afterwards."""
        ...

    def ready(self) -> Mapping[str, bool]:
        """The state of each required part: {"socket": True}. Based on pings, not on whether people write."""
        ...

    def reception(self) -> Reception: ...

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        """Posts in the thread of ``place`` if it has one. ``find_post`` finds the post by its ``nonce``."""
        ...

    async def edit(self, ref: PostRef, card: Card) -> None:
        """Raises ``PostGone`` or ``NotEditable``."""
        ...

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        """Among the place's last 50 messages."""
        ...

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        """Replaces an old live card with a link to the new one."""
        ...

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        """Posts lines without a card, such as activity lines."""
        ...

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None: ...

    async def send_private(
        self, message: Message, card: Card, *, nonce: str = "", may_exist: bool = False
    ) -> None:
        """Shows the card only to the person who sent ``message``, by the best route available.

        ``may_exist``: an earlier attempt may have worked, so routes that can find a post by its ``nonce`` look
        first.
        """
        ...

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, nonce: str, may_exist: bool = False
    ) -> None:
        """Shows the card only to ``person``: in ``place`` if the chat can, else as a direct message."""
        ...

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        """Posts the card in the direct channel with ``person``."""
        ...

    async def react(self, ref: PostRef, emoji: str, *, on: bool = True) -> None:
        """Adds the bot's reaction to any message, or takes it back. ``emoji``: "white_check_mark"."""
        ...

    async def profile(self, actor: Actor) -> Actor:
        """The same person with the chat's name, e-mail, handle, membership, time zone and locale."""
        ...

    async def find_people(self, query: str, near: Place) -> Sequence[Actor]:
        """``query`` is a handle ("@ana"), an id or an e-mail address."""
        ...

    async def group(self, name: str, near: Place, most: int) -> PersonGroup | None:
        """The user group with this name or id, without "@", and at most that many of its members."""
        ...

    async def can_see(self, actor: Actor, place: Place) -> bool:
        """Whether this person can open the channel now: as its member, or, if it is public, as a full member."""
        ...

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        """Whether this person is in the channel, so that a mention there reaches them."""
        ...

    async def is_public(self, place: Place) -> bool:
        """Whether every full member can open the channel (on Mattermost: of its team)."""
        ...

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        """At most that many people in the channel, bots aside."""
        ...

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        """A few channels that both this person and the bot are in, the busiest first. ``near``: where they are."""
        ...

    async def channels_named(self, name: str) -> Sequence[str] | None:
        """The ids of the bot's channels with this name. None if the chat does not let us find out."""
        ...

    async def check(self, *, in_use: bool = False) -> Sequence[CheckResult]:
        """For ``liaison doctor``: token, scopes and reachability. ``in_use``: another process receives this chat's
        deliveries, so no connection may be opened that would take some of them."""
        ...


@runtime_checkable
class HomeSurface(Protocol):
    """A chat in which the app has a page of its own for each person."""

    async def publish_home(self, person: Actor, place: Place, card: Card) -> None:
        """Replaces the person's page. ``place`` is the direct channel with them, where answers go."""
        ...


@runtime_checkable
class ReactionSurface(Protocol):
    """A chat in which a reaction may stand for a command, by the message that it is on."""

    async def read_reaction(self, message: Message) -> Message | None:
        """Reads what a message ``is_unread`` is on. None if it asks for nothing. Raises ``SurfaceError``."""
        ...


@runtime_checkable
class TokenSurface(Protocol):
    """A chat that can go on with another token while Liaison runs."""

    async def use_tokens(self, secrets: Mapping[str, str]) -> bool:
        """``secrets``: those of its settings now, by key. Returns whether a token is new."""
        ...


class SurfaceState(Protocol):
    """A surface's durable key-value state, such as the last post seen in each channel."""

    async def get(self, name: str) -> str | None: ...

    async def put(self, name: str, value: str) -> None:
        """Durable when it returns. Raises ``NotRecorded``."""


@dataclass(frozen=True, slots=True)
class StoredInstallation:
    """A workspace that installed the app. ``token`` is encrypted, and empty once it ``ended`` (why)."""

    workspace: str
    name: str
    identity: str
    token: str
    by: str
    at: datetime
    ended: str = ""


class InstallationRows(Protocol):
    async def all(self) -> Sequence[StoredInstallation]: ...

    async def put(self, row: StoredInstallation) -> None:
        """Durable when it returns. Raises ``NotRecorded``."""
        ...
