"""A run with the short handles that Liaison gave it, and the facts that Liaison stores for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from adapters.models import Health, Model, Run, RunbookKey, RunKey, RunState, TaskState
from commands.model.messages import Actor, Place


class LastAction(Model):
    """A task's last change through Liaison. Shown where the platform names nobody, because one token acts for
    all."""

    state: TaskState
    by: Actor
    at: datetime


class EndOfRun(Model):
    """The end of a run through Liaison, with its closing message."""

    by: Actor
    at: datetime
    text: str = ""


class RunOverlay(Model):
    """What a platform cannot hold and Liaison stores for it."""

    health: Health = Health.UNSET
    health_text: str = ""
    health_by: str = ""
    health_at: datetime | None = None
    update_due: datetime | None = None
    update_by: Actor | None = None  # who promised it
    promised_at: datetime | None = None  # when the next update was last set, or set to none
    holds: Mapping[str, str] = {}  # task id -> reason
    last_actions: Mapping[str, LastAction] = Field({}, alias="deeds")  # by task id
    started_at: datetime | None = Field(None, exclude_if=lambda at: at is None)  # through Liaison
    ended: EndOfRun | None = Field(None, exclude_if=lambda ended: ended is None)
    unconfirmed: datetime | None = Field(None, exclude_if=lambda at: at is None)  # a start without a response
    not_started: str = ""  # why a start failed, as its card says it
    retry_key: str = Field("", alias="again")  # the key of the message that [Try again] on that card sends again
    places: tuple[
        Place, ...
    ] = ()  # that it was started in or given to, the first one first: their people may read it
    started_by: Actor | None = None

    def with_place(self, place: Place) -> "RunOverlay":
        """A channel and its threads are one place."""
        if any(known.key == place.key for known in self.places):
            return self
        return self.model_copy(update={"places": (*self.places, place)})

    def with_promise(self, due: datetime | None, by: Actor, now: datetime) -> "RunOverlay":
        """When the next update is due; None for no next update."""
        promise = {"update_due": due, "update_by": by if due is not None else None, "promised_at": now}
        return self.model_copy(update=promise)

    def with_hold(self, task: str, reason: str) -> "RunOverlay":
        return self.model_copy(update={"holds": {**self.holds, task: reason}})

    def without_hold(self, task: str) -> "RunOverlay":
        return self.model_copy(update={"holds": {id: why for id, why in self.holds.items() if id != task}})

    def with_last_action(self, task: str, action: LastAction) -> "RunOverlay":
        return self.model_copy(update={"last_actions": {**self.last_actions, task: action}})


class TrackedRun(Model):
    """``handles`` maps task ids to handles ("T3"); ``run`` is the snapshot as last read.

    ``started`` is False while a start has only reserved the handle (``run.key.id`` is empty then).
    """

    handle: str
    run: Run
    handles: Mapping[str, str] = {}
    overlay: RunOverlay = RunOverlay()
    started: bool = True

    @property
    def home(self) -> Place | None:
        """Where it was started, or the first place that ``use`` gave it."""
        return self.overlay.places[0] if self.overlay.places else None

    def is_of(self, place: Place) -> bool:
        """Whether it belongs to this channel, or to nowhere in particular."""
        places = self.overlay.places
        return not places or any(known.key == place.key for known in places)

    @property
    def only_named(self) -> bool:
        """Somebody gave its id, and no platform has confirmed yet that such a run exists."""
        return self.started and self.run.read_at is None and self.run.title == self.run.key.id

    def task_handle(self, id: str) -> str:
        return self.handles.get(id, "")

    def task_id(self, handle: str) -> str | None:
        wanted = handle.upper()
        return next((id for id, given in self.handles.items() if given == wanted), None)


@dataclass(frozen=True)
class ReservedStart:
    """A run that a message is about to start."""

    message: str  # its key
    runbook: RunbookKey
    runbook_title: str
    title: str  # of the run, without its handle
    by: Actor | None = None
    place: Place | None = None  # that the run will belong to

    def run(self, handle: str) -> Run:
        """Before its platform knows it."""
        return Run(
            key=RunKey(platform=self.runbook.platform, id=""),
            title=f"{handle} {self.title}".lstrip(),
            runbook=self.runbook_title,
            runbook_id=self.runbook.id,
            state=RunState.STARTING,
        )

    @property
    def overlay(self) -> RunOverlay:
        return RunOverlay(places=(self.place,) if self.place is not None else (), started_by=self.by)


class Receipt(Model):
    """Proof of one write, from the ledger. ``task`` is a task id, or empty; ``key`` is that of the message."""

    code: str
    key: str = ""
    op: str
    run: str  # handle
    task: str = ""
    by: str
    at: datetime
