"""The one contract between Liaison and a platform.

Order of calls for a write: ``steps(write, run)`` cuts it into single changing requests, then for each step the
effect log commits *sent*, awaits ``carry(step, mark)`` and commits the outcome. After a crash or an
``OutcomeUnknown`` it awaits ``settle(step, mark, known)`` instead of sending again.

An adapter never retries a write, never sleeps, never swallows an error. Reads are retried by
``adapters/http.py``. One adapter object lives as long as the process, and is used by many tasks at once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from adapters import errors
from adapters.http.client import HttpClients
from adapters.models import (
    Comment,
    Model,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunSummary,
    TaskKey,
)
from adapters.writes import Baseline, Op, Reconciliation, Recovery, Write, WriteMarker, WriteResult


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

    alternative: str


Capability = Native | Emulated | Unsupported

NO_APPROVALS: Mapping[Op, Capability] = {
    op: Unsupported("say in a comment what was decided") for op in (Op.APPROVE, Op.REJECT)
}
"""For the capabilities of a platform without approvals."""


def supports(capabilities: Mapping[Op, Capability], op: Op) -> bool:
    """Whether it can be done at all. Where nothing is said of it, the platform is asked."""
    return not isinstance(capabilities.get(op), Unsupported)


def require_supported(platform: str, capabilities: Mapping[Op, Capability], op: Op) -> None:
    """For the first line of ``steps``. Raises ``adapters.errors.Unsupported``."""
    capability = capabilities[op]
    if isinstance(capability, Unsupported):
        facts = {"verb": op.value, "instead": capability.alternative}
        raise errors.Unsupported(platform, op, key="said.unsupported", **facts)


class CheckStatus(StrEnum):
    OK = "ok"
    FIX = "FIX"


class CheckResult(Model):
    """One line of ``liaison doctor``. ``fix`` names the exact setting or click; empty when ok."""

    status: CheckStatus
    summary: str
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

    async def runs(self, words: str) -> Sequence[RunSummary]:
        """Runs that are not over, newest first."""
        ...

    async def read(self, id: str) -> Run:
        """The whole run, with its tasks."""
        ...

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        """The last few comments of a run, or of one of its tasks, newest last."""
        ...

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        """What else can be done about this run, as last read; nothing where ``Op.DO`` is not supported."""
        ...

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """The single changing requests of a write, in order, told apart by ``part``.

        Raises ``Unsupported``, ``Conflict`` or ``Rejected`` where the snapshot already forbids it.
        """
        ...

    def recovery(self, step: Write) -> Recovery: ...

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        """Sends one step, once. May read before and after where that is what makes it safe."""
        ...

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation: ...

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None: ...

    async def check(self) -> Sequence[CheckResult]:
        """Proves the credentials with the cheapest read; never raises for what it can say as a Problem."""
        ...


@runtime_checkable
class WebhookVerification(Protocol):
    """An adapter may have this too: its platform wants a new webhook confirmed by opening an address that it
    sends."""

    async def verify_webhook(self, said: bytes) -> str:
        """``said``: what came to this platform's webhook address. The address that was opened, or "" where nothing
        asks for it. It is the platform's own site, or nothing is opened: raises ``adapters.errors``.
        """
        ...


@runtime_checkable
class WebhookHints(Protocol):
    """An adapter may have this too: its platform's webhooks say what they are about.

    Nothing that they say of it is believed: it only tells which runs to read again. A platform may call for
    everything that happens in a whole company, and reading all runs each time would use up its calls.
    """

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        """Ids of runs and tasks; None where it may be about any run (a new task), or cannot be read."""
        ...


@runtime_checkable
class ChangeFeed(Protocol):
    """An adapter may have this too: its platform calls nobody when something changes, so it is asked."""

    async def changed_since(self, since: datetime) -> Mapping[str, str]:
        """Ids of the runs edited since then, each with a word that is another one after each edit. One request."""
        ...


@runtime_checkable
class LazyInstructions(Protocol):
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

    http: HttpClients
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
    messages: Path  # its messages.toml
    secret_fields: Sequence[str] = ()  # of its settings; the contract suite holds them to be secrets
    supports_insertion: bool = False  # a new task can be put between others
