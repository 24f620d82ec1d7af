"""What handlers need from the rest of the program. ``bot`` implements it; tests have their own.

A handler gets a ``CommandContext`` for its message. It may run again from its first line after a crash, so it
keeps no state, and writes to platforms only through ``CommandContext.effects``.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.models import Person, Run, RunbookKey, RunKey, RunSummary
from adapters.protocol import Adapter, Platform
from adapters.toolkit.messages import ENGLISH
from adapters.unconfigured import adapter_named
from adapters.writes import Write, WriteMarker
from commands.model.access_rules import AccessRules
from commands.model.card import ActivityLine, Card
from commands.model.command import CommandSet
from commands.model.intents import UpdateDue
from commands.model.messages import Actor, Message, PersonGroup, Place
from commands.model.outcomes import Outcome
from commands.model.run_head import RunHead
from commands.model.tracked_run import Receipt, ReservedStart, RunOverlay, TrackedRun


class RunsPort(Protocol):
    """Runs as stored. Only ``refresh`` sends a request to a platform."""

    async def get(self, handle: str) -> TrackedRun | None: ...
    async def find(self, key: RunKey) -> TrackedRun | None: ...
    def head(self, tracked: TrackedRun) -> RunHead:
        """Of this very snapshot, which may be older than what is stored."""
        ...

    async def active_heads(self) -> Sequence[RunHead]:
        """Of all runs that are not over, newest first."""
        ...

    async def runs_of(self, actor: Actor) -> Sequence[TrackedRun]:
        """Those that are not over and that this person may have a part in, newest first."""
        ...

    async def runs_of_runbook(self, title: str) -> Sequence[TrackedRun]:
        """A few runs of the runbook with this title in any case, over or not, newest first."""
        ...

    async def for_thread(self, place: Place) -> TrackedRun | None:
        """The run bound to exactly this thread, or to the channel if ``place`` has no thread."""
        ...

    async def for_channel(self, place: Place) -> Sequence[RunHead]:
        """All runs of the channel and its threads that are not over."""
        ...

    async def last_used(self, actor: Actor) -> TrackedRun | None: ...
    async def mark_used(self, actor: Actor, handle: str) -> None: ...
    async def track(self, run: RunSummary | Run) -> TrackedRun:
        """Gives a run on a platform a handle, unless it has one."""
        ...

    async def reserve_handle(self, start: ReservedStart) -> str:
        """A handle for the run that the message starts; the same one for the same message."""
        ...

    async def cancel_start(self, handle: str) -> None:
        """The start of a reserved handle failed: its run is over."""
        ...

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        """Binds the thread or channel; with ``channel_too`` also the channel, unless an active run has it."""
        ...

    async def refresh(self, handle: str) -> TrackedRun:
        """Reads the run on its platform. Raises ``AdapterError``."""
        ...

    async def update_overlay(self, handle: str, change: Callable[[RunOverlay], RunOverlay]) -> TrackedRun:
        """``change`` gets the stored overlay within the transaction, and may be called again."""
        ...

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        """The receipts of a run or task, newest first."""
        ...

    async def queued_writes(self, handle: str) -> int:
        """How many accepted writes to this run have not been processed yet."""
        ...

    async def is_hidden(self, run: RunSummary | Run | RunKey) -> bool:
        """Whether the person that these runs are read for may not know that it exists."""
        ...

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        """A run of this runbook that was started in this place after ``since``."""
        ...


class PeoplePort(Protocol):
    """People as stored; may ask the chat for one profile."""

    async def find(self, words: str, near: Message) -> Sequence[Actor]:
        """By "@handle", chat id, e-mail or name, on the surface of ``near``; "me" is its actor."""
        ...

    async def group(self, words: str, near: Message, most: int) -> PersonGroup | None:
        """The user group "@oncall", with at most that many members. None if there is none of that name."""
        ...

    async def account_of(self, person: Person, near: Place) -> Actor | None:
        """The account in the chat of ``near`` that is certainly this person's: by e-mail, id or handle, never by
        name. None if there is no such account, or several. Raises ``Missing`` if the chat cannot be asked."""
        ...

    def person(self, actor: Actor) -> Person:
        """As platforms look people up: with the e-mail from ``[people]``, else from the chat's profile."""
        ...

    def cached_profile(self, actor: Actor) -> Actor:
        """The actor as the chat described them last, without asking it."""
        ...


NotifyMode = Literal["auto", "thread", "dm", "off"]
"""How a person wants to be told about their tasks; ``auto`` leaves it to Liaison."""


class PreferencesPort(Protocol):
    """What people have chosen for themselves."""

    async def notify_mode(self, actor: Actor) -> NotifyMode: ...

    async def set_notify_mode(self, actor: Actor, mode: NotifyMode) -> None: ...


class MembershipsPort(Protocol):
    """Which places of the chats a person can see. Asks the chat, unless it was asked within the last minute."""

    async def can_see(self, actor: Actor, place: Place) -> bool:
        """Also False if nobody knows: the chat cannot say, and has not said so within the last hour."""
        ...

    def knows(self, actor: Actor, place: Place) -> bool:
        """Whether ``can_see`` is what the chat said within the last hour, and not False because nobody knows."""
        ...

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        """Whether they are in it, so that a mention there reaches them. False if nobody knows."""
        ...

    async def is_public(self, place: Place) -> bool:
        """Whether every full member can see it (on Mattermost: of its team). False if nobody knows."""
        ...

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        """At most that many people in the channel, bots aside. None if nobody knows."""
        ...

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        """A few channels that both this person and Liaison are in, the busiest first."""
        ...


