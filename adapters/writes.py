"""Writes: frozen values that are stored as JSON.

A command makes a ``Write``. ``Adapter.steps`` splits it into steps of one changing request each, told apart by
``part``. How a step ends is in ``adapters.results``.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field

from adapters.models import Health, Model, Person, RunbookKey, RunKey


class Op(StrEnum):
    """Every operation of a platform. The values are the verbs that people type."""

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


NOTE = "note"
"""The part of a write that only adds the words that were typed with it, as a comment."""
FIELD = "field:"
"""The prefix of options that are the value of a custom field."""


class Write(Model):
    """A change to make. ``part`` tells the steps of a write apart that takes several requests.

    ``options`` are for some platforms only (``comms``, ``run_type``, ``override``), from ``--set`` or from the
    button of a question.
    """

    op: Op
    run: RunKey | None = None  # None only for a start that has not created its run yet
    by: Person = Person()
    part: str = ""
    options: Mapping[str, str] = {}

    @property
    def fields(self) -> Mapping[str, str]:
        """Values of custom fields by name, which people gave with ``--set``."""
        return {name.removeprefix(FIELD): value for name, value in self.options.items() if name.startswith(FIELD)}

    @property
    def target(self) -> str:
        """The id of the task that is changed; empty for the run itself."""
        return ""

    @property
    def each(self) -> str:
        """Tells apart writes of one message to the same target."""
        return ""

    @property
    def step_key(self) -> str:
        """The key of this step in the effect log, unique within its message: ``finish:17:begin``."""
        return ":".join(part for part in (self.op.value, self.target, self.each, self.part) if part)

    @property
    def words(self) -> str:
        """The comment, note or reason that somebody typed; empty without one."""
        return ""

    @property
    def only_adds_text(self) -> bool:
        """Whether this step is a comment or the note of a write: it changes no state, and waits for nobody."""
        return self.part == NOTE

    @property
    def run_id(self) -> str:
        """The run's id on its platform; empty for a start that has not created it yet."""
        return self.run.id if self.run else ""

    @property
    def continues_start(self) -> bool:
        """Whether this step completes a run that an earlier one created: only sent again can it become whole."""
        return self.op is Op.START and self.run is not None

    def as_part(self, part: str) -> Self:
        return self.model_copy(update={"part": part})


class StartRun(Write):
    """``title`` is the run's full name, with its handle in front ("R9 Primary down"): it can be found by it."""

    op: Op = Op.START
    runbook: RunbookKey
    title: str
    handle: str
    rehearsal: bool = False
    owner: Person | None = None
    channel: str | None = None  # the chat channel of the command, for platforms that are part of that chat
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

    @property
    def words(self) -> str:
        return self.note


class BeginTask(TaskWrite):
    """Also assigns an unassigned task to ``by``."""

    op: Op = Op.BEGIN


class SkipTask(TaskWrite):
    op: Op = Op.SKIP
    reason: str = ""

    @property
    def words(self) -> str:
        return self.reason


class HoldTask(TaskWrite):
    op: Op = Op.HOLD
    reason: str

    @property
    def words(self) -> str:
        return self.reason

    @property
    def until(self) -> datetime | None:
        """When the task goes on by itself: the option "until", set only where ``Platform.holds_until``."""
        until = self.options.get("until", "")
        return datetime.fromisoformat(until) if until else None


class ReopenTask(TaskWrite):
    """``held``: the task was on hold, so people read that it is taken off hold."""

    op: Op = Op.REOPEN
    held: bool = Field(False, exclude_if=lambda held: not held)


class AssignTask(TaskWrite):
    """``expected``: who has the task as far as ``by`` knows. It is refused if somebody else has it by now.

    ``take_over``: instead of those who have it, where the platform can have several. ``also``: one message has
    assigned the task to somebody else before (``Platform.several_assignees``).
    """

    op: Op = Op.ASSIGN
    person: Person
    take_over: bool = Field(False, exclude_if=lambda take_over: not take_over)
    also: bool = Field(False, exclude_if=lambda also: not also)
    expected: tuple[Person, ...] | None = Field(None, exclude_if=lambda expected: expected is None)

    @property
    def each(self) -> str:
        return self.person.id or self.person.shown if self.also else ""


class ApproveTask(TaskWrite):
    """``by`` approves under their own name: no adapter may do it with somebody else's token."""

    op: Op = Op.APPROVE
    note: str = ""

    @property
    def words(self) -> str:
        return self.note


class RejectTask(TaskWrite):  # like ``ApproveTask``
    op: Op = Op.REJECT
    reason: str = ""

    @property
    def words(self) -> str:
        return self.reason


class AddTask(Write):
    """``after`` are the tasks that it waits for, ``before`` those that wait for it, by Task.id.

    ``PlatformAdapter.supports_insertion`` says whether it takes them.
    """

    op: Op = Op.ADD
    title: str
    stage: str | None = None  # a Stage.id; the last stage if None
    assignee: Person | None = None
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class SetStatus(Write):
    """``health`` None leaves the health as it is. ``next_at`` is when the next update is due."""

    op: Op = Op.STATUS
    health: Health | None = None
    text: str
    next_at: datetime | None = None

    @property
    def words(self) -> str:
        return self.text

    @property
    def health_word(self) -> str:
        """A prefix for the text ("[amber] ") on a platform whose runs have no health; empty without a health."""
        return "" if self.health in (None, Health.UNSET) else f"[{self.health}] "


class AddComment(Write):
    op: Op = Op.COMMENT
    text: str
    task: str | None = None

    @property
    def target(self) -> str:
        return self.task or ""

    @property
    def words(self) -> str:
        return self.text

    @property
    def only_adds_text(self) -> bool:
        return True


class EndRun(Write):
    op: Op = Op.END
    text: str = ""

    @property
    def words(self) -> str:
        return self.text


class PerformAction(Write):
    """``action`` is a ``PlatformAction.id``, ``label`` its label when it was chosen."""

    op: Op = Op.ACTION
    action: str = Field(alias="offer")
    label: str
    task: str | None = None

    @property
    def words(self) -> str:
        """Where the action takes some (``PlatformAction.takes_note``)."""
        return self.options.get("note", "").strip()

    @property
    def target(self) -> str:
        return self.task or ""


class WriteMarker(Model):
    """Who a write is for, and the code of its receipt. Every text that is written carries ``signature``."""

    code: str  # "7K2F"
    who: str  # "Ana via Slack"
    at: datetime

    @property
    def signature(self) -> str:
        return f"{self.who} ({self.code})"

    def is_in(self, text: str | None) -> bool:
        """Whether ``text`` was written for this receipt, whatever the platform did to its markup."""
        return f"({self.code})" in (text or "")
