"""What handlers may use of the world. ``bot`` implements all of it; tests may too.

A handler gets a ``Context`` made for its one message. It may run again from its first line after a crash, so it
keeps nothing, and writes to platforms only through ``Context.effects``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal, Protocol

from adapters.errors import AdapterError
from adapters.models import Health, Model, Person, Run, RunbookKey, RunHead, RunKey, TaskState
from adapters.protocol import Adapter, Platform
from adapters.writes import Mark, Told, Write
from commands.cards import TraceLine
from commands.messages import Actor, Message, Place


class Deed(Model):
    """A task's last move through Liaison: shown where the platform names nobody (one token acts for all)."""

    state: TaskState
    by: Actor
    at: datetime


class Kept(Model):
    """What a platform cannot hold and Liaison keeps for it (DESIGN section 6, point 7)."""

    health: Health = Health.UNSET
    health_text: str = ""
    health_by: str = ""
    health_at: datetime | None = None
    update_due: datetime | None = None
    update_by: Actor | None = None  # who promised it
    promised_at: datetime | None = None  # when that, or that nothing is promised any more, was said
    holds: Mapping[str, str] = {}  # task id -> reason
    deeds: Mapping[str, Deed] = {}  # by task id
    not_started: str = ""  # why a start came to nothing, as its card says it
    again: str = ""  # the key of the message that [Try again] on that card carries out anew


class KnownRun(Model):
    """A run with the short names we gave it. ``handles``: task id -> "T3". ``run`` is the snapshot.

    ``started``: False while a start has only reserved the handle (then ``run.key.id`` is empty).
    """

    handle: str
    run: Run
    handles: Mapping[str, str] = {}
    kept: Kept = Kept()
    started: bool = True

    @property
    def only_named(self) -> bool:
        """Somebody gave its id, and no platform has shown it yet: there may be no such run."""
        return self.started and self.run.read_at is None and self.run.title == self.run.key.id

    def task_handle(self, id: str) -> str:
        return self.handles.get(id, "")

    def task_id(self, handle: str) -> str | None:
        wanted = handle.upper()
        return next((id for id, given in self.handles.items() if given == wanted), None)


class Receipt(Model):
    """Proof of one effect, from the ledger. ``task`` is a task id, or empty."""

    code: str
    op: str
    run: str  # handle
    task: str = ""
    by: str
    at: datetime


