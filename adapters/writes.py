"""What is asked of a platform, and what became of it: plain frozen values, safe to keep as JSON in the store.

A handler wants a ``Write``. ``Adapter.steps`` cuts it into single changing requests, told apart by ``part``; each
ends as a ``WriteResult``, or is looked for afterwards (``Recovery``) and ends as ``Reconciliation``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field

from adapters.models import Comment, Health, Model, Person, Run, RunbookKey, RunHealth, RunKey, RunState, Task


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
    ACTION = "do"
    APPROVE = "approve"
    REJECT = "reject"


READS = frozenset({Op.RUNBOOKS, Op.RUNS, Op.SHOW, Op.COMMENTS})


class Recovery(StrEnum):
    """How an unknown outcome of a step is found out (DESIGN section 6, point 4)."""

    IDEMPOTENT = "idempotent"  # the platform refuses a second one, or it sets a state: may be sent again
    LOOKUP = "lookup"  # found by our mark, or as an id that was not there before
    MANUAL = "manual"  # cannot be found: a person decides


class Write(Model):
    """A wanted change. ``part`` is set by ``steps`` when one write takes several requests.

    ``options`` carries what only some platforms know (``comms``, ``run_type``, ``override``), from ``--set``
    or from the button of a question.
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
    def step_key(self) -> str:
        """The effect log's key of this write within its message: ``finish:17:begin``."""
        return ":".join(word for word in (self.op.value, self.target, self.part) if word)

    @property
    def run_id(self) -> str:
        """Of the run on its platform; empty for a start that has not made it yet."""
        return self.run.id if self.run else ""

    def as_part(self, part: str) -> Self:
        return self.model_copy(update={"part": part})


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

    @property
    def health_word(self) -> str:
        """ "[amber] ", to stand before the text on a platform whose runs have no health; empty without one."""
        return "" if self.health in (None, Health.UNSET) else f"[{self.health}] "


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


class PerformAction(Write):
    """``offer``: an ``Offer.id``; ``label``: what it was called when it was pressed."""

    op: Op = Op.ACTION
    action: str = Field(alias="offer")
    label: str
    task: str | None = None

    @property
    def target(self) -> str:
        return self.task or ""


class WriteMarker(Model):
    """Who a write is for, and its receipt's code. Put ``signature`` into every text that is written."""

    code: str  # "7K2F"
    who: str  # "Ana via Slack"
    at: datetime

    @property
    def signature(self) -> str:
        return f"{self.who} ({self.code})"

    def is_in(self, text: str | None) -> bool:
        """Whether this text was written for it, whatever the platform made of the text's markup."""
        return f"({self.code})" in (text or "")


class Baseline(Model):
    """What was true when a step was sent: ids (of tasks and comments) that already existed."""

    sent_at: datetime
    ids: frozenset[str] = frozenset()


class WriteResult(Model):
    """What a write's answer told us. Everything is optional; what is there is merged into the snapshot.

    ``already``: it was so before us (treated as done, but the card says by whom it was done).
    ``says``: a sentence key in the adapter's ``messages.toml`` to add to the receipt ("waits for the others").
    ``partial``: our part is recorded, and the task is not what was asked until others have done theirs.
    """

    run: RunKey | None = None  # the run that a start made; the next step gets it
    id: str = ""  # the comment or task that was made
    snapshot: Run | None = None  # the whole run, where the adapter read it anyway
    tasks: tuple[Task, ...] = ()
    state: RunState | None = None
    health: RunHealth | None = None
    comment: Comment | None = None
    already: bool = False
    partial: bool = False
    message: str = Field("", alias="says")
    facts: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Applied:
    """The write did happen."""

    result: WriteResult


@dataclass(frozen=True, slots=True)
class NotApplied:
    """The platform was read, and the write is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """This write leaves nothing that can be found."""


Reconciliation = Applied | NotApplied | Indeterminate
