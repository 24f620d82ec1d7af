"""The one contract between Liaison and a platform.

Order of calls for a write: ``steps(write, run)`` cuts it into single changing requests, then for each step the
effect log commits *sent*, awaits ``carry(step, mark)`` and commits the outcome. After a crash or an
``OutcomeUnknown`` it awaits ``settle(step, mark, known)`` instead of sending again.

An adapter never retries a write, never sleeps, never swallows an error. Reads are retried by
``adapters/http.py``. One adapter object lives as long as the process, and is used by many tasks at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from adapters import errors
from adapters.http import Http
from adapters.models import (
    Comment,
    Health,
    HealthNote,
    Model,
    Offer,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunHead,
    RunKey,
    RunState,
    Task,
    TaskKey,
)


class Op(StrEnum):
    """Everything that can be asked of a platform. The values are the verbs people type."""

    RUNBOOKS = "runbooks"
    RUNS = "runs"
    SHOW = "show"
    COMMENTS = "comments"
    START = "start"
    FINISH = "finish"
    BEGIN = "begin"
    SKIP = "skip"
    HOLD = "hold"
    REOPEN = "reopen"
    ASSIGN = "assign"
    ADD = "add"
    STATUS = "status"
    COMMENT = "comment"
    END = "end"
    DO = "do"
    APPROVE = "approve"
    REJECT = "reject"


READS = frozenset({Op.RUNBOOKS, Op.RUNS, Op.SHOW, Op.COMMENTS})


@dataclass(frozen=True, slots=True)
class Native:
    """The platform does this itself."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """Done by other means. ``how`` is one clause for people: "a comment, and a mark kept by Liaison"."""

    how: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Refused before any call. ``instead`` says what to do: "skip it in Cutover, or finish it with a note"."""

    instead: str


Capability = Native | Emulated | Unsupported

NO_APPROVALS: Mapping[Op, Capability] = {
    op: Unsupported("say in a comment what was decided") for op in (Op.APPROVE, Op.REJECT)
}
"""For the capabilities of a platform without approvals."""


def require_offered(platform: str, capabilities: Mapping[Op, Capability], op: Op) -> None:
    """For the first line of ``steps``. Raises ``adapters.errors.Unsupported``."""
    capability = capabilities[op]
    if isinstance(capability, Unsupported):
        facts = {"verb": op.value, "instead": capability.instead}
        raise errors.Unsupported(platform, op, key="said.unsupported", **facts)


class Settling(StrEnum):
    """How an unknown outcome of a step is found out (DESIGN section 6, point 4)."""

    REPEAT = "repeat"  # the platform refuses a second one, or it sets a state: may be sent again
    FIND = "find"  # found by our mark, or as an id that was not there before
    ASK = "ask"  # cannot be found: a person decides


class Write(Model):
    """A wanted change. ``part`` is set by ``steps`` when one write takes several requests.

    ``options`` carries what only some platforms know (``comms``, ``run_type``, ``override``), from ``--set``
    or from the button that confirmed a start.
    """

    op: Op
    run: RunKey | None = None  # None only for a start that has not made its run yet
    by: Person = Person()
    part: str = ""
    options: Mapping[str, str] = {}

    @property
    def target(self) -> str:
        """What this is done to, as a word for the effect key: a task id, or empty for the run itself."""
        return ""

    @property
    def step(self) -> str:
        """The effect log's key of this write within its message: ``finish:17:begin``."""
        return ":".join(word for word in (self.op.value, self.target, self.part) if word)


class StartRun(Write):
    """``title`` is the run's full name with its handle in front ("R9 Primary down"): settling looks for it."""

    op: Op = Op.START
    runbook: RunbookKey
    title: str
    handle: str
    rehearsal: bool = False
    owner: Person | None = None
    channel: str | None = None  # the chat channel it was asked for in, for platforms that live in that chat
    site: str | None = None  # that chat's URL


class TaskWrite(Write):
    task: str  # a Task.id

    @property
    def target(self) -> str:
        return self.task


class FinishTask(TaskWrite):
    op: Op = Op.FINISH
    note: str = ""
    then: str | None = None  # the task id of the branch to take


class BeginTask(TaskWrite):
    """Running, and assigned to ``by`` if nobody has it."""

    op: Op = Op.BEGIN


class SkipTask(TaskWrite):
    op: Op = Op.SKIP
    reason: str = ""


class HoldTask(TaskWrite):
    op: Op = Op.HOLD
    reason: str


class ReopenTask(TaskWrite):
    op: Op = Op.REOPEN


class AssignTask(TaskWrite):
    op: Op = Op.ASSIGN
    person: Person


class ApproveTask(TaskWrite):
    """``by`` gives their approval, under their own name: no adapter does it with a token of somebody else."""

    op: Op = Op.APPROVE
    note: str = ""


class RejectTask(TaskWrite):
    """As ``ApproveTask``, the other way."""

    op: Op = Op.REJECT
    reason: str = ""


class AddTask(Write):
    """``after``, ``before``: Task.ids that it waits for, and that wait for it. Only where ``Platform.places``."""

    op: Op = Op.ADD
    title: str
    stage: str | None = None  # a Stage.id; the last stage if None
    assignee: Person | None = None
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class SetStatus(Write):
    """``health`` None leaves the health as it is. ``next_at``: when the next update is promised."""

    op: Op = Op.STATUS
    health: Health | None = None
    text: str
    next_at: datetime | None = None


