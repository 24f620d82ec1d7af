"""What lists, searches and access checks need to know of a run: light enough to be kept for thousands of runs."""

import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.models import Health, Person, RunHealth, RunKey, RunState, RunSummary
from adapters.toolkit.folding import fold
from commands.model.messages import Actor, Place
from commands.model.tracked_run import TrackedRun


@dataclass(frozen=True, slots=True)
class RunHead:
    """``people`` are asked for an open task, ``began`` are those who began one that is assigned to nobody.

    ``assigns``: whether any of its tasks is assigned to somebody. ``ids`` are those of the run and its tasks.
    ``identifiers`` are those of everybody who has a part in it: whoever shares none of them has none.
    """

    handle: str
    key: RunKey
    title: str
    runbook: str
    runbook_id: str
    state: RunState
    link: str | None
    started: bool
    only_named: bool
    read_at: datetime | None
    health: Health
    done: int
    total: int
    places: tuple[Place, ...]
    started_by: Actor | None
    owner: Person | None
    people: tuple[Person, ...]
    began: tuple[Actor, ...]
    assigns: bool
    ids: tuple[str, ...]
    identifiers: tuple[str, ...]

    @property
    def is_active(self) -> bool:
        return not (self.state.is_over or self.only_named)

    def is_of(self, place: Place) -> bool:
        """As ``TrackedRun.is_of``."""
        return not self.places or any(known.key == place.key for known in self.places)

    def summary(self) -> RunSummary:
        return RunSummary(
            key=self.key,
            title=self.title,
            runbook=self.runbook,
            state=self.state,
            done=self.done,
            total=self.total,
            link=self.link,
        )


def person_identifiers(person: Person) -> Iterator[str]:
    """Two descriptions of one person share one, whichever way they are compared."""
    for known in (person.email, person.id, person.handle):
        if known:
            yield known.casefold()
    if person.name:
        yield f"name {fold(person.name)}"


def run_head(tracked: TrackedRun, shared: Callable[[Hashable], Any] = lambda value: value) -> RunHead:
    """``shared`` returns the equal value that other heads have already, to save memory."""
    run, overlay = tracked.run, tracked.overlay
    people: dict[Person, None] = {}
    began: list[Actor] = []
    for task in run.tasks:
        if task.state.is_over:
            continue
        people |= dict.fromkeys(shared(person) for person in (*task.assignees, *task.approvers))
        action = overlay.last_actions.get(task.id)
        if action is not None and not task.assignees and action.state is task.state:
            began.append(shared(action.by))
    return RunHead(
        handle=tracked.handle,
        key=run.key,
        title=run.title,
        runbook=shared(run.runbook),
        runbook_id=shared(run.runbook_id),
        state=run.state,
        link=run.link,
        started=tracked.started,
        only_named=tracked.only_named,
        read_at=run.read_at,
        health=run_health(tracked).health,
        done=sum(task.state.is_over for task in run.tasks),
        total=len(run.tasks),
        places=overlay.places,
        started_by=shared(overlay.started_by),
        owner=shared(run.owner),
        people=tuple(people),
        began=tuple(began),
        assigns=any(task.assignees for task in run.tasks),
        ids=(run.key.id, *(task.id for task in run.tasks)),
        identifiers=tuple(_identifiers([overlay.started_by, *began], [run.owner, *people])),
    )


def _identifiers(actors: Sequence[Actor | None], people: Sequence[Person | None]) -> set[str]:
    found = {actor.key for actor in actors if actor is not None}
    for person in people:
        found.update(() if person is None else person_identifiers(person))
    return {sys.intern(identifier) for identifier in found}


def run_health(tracked: TrackedRun) -> RunHealth:
    """The newer of the platform's and the one that Liaison stores. The stored colour stays where the platform
    has only a newer text."""
    run, overlay = tracked.run, tracked.overlay
    newest = overlay.promised_at is not None and (run.health_at is None or overlay.promised_at >= run.health_at)
    due = overlay.update_due if newest else overlay.update_due or run.update_due
    if overlay.health_at and (run.health_at is None or overlay.health_at >= run.health_at):
        return RunHealth(
            health=overlay.health, text=overlay.health_text, by=overlay.health_by, at=overlay.health_at, due=due
        )
    health = overlay.health if run.health is Health.UNSET and overlay.health_at else run.health
    return RunHealth(health=health, text=run.health_text, by=run.health_by, at=run.health_at, due=due)
