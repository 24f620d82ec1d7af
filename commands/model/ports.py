"""What handlers may use of the world. ``bot`` implements all of it; tests may too.

A handler gets a ``CommandContext`` made for its one message. It may run again from its first line after a crash,
so it keeps nothing, and writes to platforms only through ``CommandContext.effects``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal, Protocol

from adapters.models import Person, Run, RunbookKey, RunKey, RunSummary
from adapters.protocol import Adapter, Platform
from adapters.toolkit.messages import ENGLISH
from adapters.unconfigured import adapter_named
from adapters.writes import Write, WriteMarker
from commands.model.card import ActivityLine
from commands.model.command import CommandSet
from commands.model.messages import Actor, Message, Place
from commands.model.outcomes import Outcome
from commands.model.tracked_run import Receipt, RunOverlay, TrackedRun


class RunsPort(Protocol):
    """Runs as the store knows them. Only ``refresh`` asks a platform."""

    async def get(self, handle: str) -> TrackedRun | None: ...
    async def find(self, key: RunKey) -> TrackedRun | None: ...
    async def list_runs(self, *, active: bool = True) -> Sequence[TrackedRun]:
        """Newest first."""
        ...

    async def for_thread(self, place: Place) -> TrackedRun | None:
        """The run bound to exactly this thread (or to the channel, when ``place`` has no thread)."""
        ...

    async def for_channel(self, place: Place) -> Sequence[TrackedRun]:
        """All active runs of the channel, its threads included."""
        ...

    async def last_used(self, actor: Actor) -> TrackedRun | None: ...
    async def mark_used(self, actor: Actor, handle: str) -> None: ...
    async def track(self, head: RunSummary | Run) -> TrackedRun:
        """Gives a run that lives on a platform its handle, or returns the one it has."""
        ...

    async def reserve_handle(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        """A handle for a run about to be started by the message ``key``.

        The same one for the same key: the second call, once the runbook is found, corrects ``platform``,
        ``title`` (with the handle in front) and ``runbook``, which place() could only guess. ``runbook`` is
        the platform's id of it (``Run.runbook_id``), and empty before; ``book``
        is its own title.
        """
        ...

    async def cancel_start(self, handle: str) -> None:
        """A reserved handle whose start came to nothing: the run is over before it began."""
        ...

    async def reuse_handle(self, handle: str, key: str) -> None:
        """A dropped handle whose start only asked something: reserved again, now by the message ``key``."""
        ...

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        """Binds the thread (or channel); with ``channel_too`` also the channel, if no active run has it."""
        ...

    async def refresh(self, handle: str) -> TrackedRun:
        """Reads the platform now. Raises ``adapters.errors``."""
        ...

    async def update_overlay(self, handle: str, change: Callable[[RunOverlay], RunOverlay]) -> TrackedRun:
        """``change`` gets the stored overlay within the transaction, and may be called again."""
        ...

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        """The ledger of a run or task, newest first."""
        ...

    async def queued_writes(self, handle: str) -> int:
        """How many accepted writes to this run have not been carried out yet."""
        ...

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        """A run of this runbook that was started in this place since then."""
        ...


class PeoplePort(Protocol):
    """Who is who. Local store first; may ask the chat for one profile."""

    async def find(self, words: str, near: Message) -> Sequence[Actor]:
        """By "@handle", chat id, e-mail or name, on the surface of ``near``; "me" is its actor."""
        ...

    def person(self, actor: Actor) -> Person:
        """As a platform may look them up: e-mail from ``[people]``, else from the chat's profile."""
        ...


class EffectsPort(Protocol):
    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        """Carries out one step of this message at most once, whatever is retried, cut or killed.

        ``check`` runs only if nothing was sent before, and may raise; it sees the snapshot of now. Waits for
        an unreachable platform within patience (telling so after 3 s), and settles a sent step up to 30 s.
        On ``Done`` the ledger has its receipt and the snapshot has its news.
        """
        ...

    def marker(self, step: Write) -> WriteMarker: ...


class ResponderPort(Protocol):
    """What a handler may say before it is through. Everything else it says by its ``Answer``."""

    async def post_card(self, handle: str, place: Place) -> None:
        """Posts the run's live card in ``place``: the test that we can post there. Raises ``CannotPost``."""
        ...

    async def post_activity(self, line: ActivityLine) -> None: ...
    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        """Says in ``place`` at ``at`` that the promised update is due; None takes the promise back."""
        ...


class CannotPost(Exception):
    """``key``: a sentence saying why and what to do: "I am not in #inc-42. /invite @liaison, then"."""

    def __init__(self, key: str, **facts: object) -> None:
        self.key = key
        self.facts = facts
        super().__init__(key)


StopResult = Literal["stopped", "trying", "over"]
"""Nothing of it is sent any more; it is on its way just now, and is not sent again; it was over before."""


class MessagesPort(Protocol):
    """Earlier messages: for choices, [Try again], [Stop] and decisions."""

    async def intent_of(self, key: str) -> dict[str, Any] | None:
        """The intent the message ``key`` was read as, or None when it is forgotten (7 days)."""
        ...

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        """Takes the choice of ``key`` for the message ``message``, or says who took it before, and when.

        Repeating it with the same ``message`` is not a second taking.
        """
        ...

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        """Ends the waiting of ``key``."""
        ...

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        """A person's word on an unknown outcome; None when it is not unknown (any more)."""
        ...


@dataclass(frozen=True)
class AccessRules:
    """``[access]``: chat ids or handles or e-mails; empty means every full member (``override``: as ``end``)."""

    start: Sequence[str] = ()
    end: Sequence[str] = ()
    write: Sequence[str] = ()
    override: Sequence[str] = ()
    places: Sequence[str] = ()


@dataclass(frozen=True)
class Services:
    """Made once at start-up. ``platforms`` and ``kinds`` have the same keys: the NAMEs of ``[platforms]``."""

    commands: CommandSet
    platforms: Mapping[str, Adapter]
    platform_types: Mapping[str, Platform]
    runs: RunsPort
    people: PeoplePort
    messages: MessagesPort
    responder: ResponderPort
    access_rules: AccessRules = AccessRules()
    root_command: str = "/run"
    mention: str = "@liaison"
    aliases: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    language: str = ENGLISH  # of what a channel sees

    def adapter(self, name: str) -> Adapter:
        """Of the platform with this NAME, also if it is not configured any more but still has runs."""
        return adapter_named(self.platforms, name)


@dataclass(frozen=True)
class CommandContext:
    """For one message, and one run when the command has one (``run`` as the store knew it just now)."""

    services: Services
    message: Message
    now: datetime
    zone: tzinfo
    effects: EffectsPort
    run: TrackedRun | None = None

    @property
    def actor(self) -> Actor:
        return self.message.actor

    @property
    def place(self) -> Place:
        return self.message.place

    def adapter(self, run: TrackedRun) -> Adapter:
        return self.services.adapter(run.run.key.platform)
