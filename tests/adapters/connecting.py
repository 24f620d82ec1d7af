"""What an adapter is connected with in tests: its fake's own settings, and the real client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from adapters.http.client import HttpClients
from adapters.protocol import Resources
from tests.fakes.serving import Fake


class Configured(Protocol):
    """A fake."""

    def settings(self) -> Mapping[str, Any]:
        """The ``[platforms.NAME]`` table that reaches it, ``kind`` and all."""
        ...


class NoLocalRuns:
    """Only the local platform keeps its runs with us."""

    async def load(self, id: str) -> str | None:
        raise AssertionError("this platform keeps its own runs")

    async def save(self, id: str, document: str) -> None:
        raise AssertionError("this platform keeps its own runs")

    async def all(self) -> Sequence[tuple[str, str]]:
        raise AssertionError("this platform keeps its own runs")


def table(fake: Configured, **changes: Any) -> Mapping[str, Any]:
    """For the platform's settings."""
    return {key: value for key, value in fake.settings().items() if key != "kind"} | changes


@asynccontextmanager
async def reached(fake: Fake, timeout: float = 10.0) -> AsyncIterator[HttpClients]:
    """The fake is up, and there is a client for it."""
    async with fake:
        http = HttpClients(timeout=timeout)
        try:
            yield http
        finally:
            await http.close()


def resources(http: HttpClients) -> Resources:
    return Resources(http=http, now=lambda: datetime.now(UTC), local_runs=NoLocalRuns())
