"""A chat channel with local runbooks, without a process around it: type a line, press a button.

The platform is the real local one. ``ScriptedAdapter`` wraps it, for tests that need other behaviour.
"""

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.errors import AdapterError
from adapters.http.client import HttpClients
from adapters.local import PLATFORM, LocalSettings
from adapters.local.adapter import LocalAdapter
from adapters.models import (
    AssignedTask,
    Comment,
    Listing,
    Person,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunSummary,
    TaskKey,
)
from adapters.protocol import Capability, CheckResult, Platform, Resources
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.writes import Op, Write, WriteMarker
from commands import dispatch
from commands.dispatch import Route
from commands.lookup.message_intent import intent_json
from commands.model.access_rules import AccessRules
from commands.model.card import Answer, Button, Card
from commands.model.intents import Intent
from commands.model.messages import Actor, Membership, Message, Place, Via
from commands.model.outcomes import Outcome
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text
from commands.text.phrases import join_parts
from tests.adapters.local.store import MemoryRuns
from tests.commands.memory import (
    MemoryEffects,
    MemoryMemberships,
    MemoryMessages,
    MemoryPeople,
    MemoryPreferences,
    MemoryResponder,
    MemoryRunsPort,
)

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
ANA = Actor(
    surface="console", id="U1", name="Ana", handle="ana", email="ana@x.example", membership=Membership.MEMBER
)
BEN = Actor(
    surface="console", id="U2", name="Ben", handle="ben", email="ben@x.example", membership=Membership.MEMBER
)
EVE = Actor(surface="console", id="U3", name="Eve", handle="eve", membership=Membership.GUEST)
HERE = Place(surface="console", channel="inc-42", channel_name="inc-42")
ON_SLACK = HERE.model_copy(update={"surface": "slack"})  # where not everybody sees everything
DAN = Actor(surface="slack", id="U0DAN1", name="Dan", handle="dan", membership=Membership.MEMBER)

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


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class ScriptedAdapter:
    """The local platform, except for what a test scripts."""

    inner: LocalAdapter
    capabilities: Mapping[Op, Capability]
    name: str = "local"
    errors: dict[str, AdapterError] = field(default_factory=dict)  # by operation, step key or "steps:OP"
    runbook_changes: dict[str, object] = field(default_factory=dict)  # applied to every runbook
    run_changes: dict[str, object] = field(default_factory=dict)  # applied to every run that is read
    task_changes: dict[str, dict[str, object]] = field(default_factory=dict)  # by title, applied when read
    started_task_changes: dict[str, object] = field(default_factory=dict)  # applied to the tasks a start returns
    parts: dict[Op, Sequence[str]] = field(default_factory=dict)  # writes of several steps
    results: dict[Op, WriteResult] = field(default_factory=dict)  # returned without executing anything
    partial_ops: frozenset[Op] = frozenset()  # results are marked partial
    instructions_text: str = ""
    more_assigned: tuple[AssignedTask, ...] = ()
    lists_all: bool = True
    answers: asyncio.Event = field(default_factory=_set_event)  # cleared: it never says whose tasks are whose
    offered_actions: tuple[PlatformAction, ...] = ()
    executed: list[str] = field(default_factory=list)  # step keys
    step_options: list[Mapping[str, str]] = field(default_factory=list)  # of those steps

    def _raise_scripted(self, operation: str) -> None:
        if operation in self.errors:
            raise self.errors[operation]

    async def runbooks(self, query: str) -> Listing[Runbook]:
        self._raise_scripted("runbooks")
        found = await self.inner.runbooks(query)
        return Listing([book.model_copy(update=self.runbook_changes) for book in found], self.lists_all)

    async def runbook(self, id: str) -> Runbook:
        self._raise_scripted("runbooks")
        return (await self.inner.runbook(id)).model_copy(update=self.runbook_changes)

    async def runs(self, query: str) -> Listing[RunSummary]:
        self._raise_scripted("runs")
        return Listing((await self.inner.runs(query)).items, self.lists_all)

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        self._raise_scripted("assigned")
        await self.answers.wait()
        found = await self.inner.assigned_tasks(person)
        return Listing([*found, *self.more_assigned], self.lists_all)

    async def read(self, id: str) -> Run:
        self._raise_scripted("read")
        return self._changed(await self.inner.read(id))

    def _changed(self, run: Run) -> Run:
        tasks = tuple(task.model_copy(update=self.task_changes.get(task.title, {})) for task in run.tasks)
        return run.model_copy(update={"tasks": tasks, **self.run_changes})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        self._raise_scripted("comments")
        return await self.inner.comments(id, task)

    async def instructions(self, task: str) -> str:
        return self.instructions_text

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        self._raise_scripted("actions")
        return self.offered_actions

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        self._raise_scripted(f"steps:{write.op.value}")
        return [write.model_copy(update={"part": part}) for part in self.parts.get(write.op, ("",))]

    def recovery(self, step: Write) -> Recovery:
        return Recovery.LOOKUP

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        self._raise_scripted(step.step_key)
        self._raise_scripted(step.op.value)
        self.executed.append(step.step_key)
        self.step_options.append(step.options)
        if step.op in self.results:
            return self.results[step.op]
        if step.op is Op.ACTION or (step.part and step.part != self.parts[step.op][0]):
            return WriteResult()
        result = await self.inner.execute(step.model_copy(update={"options": {}, "part": ""}), marker)
        snapshot = self._changed_snapshot(step, result.snapshot) if result.snapshot else None
        return result.model_copy(update={"snapshot": snapshot, "partial": step.op in self.partial_ops})

    def _changed_snapshot(self, step: Write, run: Run) -> Run:
        run = self._changed(run)
        if step.op is not Op.START:
            return run
        tasks = tuple(task.model_copy(update=self.started_task_changes) for task in run.tasks)
        return run.model_copy(update={"tasks": tasks})

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.inner.reconcile(step, marker, baseline)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        path = url.removeprefix("https://local.example/").split("/")
        if not url.startswith("https://local.example/"):
            return None
        run = RunKey(platform="local", id=path[0])
        return TaskKey(run=run, id=path[1]) if len(path) > 1 else run

    async def check(self) -> Sequence[CheckResult]:
        return []