class RunChanged(Exception):
    """The stored run is not the one that was checked: another process has changed it. Nothing was sent."""


class EffectsPort(Protocol):
    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        """Executes one step of this message at most once, whatever is retried, interrupted or killed.

        ``check`` runs only if nothing was sent before, and may raise. Retries an unreachable platform until the
        write timeout (and says so after 3 seconds), and waits for the last look at a step without a response.
        After ``Done`` the receipt is stored and the snapshot updated. With ``check``, raises ``RunChanged`` if
        ``run`` has to be checked again.
        """
        ...

    async def wait_for_earlier(self, wanted: Write, run: TrackedRun) -> None:
        """Waits while an earlier write to the same task (or the same of the run) may still be sent again.

        Otherwise that could undo this one. Other messages to the run go on meanwhile.
        """
        ...

    def marker(self, step: Write) -> WriteMarker: ...


class ResponderPort(Protocol):
    """What a handler may post before it returns. Everything else is in its ``Answer``."""

    async def post_card(self, handle: str, place: Place, *, cause: Message | None = None) -> None:
        """Posts the run's live card in ``place``, which shows that we can post there. Raises ``CannotPost``.

        While the chat does not respond, that is not known: the card then follows, and the sender of ``cause`` is
        told if the chat refuses it.
        """
        ...

    def defer_card(self, handle: str) -> AbstractContextManager[None]:
        """While the block runs, the run's live cards are not edited, but for a second at most."""
        ...

    async def send_direct(self, person: Actor, card: Card, *, key: str, cause: Message | None = None) -> None:
        """A direct message to ``person``. ``key`` names it: the same one is never sent twice."""
        ...

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, key: str, cause: Message | None = None
    ) -> None:
        """Shows the card only to ``person``: in ``place`` if the chat can, else as a direct message."""
        ...

    async def react(self, place: Place, post: str, emoji: str, *, key: str) -> None:
        """Puts our reaction ("white_check_mark") on the message ``post`` in ``place``."""
        ...

    async def announce(self, handle: str, card: Card, *, key: str) -> None:
        """Posts the card in the run's home place, for everybody."""
        ...

    async def post_activity(self, line: ActivityLine) -> None: ...
    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        """Reminds ``by`` at ``at`` that the next update is due; None cancels that and what follows it."""
        ...

    async def escalate_reminder(self, due: UpdateDue, by: Actor, place: Place) -> None:
        """Reminds whom ``due`` tells, ``escalate_after`` from now."""
        ...


class CannotPost(Exception):
    """``key`` is a message that says why, and what to do."""

    def __init__(self, key: str, **facts: object) -> None:
        self.key = key
        self.facts = facts
        super().__init__(key)


StopResult = Literal["stopped", "trying", "over"]
"""Nothing will be sent; it is being sent now, and won't be sent again; it was over already."""


@dataclass(frozen=True)
class EarlierMessage:
    """``intent``: as it was understood. ``expired``: it is too old to be completed or repeated."""

    intent: dict[str, Any] | None
    actor: Actor
    place: Place
    expired: bool = False


class MessagesPort(Protocol):
    """Earlier messages: for choices, [Try again], [Stop] and decisions."""

    async def find(self, key: str) -> EarlierMessage | None:
        """The message ``key``, or None once it is deleted."""
        ...

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        """Takes the choice of ``key`` for ``message``. Returns who took it before and when, None if nobody did.

        The same ``message`` may take it again.
        """
        ...

    async def submit(self, message: Message) -> None:
        """Accepts another message, as if its sender had sent it. The same key is accepted once."""
        ...

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        """Stops the message ``key`` if it is still waiting."""
        ...

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        """A person's decision on an unknown outcome; None if the outcome is known."""
        ...


@dataclass(frozen=True)
class Services:
    """``platforms`` and ``platform_types`` have the same keys: the NAMEs of ``[platforms]``."""

    commands: CommandSet
    platforms: Mapping[str, Adapter]
    platform_types: Mapping[str, Platform]
    runs: RunsPort
    people: PeoplePort
    memberships: MembershipsPort
    messages: MessagesPort
    responder: ResponderPort
    now: Callable[[], datetime]
    preferences: PreferencesPort
    access_rules: AccessRules = field(default_factory=AccessRules)
    platform_workspaces: Mapping[str, Sequence[str]] = field(default_factory=dict)  # who may use which
    root_command: str = "/run"
    mention: str = "@liaison"
    aliases: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    language: str = ENGLISH  # of what a channel sees

    def adapter(self, name: str) -> Adapter:
        """Of the platform with this NAME, also if it is not configured any more but still has runs."""
        return adapter_named(self.platforms, name)

    def zone_of(self, actor: Actor) -> tzinfo:
        """That of the person's profile, if it is one that this machine knows."""
        try:
            return ZoneInfo(actor.timezone) if actor.timezone else self.zone or ZoneInfo("UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self.zone or ZoneInfo("UTC")


@dataclass(frozen=True)
class CommandContext:
    """For one message, and its run if the command has one."""

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
