"""What a platform brings to the contract suite: ``tests/adapters/<kind>/subject.py`` exports ``make()``.

The suite speaks only of runbooks, runs and tasks; a subject sets its fake up so that the sentences hold, and
counts the effects that the fake really carried out.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from adapters.models import Run
from adapters.protocol import Adapter
from adapters.writes import Op
from tests.fakes.serving import Fake

RUNBOOK = "Database failover"
TASKS = (  # (stage, title); the third waits for the first two where the platform has dependencies
    ("Triage", "Confirm the primary is down"),
    ("Triage", "Page the DBA"),
    ("Fail over", "Promote the replica"),
    ("Fail over", "Repoint the app"),
)


class Subject(Protocol):
    """``fake`` is None for a platform without a network. ``RUNBOOK`` with ``TASKS`` can be started on it."""

    @property
    def adapter(self) -> Adapter: ...

    @property
    def fake(self) -> Fake | None: ...

    async def a_run(self) -> Run:
        """A fresh active run of ``RUNBOOK``, as the adapter reads it; at least the first two tasks ready."""
        ...

    def effects(self, op: Op) -> int:
        """How often the platform really did ``op`` since the start, by whatever request."""
        ...

    def write_paths(self, op: Op) -> tuple[str, str]:
        """(method, path pattern) of the last changing request of ``op``, to aim faults at."""
        ...


@runtime_checkable
class Paged(Protocol):
    """A subject may have this too: its platform says by a link where the next page of a list is."""

    def page_forever(self, next_url: str | None = None) -> None:
        """From now on every list says that there is more: at ``next_url``, else at a page never seen before."""
        ...


@runtime_checkable
class Approved(Protocol):
    """Of a platform with approvals."""

    async def a_run_to_approve(self) -> Run:
        """As ``a_run``, with one approval that is asked of the suite's Ana, among others."""
        ...


@dataclass(frozen=True)
class Errors:
    """How this platform says no: kind of error -> (status, body, headers)."""

    shapes: Mapping[str, tuple[int, str, Mapping[str, str]]] = field(default_factory=dict)


class Make(Protocol):
    """``timeout`` is for ``Http(timeout=...)``; the suite makes it short to see what slowness does."""

    def __call__(self, timeout: float = 10.0) -> AbstractAsyncContextManager[Subject]: ...


Subjects = AsyncIterator[Subject]
