"""Connects an adapter to its fake: the fake's settings, a real HTTP client, and resources."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from adapters.http.client import HttpClients
from adapters.testing.fake_server import Fake
from adapters.testing.harness import resources

__all__ = ["HasSettings", "platform_settings", "resources", "running"]


class HasSettings(Protocol):
    """A fake platform."""

    def settings(self) -> Mapping[str, Any]:
        """The ``[platforms.NAME]`` table that reaches it, including ``kind``."""
        ...


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
