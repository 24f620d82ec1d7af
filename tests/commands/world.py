"""A chat channel over local runbooks, small enough to hold in the head: type a line, press a button.

The platform is the real local one; ``Wilful`` stands in front of it where a test needs another's habits.
"""

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.errors import AdapterError
from adapters.http.client import HttpClients
from adapters.local import PLATFORM, LocalSettings
from adapters.local.adapter import LocalAdapter
from adapters.models import Comment, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Platform, Resources
from adapters.writes import Baseline, Op, Reconciliation, Recovery, Write, WriteMarker, WriteResult
from commands import dispatch
from commands.dispatch import Route
from commands.model.card import Answer, Button
from commands.model.intents import Intent
from commands.model.messages import Actor, Membership, Message, Place, Via
from commands.model.outcomes import Outcome
from commands.model.ports import AccessRules, CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text
from tests.adapters.local.store import MemoryRuns
from tests.commands.memory import MemoryDesk, MemoryEffects, MemoryMessages, MemoryPeople, MemoryRunsPort

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
ANA = Actor(
    surface="console", id="U1", name="Ana", handle="ana", email="ana@x.example", membership=Membership.MEMBER
)
BEN = Actor(
    surface="console", id="U2", name="Ben", handle="ben", email="ben@x.example", membership=Membership.MEMBER
)
EVE = Actor(surface="console", id="U3", name="Eve", handle="eve", membership=Membership.GUEST)
HERE = Place(surface="console", channel="inc-42", channel_name="inc-42")

FAILOVER = """# Database failover

The primary is gone.

## Triage
- [ ] Confirm the primary is down
  Ask from two zones.
- [ ] Page the DBA

## Fail over
- [ ] Promote the replica (after: Confirm the primary is down; Page the DBA)
- [ ] Repoint the app (after: Promote the replica)
"""
OUTAGE = "# Third-party outage\n- [ ] Tell support\n- [ ] Ask the vendor\n"


@dataclass
class Wilful:
    """The local platform, except for what a test says: other ``capabilities``, or ``raises`` for an operation."""

    inner: LocalAdapter
    capabilities: Mapping[Op, Capability]
    name: str = "local"
    raises: dict[str, AdapterError] = field(default_factory=dict)
    changes: dict[str, object] = field(default_factory=dict)  # of every runbook: alerts, irreversible
    tasks: dict[str, dict[str, object]] = field(default_factory=dict)  # title -> changes of tasks as read
    started: dict[str, object] = field(default_factory=dict)  # of all tasks as a start's answer has them
    parts: dict[Op, Sequence[str]] = field(default_factory=dict)
    says: dict[Op, WriteResult] = field(default_factory=dict)  # instead of doing it
    partial: frozenset[Op] = frozenset()  # recorded, and others have their parts
    instructed: str = ""  # of tasks whose read has none
    offered: tuple[PlatformAction, ...] = ()
    of_run: dict[str, object] = field(default_factory=dict)  # changes of every run as read
    carried: list[str] = field(default_factory=list)

    def _may(self, what: str) -> None:
        if what in self.raises:
            raise self.raises[what]

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        self._may("runbooks")
        return [book.model_copy(update=self.changes) for book in await self.inner.runbooks(words)]

    async def runbook(self, id: str) -> Runbook:
        self._may("runbooks")
        return (await self.inner.runbook(id)).model_copy(update=self.changes)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        self._may("runs")
        return await self.inner.runs(words)

    async def read(self, id: str) -> Run:
        self._may("read")
        return self._changed(await self.inner.read(id))

    def _changed(self, run: Run) -> Run:
        tasks = tuple(task.model_copy(update=self.tasks.get(task.title, {})) for task in run.tasks)
        return run.model_copy(update={"tasks": tasks, **self.of_run})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        self._may("comments")
        return await self.inner.comments(id, task)

    async def instructions(self, task: str) -> str:
        return self.instructed

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        self._may("offers")
        return self.offered

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        self._may(f"steps:{write.op.value}")
        return [write.model_copy(update={"part": part}) for part in self.parts.get(write.op, ("",))]

    def recovery(self, step: Write) -> Recovery:
        return Recovery.LOOKUP

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        self._may(step.step_key)
        self._may(step.op.value)
        self.carried.append(step.step_key)
        if step.op in self.says:
            return self.says[step.op]
        if step.op is Op.ACTION or (step.part and step.part != self.parts[step.op][0]):
            return WriteResult()
        told = await self.inner.execute(step.model_copy(update={"options": {}, "part": ""}), mark)
        snapshot = self._told(step, told.snapshot) if told.snapshot else None
        return told.model_copy(update={"snapshot": snapshot, "partial": step.op in self.partial})

    def _told(self, step: Write, run: Run) -> Run:
        run = self._changed(run)
        if step.op is not Op.START:
            return run
        return run.model_copy(update={"tasks": tuple(task.model_copy(update=self.started) for task in run.tasks)})

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        return await self.inner.reconcile(step, mark, known)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        path = url.removeprefix("https://local.example/").split("/")
        if not url.startswith("https://local.example/"):
            return None
        run = RunKey(platform="local", id=path[0])
        return TaskKey(run=run, id=path[1]) if len(path) > 1 else run

    async def check(self) -> Sequence[CheckResult]:
        return []