class RunsPort(Protocol):
    """Runs as the store knows them. Only ``refresh`` asks a platform."""

    async def get(self, handle: str) -> KnownRun | None: ...
    async def find(self, key: RunKey) -> KnownRun | None: ...
    async def known(self, *, active: bool = True) -> Sequence[KnownRun]:
        """Newest first."""
        ...

    async def of_thread(self, place: Place) -> KnownRun | None:
        """The run bound to exactly this thread (or to the channel, when ``place`` has no thread)."""
        ...

    async def of_channel(self, place: Place) -> Sequence[KnownRun]:
        """All active runs of the channel, its threads included."""
        ...

    async def last_touched(self, actor: Actor) -> KnownRun | None: ...
    async def touch(self, actor: Actor, handle: str) -> None: ...
    async def adopt(self, head: RunHead | Run) -> KnownRun:
        """Gives a run that lives on a platform its handle, or returns the one it has."""
        ...

    async def reserve(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        """A handle for a run about to be started by the message ``key``.

        The same one for the same key: the second call, once the runbook is found, corrects ``platform``,
        ``title`` (with the handle in front) and ``runbook``, which place() could only guess. ``runbook`` is
        the platform's id of it (``Run.runbook_id``), and empty before; ``book``
        is its own title.
        """
        ...

    async def drop(self, handle: str) -> None:
        """A reserved handle whose start came to nothing: the run is over before it began."""
        ...

    async def revive(self, handle: str, key: str) -> None:
        """A dropped handle whose start only asked something: reserved again, now by the message ``key``."""
        ...

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        """Binds the thread (or channel); with ``channel_too`` also the channel, if no active run has it."""
        ...

    async def refresh(self, handle: str) -> KnownRun:
        """Reads the platform now. Raises ``adapters.errors``."""
        ...

    async def merge(self, handle: str, told: Told) -> KnownRun:
        """Puts a write's answer into the snapshot, and schedules one re-read.

        ``told.run`` gives a reserved handle its run, and starts it.
        """
        ...

    async def keep(self, handle: str, **changes: object) -> KnownRun:
        """Changes fields of ``Kept``."""
        ...

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        """The ledger of a run or task, newest first."""
        ...

    async def waiting(self, handle: str) -> int:
        """How many accepted writes to this run have not been carried out yet."""
        ...

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> KnownRun | None:
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


@dataclass(frozen=True, slots=True)
class Done:
    step: Write
    mark: Mark
    told: Told


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform said no, or nothing was sent within patience (``why``)."""

    step: Write
    error: AdapterError | None
    why: Literal["refused", "patience", "stopped"] = "refused"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, no answer. Settling goes on by itself, and corrects the trace line of this step."""

    step: Write
    mark: Mark
    sent_at: datetime


Outcome = Done | Refused | Unknown


class EffectsPort(Protocol):
    async def do(self, step: Write, run: KnownRun | None, *, check: Callable[[], None] | None = None) -> Outcome:
        """Carries out one step of this message at most once, whatever is retried, cut or killed.

        ``check`` runs only if nothing was sent before, and may raise; it sees the snapshot of now. Waits for
        an unreachable platform within patience (telling so after 3 s), and settles a sent step up to 30 s.
        On ``Done`` the ledger has its receipt and the snapshot has its news.
        """
        ...

    def mark(self, step: Write) -> Mark: ...


class DeskPort(Protocol):
    """What a handler may say before it is through. Everything else it says by its ``Answer``."""

    async def open_card(self, handle: str, place: Place) -> None:
        """Posts the run's live card in ``place``: the test that we can post there. Raises ``CannotPost``."""
        ...

    async def trace(self, line: TraceLine) -> None: ...
    async def remind(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        """Says in ``place`` at ``at`` that the promised update is due; None takes the promise back."""
        ...


class CannotPost(Exception):
    """``key``: a sentence saying why and what to do: "I am not in #inc-42. /invite @liaison, then"."""

    def __init__(self, key: str, **facts: object) -> None:
        self.key = key
        self.facts = facts
        super().__init__(key)


Stopping = Literal["stopped", "trying", "over"]
"""Nothing of it is sent any more; it is on its way just now, and is not sent again; it was over before."""


class MessagesPort(Protocol):
    """Earlier messages: for choices, [Try again], [Stop] and decisions."""

    async def intent_of(self, key: str) -> dict[str, Any] | None:
        """The intent the message ``key`` was read as, or None when it is forgotten (7 days)."""
        ...

    async def choose(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        """Takes the choice of ``key`` for the message ``message``, or says who took it before, and when.

        Repeating it with the same ``message`` is not a second taking.
        """
        ...

    async def stop(self, key: str, by: Actor) -> Stopping:
        """Ends the waiting of ``key``."""
        ...

    async def decide(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        """A person's word on an unknown outcome; None when it is not unknown (any more)."""
        ...


@dataclass(frozen=True)
class Rules:
    """``[access]``: chat ids or handles or e-mails; empty means every full member (``override``: as ``end``)."""

    start: Sequence[str] = ()
    end: Sequence[str] = ()
    write: Sequence[str] = ()
    override: Sequence[str] = ()
    places: Sequence[str] = ()


@dataclass(frozen=True)
class World:
    """Made once at start-up. ``platforms`` and ``kinds`` have the same keys: the NAMEs of ``[platforms]``."""

    platforms: Mapping[str, Adapter]
    kinds: Mapping[str, Platform]
    runs: RunsPort
    people: PeoplePort
    messages: MessagesPort
    desk: DeskPort
    rules: Rules = Rules()
    root: str = "/run"
    mention: str = "@liaison"
    aliases: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None


@dataclass(frozen=True)
class Context:
    """For one message, and one run when the command has one (``run`` as the store knew it just now)."""

    world: World
    message: Message
    now: datetime
    zone: tzinfo
    effects: EffectsPort
    run: KnownRun | None = None

    @property
    def actor(self) -> Actor:
        return self.message.actor

    @property
    def place(self) -> Place:
        return self.message.place

    def adapter(self, run: KnownRun) -> Adapter:
        return self.world.platforms[run.run.key.platform]
