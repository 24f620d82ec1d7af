"""How Liaison learns what changed on a platform. An adapter implements what its platform has; all are optional."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from adapters.models import Run, Task


@runtime_checkable
class WebhookVerification(Protocol):
    """Optional: for a platform that wants a new webhook confirmed by opening an address that it sends."""

    async def verify_webhook(self, payload: bytes, /) -> str:
        """Opens the address in ``payload``, which came to this platform's webhook. Returns it, or "" without one.

        Only an address of the platform's own site is opened. Raises ``adapters.errors``.
        """
        ...


@runtime_checkable
class WebhookHints(Protocol):
    """Optional: for a platform whose webhooks name the runs or tasks that changed.

    The payload is not trusted: it only says which runs to read again. A platform may call for everything that
    happens in a whole company, and reading all runs each time would use up its rate limit.
    """

    def affected_ids(self, payload: bytes, /) -> Collection[str] | None:
        """Ids of runs and tasks. None if it may be about any run (a new task), or cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Edit:
    """A run or task as a list of edits shows it. ``version`` differs after each edit.

    ``at`` is the platform's own time of the edit, ``run`` the run of a task where the list names it.
    """

    id: str
    version: str
    at: datetime | None = None
    run: str = ""


EditPages = AsyncGenerator[Sequence[Edit], None]
"""Pages of one request each. Only the pages that are awaited are requested."""


@runtime_checkable
class ChangeFeed(Protocol):
    """Optional: for a platform that can list what was edited. It is polled, so that cards follow it."""

    def changed_since(self, since: datetime, /) -> Sequence[EditPages]:
        """Lists of what was edited since then, each with the newest edit first.

        The caller stops at the first page whose last item it knows, which is the first one while nothing changes.
        A list in another order must fit on one page. Raises ``Unsupported`` (also while a page is read) where this
        server has no such list; its runs are then read in turn.
        """
        ...


@runtime_checkable
class ChangeCheck(Protocol):
    """Optional: for a platform that lists no edits, but reads many runs or tasks with one request."""

    async def check_changes(self, runs: Sequence[Run], /) -> Mapping[str, bool]:
        """Whether each run still is as it was read, by its id. One request, for as many of ``runs`` as fit."""
        ...


@runtime_checkable
class TaskReads(Protocol):
    """Optional: for a platform that reads a few tasks of a run with fewer requests than the whole run."""

    async def read_tasks(self, run: str, tasks: Sequence[str], /) -> Sequence[Task]:
        """These tasks of the run with the id ``run``, without those that are gone. May have others of the run too,
        and none if the whole run should be read."""
        ...


@runtime_checkable
class ReadInTurn(Protocol):
    """Optional: for a platform that can do neither, or not on every server. Its runs are read in turn."""

    @property
    def reads_per_minute(self) -> float:
        """Of runs. Should take at most a tenth of the requests that the platform allows.

        0 once the server is known to list edits (``ChangeFeed``). Otherwise cards say as of when they are.
        """
        ...


def is_read_in_turn(adapter: object) -> bool:
    """Whether a run of it may have changed minutes ago without anybody here knowing."""
    reads: float = getattr(adapter, "reads_per_minute", 0.0)  # of ``ReadInTurn``: to ask for it would read it too
    return reads > 0


@runtime_checkable
class ChatEvents(Protocol):
    """Optional: for a platform that is a plugin of a chat, whose events arrive on the chat's own connection."""

    @property
    def site(self) -> str:
        """The URL of the chat."""
        ...

    def changed_runs(self, event: str, payload: str, /) -> Collection[str]:
        """Ids of the runs that an event is about. The payload is not trusted: it only says what to read again."""
        ...