class Room:
    """``type``, ``press`` and ``submit`` do what the engine does with a message: route it, then execute it."""

    def __init__(self, folder: Path) -> None:
        (folder / "failover.md").write_text(FAILOVER)
        (folder / "outage.md").write_text(OUTAGE)
        self.time = NOW
        self._numbers: Iterator[int] = itertools.count(1)
        http = HttpClients()
        inner = LocalAdapter(
            "local", LocalSettings(path=folder), Resources(http=http, now=self.now, local_runs=MemoryRuns())
        )
        self.platform = ScriptedAdapter(inner, dict(inner.capabilities))
        adapters = {"local": self.platform}
        self.runs = MemoryRunsPort(adapters, self.now)
        self.memberships = MemoryMemberships()
        self.messages = MemoryMessages(self.now)
        self.responder = MemoryResponder()
        self.preferences = MemoryPreferences()
        self.effect_log: dict[tuple[str, str], Outcome] = {}
        platform_types: dict[str, Platform] = {"local": PLATFORM}
        self.services = Services(
            commands=COMMANDS,
            platforms=adapters,
            platform_types=platform_types,
            runs=self.runs,
            people=MemoryPeople([ANA, BEN, EVE, DAN]),
            memberships=self.memberships,
            messages=self.messages,
            responder=self.responder,
            now=self.now,
            preferences=self.preferences,
            zone=UTC,
        )

    def now(self) -> datetime:
        return self.time

    def wait(self, **delta: float) -> None:
        self.time += timedelta(**delta)

    def allow(self, rules: AccessRules) -> None:
        self.services = Services(**{**vars(self.services), "access_rules": rules})

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
        self.messages.sent[message.key] = message.actor, message.place
        route = await dispatch.route(message, self.services)
        if isinstance(route, RunKey):
            refused = await dispatch.read_run(route, message, self.services)
            route = refused or await dispatch.route(message, self.services)
        assert not isinstance(route, RunKey)
        if isinstance(route, Answer):
            intent = await intent_json(message, self.services)
            if intent is not None:
                self.messages.intents[message.key] = json.loads(intent)
            return route
        self.messages.intents[message.key] = route.intent or {}
        return await self.execute(message, route)

    async def repeat(self, key: str) -> Answer:
        """Executes a start by Ana again, with its stored route, as after a crash."""
        intent = self.messages.intents[key]
        route = Route(intent=intent, queue=intent["run"], starting=True)
        return await self.execute(self._message(ANA, HERE, Via.COMMAND, key), route)

    async def execute(self, message: Message, route: Route, *, has_begun: bool = False) -> Answer:
        answer = await self.execute_once(message, route, has_begun=has_begun)
        if isinstance(answer, Answer):
            return answer
        self.messages.intents[message.key] = answer.intent or {}
        return await self.execute(message, answer)

    async def execute_once(self, message: Message, route: Route, *, has_begun: bool = False) -> Answer | Route:
        effects = MemoryEffects(message, self.services.platforms, self.runs, self.effect_log, self.now)
        run = await self.runs.get(route.queue) if route.queue else None
        context = CommandContext(self.services, message, self.now(), UTC, effects, run)
        return await dispatch.execute(message, route, context, has_begun=has_begun)

    def _message(self, by: Actor, place: Place, via: Via, key: str, **content: Any) -> Message:
        key = key or f"M{next(self._numbers)}"
        return Message(key=key, actor=by, place=place, via=via, at=self.time, **content)

    async def start(self, place: Place = HERE, name: str = "Primary down in EU") -> TrackedRun:
        answer = await self.type(f"start Database failover --name {name}", place=place)
        assert answer.result == "done", private_text(answer)
        tracked = await self.runs.get(answer.changed_runs[0])
        assert tracked is not None
        self.wait(minutes=1)
        return tracked

    async def run(self, handle: str) -> TrackedRun:
        tracked = await self.runs.get(handle)
        assert tracked is not None
        return tracked


