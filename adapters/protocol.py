"""The contract between Liaison and a platform's adapter. ``adapters.toolkit.base`` implements most of it.

A write takes these calls: ``steps(write, run)`` splits it into steps of one changing request each. For each step
the effect log commits *sent*, awaits ``execute(step, marker)`` and commits the outcome. After a crash or an
``OutcomeUnknown`` it awaits ``reconcile(step, marker, baseline)`` instead of sending again.

An adapter never repeats a write, never sleeps and never swallows an error. ``adapters.http`` retries its reads.
One adapter object lives as long as the process and is used by many tasks at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from adapters import errors
from adapters.http.client import HttpClients
from adapters.models import (
    AssignedTask,
    Comment,
    Listing,
    Model,
    Person,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunSummary,
    TaskKey,
)
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.writes import Op, Write, WriteMarker

API_VERSION = 2
"""Increased when the contract changes in a way that adapters must follow. See ``Platform.api_version``."""


SLOWEST_ANSWER = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Native:
    """The platform does this itself."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """Done by other means. ``how`` is the key of a message that says how, as a clause: "a comment on the task"."""

    how: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Refused before any call. ``alternative`` is the key of a message that says what to do instead."""

    alternative: str


Capability = Native | Emulated | Unsupported

NO_APPROVALS: Mapping[Op, Capability] = {
    op: Unsupported("say in a comment what was decided") for op in (Op.APPROVE, Op.REJECT)
}
"""For the capabilities of a platform without approvals."""


def supports(capabilities: Mapping[Op, Capability], op: Op) -> bool:
    """Whether it can be done at all. An operation that is not declared is left to the platform."""
    return not isinstance(capabilities.get(op), Unsupported)


def require_supported(platform: str, capabilities: Mapping[Op, Capability], op: Op) -> None:
    """Raises ``adapters.errors.Unsupported`` for an operation that is declared so."""
    capability = capabilities[op]
    if isinstance(capability, Unsupported):
        facts = {"verb": op.value, "instead": capability.alternative}
        raise errors.Unsupported(platform, op, key="said.unsupported", **facts)


class CheckStatus(StrEnum):
    """``WARN`` is advice: it works as it is."""

    OK = "ok"
    WARN = "warn"
    FIX = "FIX"


class CheckResult(Model):
    """One line of ``liaison doctor``. ``fix`` names the setting to change or the button to press."""

    status: CheckStatus
    summary: str
    fix: str = ""


class Adapter(Protocol):
    """One per ``[platforms.NAME]``. Methods raise ``adapters.errors`` and nothing else."""

    @property
    def name(self) -> str:
        """The NAME of ``[platforms.NAME]``: the ``platform`` of every key."""
        ...

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        """For every ``Op``."""
        ...

    async def runbooks(self, query: str, /) -> Listing[Runbook]:
        """The runbooks that can be started. ``query`` may narrow the list; callers match titles themselves."""
        ...

    async def runbook(self, id: str, /) -> Runbook:
        """A runbook with its tasks, for reading before it is started."""
        ...

    async def runs(self, query: str, /) -> Listing[RunSummary]:
        """The runs that are not over, newest first."""
        ...

    async def read(self, id: str, /) -> Run:
        """A run with its tasks."""
        ...

    async def comments(self, id: str, task: str | None, /) -> Sequence[Comment]:
        """The last few comments on a run, or on one of its tasks, newest last."""
        ...

    async def actions(self, run: Run, /) -> Sequence[PlatformAction]:
        """What else can be done with this run, as last read; empty where ``Op.ACTION`` is not supported."""
        ...

    def steps(self, write: Write, run: Run | None, /) -> Sequence[Write]:
        """The steps of a write in order, each with a ``part`` of its own.

        Raises ``Unsupported``, and ``Conflict`` or ``Rejected`` where ``run``, as last read, already forbids it.
        """
        ...

    def recovery(self, step: Write, /) -> Recovery: ...

    async def execute(self, step: Write, marker: WriteMarker, /) -> WriteResult:
        """Sends one step once. May read before and after it, where that makes it safe."""
        ...

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline, /) -> Reconciliation:
        """Whether a step with an unknown outcome was done. Reads only."""
        ...

    def parse_link(self, url: str, /) -> RunKey | TaskKey | RunbookKey | None: ...

    async def check(self) -> Sequence[CheckResult]:
        """Tests the credentials with the cheapest read. Reports problems as results instead of raising."""
        ...


@runtime_checkable
class AssignedTasks(Protocol):
    """Optional: for a platform that can list one person's open tasks by a filter of its own."""

    async def assigned_tasks(self, person: Person, /) -> Listing[AssignedTask]:
        """The tasks and approvals that wait for ``person``, as the chat knows them, in a few requests at most.

        Empty for somebody whom the platform does not know. Raises ``adapters.errors``.
        """
        ...


@runtime_checkable
class LazyInstructions(Protocol):
    """Optional: for a platform where reading ``Task.instructions`` takes a request per task.

    ``read`` leaves them empty there.
    """

    async def instructions(self, task: str, /) -> str:
        """Empty if there are none, or if they cannot be read now."""
        ...


class Markup(StrEnum):
    """How a text of a platform is written. With breaks, a line break in a paragraph is one that people see."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    MARKDOWN_WITH_BREAKS = "markdown with breaks"


@runtime_checkable
class WritesMarkup(Protocol):
    """Optional: for a platform whose runbooks are written with markup. Other texts are shown as they are."""

    markup: Markup
    """Of ``Task.instructions`` and ``Runbook.description``. Titles and comments are plain."""


class LocalRuns(Protocol):
    """Where the documents of local runs are stored. Only ``adapters.local`` uses it."""

    async def load(self, id: str) -> str | None:
        """The document of a run (JSON), or None."""
        ...

    async def save(self, id: str, document: str, *, over: bool, replaces: str | None) -> bool:
        """It is durable when this returns. False, with nothing stored, if ``replaces`` is not the stored document
        (None: there is none): another process was faster. Raises ``DeadlinePassed``."""
        ...

    async def all(self) -> Sequence[tuple[str, str]]:
        """(id, document), newest first."""
        ...

    async def active(self) -> Sequence[tuple[str, str]]:
        """As ``all``, without those that were saved as ``over``."""
        ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What ``connect`` may use. ``now`` is aware UTC."""

    http: HttpClients
    now: Callable[[], datetime]
    local_runs: LocalRuns
    cache: Path = Path("cache")  # a folder for copies that can be made again; it may not exist yet


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform's package exports as ``PLATFORM``, for ``adapters.registry`` to find.

    Importing it must be cheap: ``connect`` imports the adapter itself.
    """

    kind: str
    title: str  # as people write it: "Mattermost Playbooks"
    settings: type[BaseModel]  # secrets as pydantic.SecretStr
    connect: Callable[[str, Any, Resources], Adapter]  # (NAME, settings, resources)
    capabilities: Mapping[Op, Capability]
    messages: Path  # its messages.toml
    secret_fields: Sequence[str] = ()  # of its settings
    holds_until: bool = False  # a task can be held until a time
    several_assignees: bool = False  # a task can have several, and an assignment adds one
    ignored_fields: frozenset[str] = frozenset()  # fields of writes that it has no place for: "start.owner"
    slowest_answer: float = SLOWEST_ANSWER  # how long it may still be executing a request without an answer
    api_version: int = 1  # the ``API_VERSION`` that it was written for; packages of the first one did not say


class PlatformLoadError(Exception):
    """A platform's package cannot be used. The text is a sentence for the operator."""
