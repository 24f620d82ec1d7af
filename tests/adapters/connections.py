"""Connects an adapter to its fake: the fake's settings, a real HTTP client, and resources."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from adapters.http.client import HttpClients
from adapters.protocol import Resources
from tests.fakes.serving import Fake


class HasSettings(Protocol):
    """A fake platform."""

    def settings(self) -> Mapping[str, Any]:
        """The ``[platforms.NAME]`` table that reaches it, including ``kind``."""
        ...


class NoLocalRuns:
    """For adapters other than the local one: they must not store runs with Liaison."""

    async def load(self, id: str) -> str | None:
        raise AssertionError("only the local platform stores its runs here")

    async def save(self, id: str, document: str) -> None:
        raise AssertionError("only the local platform stores its runs here")

    async def all(self) -> Sequence[tuple[str, str]]:
        raise AssertionError("only the local platform stores its runs here")


def platform_settings(fake: HasSettings, **changes: Any) -> Mapping[str, Any]:
    """The fake's settings with ``changes``, as the platform's settings model takes them."""
    return {key: value for key, value in fake.settings().items() if key != "kind"} | changes


@asynccontextmanager
async def running(fake: Fake, timeout: float = 10.0) -> AsyncIterator[HttpClients]:
    """Starts the fake, and yields HTTP clients for it."""
    async with fake:
        http = HttpClients(timeout=timeout)
        try:
            yield http
        finally:
            await http.close()


def resources(http: HttpClients) -> Resources:
    return Resources(http=http, now=lambda: datetime.now(UTC), local_runs=NoLocalRuns())
