"""What a platform brings to the contract suite: a harness, which sets its fake up and counts what the fake did.

The suite knows only runbooks, runs and tasks. It trusts nothing that an adapter says about itself: it compares
what a second adapter, with nothing in memory, reads before and after, and what the fake really did.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from adapters.http.client import HttpClients
from adapters.models import Comment, Run
from adapters.protocol import Adapter, Platform, Resources
from adapters.testing.fake_server import Fake
from adapters.writes import Op

RUNBOOK = "Database failover"
TASKS = (  # (stage, title); the third waits for the first two where the platform has dependencies
    ("Triage", "Confirm the primary is down"),
    ("Triage", "Page the DBA"),
    ("Fail over", "Promote the replica"),
    ("Fail over", "Repoint the app"),
)


class ForeignChange(StrEnum):
    """What somebody else may have done to a task or its run since Liaison has read them."""

    FINISHED = "finished"
    SKIPPED = "skipped"
    FAILED = "failed"
    DELETED = "deleted"
    HELD = "held"
    BEGUN = "begun"  # after it was reopened, if it was over
    ASSIGNED = "assigned to somebody else"
    RUN_ENDED = "run ended"


class Harness(ABC):
    """One platform under test, opened anew for every test. ``RUNBOOK`` with ``TASKS`` can be started on it."""

    platform: ClassVar[Platform]
    has_network: ClassVar[bool] = True
    shows_races: ClassVar[bool] = True
    """False where the platform keeps no trace of a change that another one replaced a moment later."""
    shows_finishers: ClassVar[bool] = True
    """False where it does not tell which of two people finished a task first."""
    shows_order: ClassVar[bool] = True
    """False where it takes, but does not tell, which task waits for which."""

    def __init__(self, fake: Any, http: HttpClients) -> None:
        """``fake`` is what ``new_fake`` returned, and is being served."""
        self.fake, self._http = fake, http
        self.adapter = self.connect()

    @classmethod
    @abstractmethod
    def new_fake(cls) -> Fake: ...

    @classmethod
    @asynccontextmanager
    async def open(cls, timeout: float = 10.0) -> AsyncIterator[Self]:
        """``timeout`` is that of the HTTP client; the suite makes it short to see what slowness does."""
        http = HttpClients(timeout=timeout)
        async with cls.new_fake() as fake:
            try:
                harness = cls(fake, http)
                await harness.prepare()
                yield harness
            finally:
                await http.close()

    async def prepare(self) -> None:  # noqa: B027  # most harnesses need none
        """For what must be true before every test. Undo what it counts as effects and requests."""

    def settings(self) -> Mapping[str, Any]:
        """The ``[platforms.NAME]`` table that reaches the fake, without ``kind``."""
        return {name: value for name, value in self.fake.settings().items() if name != "kind"}

    def connect(self) -> Adapter:
        """A new adapter, as the application makes it: it remembers nothing."""
        settings = self.platform.settings.model_validate(self.settings())
        return self.platform.connect(self.platform.kind, settings, resources(self._http))

    @abstractmethod
    async def new_run(self) -> Run:
        """A new active run of ``RUNBOOK``, as ``adapter`` reads it; at least its first two tasks are ready."""

    @abstractmethod
    def effects(self, op: Op) -> int:
        """How often the platform really did ``op`` since the start, by whatever request."""

    @abstractmethod
    def write_request(self, op: Op) -> tuple[str, str]:
        """(method, path pattern) of the last changing request of ``op``, to aim faults at."""

    def unreadable_comments(self, run: str) -> Sequence[Comment]:
        """Those that the fake has got for a run, on a platform that does not let them be read again."""
        return ()

    def copy_comment(self, run: str) -> bool:
        """Somebody else, called Ben, writes the fake's last comment again, signature and all.

        False where the platform has no comments, or does not say who wrote them.
        """
        return False

    @abstractmethod
    def insert_task(self, run: str) -> None:
        """Somebody else adds a task on the platform, before all others where tasks have an order."""

    @abstractmethod
    def change_there(self, run: str, task: str, change: "ForeignChange") -> bool:
        """Somebody else does this on the platform, and not through Liaison. Undo what it counts as effects.

        False, with nothing changed, where the platform has no such thing.
        """


@runtime_checkable
class PagedHarness(Protocol):
    """Optional: the platform links to the next page of a list."""

    def page_forever(self, next_url: str | None = None) -> None:
        """Every list has one more page from now on: at ``next_url``, or else at an address never used before."""
        ...


@runtime_checkable
class ApprovalHarness(Protocol):
    """For a platform with approvals."""

    async def new_run_with_approval(self) -> Run:
        """Like ``new_run``, with one approval that the suite's Ana is asked for, among others."""
        ...


class NoLocalRuns:
    """For the platforms that store their runs themselves."""

    async def load(self, id: str) -> str | None:
        raise AssertionError("this platform stores its own runs")

    async def save(self, id: str, document: str, *, over: bool, replaces: str | None) -> bool:
        raise AssertionError("this platform stores its own runs")

    async def all(self) -> Sequence[tuple[str, str]]:
        raise AssertionError("this platform stores its own runs")

    async def active(self) -> Sequence[tuple[str, str]]:
        raise AssertionError("this platform stores its own runs")


def resources(http: HttpClients) -> Resources:
    return Resources(http=http, now=lambda: datetime.now(UTC), local_runs=NoLocalRuns())
