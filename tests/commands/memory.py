"""The ports of ``commands.ports`` in memory: what handlers may use of the world, without a process around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.models import Person, Run, RunbookKey, RunKey, RunState, RunSummary
from adapters.protocol import Adapter
from adapters.writes import Write, WriteMarker, WriteResult
from commands.model.card import ActivityLine
from commands.model.messages import Actor, Message, Place
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import CannotPost, StopResult
from commands.model.tracked_run import Receipt, RunOverlay, TrackedRun

Clock = Callable[[], datetime]


@dataclass
class MemoryRunsPort:
    adapters: Mapping[str, Adapter]
    now: Clock
    kept: dict[str, TrackedRun] = field(default_factory=dict)
    bound: dict[tuple[str, str], str] = field(default_factory=dict)
    touched: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    ledger: list[Receipt] = field(default_factory=list)
    queued: dict[str, int] = field(default_factory=dict)

    async def get(self, handle: str) -> TrackedRun | None:
        return self.kept.get(handle.upper())

    async def find(self, key: RunKey) -> TrackedRun | None:
        return next((known for known in self.kept.values() if known.run.key == key), None)

    async def list_runs(self, *, active: bool = True) -> Sequence[TrackedRun]:
        newest = list(reversed(self.kept.values()))
        return [known for known in newest if not active or not known.run.state.is_over]

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return self.kept.get(self.bound.get((place.key, place.thread), ""))

    async def for_channel(self, place: Place) -> Sequence[TrackedRun]:
        handles = dict.fromkeys(handle for (key, _), handle in self.bound.items() if key == place.key)
        return [self.kept[handle] for handle in handles if not self.kept[handle].run.state.is_over]

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return self.kept.get(self.touched.get(actor.id, ""))

    async def mark_used(self, actor: Actor, handle: str) -> None:
        self.touched[actor.id] = handle

    async def track(self, head: RunSummary | Run) -> TrackedRun:
        known = await self.find(head.key)
        run = head if isinstance(head, Run) else Run(key=head.key, title=head.title, state=head.state)
        if known is None:
            known = self._new(run, started=True)
        return self._save(known.model_copy(update={"run": run})) if isinstance(head, Run) else known

    async def reserve_handle(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        where = RunKey(platform=platform, id="")
        draft = Run(key=where, title=title, runbook=book, runbook_id=runbook, state=RunState.STARTING)
        if key not in self.starts:
            self.starts[key] = self._new(draft, started=False).handle
        known = self.kept[self.starts[key]]
        if not known.started:
            self._save(known.model_copy(update={"run": draft}))
        return known.handle

    async def cancel_start(self, handle: str) -> None:
        known = self.kept[handle]
        if not known.started:
            self._save(
                known.model_copy(update={"run": known.run.model_copy(update={"state": RunState.CANCELLED})})
            )
            self.bound = {where: run for where, run in self.bound.items() if run != handle}

    async def reuse_handle(self, handle: str, key: str) -> None:
        known = self.kept[handle]
        self.starts[key] = handle
        self._save(known.model_copy(update={"run": known.run.model_copy(update={"state": RunState.STARTING})}))

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        self.bound[place.key, place.thread] = handle
        holder = self.kept.get(self.bound.get((place.key, ""), ""))
        if channel_too and (holder is None or holder.run.state.is_over):
            self.bound[place.key, ""] = handle

    async def refresh(self, handle: str) -> TrackedRun:
        known = self.kept[handle]
        run = await self.adapters[known.run.key.platform].read(known.run.key.id)
        return self._save(known.model_copy(update={"run": run}))

    async def apply_result(self, handle: str, told: WriteResult) -> TrackedRun:
        known = self.kept[handle]
        run = told.snapshot or known.run.merge(told.tasks)
        changes: dict[str, object] = {}
        if told.run is not None and not known.run.key.id:
            changes["key"] = told.run
            known = known.model_copy(update={"started": True})
        if told.state is not None:
            changes["state"] = told.state
        if told.health is not None:
            note = told.health
            changes |= {"health": note.health, "health_text": note.text, "health_by": note.by}
            changes |= {"health_at": note.at}
        return self._save(known.model_copy(update={"run": run.model_copy(update=changes)}))

    async def update_overlay(self, handle: str, **changes: object) -> TrackedRun:
        known = self.kept[handle]
        kept = RunOverlay.model_validate({**known.overlay.model_dump(by_alias=False), **changes})
        return self._save(known.model_copy(update={"overlay": kept}))

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return [one for one in reversed(self.ledger) if one.run == handle and task in ("", one.task)]

    async def queued_writes(self, handle: str) -> int:
        return self.queued.get(handle, 0)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        return next(
            (
                known
                for known in await self.for_channel(place)
                if known.started
                and RunbookKey(platform=known.run.key.platform, id=known.run.runbook_id) == runbook
                and self.created[known.handle] >= since
            ),
            None,
        )

    def _new(self, run: Run, *, started: bool) -> TrackedRun:
        handle = f"R{len(self.kept) + 1}"
        self.created[handle] = self.now()
        return self._save(TrackedRun(handle=handle, run=run, started=started))

    def _save(self, known: TrackedRun) -> TrackedRun:
        new = [task.id for task in known.run.tasks if task.id not in known.handles]
        handles = {**known.handles, **{id: f"T{len(known.handles) + n}" for n, id in enumerate(new, 1)}}
        self.kept[known.handle] = known.model_copy(update={"handles": handles})
        return self.kept[known.handle]


@dataclass
class MemoryPeople:
    actors: Sequence[Actor]

    async def find(self, words: str, near: Message) -> Sequence[Actor]:
        wanted = words.removeprefix("@").casefold()
        if wanted == "me":
            return [near.actor]
        return [
            actor for actor in self.actors if wanted in (actor.id.casefold(), actor.handle, actor.name.casefold())
        ]

    def person(self, actor: Actor) -> Person:
        return Person(id=actor.id, name=actor.name, email=actor.email, handle=actor.handle)


@dataclass
class MemoryMessages:
    now: Clock
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: dict[str, tuple[str, Actor, datetime]] = field(default_factory=dict)
    stoppable: dict[str, StopResult] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, bool], Outcome] = field(default_factory=dict)

    async def intent_of(self, key: str) -> dict[str, Any] | None:
        return self.intents.get(key)

    async def take_choice(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        who, actor, at = self.taken.setdefault(key, (message, by, self.now()))
        return None if who == message else (actor, at)

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        return self.stoppable.get(key, "over")

    async def decide_outcome(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        return self.outcomes.get((key, step, there))


@dataclass
class MemoryDesk:
    """``closed``: places we cannot post in."""

    closed: bool = False
    opened: list[tuple[str, str]] = field(default_factory=list)
    promises: dict[str, datetime | None] = field(default_factory=dict)

    async def post_card(self, handle: str, place: Place) -> None:
        if self.closed:
            raise CannotPost("cannot_post.invite", channel="#inc-42", invite="/invite @liaison")
        self.opened.append((handle, place.channel))

    async def post_activity(self, line: ActivityLine) -> None:
        raise AssertionError("handlers say their lines in the answer")

    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        self.promises[handle] = at


@dataclass
class MemoryEffects:
    """The engine's rules for one message, with no waiting: what is unreachable is out of patience at once."""

    message: Message
    adapters: Mapping[str, Adapter]
    runs: MemoryRunsPort
    log: dict[tuple[str, str], Outcome]
    now: Clock

    def marker(self, step: Write) -> WriteMarker:
        code = f"{sum(f'{self.message.key} {step.step_key}'.encode()) % 10000:04}"
        return WriteMarker(code=code, who=f"{self.message.actor.name} via Console", at=self.message.at)

    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        logged = self.log.get((self.message.key, step.step_key))
        if logged is not None:
            return logged
        if check is not None:
            check()
        outcome = await self._carried(step, run)
        self.log[self.message.key, step.step_key] = outcome
        return outcome

    async def _carried(self, step: Write, run: TrackedRun | None) -> Outcome:
        mark = self.marker(step)
        platform = run.run.key.platform if run else ""
        try:
            told = await self.adapters[platform].execute(step, mark)
        except (Unreachable, RateLimited) as error:
            return Refused(step, error, "patience")
        except OutcomeUnknown:
            return Unknown(step, mark, self.now())
        except AdapterError as error:
            if not (isinstance(error, Conflict) and error.already):
                return Refused(step, error)
            told = WriteResult(already=True)
        if run is not None:
            receipt = Receipt(
                code=mark.code, op=step.op, run=run.handle, task=step.target, by=mark.who, at=mark.at
            )
            self.runs.ledger.append(receipt)
            await self.runs.apply_result(run.handle, told)
        return Done(step, mark, told)
