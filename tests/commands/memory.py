"""The ports of ``commands.model.ports`` in memory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.models import Person, Run, RunbookKey, RunKey, RunState, RunSummary
from adapters.protocol import Adapter
from adapters.results import WriteResult
from adapters.toolkit.people import is_certainly_same
from adapters.unconfigured import adapter_named
from adapters.writes import Write, WriteMarker
from commands.model.card import ActivityLine, Card
from commands.model.intents import UpdateDue
from commands.model.messages import Actor, Message, PersonGroup, Place
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.overlay_changes import DoneStep, with_overlay
from commands.model.ports import CannotPost, EarlierMessage, NotifyMode, StopResult
from commands.model.run_head import RunHead, run_head
from commands.model.tracked_run import Receipt, ReservedStart, RunOverlay, TrackedRun

_SENDER, _PLACE = Actor(surface="console", id="U0"), Place(surface="console", channel="inc-42")

Clock = Callable[[], datetime]


@dataclass
class MemoryRunsPort:
    adapters: Mapping[str, Adapter]
    now: Clock
    tracked: dict[str, TrackedRun] = field(default_factory=dict)  # by handle
    bound: dict[tuple[str, str], str] = field(default_factory=dict)  # (channel key, thread) -> handle
    last_used_handles: dict[str, str] = field(default_factory=dict)  # by actor id
    starts: dict[str, str] = field(default_factory=dict)  # message key -> handle
    created: dict[str, datetime] = field(default_factory=dict)
    ledger: list[Receipt] = field(default_factory=list)
    queued: dict[str, int] = field(default_factory=dict)

    async def get(self, handle: str) -> TrackedRun | None:
        return self.tracked.get(handle.upper())

    async def find(self, key: RunKey) -> TrackedRun | None:
        return next((tracked for tracked in self.tracked.values() if tracked.run.key == key), None)

    def head(self, tracked: TrackedRun) -> RunHead:
        return run_head(tracked)

    async def active_heads(self) -> Sequence[RunHead]:
        return [run_head(tracked) for tracked in self._active()]

    async def runs_of(self, actor: Actor) -> Sequence[TrackedRun]:
        return self._active()

    async def runs_of_runbook(self, title: str) -> Sequence[TrackedRun]:
        named = title.casefold()
        return [tracked for tracked in self.tracked.values() if tracked.run.runbook.casefold() == named]

    def _active(self) -> list[TrackedRun]:
        return [tracked for tracked in reversed(self.tracked.values()) if not tracked.run.state.is_over]

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return self.tracked.get(self.bound.get((place.key, place.thread), ""))

    async def for_channel(self, place: Place) -> Sequence[RunHead]:
        handles = dict.fromkeys(handle for (key, _), handle in self.bound.items() if key == place.key)
        heads = [run_head(self.tracked[handle]) for handle in handles]
        return [run for run in heads if not run.state.is_over]

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return self.tracked.get(self.last_used_handles.get(actor.id, ""))

    async def mark_used(self, actor: Actor, handle: str) -> None:
        self.last_used_handles[actor.id] = handle

    async def track(self, summary: RunSummary | Run) -> TrackedRun:
        tracked = await self.find(summary.key)
        run = (
            summary if isinstance(summary, Run) else Run(key=summary.key, title=summary.title, state=summary.state)
        )
        if tracked is None:
            tracked = self._new(run, started=True)
        return self._save(tracked.model_copy(update={"run": run})) if isinstance(summary, Run) else tracked

    async def is_hidden(self, run: RunSummary | Run | RunKey) -> bool:
        return False

    async def reserve_handle(self, start: ReservedStart) -> str:
        if start.message not in self.starts:
            tracked = self._new(start.run(""), started=False)
            self.starts[start.message] = handle = tracked.handle
            self._save(tracked.model_copy(update={"run": start.run(handle), "overlay": start.overlay}))
        return self.starts[start.message]

    async def cancel_start(self, handle: str) -> None:
        tracked = self.tracked[handle]
        if not tracked.started:
            self._save(
                tracked.model_copy(update={"run": tracked.run.model_copy(update={"state": RunState.CANCELLED})})
            )
            self.bound = {place: bound for place, bound in self.bound.items() if bound != handle}

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        self.bound[place.key, place.thread] = handle
        await self.update_overlay(handle, lambda overlay: overlay.with_place(place))
        holder = self.tracked.get(self.bound.get((place.key, ""), ""))
        if channel_too and (holder is None or holder.run.state.is_over):
            self.bound[place.key, ""] = handle

    async def refresh(self, handle: str) -> TrackedRun:
        tracked = self.tracked[handle]
        run = await adapter_named(self.adapters, tracked.run.key.platform).read(tracked.run.key.id)
        return self._save(tracked.model_copy(update={"run": run}))

    async def apply_result(self, handle: str, done: DoneStep) -> TrackedRun:
        tracked, result = self.tracked[handle], done.result
        run = result.snapshot or tracked.run.merge(result.tasks)
        changes: dict[str, object] = {}
        if result.run is not None and not tracked.run.key.id:
            changes["key"] = result.run
            tracked = tracked.model_copy(update={"started": True})
        if result.state is not None:
            changes["state"] = result.state
        if result.health is not None:
            note = result.health
            changes |= {"health": note.health, "health_text": note.text, "health_by": note.by}
            changes |= {"health_at": note.at}
        merged = tracked.model_copy(update={"run": run.model_copy(update=changes)})
        return self._save(with_overlay(merged, done))

    async def update_overlay(self, handle: str, change: Callable[[RunOverlay], RunOverlay]) -> TrackedRun:
        tracked = self.tracked[handle]
        return self._save(tracked.model_copy(update={"overlay": change(tracked.overlay)}))

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return [
            receipt for receipt in reversed(self.ledger) if receipt.run == handle and task in ("", receipt.task)
        ]

    async def queued_writes(self, handle: str) -> int:
        return self.queued.get(handle, 0)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        return next(
            (
                tracked
                for tracked in (self.tracked[run.handle] for run in await self.for_channel(place))
                if tracked.started
                and RunbookKey(platform=tracked.run.key.platform, id=tracked.run.runbook_id) == runbook
                and self.created[tracked.handle] >= since
            ),
            None,
        )

    def _new(self, run: Run, *, started: bool) -> TrackedRun:
        handle = f"R{len(self.tracked) + 1}"
        self.created[handle] = self.now()
        return self._save(TrackedRun(handle=handle, run=run, started=started))

    def _save(self, tracked: TrackedRun) -> TrackedRun:
        new = [task.id for task in tracked.run.tasks if task.id not in tracked.handles]
        handles = {**tracked.handles, **{id: f"T{len(tracked.handles) + n}" for n, id in enumerate(new, 1)}}
        self.tracked[tracked.handle] = tracked.model_copy(update={"handles": handles})
        return self.tracked[tracked.handle]


@dataclass
class MemoryPeople:
    actors: Sequence[Actor]
    groups: dict[str, PersonGroup] = field(default_factory=dict)  # by name, with "@"

    async def find(self, query: str, near: Message) -> Sequence[Actor]:
        wanted = query.removeprefix("@").casefold()
        if wanted == "me":
            return [near.actor]
        return [
            actor for actor in self.actors if wanted in (actor.id.casefold(), actor.handle, actor.name.casefold())
        ]

    async def group(self, words: str, near: Message, most: int) -> PersonGroup | None:
        group = self.groups.get(words)
        return group and group.model_copy(update={"members": group.members[:most]})

    async def account_of(self, person: Person, near: Place) -> Actor | None:
        return next((actor for actor in self.actors if is_certainly_same(self.person(actor), person)), None)

    def person(self, actor: Actor) -> Person:
        return Person(id=actor.id, name=actor.name, email=actor.email, handle=actor.handle)

    def cached_profile(self, actor: Actor) -> Actor:
        return actor


@dataclass
class MemoryPreferences:
    modes: dict[str, NotifyMode] = field(default_factory=dict)  # by actor key

    async def notify_mode(self, actor: Actor) -> NotifyMode:
        return self.modes.get(actor.key, "auto")

    async def set_notify_mode(self, actor: Actor, mode: NotifyMode) -> None:
        self.modes[actor.key] = mode


@dataclass
class MemoryMemberships:
    """``outsiders``: (actor id, channel) of people who cannot see a channel. ``public`` channels are open."""

    outsiders: set[tuple[str, str]] = field(default_factory=set)
    public: set[str] = field(default_factory=set)
    shared: list[Place] = field(default_factory=list)
    people: list[Actor] = field(default_factory=list)  # of every channel
    is_down: bool = False

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return (actor.id, place.channel) not in self.outsiders

    def knows(self, actor: Actor, place: Place) -> bool:
        return not self.is_down

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return await self.can_see(actor, place)

    async def is_public(self, place: Place) -> bool:
        return place.channel in self.public

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        return self.people[:most]

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        return self.shared


@dataclass
class MemoryMessages:
    now: Clock
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: dict[str, tuple[str, Actor, datetime]] = field(default_factory=dict)
    sent: dict[str, tuple[Actor, Place]] = field(default_factory=dict)  # by whom and where, if a test cares
    stoppable: dict[str, StopResult] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, bool], Outcome] = field(default_factory=dict)
    submitted: list[Message] = field(default_factory=list)

    async def submit(self, message: Message) -> None:
        self.submitted.append(message)

    async def find(self, key: str) -> EarlierMessage | None:
        if key not in self.intents:
            return None
        return EarlierMessage(self.intents[key], *self.sent.get(key, (_SENDER, _PLACE)))

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        who, actor, at = self.taken.setdefault(key, (message, by, self.now()))
        return None if who == message else (actor, at)

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        return self.stoppable.get(key, "over")

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        return self.outcomes.get((key, step, there))


@dataclass
class MemoryResponder:
    """``is_blocked``: Liaison cannot post anywhere."""

    is_blocked: bool = False
    posted_cards: list[tuple[str, str]] = field(default_factory=list)  # (handle, channel)
    reminders: dict[str, datetime | None] = field(default_factory=dict)  # by handle
    escalations: list[UpdateDue] = field(default_factory=list)
    direct: list[tuple[str, Card]] = field(default_factory=list)  # (person, card)
    notices: list[tuple[str, str, Card]] = field(default_factory=list)  # (person, channel, card)
    announced: list[tuple[str, Card]] = field(default_factory=list)  # (handle, card)
    reactions: list[tuple[str, str]] = field(default_factory=list)  # (post, emoji)

    async def post_card(self, handle: str, place: Place, *, cause: Message | None = None) -> None:
        if self.is_blocked:
            raise CannotPost("cannot_post.invite", channel="#inc-42", invite="/invite @liaison")
        self.posted_cards.append((handle, place.channel))

    def defer_card(self, handle: str) -> AbstractContextManager[None]:
        return nullcontext()

    async def send_direct(self, person: Actor, card: Card, *, key: str, cause: Message | None = None) -> None:
        self.direct.append((person.id, card))

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, key: str, cause: Message | None = None
    ) -> None:
        self.notices.append((person.id, place.channel, card))

    async def react(self, place: Place, post: str, emoji: str, *, key: str) -> None:
        self.reactions.append((post, emoji))

    async def announce(self, handle: str, card: Card, *, key: str) -> None:
        self.announced.append((handle, card))

    async def post_activity(self, line: ActivityLine) -> None:
        raise AssertionError("handlers return their lines in the answer")

    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        self.reminders[handle] = at

    async def escalate_reminder(self, due: UpdateDue, by: Actor, place: Place) -> None:
        self.escalations.append(due)


@dataclass
class MemoryEffects:
    """As the engine's, for one message and without waiting: an unreachable platform times out at once."""

    message: Message
    adapters: Mapping[str, Adapter]
    runs: MemoryRunsPort
    log: dict[tuple[str, str], Outcome]  # (message key, step key) -> outcome
    now: Clock

    def marker(self, step: Write) -> WriteMarker:
        code = f"{sum(f'{self.message.key} {step.step_key}'.encode()) % 10000:04}"
        return WriteMarker(code=code, who=f"{self.message.actor.name} via Console", at=self.message.at)

    async def wait_for_earlier(self, wanted: Write, run: TrackedRun) -> None:
        """Every outcome is known at once."""

    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        logged = self.log.get((self.message.key, step.step_key))
        if logged is not None:
            return logged
        if check is not None:
            check()
        outcome = await self._execute_once(step, run)
        self.log[self.message.key, step.step_key] = outcome
        return outcome

    async def _execute_once(self, step: Write, run: TrackedRun | None) -> Outcome:
        marker = self.marker(step)
        platform = run.run.key.platform if run else ""
        try:
            result = await adapter_named(self.adapters, platform).execute(step, marker)
        except (Unreachable, RateLimited) as error:
            return Refused(step, error, "patience")
        except OutcomeUnknown:
            return Unknown(step, marker, self.now())
        except AdapterError as error:
            if not (isinstance(error, Conflict) and error.already):
                return Refused(step, error)
            result = WriteResult(already=True)
        if run is not None:
            receipt = Receipt(
                code=marker.code, op=step.op, run=run.handle, task=step.target, by=marker.who, at=marker.at
            )
            if not result.already:
                self.runs.ledger.append(receipt)
            capability, now = adapter_named(self.adapters, platform).capabilities.get(step.op), self.now()
            done = DoneStep(step, result, self.message.actor, capability, marker.at, now, now)
            await self.runs.apply_result(run.handle, done)
        return Done(step, marker, result)
