"""Fixtures for the tests of every platform adapter."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.client import HttpClients


@pytest.fixture
async def http() -> AsyncIterator[HttpClients]:
    http = HttpClients()
    yield http
    await http.close()
