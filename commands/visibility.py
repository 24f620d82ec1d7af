"""Who may read a run. ``can_read`` decides, and ``ReadableRuns`` applies it to everything that handlers look up.

A run belongs to the places it was started in or given to. Whoever can see one of them may read it; so may, from
anywhere, the full members who started it, own it or have an open task in it. A run that belongs to no place is
known from its platform alone, and every full member may read it. ``[access] read`` replaces the people of the
places.

Guests, and people of other companies, only see the runs of places that they are in, and of those only what a card
shows. A run that somebody may not read is, for them, a run that does not exist.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from adapters.models import Person, Run, RunbookKey, RunKey, RunState, RunSummary
from adapters.toolkit.people import is_certainly_same
from commands.access import is_any_of, is_any_place, is_listed, require_right
from commands.model.access_rules import AccessRules, ReadRule
from commands.model.card import Button
from commands.model.command import Right
from commands.model.errors import Missing
from commands.model.intents import Runs
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import MembershipsPort, PeoplePort, RunsPort, Services
from commands.model.run_head import RunHead, person_identifiers
from commands.model.tracked_run import Receipt, ReservedStart, RunOverlay, TrackedRun
from commands.text.phrases import button

_OPERATOR = "console"  # whoever can use it can read the database as well
_PEOPLE_OF_THE_PLACE, _EVERY_MEMBER = "place", "members"
_RUNS_AT_ONCE = 200
_Sees = Callable[[Place], Awaitable[bool]]


class Reader:
    """Decides for one person."""

    def __init__(self, actor: Actor, services: Services) -> None:
        self.actor = actor
        self._rules: AccessRules = services.access_rules
        self._people: PeoplePort = services.people
        self._memberships: MembershipsPort = services.memberships
        self._workspaces = services.platform_workspaces
        self._runs: RunsPort = services.runs
        self._judged: tuple[RunHead, bool | None] | None = None

    def may_use(self, platform: str) -> bool:
        """Whether their workspace may use the platform with this NAME."""
        named, actor = self._workspaces.get(platform), self.actor
        return not named or actor.surface == _OPERATOR or (actor.workspace or actor.surface) in named

    def _may_cross(self, run: RunHead) -> bool:
        """A run of other workspaces than theirs: only if its platform names both."""
        places = [place for place in run.places if place.surface == self.actor.surface]
        if not places or any(place.workspace in ("", self.actor.workspace) for place in places):
            return True
        named = self._workspaces.get(run.key.platform, ())
        return self.actor.workspace in named and any(place.workspace in named for place in places)

    @property
    def is_member(self) -> bool:
        return self.actor.membership is Membership.MEMBER

    @property
    def is_insider(self) -> bool:
        """Full members, and whoever ``[access]`` names. Only they are told about platforms and their runbooks, and
        about runs of no place."""
        return self.is_member or self.actor.surface == _OPERATOR or is_listed(self.actor, self._rules)

    @property
    def sees_cards(self) -> bool:
        """Whether they may read any run."""
        return self.is_insider or self._rules.guests != "off"

    @property
    def sees_details(self) -> bool:
        """Whether they may read more of a run than its card shows."""
        return self.is_insider or self._rules.guests == "read"

    async def can_read(self, tracked: TrackedRun) -> bool:
        return self.actor.surface == _OPERATOR or await self._can_read(self._runs.head(tracked), self._sees)

    async def readable(self, runs: Sequence[RunHead]) -> Sequence[RunHead]:
        """Those that they may read, in the same order. Each place is asked about once."""
        if self.actor.surface == _OPERATOR:
            return runs
        asked: dict[str, Place] = {}
        seen: dict[str, bool] = {}

        async def sees(place: Place) -> bool:
            asked.setdefault(place.key, place)
            return seen.get(place.key, False)

        readable = {run.handle for run in await self._filter(runs, sees)}
        if asked:
            answers = await asyncio.gather(*(self._sees(place) for place in asked.values()))
            seen |= dict(zip(asked, answers, strict=True))
            readable |= {run.handle for run in await self._filter(runs, sees)}
        return [run for run in runs if run.handle in readable]

    async def _filter(self, runs: Sequence[RunHead], sees: _Sees) -> Sequence[RunHead]:
        found: list[RunHead] = []
        for number, run in enumerate(runs):
            if number % _RUNS_AT_ONCE == 0:
                await asyncio.sleep(0)  # others get their turn
            if await self._can_read(run, sees):
                found.append(run)
        return found

    async def _can_read(self, run: RunHead, sees: _Sees) -> bool:
        if self._judged is None or self._judged[0] is not run:  # one message asks for its run many times
            self._judged = run, self._by_its_facts(run)
        if (known := self._judged[1]) is not None:
            return known
        return await (self._is_of_its_places if self.is_member else self._can_read_as_guest)(run, sees)

    def _by_its_facts(self, run: RunHead) -> bool | None:
        """None if it depends on whether they can see its places now."""
        if not self.may_use(run.key.platform) or not self._may_cross(run):
            return False
        if not self.is_member:
            return None
        rule = _rule_for(run, self._rules.read)
        who = rule.who if rule is not None else (_PEOPLE_OF_THE_PLACE,)
        if _EVERY_MEMBER in who or is_any_of(self.actor, who) or self.has_part_in(run):
            return True
        return None if _PEOPLE_OF_THE_PLACE in who else False

    async def _can_read_as_guest(self, run: RunHead, sees: _Sees) -> bool:
        if not self.sees_cards:
            return False
        rule = _rule_for(run, self._rules.read)
        if rule is not None and self.actor.id not in rule.who and _PEOPLE_OF_THE_PLACE not in rule.who:
            return False
        if not run.places:
            return self.is_insider
        return await _any_seen(run.places, sees)

    async def _is_of_its_places(self, run: RunHead, sees: _Sees) -> bool:
        places = [place for place in run.places if place.surface != _OPERATOR]
        return not places or await _any_seen(places, sees)

    async def _sees(self, place: Place) -> bool:
        return await self._memberships.can_see(self.actor, place)

    @cached_property
    def _me(self) -> Person:
        return self._people.person(self.actor)

    @cached_property
    def _identifiers(self) -> frozenset[str]:
        return frozenset((self.actor.key, *person_identifiers(self._me)))

    def has_part_in(self, run: RunHead) -> bool:
        """Whether they started it, own it, or have an open task in it."""
        if self._identifiers.isdisjoint(run.identifiers):
            return False
        if run.started_by is not None and run.started_by.same_as(self.actor):
            return True
        people = (*run.people, *((run.owner,) if run.owner is not None else ()))
        return any(is_certainly_same(self._me, person) for person in people) or any(
            began.same_as(self.actor) for began in run.began
        )


async def _any_seen(places: Sequence[Place], sees: _Sees) -> bool:
    for place in places:
        if await sees(place):
            return True
    return False


def _rule_for(run: RunHead, rules: Sequence[ReadRule]) -> ReadRule | None:
    return next((rule for rule in rules if _fits(rule, run)), None)


def _fits(rule: ReadRule, run: RunHead) -> bool:
    if rule.platform and rule.platform != run.key.platform:
        return False
    if rule.runbook and rule.runbook.casefold() not in (run.runbook.casefold(), run.runbook_id.casefold()):
        return False
    return not rule.place or any(is_any_place(place, (rule.place,)) for place in run.places)


def missing_run(shown: str, *, buttons: Sequence[Button] = ()) -> Missing:
    """The same for a run that does not exist and for one that the person may not read."""
    return Missing("run.no_such", run=shown, buttons=buttons or [button("button.runs", Runs())])


class ReadableRuns:
    """The runs of ``RunsPort`` that one person may read. The others do not exist here.

    ``shown_elsewhere``: whether a run was looked up that does not belong to ``place``. The answer may then say
    what the other people there may not read.
    """

    def __init__(self, runs: RunsPort, reader: Reader, place: Place) -> None:
        self._runs = runs
        self._reader = reader
        self._place = place
        self.shown_elsewhere = False

    async def _readable(self, tracked: TrackedRun | None) -> TrackedRun | None:
        if tracked is None or not await self._reader.can_read(tracked):
            return None
        self.shown_elsewhere = self.shown_elsewhere or not tracked.is_of(self._place)
        return tracked if self._reader.sees_details else _without_details(tracked)

    async def _all_readable(self, runs: Sequence[TrackedRun]) -> Sequence[TrackedRun]:
        found = await asyncio.gather(*(self._readable(tracked) for tracked in runs))
        return [tracked for tracked in found if tracked is not None]

    async def _require(self, tracked: TrackedRun) -> TrackedRun:
        found = await self._readable(tracked)
        if found is None:
            raise missing_run(str(tracked.run.key) if tracked.run.key.id else tracked.handle)
        return found

    async def get(self, handle: str) -> TrackedRun | None:
        return await self._readable(await self._runs.get(handle))

    async def find(self, key: RunKey) -> TrackedRun | None:
        return await self._readable(await self._runs.find(key))

    def head(self, tracked: TrackedRun) -> RunHead:
        return self._runs.head(tracked)

    async def is_hidden(self, run: RunSummary | Run | RunKey) -> bool:
        key = run if isinstance(run, RunKey) else run.key
        tracked = await self._runs.find(key)
        if tracked is None:
            tracked = TrackedRun(handle="", run=_run_of(run))
        return not await self._reader.can_read(tracked)

    async def active_heads(self) -> Sequence[RunHead]:
        return await self._readable_heads(await self._runs.active_heads())

    async def _readable_heads(self, runs: Sequence[RunHead]) -> Sequence[RunHead]:
        found = await self._reader.readable(runs)
        self.shown_elsewhere = self.shown_elsewhere or any(not run.is_of(self._place) for run in found)
        return found

    async def runs_of(self, actor: Actor) -> Sequence[TrackedRun]:
        return await self._all_readable(await self._runs.runs_of(actor))

    async def runs_of_runbook(self, title: str) -> Sequence[TrackedRun]:
        return await self._all_readable(await self._runs.runs_of_runbook(title))

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return await self._readable(await self._runs.for_thread(place))

    async def for_channel(self, place: Place) -> Sequence[RunHead]:
        return await self._readable_heads(await self._runs.for_channel(place))

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return await self._readable(await self._runs.last_used(actor))

    async def mark_used(self, actor: Actor, handle: str) -> None:
        await self._runs.mark_used(actor, handle)

    async def track(self, run: RunSummary | Run) -> TrackedRun:
        """Raises ``Missing`` for a run that the person may not read."""
        if await self.is_hidden(run):
            raise missing_run(str(run.key))
        return await self._require(await self._runs.track(run))

    async def reserve_handle(self, start: ReservedStart) -> str:
        return await self._runs.reserve_handle(start)

    async def cancel_start(self, handle: str) -> None:
        await self._runs.cancel_start(handle)

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        await self._runs.bind(handle, place, channel_too=channel_too)

    async def refresh(self, handle: str) -> TrackedRun:
        """Raises ``Missing`` if what was read shows that the person may not read it."""
        return await self._require(await self._runs.refresh(handle))

    async def update_overlay(self, handle: str, change: Callable[[RunOverlay], RunOverlay]) -> TrackedRun:
        return await self._runs.update_overlay(handle, change)

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return await self._runs.receipts(handle, task)

    async def queued_writes(self, handle: str) -> int:
        return await self._runs.queued_writes(handle)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        return await self._readable(await self._runs.recent_start(runbook, place, since))


def _run_of(run: RunSummary | Run | RunKey) -> Run:
    if isinstance(run, Run):
        return run
    if isinstance(run, RunKey):
        return Run(key=run, title=run.id, state=RunState.ACTIVE)
    return Run(key=run.key, title=run.title, runbook=run.runbook, state=run.state)


def _without_details(tracked: TrackedRun) -> TrackedRun:
    """As its card shows it: without the instructions of tasks, and without comments."""
    tasks = tuple(task.model_copy(update={"instructions": "", "command": ""}) for task in tracked.run.tasks)
    run = tracked.run.model_copy(update={"tasks": tasks, "comments": ()})
    return tracked.model_copy(update={"run": run})


def readable_services(actor: Actor, place: Place, services: Services) -> tuple[Services, ReadableRuns]:
    """The services with only the platforms that this person may use and the runs that they may read, for an
    answer in ``place``."""
    reader = Reader(actor, services)
    runs = ReadableRuns(services.runs, reader, place)
    platforms = {name: adapter for name, adapter in services.platforms.items() if reader.may_use(name)}
    types = {name: type for name, type in services.platform_types.items() if reader.may_use(name)}
    return replace(services, runs=runs, platforms=platforms, platform_types=types), runs


def require_form(about: str, actor: Actor, place: Place, services: Services) -> None:
    """Raises ``NotAllowed`` if this person may not submit the form."""
    command = services.commands.get(about)
    right = command.right if command is not None else Right.WRITE
    if about != "retry":  # it opens the form of an earlier message
        require_right(right, actor, place, services.access_rules)