class Room:
    """``type`` and ``press`` do what the engine does with a message: place it, then carry it."""

    def __init__(self, folder: Path) -> None:
        (folder / "failover.md").write_text(FAILOVER)
        (folder / "outage.md").write_text(OUTAGE)
        self.time = NOW
        self._numbers: Iterator[int] = itertools.count(1)
        http = HttpClients()
        inner = LocalAdapter(
            "local", LocalSettings(path=folder), Resources(http=http, now=self.now, local_runs=MemoryRuns())
        )
        self.platform = Wilful(inner, dict(inner.capabilities))
        adapters = {"local": self.platform}
        self.runs = MemoryRunsPort(adapters, self.now)
        self.messages = MemoryMessages(self.now)
        self.desk = MemoryDesk()
        self.log: dict[tuple[str, str], Outcome] = {}
        kinds: dict[str, Platform] = {"local": PLATFORM}
        self.world = Services(
            commands=COMMANDS,
            platforms=adapters,
            platform_types=kinds,
            runs=self.runs,
            people=MemoryPeople([ANA, BEN, EVE]),
            messages=self.messages,
            responder=self.desk,
            zone=UTC,
        )

    def now(self) -> datetime:
        return self.time

    def wait(self, **delta: float) -> None:
        self.time += timedelta(**delta)

    def allow(self, rules: AccessRules) -> None:
        self.world = Services(**{**vars(self.world), "access_rules": rules})

    async def type(
        self, text: str, *, by: Actor = ANA, place: Place = HERE, via: Via = Via.COMMAND, key: str = ""
    ) -> Answer:
        return await self.send(self._message(by, place, via, key, text=text))

    async def press(self, button: Button | Intent, *, by: Actor = ANA, place: Place = HERE) -> Answer:
        intent = button.intent if isinstance(button, Button) else button
        return await self.send(self._message(by, place, Via.BUTTON, "", intent=intent.model_dump(mode="json")))

    async def submit(self, dump: dict[str, Any], *, by: Actor = ANA, place: Place = HERE) -> Answer:
        return await self.send(self._message(by, place, Via.FORM, "", intent=dump))

    async def send(self, message: Message) -> Answer:
        decided = await dispatch.route(message, self.world, self.now())
        if isinstance(decided, Answer):
            read = dispatch.intent_dump(message, self.world)
            if read is not None:
                self.messages.intents[message.key] = dispatch.read_now(message, self.world).model_dump(mode="json")
            return decided
        self.messages.intents[message.key] = decided.intent or {}
        return await self.carry(message, decided)

    async def carry(self, message: Message, ticket: Route) -> Answer:
        effects = MemoryEffects(message, self.world.platforms, self.runs, self.log, self.now)
        run = await self.runs.get(ticket.queue) if ticket.queue else None
        return await dispatch.execute(
            message, ticket, CommandContext(self.world, message, self.now(), UTC, effects, run)
        )

    def _message(self, by: Actor, place: Place, via: Via, key: str, **said: Any) -> Message:
        return Message(key=key or f"M{next(self._numbers)}", actor=by, place=place, via=via, at=self.time, **said)

    async def start(self, place: Place = HERE, name: str = "Primary down in EU") -> TrackedRun:
        answer = await self.type(f"start Database failover --name {name}", place=place)
        assert answer.result == "done", shown(answer)
        known = await self.runs.get(answer.changed_runs[0])
        assert known is not None
        self.wait(minutes=1)
        return known

    async def run(self, handle: str) -> TrackedRun:
        known = await self.runs.get(handle)
        assert known is not None
        return known


def shown(answer: Answer) -> str:
    """All that the person is told, as plain text."""
    card = answer.private
    return "" if card is None else "\n".join([plain_text(card.title), *(plain_text(line) for line in card.lines)])


def said_publicly(answer: Answer) -> str:
    card = answer.public
    return "" if card is None else "\n".join([plain_text(card.title), *(plain_text(line) for line in card.lines)])


def labels(answer: Answer) -> list[str]:
    card = answer.private or answer.public
    return [button.label for button in card.buttons] if card else []


def button(answer: Answer, label: str) -> Button:
    card = answer.private or answer.public
    assert card is not None
    found = [one for one in card.buttons if one.label == label]
    assert found, f"{label!r} is none of {labels(answer)}"
    return found[0]


def traces(answer: Answer) -> list[str]:
    return [plain_text(line.text) for line in answer.activity]


Rooms = AsyncIterator[Room]