def private_text(answer: Answer) -> str:
    """The title and the lines of the private card."""
    return _card_text(answer.private)


def private_rows(answer: Answer) -> list[str]:
    """ "T1 Confirm the primary is down: running", of the private card."""
    sections = answer.private.sections if answer.private else ()
    return [
        f"{row.handle} {row.title}: {plain_text(join_parts([row.state or '', row.note], ' · '))}"
        for section in sections
        for row in section.rows
    ]


def public_text(answer: Answer) -> str:
    return _card_text(answer.public)


def _card_text(card: Card | None) -> str:
    return "" if card is None else "\n".join([plain_text(card.title), *(plain_text(line) for line in card.lines)])


def all_buttons(card: Card | None) -> list[Button]:
    """With the options of its menus."""
    if card is None:
        return []
    menus = [*(section.menu for section in card.sections), card.menu]
    return [*card.all_buttons, *(option for menu in menus if menu for option in menu.options)]


def button_labels(answer: Answer) -> list[str]:
    card = answer.private or answer.public
    return [button.label for button in card.all_buttons] if card else []


def find_button(answer: Answer, label: str) -> Button:
    card = answer.private or answer.public
    assert card is not None
    found = [button for button in all_buttons(card) if button.label == label]
    assert found, f"{label!r} is none of {button_labels(answer)}"
    return found[0]


def activity_texts(answer: Answer) -> list[str]:
    return [plain_text(line.text) for line in answer.activity]
