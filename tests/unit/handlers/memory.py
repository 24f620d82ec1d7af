"""The ports of ``commands.ports`` in memory: what handlers may use of the world, without a process around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, RateLimited, Unreachable
from adapters.models import Person, Run, RunbookKey, RunHead, RunKey, RunState
from adapters.protocol import Adapter
from adapters.writes import Mark, Told, Write
from commands.cards import TraceLine
from commands.messages import Actor, Message, Place
from commands.ports import CannotPost, Done, Kept, KnownRun, Outcome, Receipt, Refused, Stopping, Unknown

Clock = Callable[[], datetime]


@dataclass
class MemoryRunsPort:
    adapters: Mapping[str, Adapter]
    now: Clock
    kept: dict[str, KnownRun] = field(default_factory=dict)
    bound: dict[tuple[str, str], str] = field(default_factory=dict)
    touched: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    ledger: list[Receipt] = field(default_factory=list)
    queued: dict[str, int] = field(default_factory=dict)

    async def get(self, handle: str) -> KnownRun | None:
        return self.kept.get(handle.upper())

    async def find(self, key: RunKey) -> KnownRun | None:
        return next((known for known in self.kept.values() if known.run.key == key), None)

    async def known(self, *, active: bool = True) -> Sequence[KnownRun]:
        newest = list(reversed(self.kept.values()))
        return [known for known in newest if not active or not known.run.state.is_over]

    async def of_thread(self, place: Place) -> KnownRun | None:
        return self.kept.get(self.bound.get((place.key, place.thread), ""))

    async def of_channel(self, place: Place) -> Sequence[KnownRun]:
        handles = dict.fromkeys(handle for (key, _), handle in self.bound.items() if key == place.key)
        return [self.kept[handle] for handle in handles if not self.kept[handle].run.state.is_over]

    async def last_touched(self, actor: Actor) -> KnownRun | None:
        return self.kept.get(self.touched.get(actor.id, ""))

    async def touch(self, actor: Actor, handle: str) -> None:
        self.touched[actor.id] = handle

    async def adopt(self, head: RunHead | Run) -> KnownRun:
        known = await self.find(head.key)
        run = head if isinstance(head, Run) else Run(key=head.key, title=head.title, state=head.state)
        if known is None:
            known = self._new(run, started=True)
        return self._save(known.model_copy(update={"run": run})) if isinstance(head, Run) else known

    async def reserve(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        where = RunKey(platform=platform, id="")
        draft = Run(key=where, title=title, runbook=book, runbook_id=runbook, state=RunState.STARTING)
        if key not in self.starts:
            self.starts[key] = self._new(draft, started=False).handle
        known = self.kept[self.starts[key]]
        if not known.started:
            self._save(known.model_copy(update={"run": draft}))
        return known.handle

    async def drop(self, handle: str) -> None:
        known = self.kept[handle]
        if not known.started:
            self._save(
                known.model_copy(update={"run": known.run.model_copy(update={"state": RunState.CANCELLED})})
            )
            self.bound = {where: run for where, run in self.bound.items() if run != handle}

    async def revive(self, handle: str, key: str) -> None:
        known = self.kept[handle]
        self.starts[key] = handle
        self._save(known.model_copy(update={"run": known.run.model_copy(update={"state": RunState.STARTING})}))

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        self.bound[place.key, place.thread] = handle
        holder = self.kept.get(self.bound.get((place.key, ""), ""))
        if channel_too and (holder is None or holder.run.state.is_over):
            self.bound[place.key, ""] = handle

    async def refresh(self, handle: str) -> KnownRun:
        known = self.kept[handle]
        run = await self.adapters[known.run.key.platform].read(known.run.key.id)
        return self._save(known.model_copy(update={"run": run}))

    async def merge(self, handle: str, told: Told) -> KnownRun:
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

    async def keep(self, handle: str, **changes: object) -> KnownRun:
        known = self.kept[handle]
        kept = Kept.model_validate({**known.kept.model_dump(), **changes})
        return self._save(known.model_copy(update={"kept": kept}))

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return [one for one in reversed(self.ledger) if one.run == handle and task in ("", one.task)]

    async def waiting(self, handle: str) -> int:
        return self.queued.get(handle, 0)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> KnownRun | None:
        return next(
            (
                known
                for known in await self.of_channel(place)
                if known.started
                and RunbookKey(platform=known.run.key.platform, id=known.run.runbook_id) == runbook
                and self.created[known.handle] >= since
            ),
            None,
        )

    def _new(self, run: Run, *, started: bool) -> KnownRun:
        handle = f"R{len(self.kept) + 1}"
        self.created[handle] = self.now()
        return self._save(KnownRun(handle=handle, run=run, started=started))

    def _save(self, known: KnownRun) -> KnownRun:
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
    stoppable: dict[str, Stopping] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, bool], Outcome] = field(default_factory=dict)

    async def intent_of(self, key: str) -> dict[str, Any] | None:
        return self.intents.get(key)

    async def choose(self, key: str, by: Actor, message: str) -> tuple[Actor, datetime] | None:
        who, actor, at = self.taken.setdefault(key, (message, by, self.now()))
        return None if who == message else (actor, at)

    async def stop(self, key: str, by: Actor) -> Stopping:
        return self.stoppable.get(key, "over")

    async def decide(self, key: str, step: str, there: bool, by: Actor) -> Outcome | None:
        return self.outcomes.get((key, step, there))


@dataclass
class MemoryDesk:
    """``closed``: places we cannot post in."""

    closed: bool = False
    opened: list[tuple[str, str]] = field(default_factory=list)
    promises: dict[str, datetime | None] = field(default_factory=dict)

    async def open_card(self, handle: str, place: Place) -> None:
        if self.closed:
            raise CannotPost("cannot_post.invite", channel="#inc-42", invite="/invite @liaison")
        self.opened.append((handle, place.channel))

    async def trace(self, line: TraceLine) -> None:
        raise AssertionError("handlers say their lines in the answer")

    async def remind(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        self.promises[handle] = at


@dataclass
class MemoryEffects:
    """The engine's rules for one message, with no waiting: what is unreachable is out of patience at once."""

    message: Message
    adapters: Mapping[str, Adapter]
    runs: MemoryRunsPort
    log: dict[tuple[str, str], Outcome]
    now: Clock

    def mark(self, step: Write) -> Mark:
        code = f"{sum(f'{self.message.key} {step.step}'.encode()) % 10000:04}"
        return Mark(code=code, who=f"{self.message.actor.name} via Console", at=self.message.at)

    async def do(self, step: Write, run: KnownRun | None, *, check: Callable[[], None] | None = None) -> Outcome:
        logged = self.log.get((self.message.key, step.step))
        if logged is not None:
            return logged
        if check is not None:
            check()
        outcome = await self._carried(step, run)
        self.log[self.message.key, step.step] = outcome
        return outcome

    async def _carried(self, step: Write, run: KnownRun | None) -> Outcome:
        mark = self.mark(step)
        platform = run.run.key.platform if run else ""
        try:
            told = await self.adapters[platform].carry(step, mark)
        except (Unreachable, RateLimited) as error:
            return Refused(step, error, "patience")
        except OutcomeUnknown:
            return Unknown(step, mark, self.now())
        except AdapterError as error:
            if not (isinstance(error, Conflict) and error.already):
                return Refused(step, error)
            told = Told(already=True)
        if run is not None:
            receipt = Receipt(
                code=mark.code, op=step.op, run=run.handle, task=step.target, by=mark.who, at=mark.at
            )
            self.runs.ledger.append(receipt)
            await self.runs.merge(run.handle, told)
        return Done(step, mark, told)