class AddComment(Write):
    op: Op = Op.COMMENT
    text: str
    task: str | None = None

    @property
    def target(self) -> str:
        return self.task or ""


class EndRun(Write):
    op: Op = Op.END
    text: str = ""


class DoOffer(Write):
    """``offer``: an ``Offer.id``; ``label``: what it was called when it was pressed."""

    op: Op = Op.DO
    offer: str
    label: str
    task: str | None = None

    @property
    def target(self) -> str:
        return self.task or ""


class Mark(Model):
    """Who a write is for, and its receipt's code. Put ``signature`` into every text that is written."""

    code: str  # "7K2F"
    who: str  # "Ana via Slack"
    at: datetime

    @property
    def signature(self) -> str:
        return f"{self.who} ({self.code})"


class Known(Model):
    """What was true when a step was sent: ids (of tasks and comments) that already existed."""

    sent_at: datetime
    ids: frozenset[str] = frozenset()


class Told(Model):
    """What a write's answer told us. Everything is optional; what is there is merged into the snapshot.

    ``already``: it was so before us (treated as done, but the card says by whom it was done).
    ``says``: a sentence key in the adapter's ``en.toml`` to add to the receipt ("waits for the others").
    ``partial``: our part is recorded, and the task is not what was asked until others have done theirs.
    """

    run: RunKey | None = None  # the run that a start made; the next step gets it
    id: str = ""  # the comment or task that was made
    snapshot: Run | None = None  # the whole run, where the adapter read it anyway
    tasks: tuple[Task, ...] = ()
    state: RunState | None = None
    health: HealthNote | None = None
    comment: Comment | None = None
    already: bool = False
    partial: bool = False
    says: str = ""
    facts: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class There:
    """The write did happen."""

    told: Told


@dataclass(frozen=True, slots=True)
class NotThere:
    """The platform was read, and the write is not there (yet)."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """This write leaves nothing that can be found."""


Settled = There | NotThere | CannotTell


class Severity(StrEnum):
    OK = "ok"
    FIX = "FIX"


class Problem(Model):
    """One line of ``liaison doctor``. ``fix`` names the exact setting or click; empty when ok."""

    severity: Severity
    what: str
    fix: str = ""


class Adapter(Protocol):
    """One per ``[platforms.NAME]``. All methods raise ``adapters.errors``, and nothing else."""

    @property
    def name(self) -> str:
        """The NAME of ``[platforms.NAME]``: the ``platform`` of every key."""
        ...

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        """Says something for every ``Op``."""
        ...

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """What can be started; ``words`` may narrow it, callers match titles themselves."""
        ...

    async def runbook(self, id: str) -> Runbook:
        """One with its tasks, so that it can be read before it is started."""
        ...

    async def runs(self, words: str) -> Sequence[RunHead]:
        """Runs that are not over, newest first."""
        ...

    async def read(self, id: str) -> Run:
        """The whole run, with its tasks."""
        ...

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        """The last few comments of a run, or of one of its tasks, newest last."""
        ...

    async def offers(self, run: Run) -> Sequence[Offer]:
        """What else can be done about this run, as last read; nothing where ``Op.DO`` is not supported."""
        ...

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """The single changing requests of a write, in order, told apart by ``part``.

        Raises ``Unsupported``, ``Conflict`` or ``Rejected`` where the snapshot already forbids it.
        """
        ...

    def settling(self, step: Write) -> Settling: ...

    async def carry(self, step: Write, mark: Mark) -> Told:
        """Sends one step, once. May read before and after where that is what makes it safe."""
        ...

    async def settle(self, step: Write, mark: Mark, known: Known) -> Settled: ...

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None: ...

    async def check(self) -> Sequence[Problem]:
        """Proves the credentials with the cheapest read; never raises for what it can say as a Problem."""
        ...


@runtime_checkable
class Confirming(Protocol):
    """An adapter may have this too: its platform wants a new webhook confirmed by opening an address that it
    sends."""

    async def confirm(self, said: bytes) -> str:
        """``said``: what came to this platform's webhook address. The address that was opened, or "" where nothing
        asks for it. It is the platform's own site, or nothing is opened: raises ``adapters.errors``.
        """
        ...


@runtime_checkable
class Instructing(Protocol):
    """An adapter may have this too: its platform tells what is to be done for each task by a request of its own,
    so a run's ``read`` has no ``Task.instructions``."""

    async def instructions(self, task: str) -> str:
        """Empty where there are none, or where they cannot be read now."""
        ...


class LocalRuns(Protocol):
    """Where local runs live. Storage implements it; ``adapters.local`` is the only user."""

    async def load(self, id: str) -> str | None:
        """The run's document (JSON), or None."""
        ...

    async def save(self, id: str, document: str) -> None:
        """Durable when it returns."""
        ...

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What ``connect`` may use. ``now`` is aware UTC."""

    http: Http
    now: Callable[[], datetime]
    local_runs: LocalRuns


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform's folder exports as ``PLATFORM``. Adding it to ``adapters/registry.py`` registers it."""

    kind: str
    title: str  # as people write it: "Mattermost Playbooks"
    settings: type[BaseModel]  # secrets as pydantic.SecretStr
    connect: Callable[[str, Any, Resources], Adapter]  # (NAME, settings, resources)
    capabilities: Mapping[Op, Capability]
    sentences: Path  # its en.toml
    secret_fields: Sequence[str] = ()
    places: bool = False  # a new task can be put between others
